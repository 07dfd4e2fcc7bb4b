"""Spans of a dialogue: `ParagraphLabels`, `Labels` on `Paragraphs`.

A place is a turn, from 0, and an offset in its text. The editor counts UTF-16 units here, two for what lies beyond U+FFFF, while it
counts characters in a `Text`; where the covered text says that somebody counted characters, that is understood, too.
"""

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from tasks.labels.effort import CHARACTERS
from tasks.labels.family import Region
from tasks.labels.measures import overlap
from tasks.labels.regions import Regions
from tasks.labels.spans import TEXT_MAX_CHARACTERS, plain, wide_of

Ends = list[list[int]]  # turn and offset, of both ends

TURN_UNKNOWN = 1_000_000  # characters that a turn counts for where its text is not known


@dataclass(frozen=True)
class DialogueSpans(Regions):
    """Canonical form of a region: from and to (turn, UTF-16 offset), start and end (in characters of the whole dialogue), text, labels."""

    result_type: str = "paragraphlabels"
    value_key: str = "paragraphlabels"

    def shape(self, region: Region) -> dict[str, Any]:
        """Where the span is. Raises AnswerInvalid for turns or offsets that are not there, the wrong way round, or of another text."""
        spoken: _Turns = region.effort.once(("turns", region.shown.name), lambda: _Turns(region.shown.turns(region.payload)))
        turns = spoken.texts
        ends = [self._end(region, turns, *names) for names in (("start", "startOffset"), ("end", "endOffset"))]
        said = region.value.get("text")
        if said is not None and (not isinstance(said, str) or len(said) > TEXT_MAX_CHARACTERS):
            raise self.refuse(region.at("text"), "The covered text is a text.", limit=TEXT_MAX_CHARACTERS)
        if ends[0] >= ends[1]:
            raise self.refuse(region.at("start"), "A span starts before it ends.", limit=ends[1], got=ends[0])
        if not turns:
            start, end = (turn * TURN_UNKNOWN + offset for turn, offset in ends)
            return {"from": ends[0], "to": ends[1], "start": start, "end": end} | ({"text": said} if said is not None else {})
        covered = spoken.before[ends[1][0]] + ends[1][1] - spoken.before[ends[0][0]] - ends[0][1]
        self.spend(region, (max(0, covered) + len(said or "")) // CHARACTERS)
        places = self._characters(region, spoken, ends, said)
        text = _covered(turns, places)
        if said is not None and _squeezed(text) != _squeezed(said):
            message = "The text given for this span is not the text at its offsets."
            raise self.refuse(region.at("text"), message, got=said[:100], known=[text[:100]])
        units = [[turn, spoken.units(turn, at)] for turn, at in places]
        start, end = (spoken.before[turn] + at for turn, at in places)
        return {"from": units[0], "to": units[1], "start": start, "end": end, "text": text}

    def _characters(self, region: Region, spoken: "_Turns", ends: Ends, said: str | None) -> Ends:
        """The ends in characters: counted as the editor does, or, where only that gives the covered text, as characters already."""
        turns = spoken.texts
        for turn, offset in ends:
            if offset > (most := spoken.units(turn, len(turns[turn]))):
                raise self.refuse(region.at("endOffset"), "The span reaches beyond its turn.", limit=most, got=offset)
        counted = [[turn, spoken.characters(turn, offset)] for turn, offset in ends]
        plain_ends = [[turn, offset] for turn, offset in ends]
        if said is not None and _squeezed(_covered(turns, counted)) != _squeezed(said) == _squeezed(_covered(turns, plain_ends)):
            return plain_ends
        return counted

    def _end(self, region: Region, turns: Sequence[str], turn_name: str, offset_name: str) -> list[int]:
        turn, offset = region.value.get(turn_name), region.value.get(offset_name)
        known = len(turns) if turns else TURN_UNKNOWN
        if isinstance(turn, str) and re.fullmatch("[0-9]{1,9}", turn):
            turn = int(turn)
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


class _Turns:
    """The texts of a dialogue's turns, and where in each of them offsets in UTF-16 units fall."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self.before = [0, *accumulate(len(one) + 1 for one in texts)]  # characters of the dialogue before each turn
        self._wide = [wide_of(one) for one in texts]

    def units(self, turn: int, characters: int) -> int:
        """That many characters of a turn, in UTF-16 units."""
        wide = self._wide[turn]
        return characters + bisect_left(range(len(wide)), characters, key=lambda n: wide[n] - n)

    def characters(self, turn: int, units: int) -> int:
        """How many characters stand before an offset in UTF-16 units; half a character counts as one."""
        wide = self._wide[turn]
        before = bisect_left(wide, units)
        return units - before + (before > 0 and wide[before - 1] == units - 1)
