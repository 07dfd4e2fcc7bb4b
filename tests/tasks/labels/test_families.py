"""Every family answers its six questions: valid, canonical, how far apart, how near gold, many combined, out of the house."""

import json
import subprocess
import sys
from itertools import permutations
from pathlib import Path

import orjson
import pytest

from tasks.labels import check_interface, interface_of
from tests.tasks.labels import faces
from tests.tasks.labels.faces import AUDIO, FACES, IMAGE, PICTURE, SIZE, TEXT, WORDS, box, drawn, entry, span

SHARED = Path(__file__).resolve().parents[4] / "shared" / "reference" / "frontend" / "results_lsf_1.23.2.json"
EACH = pytest.mark.parametrize("face", FACES.values(), ids=FACES)


@EACH
def test_a_payload_and_an_answer_fit_and_come_back_the_same(face):
    face.interface.check_payload(face.payload)
    for result in [face.result, *face.others]:
        answer = face.interface.canonical(result, face.payload)
        assert list(answer) == ["c"]
        assert orjson.loads(orjson.dumps(answer)) == answer, "it is JSON as it stands"
        assert face.interface.canonical(face.interface.result_of(answer), face.payload) == answer
        assert face.interface.solution(result, face.payload) == answer
        assert face.interface.canonical(result, face.payload, whole=False) == answer
        assert face.interface.canonical(list(reversed(result)), face.payload) == answer, "the order of entries does not matter"


@EACH
def test_distance_is_a_measure(face):
    answers = face.answers()
    for a in answers:
        assert face.interface.distance(a, a) == 0
        assert face.interface.match(a, a) == 1
        for b in answers:
            apart = face.interface.distance(a, b)
            assert 0 <= apart <= 1
            assert apart == face.interface.distance(b, a)
            assert (apart == 0) == (a == b)
            assert face.interface.match(a, b) == pytest.approx(1 - apart)
            for name, value in face.interface.measures(a, b)["c"].items():
                assert 0 <= value <= 1, name
                assert value == 1 or a != b, name


@EACH
def test_many_answers_come_to_one_whatever_their_order(face):
    answers = [answer["c"] for answer in face.answers()]
    control = face.interface.controls["c"]
    for method in control.consensus:
        found = face.interface.combine("c", answers, method)
        assert 0 <= found.confidence <= 1
        for other in permutations(answers):
            again = face.interface.combine("c", other, method)
            assert again.value == found.value
            assert again.confidence == pytest.approx(found.confidence)
        alone = face.interface.combine("c", [answers[0]] * 3, method)
        assert alone.value == answers[0], f"{method}: what all say is what comes out"
        assert alone.confidence == pytest.approx(1)
        result = face.interface.result_of({"c": found.value})
        if result:
            assert face.interface.canonical(result, face.payload, whole=False).get("c") == found.value


@EACH
def test_an_answer_leaves_as_cells_of_a_table(face):
    for answer in face.answers():
        cells = face.interface.controls["c"].flat(answer["c"])
        assert cells.pop("") == answer["c"]
        assert all(isinstance(value, str | int | float) for value in cells.values())


@pytest.mark.parametrize("name", sorted(set(FACES) - {"pairwise", "timeline"}))
def test_the_sdk_accepts_what_we_accept(name):
    """Not pairwise: the SDK refuses what its own PairwiseTag and the editor write there."""
    from label_studio_sdk.label_interface import LabelInterface

    face = FACES[name]
    errors = LabelInterface(face.config).validate_prediction({"result": face.result}, return_errors=True)
    assert not errors


def test_labels_of_an_answer():
    found = {name: sorted(face.interface.labels_of(face.answers()[0])) for name, face in FACES.items()}
    assert found["choice"] == ["x"]
    assert found["choices"] == ["x", "y"]
    assert found["rating"] == ["4"]
    assert found["taxonomy"] == ["Life / Animal / Cat"]
    assert found["spans"] == ["LOC", "PER"]
    assert found["tracks"] == ["Ball", "Clock"]
    assert found["buckets"] == ["bad", "good"]
    assert found["text"] == found["number"] == found["ranking"] == []


