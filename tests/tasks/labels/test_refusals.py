"""What no family lets in, and how it says so: the place, the control, the limit. All that the SDK lets through is here."""

import copy

import orjson
import pytest

from tasks.labels import AnswerInvalid, InterfaceInvalid, PayloadInvalid, check_interface, encoded
from tasks.labels.answers import ENTRIES_MAX, REGIONS_MAX
from tests.tasks.labels.faces import AUDIO, DIALOGUE, FACES, IMAGE, LIST, SPANS, VIDEO, box, drawn, labelling, span


def changed(name, path, value):
    """The face's own result with one thing in it changed."""
    result = copy.deepcopy(FACES[name].result)
    at = result
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return result


V = "value"
SEQ = (0, V, "sequence", 0)
REFUSED = [
    # one of several, any of several
    ("choice", (0, V, "choices"), ["x", "y"], "result[0].value.choices"),
    ("choice", (0, V, "choices"), ["w"], "result[0].value.choices"),
    ("choices", (0, V, "choices"), ["x", "x"], "result[0].value.choices"),
    ("choices", (0, V, "choices"), [["x"]], "result[0].value.choices"),
    ("taxonomy", (0, V, "taxonomy"), [["Cat"]], "result[0].value.taxonomy"),
    ("taxonomy", (0, V, "taxonomy"), [], "result[0].value.taxonomy"),
    ("taxonomy", (0, V, "taxonomy"), [[["Life"]]], "result[0].value.taxonomy"),
    ("taxonomy", (0, V, "taxonomy"), [["Life"]] * 501, "result[0].value.taxonomy"),
    ("pairwise", (0, V, "selected"), "both", "result[0].value.selected"),
    ("pairwise", (0, V, "selected"), ["left"], "result[0].value.selected"),
    ("pairwise", (0, "to_name"), "x", "result[0].to_name"),
    # numbers, moments, texts
    ("rating", (0, V, "rating"), 6, "result[0].value.rating"),
    ("rating", (0, V, "rating"), 0, "result[0].value.rating"),
    ("rating", (0, V, "rating"), 2.5, "result[0].value.rating"),
    ("rating", (0, V, "rating"), True, "result[0].value.rating"),
    ("rating", (0, V, "rating"), float("nan"), "result[0].value.rating"),
    ("number", (0, V, "number"), 11, "result[0].value.number"),
    ("number", (0, V, "number"), "3", "result[0].value.number"),
    ("number", (0, V, "number"), float("inf"), "result[0].value.number"),
    ("number", (0, V, "number"), 10**400, "result[0].value.number"),
    ("moment", (0, V, "datetime"), "2020-01-02", "result[0].value.datetime"),
    ("moment", (0, V, "datetime"), "31.02.2020", "result[0].value.datetime"),
    ("moment", (0, V, "datetime"), "9" * 100, "result[0].value.datetime"),
    ("text", (0, V, "text"), [], "result[0].value.text"),
    ("text", (0, V, "text"), ["x" * 20_001], "result[0].value.text"),
    ("text", (0, V, "text"), ["x" * 20_000] * 4, "result[0].value.text"),
    ("text", (0, V, "text"), ["a\0b"], "result[0].value.text"),
    # orders
    ("ranking", (0, V, "ranker"), {"c": ["a", "a", "3"]}, "result[0].value.ranker"),
    ("ranking", (0, V, "ranker"), {"c": ["a", "b", "z"]}, "result[0].value.ranker"),
    ("ranking", (0, V, "ranker"), {"c": ["a", "b"]}, "result[0].value.ranker"),
    ("ranking", (0, V, "ranker"), {"d": ["a", "b", "3"]}, "result[0].value.ranker"),
    ("ranking", (0, V, "ranker"), "a>b>3", "result[0].value.ranker"),
    ("buckets", (0, V, "ranker"), {"good": ["a"], "bad": ["a"]}, "result[0].value.ranker"),
    ("buckets", (0, V, "ranker"), {"ugly": ["a"]}, "result[0].value.ranker"),
    ("buckets", (0, V, "ranker"), {"good": ["z"]}, "result[0].value.ranker.good"),
    ("buckets", (0, V, "ranker"), ["a"], "result[0].value.ranker"),
    # spans
    ("spans", (0, V, "start"), 50, "result[0].value.start"),
    ("spans", (0, V, "start"), -5, "result[0].value.start"),
    ("spans", (0, V, "start"), "abc", "result[0].value.start"),
    ("spans", (0, V, "start"), 1.5, "result[0].value.start"),
    ("spans", (0, V, "end"), 99_999, "result[0].value.end"),
    ("spans", (0, V, "end"), 10**400, "result[0].value.end"),
    ("spans", (0, V, "text"), "nonsense", "result[0].value.text"),
    ("spans", (0, V, "text"), 7, "result[0].value.text"),
    ("spans", (0, V, "labels"), [], "result[0].value.labels"),
    ("spans", (0, V, "labels"), ["XXX"], "result[0].value.labels"),
    ("spans", (0, V, "labels"), ["PER", "LOC"], "result[0].value.labels"),
    ("spans", (0, V, "labels"), "PER", "result[0].value.labels"),
    ("spans", (0, V), {"labels": ["PER"]}, "result[0].value.start"),
    ("spans", (1, "id"), "r1", "result[1].id"),
    ("spans", (1, "id"), "x" * 201, "result[1].id"),
    ("spans", (0, "score"), 3, "result[0].score"),
    ("spans", (0, "score"), "high", "result[0].score"),
    ("hyper spans", (0, V, "globalOffsets"), {"start": 5, "end": 2}, "result[0].value.start"),
    ("hyper spans", (0, V, "globalOffsets"), {"start": 0, "end": 99}, "result[0].value.end"),
    ("hyper spans", (0, V, "globalOffsets"), {"start": "a", "end": 2}, "result[0].value.globalOffsets.start"),
    ("hyper spans", (0, V, "globalOffsets"), 3, "result[0].value.globalOffsets"),
    ("hyper spans", (0, V, "start"), "x" * 1001, "result[0].value.start"),
    ("hyper spans", (0, V, "startOffset"), -1, "result[0].value.startOffset"),
    ("dialogue", (0, V, "start"), "7", "result[0].value.start"),
    ("dialogue", (0, V, "start"), "one", "result[0].value.start"),
    ("dialogue", (0, V, "startOffset"), 30, "result[0].value.start"),
    ("dialogue", (0, V, "endOffset"), 99, "result[0].value.endOffset"),
    ("dialogue", (0, V, "endOffset"), -1, "result[0].value.endOffset"),
    ("dialogue", (0, V, "text"), "nonsense", "result[0].value.text"),
    # on images
    ("boxes", (0, V, "x"), 150, "result[0].value.x"),
    ("boxes", (0, V, "x"), 95, "result[0].value.width"),
    ("boxes", (0, V, "y"), 95, "result[0].value.height"),
    ("boxes", (0, V, "x"), -1, "result[0].value.x"),
    ("boxes", (0, V, "width"), "wide", "result[0].value.width"),
    ("boxes", (0, V, "width"), 0, "result[0].value.width"),
    ("boxes", (0, V, "height"), -3, "result[0].value.height"),
    ("boxes", (0, V, "x"), float("nan"), "result[0].value.x"),
    ("boxes", (0, V, "rectanglelabels"), [], "result[0].value.rectanglelabels"),
    ("boxes", (1, V, "rotation"), "x", "result[1].value.rotation"),
    ("boxes", (1, V), {"rectanglelabels": ["Car"]} | box(99, 99, 90, 90, 300), "result[1].value.rotation"),
    ("boxes", (1, "original_width"), 0, "result[1].original_width"),
    ("ellipses", (0, V, "radiusX"), 0, "result[0].value.radiusX"),
    ("ellipses", (0, V, "radiusY"), 101, "result[0].value.radiusY"),
    ("ellipses", (0, V, "x"), 101, "result[0].value.x"),
    ("polygons", (0, V, "points"), [[1, 2]], "result[0].value.points"),
    ("polygons", (0, V, "points"), [[1, 2], [200, 3], [4, 5]], "result[0].value.points[1]"),
    ("polygons", (0, V, "points"), [[1, 1], [2, 2], [3, 3]], "result[0].value.points"),
    ("polygons", (0, V, "points"), [[1, 1], [2, 2], [1, 1]], "result[0].value.points"),
    ("polygons", (0, V, "points"), [[1, 1], [2], [3, 3]], "result[0].value.points[1]"),
    ("polygons", (0, V, "points"), [[1, 1], [2, float("nan")], [3, 3]], "result[0].value.points[1]"),
    ("polygons", (0, V, "points"), [[n % 90, n % 7] for n in range(2001)], "result[0].value.points"),
    ("polygons", (0, V, "points"), "M1 1", "result[0].value.points"),
    ("polygons", (0, V, "closed"), False, "result[0].value.closed"),
    ("keypoints", (0, V, "x"), 100.1, "result[0].value.x"),
    ("mask", (0, V, "rle"), "abc", "result[0].value.rle"),
    ("mask", (0, V, "rle"), [999, -1], "result[0].value.rle"),
    ("mask", (0, V, "rle"), [0, 0, 0, 9], "result[0].value.rle"),
    ("mask", (0, V, "rle"), [255] * 40, "result[0].value.rle"),
    ("mask", (0, V, "rle"), [0] * 500_001, "result[0].value.rle"),
    ("mask", (0, V, "format"), "png", "result[0].value.rle"),
    ("mask", (0, "original_width"), None, "result[0].original_width"),
    ("mask", (0, "original_width"), 41, "result[0].value.rle"),
    ("mask", (0, "original_width"), 99_999_999, "result[0].original_width"),
    # in time
    ("segments", (0, V, "start"), 99, "result[0].value.start"),
    ("segments", (0, V, "start"), 5, "result[0].value.start"),
    ("segments", (0, V, "end"), 13, "result[0].value.end"),
    ("segments", (0, V, "end"), "x", "result[0].value.end"),
    ("segments", (0, V, "channel"), 64, "result[0].value.channel"),
    ("segments", (0, "original_length"), -1, "result[0].original_length"),
    ("segments", (1, "id"), "r9", "result[1].id"),
    ("segments", (2, V, "labels"), ["Speech"], "result"),  # speech is transcribed, and the second one is not
    ("series", (0, V, "start"), "2021-01-02 03:00:00", "result[0].value.start"),
    ("series", (0, V, "start"), "yesterday", "result[0].value.start"),
    ("series", (0, V, "start"), None, "result[0].value.start"),
    ("tracks", (0, V, "sequence"), [], "result[0].value.sequence"),
    ("tracks", (0, V, "sequence"), [{"frame": "x"}], "result[0].value.sequence[0].frame"),
    ("tracks", (0, V, "sequence"), ["x"], "result[0].value.sequence[0]"),
    ("tracks", (*SEQ, "frame"), 100, "result[0].value.sequence"),
    ("tracks", (*SEQ, "frame"), 241, "result[0].value.sequence[0].frame"),
    ("tracks", (*SEQ, "frame"), 0, "result[0].value.sequence[0].frame"),
    ("tracks", (*SEQ, "frame"), 1.5, "result[0].value.sequence[0].frame"),
    ("tracks", (*SEQ, "x"), 90, "result[0].value.sequence[0].width"),
    ("tracks", (*SEQ, "width"), 0, "result[0].value.sequence[0].width"),
    ("tracks", (0, V, "framesCount"), "many", "result[0].value.framesCount"),
    ("tracks", (0, V, "labels"), [], "result[0].value.labels"),
    ("tracks", (0, V, "labels"), ["Cat"], "result[0].value.labels"),
    ("timeline", (0, V, "ranges"), [], "result[0].value.ranges"),
    ("timeline", (0, V, "ranges"), [{"start": 9, "end": 3}], "result[0].value.ranges[0].start"),
    ("timeline", (0, V, "ranges"), [{"start": 1.5, "end": 3}], "result[0].value.ranges[0]"),
    ("timeline", (0, V, "ranges"), [{"start": -1, "end": 3}], "result[0].value.ranges[0].start"),
    ("timeline", (0, V, "ranges"), ["x"], "result[0].value.ranges[0]"),
    ("timeline", (0, V, "ranges"), [{"start": 1, "end": 2}] * 201, "result[0].value.ranges"),
    ("timeline", (0, V, "timelinelabels"), ["Nope"], "result[0].value.timelinelabels"),
]


