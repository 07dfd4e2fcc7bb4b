"""One interface per family, with a payload and a result as the editor hands it in: written by driving the editor, or by hand like it."""

from dataclasses import dataclass, field
from typing import Any

from tasks.labels import AnswerInvalid, Interface, PayloadInvalid, interface_of
from tasks.labels.measures import runs

__all__ = ["AnswerInvalid", "PayloadInvalid"]

IMAGE = '<Image name="img" value="$image"/>'
PICTURE = {"image": "https://example.org/1.png"}
SIZE = {"original_width": 40, "original_height": 20, "image_rotation": 0}


@dataclass(frozen=True)
class Face:
    """An interface at work."""

    config: str
    payload: dict[str, Any]
    result: list[dict[str, Any]]
    others: list[list[dict[str, Any]]] = field(default_factory=list)  # further answers, to compare and combine

    @property
    def interface(self) -> Interface:
        return interface_of(self.config)

    def answers(self) -> list[dict[str, Any]]:
        return [self.interface.canonical(result, self.payload) for result in [self.result, *self.others]]


def entry(control: str, to: str, kind: str, value: dict[str, Any], known: str = "r1", **more: Any) -> dict[str, Any]:
    return {"from_name": control, "to_name": to, "type": kind, "value": value, "id": known, "origin": "manual", **more}


def drawn(kind: str, value: dict[str, Any], label: str, known: str = "r1", control: str = "c") -> dict[str, Any]:
    return entry(control, "img", kind, value | {kind: [label]}, known, **SIZE)


def painted(spots: list[tuple[int, int]], label: str, known: str = "r1") -> dict[str, Any]:
    return drawn("brushlabels", {"format": "rle", "rle": runs.packed(spots, width=40, height=20)}, label, known)


def box(x: float, y: float, width: float, height: float, rotation: float = 0) -> dict[str, float]:
    return {"x": x, "y": y, "width": width, "height": height, "rotation": rotation}


def labelling(tag: str, *labels: str, more: str = "") -> str:
    offered = "".join(f'<Label value="{label}"/>' for label in labels)
    return f'<View>{IMAGE}<{tag} name="c" toName="img"{more}>{offered}</{tag}></View>'


TEXT = "Ada Lovelace met Charles Babbage in London."
SPANS = '<View><Labels name="c" toName="t"><Label value="PER"/><Label value="LOC"/></Labels><Text name="t" value="$text"/></View>'


def span(start: int, end: int, label: str, known: str = "r1", text: str = TEXT) -> dict[str, Any]:
    return entry("c", "t", "labels", {"start": start, "end": end, "text": text[start:end], "labels": [label]}, known)


TURNS = [{"role": "user", "content": "How do I sort a list?"}, {"role": "assistant", "content": "😀 Use sorted(list)."}]
DIALOGUE = (
    '<View><Paragraphs name="d" value="$turns" layout="dialogue" nameKey="role" textKey="content"/>'
    '<ParagraphLabels name="c" toName="d"><Label value="Helpful"/><Label value="Harmful"/></ParagraphLabels></View>'
)


def said(start: tuple[int, int], end: tuple[int, int], text: str, label: str, known: str = "r1") -> dict[str, Any]:
    value = {"start": str(start[0]), "end": str(end[0]), "startOffset": start[1], "endOffset": end[1], "text": text}
    return entry("c", "d", "paragraphlabels", value | {"paragraphlabels": [label]}, known)


AUDIO = (
    '<View><Labels name="c" toName="a"><Label value="Speech"/><Label value="Noise"/></Labels><Audio name="a" value="$audio"/>'
    '<TextArea name="said" toName="a" perRegion="true" required="true" whenLabelValue="Speech"/></View>'
)


def heard(start: float, end: float, label: str, known: str = "r1", text: str = "") -> list[dict[str, Any]]:
    where = {"start": start, "end": end, "channel": 0}
    first = entry("c", "a", "labels", where | {"labels": [label]}, known, original_length=12)
    return [first, entry("said", "a", "textarea", where | {"text": [text]}, known, original_length=12)] if text else [first]


VIDEO = (
    '<View><Labels name="l" toName="v"><Label value="Ball"/><Label value="Clock"/></Labels><Video name="v" value="$video"/>'
    '<VideoRectangle name="c" toName="v"/></View>'
)


def track(keyframes: list[tuple[int, float, float, bool]], label: str, known: str = "r1") -> dict[str, Any]:
    sequence = [
        {"frame": frame, "enabled": on, "rotation": 0, "x": x, "y": y, "width": 20, "height": 20, "time": frame / 24}
        for frame, x, y, on in keyframes
    ]
    value = {"framesCount": 240, "duration": 10, "sequence": sequence, "labels": [label]}
    return entry("c", "v", "videorectangle", value, known)


def stretch(first: int, last: int, label: str, known: str = "r1") -> dict[str, Any]:
    return entry("c", "v", "timelinelabels", {"ranges": [{"start": first, "end": last}], "timelinelabels": [label]}, known)