if SHARED.exists():

    def test_what_the_real_editor_submitted_is_accepted_and_comes_back():
        submitted = json.loads(SHARED.read_text())
        configs = {
            "ner": (
                '<View><Labels name="label" toName="text">{}</Labels><Text name="text" value="$v"/></View>',
                "PER LOC ORG",
                "Label",
            ),
            "bbox": (
                '<View><Image name="img" value="$v"/><RectangleLabels name="b" toName="img">{}</RectangleLabels></View>',
                "Car Sun",
                "Label",
            ),
            "polygon": (
                '<View><Image name="img" value="$v"/><PolygonLabels name="p" toName="img">{}</PolygonLabels></View>',
                "Car Tree",
                "Label",
            ),
            "brush": (
                '<View><Image name="img" value="$v"/><BrushLabels name="m" toName="img">{}</BrushLabels></View>',
                "Road Sky",
                "Label",
            ),
            "audio": (
                '<View><Labels name="lab" toName="audio">{}</Labels><Audio name="audio" value="$v"/>'
                '<TextArea name="tr" toName="audio" perRegion="true"/></View>',
                "Speech Noise",
                "Label",
            ),
            "video": (
                '<View><Labels name="l" toName="video">{}</Labels><Video name="video" value="$v"/>'
                '<VideoRectangle name="box" toName="video"/></View>',
                "Ball Clock",
                "Label",
            ),
            "videocls": (
                '<View><TimelineLabels name="tl" toName="video">{}</TimelineLabels><Video name="video" value="$v"/>'
                '<TextArea name="tr" toName="video"/></View>',
                "Intro Action",
                "Label",
            ),
            "taxonomy": (
                '<View><Text name="text" value="$v"/><Taxonomy name="tax" toName="text">{}</Taxonomy></View>',
                "Archaea",
                "Choice",
            ),
        }
        for name, (config, labels, tag) in configs.items():
            face = interface_of(config.format("".join(f'<{tag} value="{label}"/>' for label in labels.split())))
            answer = face.canonical(submitted[name], {})
            assert face.labels_of(answer) <= set(labels.split())
            assert face.canonical(face.result_of(answer), {}) == answer
            assert face.match(answer, answer) == 1


# ---- what several controls do together ----

BESIDE = (
    f'<View>{IMAGE}<Labels name="label" toName="img"><Label value="Car"/><Label value="Bus"/></Labels><Rectangle name="box" toName="img"/>'
    '<Choices name="side" toName="img" perRegion="true" required="true"><Choice value="front"/><Choice value="rear"/></Choices>'
    '<TextArea name="plate" toName="img" perRegion="true" required="true" whenTagName="label" whenLabelValue="Car"/></View>'
)


def parts(known, label, side=None, plate=None, at=10):
    where = box(at, 10, 20, 20)
    found = [
        entry("box", "img", "rectangle", where, known, **SIZE),
        entry("label", "img", "labels", where | {"labels": [label]}, known, **SIZE),
    ]
    if side:
        found.append(entry("side", "img", "choices", where | {"choices": [side]}, known, **SIZE))
    if plate:
        found.append(entry("plate", "img", "textarea", where | {"text": [plate]}, known, **SIZE))
    return found


def test_what_is_given_per_region_stands_in_the_region_and_comes_back():
    face = check_interface(BESIDE)
    result = [*parts("a", "Car", "front", "AB 1"), *parts("b", "Bus", "rear", at=50)]
    answer = face.canonical(result, PICTURE)
    assert [region["with"] for region in sorted(answer["box"], key=lambda region: region["x"])] == [
        {"label": ["Car"], "side": "front", "plate": ["AB 1"]},
        {"label": ["Bus"], "side": "rear"},
    ]
    assert face.answered == ["box"]
    assert face.labels_of(answer) == {"Car", "Bus", "front", "rear"}
    again = face.result_of(answer)
    assert face.canonical(again, PICTURE) == answer
    assert face.canonical(list(reversed(again)), PICTURE) == answer