@pytest.mark.parametrize(("name", "path", "value", "field"), REFUSED)
def test_an_answer_that_does_not_fit_is_refused_with_its_place(name, path, value, field):
    face = FACES[name]
    face.interface.canonical(face.result, face.payload)
    with pytest.raises(AnswerInvalid) as refused:
        face.interface.canonical(changed(name, path, value), face.payload)
    assert refused.value.details["field"] == field
    assert refused.value.details["control"] in {"c", "said"}
    assert refused.value.message.endswith((".", "."))
    assert len(str(refused.value.details)) < 4000, "a refusal does not carry the answer back"


def taken(face, result) -> bool:
    """Understood and written as JSON, or refused with a place in the result."""
    try:
        return bool(orjson.dumps(face.interface.canonical(result, face.payload)))
    except AnswerInvalid as refused:
        return refused.details["field"].startswith("result")


@pytest.mark.parametrize("name", FACES)
def test_no_family_falls_over_what_is_no_answer(name):
    """Whatever stands in a value: refused, or understood; never an error of ours."""
    face = FACES[name]
    junk = [
        None,
        True,
        0,
        -1,
        1e300,
        "",
        "x",
        "\ud800"[:0],
        [],
        [[]],
        {},
        {"x": 1},
        [None],
        [{}],
        [1, 2],
        "9" * 400,
        [["a"] * 9],
        10**400,
        float("nan"),
    ]
    for index, entry in enumerate(face.result):
        for key in list(entry["value"]):
            for value in junk:
                result = changed(name, (index, "value", key), value)
                assert taken(face, result)
        for key in list(entry):
            for value in junk:
                assert taken(face, changed(name, (index, key), value))


