"""What reading an answer may cost: counted, not timed. Whatever a megabyte of an answer is made of, reading it takes a bounded number of steps."""

import copy
import sys
import unicodedata
from pathlib import Path

import orjson
import pytest

from tasks.labels import AnswerInvalid, InterfaceInvalid, check_interface, effort
from tasks.labels.measures import runs, wording
from tests.tasks.labels.faces import FACES, Face, drawn, entry, labelling, told

BYTES = 900_000
STEPS = 3_000  # allowed here, so that a test is quick
LINES = 40  # of our own code that a step may take
PAYLOAD_ROWS = 500
OURS = str(Path(effort.__file__).parent)


def lines_of(work) -> int:
    """How many lines of the label families `work` runs; stops it, and says so, at far too many."""
    count = 0

    def line(frame, event, _):
        nonlocal count
        count += event == "line"
        if count > 4 * LINES * STEPS:
            sys.settrace(None)
            raise AssertionError(f"{frame.f_code.co_filename}:{frame.f_lineno} goes on and on")
        return line

    before = sys.gettrace()
    sys.settrace(lambda frame, *_: line if frame.f_code.co_filename.startswith(OURS) else None)
    try:
        work()
    except AnswerInvalid:
        pass
    finally:
        sys.settrace(before)
    return count