def test_what_is_required_per_region_is_required_of_the_regions_that_show_it():
    face = check_interface(BESIDE)
    face.canonical(parts("b", "Bus", "rear"), PICTURE)  # a bus shows no plate
    for result, control in [(parts("b", "Bus"), "side"), (parts("a", "Car", "front"), "plate")]:
        with pytest.raises(faces.AnswerInvalid) as refused:
            face.canonical(result, PICTURE)
        assert refused.value.details["control"] == control
        assert refused.value.details["missing"] == 1
        face.canonical(result, PICTURE, whole=False)


def test_labels_beside_a_shape_count_as_its_labels():
    face = check_interface(BESIDE)
    car, bus = (face.canonical(parts("a", label, "front", "x" if label == "Car" else None), PICTURE) for label in ("Car", "Bus"))
    assert face.distance(car, bus) == 1.0
    rear = face.canonical(parts("a", "Car", "rear", "x"), PICTURE)
    assert face.distance(car, rear) == pytest.approx(1 / 3), "place, side and plate count alike; the side differs"
    assert face.match(rear, face.solution({"box": [box(10, 10, 20, 20)]}, PICTURE)) == 0, "the solution's box has no label"


def test_per_region_answers_are_combined_with_their_regions():
    face = check_interface(BESIDE)
    sides = ["front", "rear", "front"]
    answers = [face.canonical(parts("a", "Car", side, "AB", at=10 + n), PICTURE)["box"] for n, side in enumerate(sides)]
    found = face.combine("box", answers, "RegionVote")
    [region] = found.value
    assert region["with"] == {"label": ["Car"], "side": "front", "plate": ["AB"]}
    assert (region["x"], region["y"]) == (11, 10)
    assert 0.8 < found.confidence < 1


def test_questions_that_hang_on_a_choice_are_asked_and_kept_only_with_it():
    face = check_interface(
        '<View><Text name="t" value="$text"/><Choices name="toxic" toName="t"><Choice value="yes"/><Choice value="no"/></Choices>'
        '<View visibleWhen="choice-selected" whenTagName="toxic" whenChoiceValue="yes"><TextArea name="why" toName="t" required="true"/></View>'
        '<Choices name="sure" toName="t" visibleWhen="choice-unselected" whenTagName="toxic" whenChoiceValue="yes"><Choice value="a"/>'
        '<Choice value="b"/></Choices></View>'
    )
    yes, no = ([entry("toxic", "t", "choices", {"choices": [one]})] for one in ("yes", "no"))
    why, sure = entry("why", "t", "textarea", {"text": ["rude"]}), entry("sure", "t", "choices", {"choices": ["a"]})
    assert face.canonical([*yes, why], WORDS) == {"toxic": "yes", "why": ["rude"]}
    assert face.canonical([*no, sure], WORDS) == {"toxic": "no", "sure": "a"}
    assert face.canonical([*no, sure, why], WORDS) == {"toxic": "no", "sure": "a"}, "what was hidden again is left out"
    for result, control in [(yes, "why"), (no, "sure")]:
        with pytest.raises(faces.AnswerInvalid) as refused:
            face.canonical(result, WORDS)
        assert refused.value.details["control"] == control


