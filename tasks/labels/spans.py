"""Spans of a text: `Labels` on `Text` or `HyperText`, and `HyperTextLabels`.

Offsets count characters (Unicode code points) of the text from 0, the end not included, as the editor does. Much else counts UTF-16
units, two for what lies beyond U+FFFF; where the copy of the covered text shows that, the offsets are put right here.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from tasks.labels.effort import CHARACTERS
from tasks.labels.family import Combined, Region
from tasks.labels.measures import overlap, stretches
from tasks.labels.measures.stretches import Stretch
from tasks.labels.order import in_order
from tasks.labels.regions import Regions

OFFSET_MAX = 10_000_000
TEXT_MAX_CHARACTERS = 100_000  # that one span may cover
XPATH_MAX_CHARACTERS = 1_000


@dataclass(frozen=True)
class Spans(Regions):
    """Canonical form of a region: start, end, text (the covered one, where it is known), labels."""

    result_type: str = "labels"
    value_key: str = "labels"
    consensus: ClassVar[tuple[str, ...]] = ("CharacterVote", "RegionVote", "Medoid")

    def shape(self, region: Region) -> dict[str, Any]:
        """Where the span is. Raises AnswerInvalid for offsets that are no numbers, inverted, beyond the text, or of another text."""
        shown = region.content()
        text: str | None = region.effort.once(
            ("text", region.shown.name), lambda: str(shown) if isinstance(shown, str | int | float) else None
        )
        return self._offsets(region, text)

    def _offsets(self, region: Region, text: str | None) -> dict[str, Any]:
        start, end = (self._offset(region, name) for name in ("start", "end"))
        said = region.value.get("text")
        if said is not None and (not isinstance(said, str) or len(said) > TEXT_MAX_CHARACTERS):
            raise self.refuse(region.at("text"), "The covered text is a text.", limit=TEXT_MAX_CHARACTERS)
        if text is None:
            self._check_order(region, start, end, None)
            return {"start": start, "end": end} | ({"text": said} if said is not None else {})
        self.spend(region, (max(0, min(end, len(text)) - start) + len(said or "")) // CHARACTERS)
        if said is not None and said != text[start:end] and plain(text[start:end]) != plain(said):
            wide: list[int] = region.effort.once(("wide", region.shown.name), lambda: wide_of(text))
            start, end = by_utf16(wide, start, end)
        self._check_order(region, start, end, len(text))
        if said is not None and said != text[start:end] and plain(text[start:end]) != plain(said):
            message = "The text given for this span is not the text at its offsets."
            raise self.refuse(region.at("text"), message, got=said[:100], known=[text[start:end][:100]])
        return {"start": start, "end": end, "text": text[start:end]}

    def _offset(self, region: Region, name: str) -> int:
        value = region.value.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= OFFSET_MAX:
            raise self.refuse(region.at(name), "An offset is a whole number from 0.", limit=OFFSET_MAX, got=str(value)[:60])
        return int(value)

    def _check_order(self, region: Region, start: int, end: int, length: int | None) -> None:
        if start >= end:
            raise self.refuse(region.at("start"), "A span starts before it ends.", limit=end, got=start)
        if length is not None and end > length:
            raise self.refuse(region.at("end"), "The span ends after the text does.", limit=length, got=end)

    def place_of(self, canonical: Any) -> dict[str, Any]:
        """Offsets and text, as the editor writes them."""
        return {"value": {name: canonical[name] for name in ("start", "end", "text") if name in canonical}}

    def overlaps(self, a: Sequence[Any], b: Sequence[Any]) -> overlap.Matrix:
        """Intersection over union, in characters."""
        return overlap.interval_ious([self.interval(one) for one in a], [self.interval(one) for one in b])

    def interval(self, region: Mapping[str, Any]) -> tuple[float, float]:
        """From where to where a region goes."""
        return region["start"], region["end"]

    def _stretches(self, regions: Sequence[Any]) -> list[Stretch]:
        return [Stretch(*self.interval(one), label) for one in regions for label in one.get("labels") or [""]]

    def measures(self, a: Any, b: Any) -> dict[str, float]:
        """Besides those of all regions: exact spans, words and characters, each with labels and without, as F1."""
        left, right = self._stretches(a), self._stretches(b)
        bare = stretches.unlabelled(left), stretches.unlabelled(right)
        words = self._worded(a), self._worded(b)
        bare_words = [[(stretch._replace(label=""), text) for stretch, text in one] for one in words]
        return {
            **super().measures(a, b),
            "exact": stretches.exact_f1(left, right),
            "exact_unlabelled": stretches.exact_f1(*bare),
            "words": stretches.token_f1(*words),
            "words_unlabelled": stretches.token_f1(*bare_words),
            "characters": stretches.length_f1(left, right),
            "characters_unlabelled": stretches.length_f1(*bare),
        }

    def _worded(self, regions: Sequence[Any]) -> list[tuple[Stretch, str]]:
        return [
            (Stretch(*self.interval(one), label), one.get("text", "")) for one in regions for label in one.get("labels") or [""]
        ]

    def combine(self, answers: Sequence[Any], method: str) -> Combined:
        """CharacterVote: every character gets the labels that more than half give it (`stretches.voted`). RegionVote, Medoid: as elsewhere."""
        if method != "CharacterVote":
            return super().combine(answers, method)
        outcome = stretches.voted([self._stretches(answer) for answer in answers])
        seen = [region for answer in in_order(answers) for region in answer]
        found = [self._found(int(start), int(end), label, seen) for start, end, label in outcome.stretches]
        return Combined(in_order(found), outcome.confidence)

    def _found(self, start: int, end: int, label: str, seen: Sequence[Any]) -> dict[str, Any]:
        """A span that nobody may have marked just so: its text is put together from the spans that were."""
        one: dict[str, Any] = {"start": start, "end": end}
        at, text = start, ""
        while at < end:
            over = next((s for s in seen if s["start"] <= at < s["end"] and "text" in s), None)
            if over is None:
                break
            until = min(end, over["end"])
            text += over["text"][at - over["start"] : until - over["start"]]
            at = until
        if at >= end:
            one["text"] = text
        return one | {"labels": [label] if label else []}

    def brief(self, region: Mapping[str, Any]) -> str:
        """Offsets and text."""
        return f"[{region['start']}:{region['end']}] {region.get('text', '')}".strip()


@dataclass(frozen=True)
class HyperSpans(Spans):
    """Spans of marked-up text. Offsets are those of the visible text, `globalOffsets`; the editor's paths are kept as `path`.

    A span that comes without globalOffsets (from elsewhere) is only ever the same as itself.
    """

    consensus: ClassVar[tuple[str, ...]] = ("RegionVote", "Medoid")

    def shape(self, region: Region) -> dict[str, Any]:
        """Where the span is. The visible text is not known here, so that only its bounds are checked: it is no longer than the mark-up."""
        value, markup = region.value, region.content()
        path = [value.get(name) for name in ("start", "startOffset", "end", "endOffset")]
        if not all(isinstance(one, str) and len(one) <= XPATH_MAX_CHARACTERS for one in path[::2]):
            raise self.refuse(region.at("start"), "start and end are paths in the document.", limit=XPATH_MAX_CHARACTERS)
        if not all(isinstance(one, int) and not isinstance(one, bool) and 0 <= one <= OFFSET_MAX for one in path[1::2]):
            raise self.refuse(region.at("startOffset"), "An offset is a whole number from 0.")
        said = value.get("text")
        self.spend(region, (len(said) if isinstance(said, str) else 0) // CHARACTERS)
        kept = {"path": path} | ({"text": said[:TEXT_MAX_CHARACTERS]} if isinstance(said, str) else {})
        offsets = value.get("globalOffsets")
        if offsets is None:
            if path[0] == path[2]:
                self._check_order(region, int(value["startOffset"]), int(value["endOffset"]), None)
            return kept
        if not isinstance(offsets, dict):
            raise self.refuse(region.at("globalOffsets"), "Offsets are an object of start and end.")
        start, end = (
            int(self.number(region, name, least=0, most=OFFSET_MAX, source=offsets, place=region.at("globalOffsets", name)))
            for name in ("start", "end")
        )
        self._check_order(region, start, end, len(markup) if isinstance(markup, str) else None)
        return {"start": start, "end": end, **kept}

    def overlaps(self, a: Sequence[Any], b: Sequence[Any]) -> overlap.Matrix:
        """Intersection over union of the visible characters; of spans without offsets, equality."""
        return overlap.each_with_each(a, b, self._alike)

    def _alike(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
        if "start" in one and "start" in other:
            return overlap.interval_iou(self.interval(one), self.interval(other))
        return float(one["path"] == other["path"])

    def measures(self, a: Any, b: Any) -> dict[str, float]:
        """Those of spans where all have offsets, else those of all regions."""
        located = all("start" in region for region in (*a, *b))
        return super().measures(a, b) if located else Regions.measures(self, a, b)

    def place_of(self, canonical: Any) -> dict[str, Any]:
        """Paths and offsets, as the editor writes them."""
        names = ("start", "startOffset", "end", "endOffset")
        value: dict[str, Any] = dict(zip(names, canonical["path"], strict=True))
        if "start" in canonical:
            value["globalOffsets"] = {"start": canonical["start"], "end": canonical["end"]}
        return {"value": value | ({"text": canonical["text"]} if "text" in canonical else {})}

    def brief(self, region: Mapping[str, Any]) -> str:
        """Offsets, where known, and text."""
        return super().brief(region) if "start" in region else str(region.get("text", ""))


def plain(text: str) -> str:
    """A text as it may come back from a page: line breaks and runs of spaces aside."""
    return " ".join(text.replace("\\n", " ").split())


def wide_of(text: str) -> list[int]:
    """Where, in UTF-16 units, the characters of a text stand that are two of them."""
    if text.isascii():
        return []
    places = (place for place, character in enumerate(text) if character > "\uffff")
    return [place + before for before, place in enumerate(places)]


def by_utf16(wide: Sequence[int], start: int, end: int) -> tuple[int, int]:
    """Offsets in UTF-16 units as offsets in characters, given `wide_of` the text; unchanged where they do not fall between characters."""
    before = [bisect_left(wide, at) for at in (start, end)]  # wide characters that begin before the offset
    if any(n and wide[n - 1] == at - 1 for n, at in zip(before, (start, end), strict=True)):
        return start, end
    return start - before[0], end - before[1]