def test_there_is_a_limit_to_regions_and_entries():
    face = FACES["spans"]
    many = [span(0, 12, "PER", str(n)) for n in range(REGIONS_MAX + 1)]
    with pytest.raises(AnswerInvalid) as refused:
        face.interface.canonical(many, face.payload)
    assert refused.value.details["limit"] == REGIONS_MAX
    with pytest.raises(AnswerInvalid) as refused:
        face.interface.canonical([{}] * (ENTRIES_MAX + 1), face.payload)
    assert refused.value.details["limit"] == ENTRIES_MAX


BOXES = labelling("RectangleLabels", "Car", "Sun")
BAD_INTERFACES = [
    (BOXES.replace("<View>", "<View><script>alert(1)</script>"), "script"),
    (BOXES.replace("<View>", "<View><Chat name='x' value='$x'/>"), "Enterprise"),
    (BOXES.replace("<View>", "<View><Repeater on='$x'/>"), "Repeater"),
    (BOXES.replace("<View>", "<View><iframe src='https://example.org'/>"), "iframe"),
    (BOXES.replace("<View>", "<View><Style>a{background:url(https://example.org/x)}</Style>"), "Style"),
    (BOXES.replace("<View>", "<View><Style>@import 'x'</Style>"), "Style"),
    (BOXES.replace("<View>", r"<View><Style>a{background:\75rl(x)}</Style>"), "Style"),
    (BOXES.replace("<View>", '<View style="background:url(x)">'), "style"),
    (BOXES.replace("<View>", '<View onmouseover="alert(1)">'), "onmouseover"),
    (BOXES.replace("<View>", '<View><Header value="j a v a s c r i p t:alert(1)"/>'), "value"),
    (AUDIO.replace("<Audio ", '<Audio decoder="ffmpeg" '), "ffmpeg"),
    (AUDIO.replace("<Audio ", '<Audio DECODER=" FFmpeg " '), "ffmpeg"),
    (f"<View>{IMAGE}</View>", "asks something"),
    (BOXES.replace('toName="img"', 'toName="other"'), "not shown"),
    (BOXES.replace(' toName="img"', ""), "toName"),
    (BOXES.replace('<Label value="Car"/>', '<Label value="Sun"/>'), "no two alike"),
    (BOXES.replace('<Label value="Car"/><Label value="Sun"/>', ""), "labels"),
    (BOXES.replace('value="Car"', 'value=""'), "value"),
    (BOXES.replace('value="Car"', 'value="$car"'), "variable"),
    (BOXES.replace('toName="img"', 'toName="img" perRegion="true"'), "perRegion"),
    (BOXES.replace('toName="img"', 'toName="img" choice="many"'), "choice"),
    (BOXES.replace('toName="img"', 'toName="img" value="Cars"'), "variable"),
    (BOXES.replace("Image", "Text"), "cannot label"),
    (SPANS.replace('toName="t"', 'toName="t" visibleWhen="moon-full"'), "visibleWhen"),
    (DIALOGUE.replace('value="$turns"', 'value="turns"'), "variable"),
    (VIDEO.replace("VideoRectangle", "VideoVector"), "not supported"),
    (f'<View>{LIST}<Ranker name="r" toName="l"><Bucket name="a"/><Bucket name="a"/></Ranker></View>', "bucket"),
    ('<View><Pairwise name="p" toName="a"/><Text name="a" value="$a"/></View>', "two objects"),
    ('<View><Text name="a" value="$a"/><Rating name="r" toName="a" maxRating="1000"/></View>', "maxRating"),
    ('<View><Text name="a" value="$a"/><Number name="r" toName="a" min="low"/></View>', "min"),
    ('<View><Text name="a" value="$a"/><Taxonomy name="r" toName="a" apiUrl="https://example.org"/></View>', "apiurl"),
    ("<View>" * 41 + f"{IMAGE}" + "</View>" * 41, "deeply"),
    ("<View>" + "<Header/>" * 2001 + f"{IMAGE}</View>", "too many"),
    ("<View>" * 10_000, "nests them too deeply"),
    ("<View>" * 5000 + "</View>" * 5000, "deeply"),
    (f'<View><Header value="{"x" * 100_000}"/></View>', "too long"),
    ('<View><Text name="' + "x" * 101 + '" value="$a"/></View>', "name"),
]