def test_several_images_are_answered_one_by_one():
    face = check_interface(
        '<View><Image name="img" valueList="$images"/><Choices name="kind" toName="img" perItem="true" required="true"><Choice value="x"/>'
        '<Choice value="y"/></Choices><RectangleLabels name="c" toName="img"><Label value="Car"/></RectangleLabels></View>'
    )
    payload = {"images": ["https://example.org/1.png", "/files/01a21e09-37dd-7063-a8fc-f7c079bbce93/2.png"]}
    face.check_payload(payload)
    assert list(face.addresses_of(payload)) == payload["images"]
    kinds = [entry("kind", "img", "choices", {"choices": [one]}, str(n), item_index=n) for n, one in enumerate("xy")]
    car = drawn("rectanglelabels", box(1, 1, 5, 5), "Car") | {"item_index": 1}
    answer = face.canonical([*kinds, car], payload)
    assert answer["kind"] == {"0": "x", "1": "y"}
    assert answer["c"][0]["item"] == 1
    assert face.canonical(face.result_of(answer), payload) == answer
    assert face.distance(answer, answer | {"kind": {"0": "x", "1": "x"}}) == 0.25
    assert face.combine("kind", [{"0": "x"}, {"0": "x", "1": "y"}], "Medoid").value == {"0": "x", "1": "y"}
    for wrong, field in [
        (kinds[:1], "result"),
        ([*kinds, car | {"item_index": 2}], "result[2].item_index"),
        ([*kinds, kinds[0]], "result[2]"),
    ]:
        with pytest.raises(faces.AnswerInvalid) as refused:
            face.canonical(wrong, payload)
        assert refused.value.details["field"] == field
    for images in ("https://example.org/1.png", [], ["javascript:alert(1)"], ["x"] * 501):
        with pytest.raises(faces.PayloadInvalid):
            face.check_payload({"images": images})


RELATED = faces.SPANS.replace("<View>", '<View><Relations><Relation value="met"/></Relations>', 1)


def joined(start, end, **more):
    return {"type": "relation", "from_id": start, "to_id": end, "direction": "right", "labels": ["met"]} | more


def test_relations_name_regions_and_compare_by_them():
    face = check_interface(RELATED)
    people = [span(0, 12, "PER", "one"), span(17, 32, "PER", "two")]
    answer = face.canonical([*people, joined("one", "two")], {"text": TEXT})
    assert answer["relations"] == [{"from": ["c", 0], "to": ["c", 1], "direction": "right", "labels": ["met"]}]
    assert face.canonical([*people, joined("two", "one", direction="left")], {"text": TEXT}) == answer
    assert face.canonical(face.result_of(answer), {"text": TEXT}) == answer
    assert face.labels_of(answer) == {"PER", "met"}
    turned = face.canonical([*people, joined("two", "one")], {"text": TEXT})
    assert face.distance(answer, turned) == 0.5, "the spans agree, the relation does not"
    renamed = face.canonical([span(0, 12, "PER", "x"), span(17, 31, "PER", "y"), joined("x", "y")], {"text": TEXT})
    assert face.distance(answer, renamed) < 0.05
    assert face.distance(answer, answer) == 0


@pytest.mark.parametrize(
    ("relation", "field"),
    [
        (joined("one", "three"), "result[2].to_id"),
        (joined("one", "two", labels=["hit"]), "result[2].labels"),
        (joined("one", "two", labels="met"), "result[2].labels"),
        (joined("one", "two", direction="up"), "result[2].direction"),
        (joined("one", "two", script="x"), "result[2].script"),
    ],
)
def test_a_relation_that_does_not_fit_is_refused(relation, field):
    people = [span(0, 12, "PER", "one"), span(17, 32, "PER", "two")]
    with pytest.raises(faces.AnswerInvalid) as refused:
        check_interface(RELATED).canonical([*people, relation], {"text": TEXT})
    assert refused.value.details["field"] == field


def test_nothing_marked_is_an_answer_of_its_own():
    face = FACES["spans"]
    nothing = face.interface.canonical([], face.payload)
    assert nothing == {"c": []}
    assert face.interface.canonical([], face.payload, whole=False) == {}
    assert face.interface.solution([], face.payload) == face.interface.solution({"c": []}, face.payload) == nothing
    assert face.interface.match(nothing, nothing) == 1
    assert face.interface.distance(nothing, face.answers()[0]) == 1
    assert face.interface.combine("c", [[], [], face.answers()[0]["c"]], "CharacterVote").value == []
    must = check_interface(face.config.replace('toName="t"', 'toName="t" required="true"', 1))
    with pytest.raises(faces.AnswerInvalid):
        must.canonical([], face.payload)