def grown(part):
    """A list, text or object of an answer, as large as a hand-in may be; other things stay."""
    if isinstance(part, str):
        return [part * (BYTES // max(1, len(part))), "e" + "\u0301\u0316" * (BYTES // 8), " " * BYTES + part]
    if isinstance(part, list) and part:
        times = BYTES // (len(orjson.dumps(part)) + 1)
        return [part * times, [0] * (BYTES // 2), [part[0]] * (BYTES // (len(orjson.dumps(part[0])) + 1))]
    if isinstance(part, dict) and part:
        one = next(iter(part.values()))
        return [part | {f"{n}": one for n in range(BYTES // (len(orjson.dumps(one)) + 12))}]
    return []


def large_answers(face: Face):
    """The face's own answer with any part of it made as large as can be; and as many entries as there may be."""
    for index, raw in enumerate(face.result):
        for where, part in raw["value"].items():
            parts = [((where,), part)]
            if isinstance(part, dict):
                parts += [((where, key), inner) for key, inner in part.items()]
            if isinstance(part, list):
                parts += [((where, n), inner) for n, inner in enumerate(part[:1])]
            for path, small in parts:
                for large in grown(small):
                    result = copy.deepcopy(face.result)
                    at = result[index]["value"]
                    for step in path[:-1]:
                        at = at[step]
                    at[path[-1]] = large
                    yield result
    times = min(5_000 // len(face.result), BYTES // len(orjson.dumps(face.result)))
    yield [one | {"id": f"{one.get('id', '')}-{n}"} for n in range(times) for one in face.result]
    yield [one | {"id": f"{one.get('id', '')}-{n}"} for n in range(999 // len(face.result)) for one in face.result]


@pytest.fixture(autouse=True)
def few_steps(monkeypatch):
    monkeypatch.setattr(effort, "STEPS_MAX", STEPS)


@pytest.mark.parametrize("name", FACES)
def test_reading_a_large_answer_of_any_family_takes_few_steps(name):
    face = FACES[name]
    tried = 0
    for result in large_answers(face):
        interface = face.interface
        assert lines_of(lambda i=interface, r=result: i.canonical(r, face.payload)) <= LINES * STEPS
        tried += 1
    assert tried >= 2


def bits(text: str) -> list[int]:
    text += "0" * (-len(text) % 8)
    return list(int(text, 2).to_bytes(len(text) // 8, "big"))


def head(numbers: int, word: int = 8) -> str:
    return f"{numbers:032b}{word - 1:05b}" + "".join(f"{size - 1:04b}" for size in (3, 4, 8, 16))


MANY = 280_000
MASKS = {
    "numbers of one bit, one by one": (head(65_536 * 40, word=1) + ("011" + "1" * 16 + "0" * 65_536) * 40, 65_536 * 10),
    "stretches of one number": (head(MANY) + "0" * 14 * MANY, MANY // 4),
    "stretches of one number, repeated once": (head(MANY // 4 * 3) + ("1" + "0" * 13) * (MANY // 4 * 3), MANY // 16 * 3),
}


@pytest.mark.parametrize("name", MASKS)
def test_a_mask_costs_no_more_than_its_stretches(name):
    written, pixels = MASKS[name]
    raw = drawn("brushlabels", {"format": "rle", "rle": bits(written)}, "Sky")
    raw |= {"original_width": pixels // 10, "original_height": 10}
    assert len(orjson.dumps(raw)) < 1024 * 1024
    mask = FACES["mask"].interface
    assert lines_of(lambda: mask.canonical([raw], {})) <= LINES * STEPS
    with pytest.raises(AnswerInvalid) as refused:
        mask.canonical([raw], {})
    assert refused.value.details["field"] == "result[0].value.rle"
    assert "8 bits" in refused.value.message or refused.value.details["limit"] == STEPS


def test_a_long_stretch_of_numbers_is_read_at_once():
    alphas = bytes([0] * 100 + [9] * 200 + [0] * 84) * 40
    numbers = "".join(f"{one:08b}" for alpha in alphas for one in (0, 0, 0, alpha))
    written = head(len(alphas) * 4) + "011" + f"{len(alphas) * 4 - 1:016b}" + numbers
    found = []
    count = lines_of(lambda: found.extend(runs.unpacked(bits(written), width=len(alphas) // 10, height=10)))
    assert found == [(384 * n + 100, 200) for n in range(40)]
    assert count < 500


def test_the_whole_answer_has_one_bound_not_each_region():
    corners = [[n / 10, 10 + n % 2] for n in range(500)] + [[50, 90]]
    regions = [drawn("polygonlabels", {"points": corners, "closed": True}, "Car", str(n)) for n in range(4)]
    polygons = interface_labelled("PolygonLabels")
    assert len(polygons.canonical(regions[:2], {})["c"]) == 2
    with pytest.raises(AnswerInvalid) as refused:
        polygons.canonical(regions, {})
    assert refused.value.details | {"got": 0} == {"field": "result[2].value.points", "control": "c", "limit": STEPS, "got": 0}


def interface_labelled(tag: str, **more: str):
    return check_interface(labelling(tag, "Car", "Sun", **more))


# ---- what takes time in C, line by line unseen ----


@pytest.mark.parametrize("face", ["text", "frame"])
def test_accents_without_end_are_refused_before_they_are_put_in_order(face, monkeypatch):
    """Putting n accents in order takes n² steps: minutes for a megabyte."""
    monkeypatch.setattr(effort, "STEPS_MAX", 60_000)
    long = "e" + "\u0301\u0316" * (wording.MARKS_MAX // 2 + 1)
    if face == "text":
        interface, result = FACES["text"].interface, told("textarea", [long], "text")
    else:
        interface = check_interface(
            "<HTMLQuestion><HTMLContent><![CDATA[<form><input name='a'></form>]]></HTMLContent></HTMLQuestion>"
        )
        result = [entry("form", "form", "form", {"form": {"a": long}})]
    with pytest.raises(AnswerInvalid, match="accents") as refused:
        interface.canonical(result, FACES["text"].payload)
    assert refused.value.details["limit"] == wording.MARKS_MAX


def test_texts_in_the_usual_ways_of_writing_are_composed():
    for text in ("Ame\u0301lie", "\u1112\u1161\u11ab", "नमस्ते", "שָׁלוֹם", "e" + "\u0301" * wording.MARKS_MAX, "plain"):
        assert wording.composed(text) == unicodedata.normalize("NFC", text)


def test_what_the_payload_offers_is_read_once_for_an_answer(monkeypatch):
    """500 labels that the payload brings, and 400 regions: were they read for each region, that would be 200,000 of them."""
    config = labelling("RectangleLabels", more=' value="$labels"').replace("</View>", TAXONOMY + "</View>")
    payload = {"image": "https://example.org/1.png", "labels": offered(PAYLOAD_ROWS), "tree": offered(PAYLOAD_ROWS)}
    place = {"x": 1, "y": 1, "width": 1, "height": 1, "rotation": 0}
    result = []
    for n in range(200):
        result.append(drawn("rectanglelabels", place | {"rectanglelabels": ["L1"]}, "L1", str(n)))
        result.append(entry("tree", "img", "taxonomy", place | {"taxonomy": [["L2"]]}, str(n)))
    interface = check_interface(config)
    assert lines_of(lambda: interface.canonical(result, payload)) <= LINES * STEPS


TAXONOMY = '<Taxonomy name="tree" toName="img" value="$tree" perRegion="true" leafsOnly="true"/>'


def offered(count: int):
    return [{"value": f"L{n}"} for n in range(count)]


def test_a_text_that_many_spans_cover_is_not_copied_without_end(monkeypatch):
    """A thousand spans over one long text would be a thousand copies of it."""
    monkeypatch.setattr(effort, "STEPS_MAX", 60_000)
    face = FACES["spans"]
    payload = {**face.payload, "text": "long " * 12_000}
    result = [entry("c", "t", "labels", {"start": 0, "end": 60_000, "labels": ["PER"]}, str(n)) for n in range(900)]
    with pytest.raises(AnswerInvalid, match="too many pieces") as refused:
        face.interface.canonical(result, payload)
    assert refused.value.details["field"] == "result[15]"


def test_an_interface_has_so_many_controls():
    questions = "".join(f'<TextArea name="q{n}" toName="t"/>' for n in range(201))
    with pytest.raises(InterfaceInvalid) as refused:
        check_interface(f'<View><Text name="t" value="$text"/>{questions}</View>')
    assert refused.value.details["limit"] == 200