@pytest.mark.parametrize(("xml", "says"), BAD_INTERFACES, ids=range(len(BAD_INTERFACES)))
def test_an_interface_that_nobody_could_use_or_that_could_harm_is_refused_with_its_reason(xml, says):
    with pytest.raises(InterfaceInvalid) as refused:
        check_interface(xml)
    assert refused.value.details["field"] == "interface"
    assert says.lower() in (refused.value.message + str(refused.value.details)).lower()


@pytest.mark.parametrize(
    "more",
    [
        "<!-- a comment, as configs have them -->",
        '<Header value="Only look: $hint"/>',
        "<Style>.a { color: red; display: flex }</Style>",
        '<Header value="Shown" style="margin: 1em; color: #333"/>',
    ],
)
def test_what_configs_are_full_of_is_fine(more):
    check_interface(BOXES.replace("<View>", f"<View>{more}", 1))


@pytest.mark.parametrize(
    ("config", "payload", "field"),
    [
        (AUDIO, {"audio": "javascript:alert(1)"}, "payload.audio"),
        (AUDIO, {"audio": "data:audio/wav;base64,x"}, "payload.audio"),
        (AUDIO, {"audio": ["https://example.org/1.wav"]}, "payload.audio"),
        (VIDEO, {}, "payload.video"),
        (DIALOGUE, {"turns": "x"}, "payload.turns"),
        (DIALOGUE, {"turns": [{"role": "user"}]}, "payload.turns"),
        (DIALOGUE, {"turns": [{"content": "x"}] * 501}, "payload.turns"),
        (FACES["ranking"].config, {"items": [{"id": "a"}, {"id": "a"}]}, "payload.items"),
        (FACES["ranking"].config, {"items": [{"id": 1}, {"id": "1"}]}, "payload.items"),
        (FACES["ranking"].config, {"items": [{"title": "a"}]}, "payload.items"),
        (FACES["ranking"].config, {"items": []}, "payload.items"),
        (FACES["series"].config, {"csv": "ftp://example.org"}, "payload.csv"),
        (
            BOXES.replace("<View>", '<View><Table name="t" value="$t"/>'),
            {"image": "https://example.org/x.png", "t": "a"},
            "payload.t",
        ),
        (
            BOXES.replace("<View>", '<View><Table name="t" value="$t"/>'),
            {"image": "https://example.org/x.png", "t": [[1] * 10_001]},
            "payload.t",
        ),
        (BOXES.replace("<View>", '<View><Header value="Look: $hint"/>'), {"image": "https://example.org/x.png"}, "payload.hint"),
    ],
)
def test_a_payload_that_does_not_fill_what_is_shown_is_refused(config, payload, field):
    with pytest.raises(PayloadInvalid) as refused:
        check_interface(config).check_payload(payload)
    assert refused.value.details["field"] == field


