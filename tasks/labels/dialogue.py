"""Spans of a dialogue: `ParagraphLabels`, `Labels` on `Paragraphs`.

A place is a turn, from 0, and an offset in its text. The editor counts UTF-16 units here, two for what lies beyond U+FFFF, while it
counts characters in a `Text`; where the covered text says that somebody counted characters, that is understood, too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.labels.family import Region
from tasks.labels.measures import overlap
from tasks.labels.regions import Regions
from tasks.labels.spans import TEXT_MAX_CHARACTERS, plain

Ends = list[list[int]]  # turn and offset, of both ends

TURN_UNKNOWN = 1_000_000  # characters that a turn counts for where its text is not known


@dataclass(frozen=True)
class DialogueSpans(Regions):
    """Canonical form of a region: from and to (turn, UTF-16 offset), start and end (in characters of the whole dialogue), text, labels."""

    result_type: str = "paragraphlabels"
    value_key: str = "paragraphlabels"

    def shape(self, region: Region) -> dict[str, Any]:
        """Where the span is. Raises AnswerInvalid for turns or offsets that are not there, the wrong way round, or of another text."""
        turns = region.shown.turns(region.payload)
        ends = [self._end(region, turns, *names) for names in (("start", "startOffset"), ("end", "endOffset"))]
        said = region.value.get("text")
        if said is not None and (not isinstance(said, str) or len(said) > TEXT_MAX_CHARACTERS):
            raise self.refuse(region.at("text"), "The covered text is a text.", limit=TEXT_MAX_CHARACTERS)
        if ends[0] >= ends[1]:
            raise self.refuse(region.at("start"), "A span starts before it ends.", limit=ends[1], got=ends[0])
        if not turns:
            start, end = (turn * TURN_UNKNOWN + offset for turn, offset in ends)
            return {"from": ends[0], "to": ends[1], "start": start, "end": end} | ({"text": said} if said is not None else {})
        places = self._characters(region, turns, ends, said)
        text = _covered(turns, places)
        if said is not None and _squeezed(text) != _squeezed(said):
            message = "The text given for this span is not the text at its offsets."
            raise self.refuse(region.at("text"), message, got=said[:100], known=[text[:100]])
        before = [sum(len(one) + 1 for one in turns[:turn]) for turn, _ in places]
        units = [[turn, _units(turns[turn][:at])] for turn, at in places]
        start, end = (first + at for first, (_, at) in zip(before, places, strict=True))
        return {"from": units[0], "to": units[1], "start": start, "end": end, "text": text}

    def _characters(self, region: Region, turns: Sequence[str], ends: Ends, said: str | None) -> Ends:
        """The ends in characters: counted as the editor does, or, where only that gives the covered text, as characters already."""
        for turn, offset in ends:
            if offset > (most := _units(turns[turn])):
                raise self.refuse(region.at("endOffset"), "The span reaches beyond its turn.", limit=most, got=offset)
        counted = [[turn, _characters(turns[turn], offset)] for turn, offset in ends]
        plain_ends = [[turn, offset] for turn, offset in ends]
        if said is not None and _squeezed(_covered(turns, counted)) != _squeezed(said) == _squeezed(_covered(turns, plain_ends)):
            return plain_ends
        return counted

    def _end(self, region: Region, turns: Sequence[str], turn_name: str, offset_name: str) -> list[int]:
        turn, offset = region.value.get(turn_name), region.value.get(offset_name)
        known = len(turns) if turns else TURN_UNKNOWN
        if isinstance(turn, str) and turn.isascii() and turn.isdigit():
            turn = int(turn[:9])
        if isinstance(turn, bool) or not isinstance(turn, int) or not 0 <= turn < known:
            raise self.refuse(region.at(turn_name), "There is no such turn.", limit=known - 1, got=str(turn)[:40])
        if isinstance(offset, bool) or not isinstance(offset, int) or not 0 <= offset < TURN_UNKNOWN:
            raise self.refuse(
                region.at(offset_name), "An offset is a whole number from 0.", limit=TURN_UNKNOWN, got=str(offset)[:40]
            )
        return [turn, offset]

    def overlaps(self, a: Sequence[Any], b: Sequence[Any]) -> overlap.Matrix:
        """Intersection over union, in characters of the whole dialogue."""
        return overlap.interval_ious([(one["start"], one["end"]) for one in a], [(one["start"], one["end"]) for one in b])

    def place_of(self, canonical: Any) -> dict[str, Any]:
        """Turns, as texts, and offsets, as the editor writes them."""
        (first, offset), (last, until) = canonical["from"], canonical["to"]
        value = {"start": str(first), "end": str(last), "startOffset": offset, "endOffset": until}
        return {"value": value | ({"text": canonical["text"]} if "text" in canonical else {})}

    def brief(self, region: Mapping[str, Any]) -> str:
        """Turn and text."""
        return f"[{region['from'][0]}] {region.get('text', '')}".strip()


def _covered(turns: Sequence[str], ends: Sequence[Sequence[int]]) -> str:
    (first, offset), (last, until) = ends
    if first == last:
        return turns[first][offset:until]
    return "\n".join([turns[first][offset:], *turns[first + 1 : last], turns[last][:until]])


def _squeezed(text: str) -> str:
    """Without any space: how the editor joins turns is its own affair."""
    return plain(text).replace(" ", "")


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", errors="surrogatepass")) // 2


def _characters(text: str, units: int) -> int:
    """How many characters stand before an offset in UTF-16 units; half a character counts as one."""
    return len(text.encode("utf-16-le", errors="surrogatepass")[: 2 * units].decode("utf-16-le", errors="replace"))