TREE = (
    '<View><Text name="t" value="$text"/><Taxonomy name="c" toName="t"><Choice value="Life"><Choice value="Animal">'
    '<Choice value="Cat"/><Choice value="Dog"/></Choice><Choice value="Plant"/></Choice><Choice value="Stone"/></Taxonomy></View>'
)
ITEMS = {"items": [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}, {"id": 3, "title": "C"}]}
LIST = '<List name="l" value="$items" title="Answers"/>'


def asked(tag: str, more: str = "") -> str:
    return f'<View><Text name="t" value="$text"/><{tag} name="c" toName="t"{more}/></View>'


def told(kind: str, value: Any, key: str = "") -> list[dict[str, Any]]:
    return [entry("c", "t", kind, {key or kind: value})]


CHOICES = (
    '<View><Text name="t" value="$text"/><Choices name="c" toName="t"{}>'
    '<Choice value="x"/><Choice value="y"/><Choice value="z"/></Choices></View>'
)
SERIES = (
    '<View><TimeSeriesLabels name="c" toName="s"><Label value="Up"/><Label value="Down"/></TimeSeriesLabels>'
    '<TimeSeries name="s" value="$csv" valueType="url" timeColumn="time" timeFormat="%Y-%m-%d %H:%M:%S"><Channel column="x"/>'
    "</TimeSeries></View>"
)


def lasting(start: str, end: str, label: str, known: str = "r1") -> dict[str, Any]:
    value = {"start": start, "end": end, "instant": start == end, "timeserieslabels": [label]}
    return entry("c", "s", "timeserieslabels", value, known)


HYPER = (
    '<View><HyperTextLabels name="c" toName="h"><Label value="Key"/><Label value="Value"/></HyperTextLabels>'
    '<HyperText name="h" value="$html"/></View>'
)


def marked(start: int, end: int, label: str, known: str = "r1") -> dict[str, Any]:
    node = "/p[1]/b[1]/text()[1]"
    value = {"start": node, "startOffset": start, "end": node, "endOffset": end, "globalOffsets": {"start": start, "end": end}}
    return entry("c", "h", "hypertextlabels", value | {"text": "x" * (end - start), "hypertextlabels": [label]}, known)