def test_a_mask_of_hostile_size_costs_no_more_than_its_bytes():
    """A hundred million pixels in a few bytes are runs, not a picture; claims of more are refused before a bit is read."""
    from tasks.labels.measures import runs

    face = FACES["mask"].interface
    packed = runs.packed([(5, 50_000_000)], width=10_000, height=10_000)
    big = {"original_width": 10_000, "original_height": 10_000}
    assert len(packed) < 100_000
    answer = face.canonical([drawn("brushlabels", {"format": "rle", "rle": packed}, "Sky") | big], {})
    assert answer["c"][0]["runs"] == [[5, 50_000_000]]
    with pytest.raises(AnswerInvalid):
        face.canonical([drawn("brushlabels", {"rle": packed}, "Sky") | {"original_width": 10_000, "original_height": 10_001}], {})


def test_what_json_or_the_database_cannot_hold_is_refused_before_anything_is_read():
    deep = []
    for _ in range(300):
        deep = [deep]
    for result in ([{"meta": deep}], [{"meta": 2**70}], [{"meta": "a\0b"}]):
        with pytest.raises(AnswerInvalid) as refused:
            encoded(result)
        assert refused.value.details["field"] == "result"
    assert encoded([{"b": 1, "a": "\\u0041"}]) == b'[{"a":"\\\\u0041","b":1}]'