def test_choices_and_labels_may_come_from_the_payload():
    face = check_interface(
        '<View><Text name="t" value="$text"/><Choices name="one" toName="t" value="$options"/><Choices name="path" toName="t" '
        'value="$options" allowNested="true" choice="multiple" required="false"/><Taxonomy name="tree" toName="t" value="$options"/></View>'
    )
    options = [{"value": "A", "children": [{"value": "A1"}, {"value": "A2", "alias": "a2"}]}, {"value": "B", "html": "<b>B</b>"}]
    payload = {"text": "x", "options": options}
    face.check_payload(payload)
    result = [
        entry("one", "t", "choices", {"choices": ["B"]}),
        entry("path", "t", "choices", {"choices": [["A", "a2"]]}),
        entry("tree", "t", "taxonomy", {"taxonomy": [["A", "A1"]]}),
    ]
    answer = face.canonical(result, payload)
    assert answer == {"one": "B", "path": ["A / a2"], "tree": [["A", "A1"]]}
    assert face.canonical(face.result_of(answer), payload) == answer
    with pytest.raises(faces.AnswerInvalid):
        face.canonical([entry("one", "t", "choices", {"choices": ["A1"]})], payload)
    deep = {"value": "x"}
    for _ in range(9):
        deep = {"value": "x", "children": [deep]}
    for bad in (
        None,
        [],
        ["A"],
        [{"value": ""}],
        [{"value": "A"}, {"value": "A"}],
        [{"value": str(n)} for n in range(501)],
        [deep],
    ):
        with pytest.raises(faces.PayloadInvalid) as refused:
            face.check_payload({"text": "x", "options": bad})
        assert refused.value.details["field"] == "payload.options"


def test_the_editor_is_given_one_object_for_a_judgement_on_several():
    face = check_interface(
        '<View><Text name="a" value="$a"/><Text name="b" value="$b"/><Choices name="c" toName="a,b"><Choice value="x"/><Choice value="y"/>'
        '</Choices><Pairwise name="p" toName="a,b"/></View>'
    )
    assert 'toName="a"' in face.for_editor
    assert face.for_editor.count('toName="a,b"') == 1, "the editor compares two objects"
    assert check_interface(AUDIO).for_editor.replace(" />", "/>") == AUDIO


def test_offsets_count_characters_and_those_that_count_utf16_units_are_put_right():
    face, text = FACES["spans"].interface, "😀😀 Ada"
    given = [entry("c", "t", "labels", {"start": 3, "end": 6, "text": "Ada", "labels": ["PER"]})]
    answer = face.canonical(given, {"text": text})
    assert answer["c"][0] == {"start": 3, "end": 6, "text": "Ada", "labels": ["PER"]}
    given[0]["value"] |= {"start": 5, "end": 8}
    assert face.canonical(given, {"text": text}) == answer


def test_gold_may_be_given_in_short():
    for name, short, expected in [
        ("rating", "4", 4),
        ("number", "3.5", 3.5),
        ("choices", "x|y", ["x", "y"]),
        ("ranking", "b > a > 3", ["b", "a", "3"]),
        ("taxonomy", "Stone|Life / Plant", [["Life", "Plant"], ["Stone"]]),
        ("text", "a cat", ["a cat"]),
        ("pairwise", "left", "left"),
        ("moment", "02.01.2020", "02.01.2020"),
    ]:
        face = FACES[name]
        assert face.interface.solution({"c": short}, face.payload) == {"c": expected}
    face = FACES["spans"]
    assert face.interface.solution({"c": [{"start": 0, "end": 3, "labels": ["PER"]}]}, face.payload)["c"][0]["text"] == "Ada"
    for short in ("nine", [{"start": 3, "end": 0, "labels": ["PER"]}]):
        with pytest.raises(faces.AnswerInvalid) as refused:
            face.interface.solution({"c": short}, face.payload)
        assert refused.value.details["field"] == "solution.c"


def test_the_families_load_nothing_heavy_until_they_compare():
    """A web process checks answers without scipy, shapely, rapidfuzz or numpy; the SDK comes only with a config that is parsed."""
    code = (
        "import sys, tasks.labels.interfaces as i\n"
        "print([name for name in ('scipy', 'shapely', 'rapidfuzz', 'numpy', 'pandas', 'label_studio_sdk') if name in sys.modules])"
    )
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