PIECES = [[1, 1], [20, 1], [20, 20], [1, 20]]
WORDS = {"text": "Is it?"}
FACES: dict[str, Face] = {
    "choice": Face(CHOICES.format(""), WORDS, told("choices", ["x"]), [told("choices", ["x"]), told("choices", ["y"])]),
    "choices": Face(
        CHOICES.format(' choice="multiple"'),
        WORDS,
        told("choices", ["y", "x"]),
        [told("choices", ["x"]), told("choices", ["x", "z"])],
    ),
    "rating": Face(asked("Rating"), WORDS, told("rating", 4), [told("rating", 5), told("rating", 1)]),
    "number": Face(asked("Number", ' min="0" max="10"'), WORDS, told("number", 3.5), [told("number", 4), told("number", 9)]),
    "moment": Face(
        asked("DateTime", ' only="date" format="%d.%m.%Y"'),
        WORDS,
        told("datetime", "02.01.2020"),
        [told("datetime", "03.01.2020")],
    ),
    "text": Face(asked("TextArea"), WORDS, told("textarea", ["a cat sat"], "text"), [told("textarea", ["a cat"], "text")]),
    "pairwise": Face(
        '<View><Pairwise name="c" toName="a,b"/><Text name="a" value="$a"/><Text name="b" value="$b"/></View>',
        {"a": "Paris", "b": "Lyon"},
        [entry("c", "c", "pairwise", {"selected": "left"})],
        [[entry("c", "c", "pairwise", {"selected": "right"})], [entry("c", "c", "pairwise", {"selected": "left"})]],
    ),
    "ranking": Face(
        f'<View>{LIST}<Ranker name="c" toName="l"/></View>',
        ITEMS,
        [entry("c", "l", "ranker", {"ranker": {"c": ["b", "a", "3"]}})],
        [[entry("c", "l", "ranker", {"ranker": {"c": order}})] for order in (["a", "b", "3"], ["b", "3", "a"])],
    ),
    "buckets": Face(
        f'<View>{LIST}<Ranker name="c" toName="l"><Bucket name="good"/><Bucket name="bad"/></Ranker></View>',
        ITEMS,
        [entry("c", "l", "ranker", {"ranker": {"_": ["3"], "good": ["b"], "bad": ["a"]}})],
        [[entry("c", "l", "ranker", {"ranker": {"_": [], "good": ["b", "a"], "bad": ["3"]}})]],
    ),
    "taxonomy": Face(
        TREE,
        WORDS,
        told("taxonomy", [["Life", "Animal", "Cat"]]),
        [told("taxonomy", [["Life", "Animal", "Dog"]]), told("taxonomy", [["Life", "Animal", "Cat"], ["Stone"]])],
    ),
    "spans": Face(
        SPANS,
        {"text": TEXT},
        [span(0, 12, "PER"), span(36, 42, "LOC", "r2")],
        [[span(4, 12, "PER"), span(36, 42, "LOC", "r2")], [span(0, 12, "PER"), span(17, 32, "PER", "r2")]],
    ),
    "hyper spans": Face(
        HYPER,
        {"html": "<p><b>Total: 42 EUR</b></p>"},
        [marked(0, 5, "Key"), marked(7, 13, "Value", "r2")],
        [[marked(0, 6, "Key")]],
    ),
    "dialogue": Face(
        DIALOGUE,
        {"turns": TURNS},
        [said((1, 7), (1, 19), "sorted(list)", "Helpful")],
        [[said((0, 16), (1, 6), "list?😀 Use", "Harmful")], [said((1, 3), (1, 19), "Use sorted(list)", "Helpful")]],
    ),
    "boxes": Face(
        labelling("RectangleLabels", "Car", "Sun"),
        PICTURE,
        [drawn("rectanglelabels", box(10, 10, 20, 20), "Car"), drawn("rectanglelabels", box(50, 50, 20, 20, 30), "Sun", "r2")],
        [
            [drawn("rectanglelabels", box(12, 10, 20, 20), "Car")],
            [
                drawn("rectanglelabels", box(11, 11, 20, 20), "Car"),
                drawn("rectanglelabels", box(50, 50, 20, 22, 25), "Sun", "r2"),
            ],
        ],
    ),
    "ellipses": Face(
        labelling("EllipseLabels", "Car", "Sun"),
        PICTURE,
        [drawn("ellipselabels", {"x": 50, "y": 50, "radiusX": 10, "radiusY": 20, "rotation": 15}, "Sun")],
        [[drawn("ellipselabels", {"x": 52, "y": 50, "radiusX": 10, "radiusY": 18, "rotation": 0}, "Sun")]],
    ),
    "polygons": Face(
        labelling("PolygonLabels", "Car", "Sun"),
        PICTURE,
        [drawn("polygonlabels", {"points": PIECES, "closed": True}, "Car")],
        [[drawn("polygonlabels", {"points": [[1, 1], [20, 1], [20, 20]], "closed": True}, "Car")]],
    ),
    "keypoints": Face(
        labelling("KeyPointLabels", "Nose", "Ear"),
        PICTURE,
        [drawn("keypointlabels", {"x": 10, "y": 10, "width": 0.75}, "Nose")],
        [
            [
                drawn("keypointlabels", {"x": 11, "y": 10, "width": 2}, "Nose"),
                drawn("keypointlabels", {"x": 90, "y": 9}, "Ear", "r2"),
            ]
        ],
    ),
    "mask": Face(
        labelling("BrushLabels", "Road", "Sky"),
        PICTURE,
        [painted([(0, 30), (45, 20)], "Sky"), painted([(400, 100)], "Road", "r2")],
        [[painted([(0, 25), (45, 25)], "Sky")], [painted([(0, 30), (45, 10)], "Sky"), painted([(420, 100)], "Road", "r2")]],
    ),
    "segments": Face(
        AUDIO,
        {"audio": "https://example.org/1.wav"},
        [*heard(2, 4, "Speech", text="hello there"), *heard(6.5, 9, "Noise", "r2")],
        [[*heard(2.1, 4, "Speech", text="hello")], [*heard(2, 4.2, "Speech", text="hello there"), *heard(6, 9, "Noise", "r2")]],
    ),
    "series": Face(
        SERIES,
        {"csv": "https://example.org/1.csv"},
        [lasting("2020-01-02 03:00:00", "2020-01-02 09:00:00", "Up")],
        [
            [
                lasting("2020-01-02 04:00:00", "2020-01-02 09:00:00", "Up"),
                lasting("2020-01-03 00:00:00", "2020-01-03 00:00:00", "Down", "r2"),
            ]
        ],
    ),
    "tracks": Face(
        VIDEO,
        {"video": "https://example.org/1.webm"},
        [
            track([(1, 20, 20, True), (100, 50, 40, True)], "Ball"),
            track([(10, 70, 70, True), (50, 70, 70, False)], "Clock", "r2"),
        ],
        [[track([(1, 22, 20, True), (100, 50, 42, False)], "Ball")]],
    ),
    "timeline": Face(
        '<View><TimelineLabels name="c" toName="v"><Label value="Intro"/><Label value="Action"/></TimelineLabels>'
        '<Video name="v" value="$video"/></View>',
        {"video": "https://example.org/1.webm"},
        [stretch(6, 18, "Intro"), stretch(30, 40, "Action", "r2")],
        [[stretch(5, 18, "Intro")], [stretch(6, 20, "Intro"), stretch(31, 40, "Action", "r2")]],
    ),
}