def test_labels_from_the_payload_have_no_children():
    config = '<View><Labels name="label" toName="text" value="$labels"/><Text name="text" value="$text"/></View>'
    face = check_interface(config)
    flat = [{"value": "A"}, {"value": "A1"}]
    face.check_payload({"text": "One", "labels": flat})
    with pytest.raises(PayloadInvalid) as refused:
        face.check_payload({"text": "One", "labels": [{"value": "A", "children": [{"value": "A1"}]}]})
    assert refused.value.details["field"] == "payload.labels"


SHOWN = '<View><Header value="{header}"/><Text name="t" value="{value}"/><TextArea name="c" toName="t"/></View>'


@pytest.mark.parametrize(
    "wrong", ["$技术", "$été", "$a b", "$text.x", "$text-1", "$text[0]", "$5", "$text{x}", "Say $été", "Costs $5", " $a $b"]
)
def test_what_looks_like_a_variable_and_is_none_is_refused_when_the_interface_enters(wrong):
    """Else people would see it as it is, or nothing in its place, whatever the payload holds."""
    for where in ("value", "header"):
        if where == "header" and wrong in {"$a b", "$text-1", " $a $b"}:
            continue  # a heading may have a variable among its words
        with pytest.raises(InterfaceInvalid, match="no variable") as refused:
            check_interface(SHOWN.format(**({"header": "Read", "value": "$text"} | {where: wrong})))
        assert refused.value.details["tag"] == ("Text" if where == "value" else "Header")
        assert refused.value.details["attribute"] == "value"
    with pytest.raises(InterfaceInvalid, match="no variable"):
        check_interface(labelling("RectangleLabels", "Car", "Under $5"))


@pytest.mark.parametrize("value", ["$text", " $text ", "$_1", "Is 5 $ much?", "US$, A$", "$ 5", "Dear $text, read"])
def test_variables_and_dollars_are_fine(value):
    assert check_interface(SHOWN.format(header=value.strip(), value=value))


@pytest.mark.parametrize(
    "text", ["1_000", "٤", "１２", "1" + "0" * 40, "1." + "0" * 60 + "e5", "nan", "inf", "0x1", "1 000", "1,5", ""]
)
def test_a_number_in_a_cell_is_written_in_plain_digits(text):
    for name in ("number", "rating"):
        with pytest.raises(AnswerInvalid):
            FACES[name].interface.solution({"c": text}, FACES[name].payload)


@pytest.mark.parametrize(
    ("text", "number"), [("4", 4), (" 3.5 ", 3.5), ("+1", 1), (".5", 0.5), ("5.", 5), ("1e0", 1), ("0.25E1", 2.5)]
)
def test_a_number_in_a_cell_is_read_whole(text, number):
    assert FACES["number"].interface.solution({"c": text}, FACES["number"].payload) == {"c": number}


def test_a_moment_is_written_in_plain_digits():
    for name, path in (("moment", (0, V, "datetime")), ("series", (0, V, "start"))):
        given = FACES[name].result[0]["value"][path[-1]]
        foreign = "".join(chr(ord(one) + 0xFEE0) if one.isdigit() else one for one in str(given))
        with pytest.raises(AnswerInvalid):
            FACES[name].interface.canonical(changed(name, path, foreign), FACES[name].payload)


def test_html_that_begins_with_a_dollar_is_cleaned_like_any_other():
    config = '<View><HyperText name="t" value="$ &lt;img src=x onerror=alert(1)&gt; 5"/><TextArea name="c" toName="t"/></View>'
    assert "onerror" not in check_interface(config).xml
