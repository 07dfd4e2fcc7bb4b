"""Labelled stretches of a line (characters of a text, seconds of sound): how far two people's agree, and what many come to."""

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

WORD = re.compile(r"\S+")


class Stretch(NamedTuple):
    """From where to where, and what it is called; "" where labels do not matter."""

    start: float
    end: float
    label: str


def f1(common: float, here: float, there: float) -> float:
    """2 · common / (here + there), the harmonic mean of precision and recall (van Rijsbergen 1979); 1 for nothing at all."""
    return 2.0 * common / (here + there) if here + there else 1.0


def exact_f1(a: Sequence[Stretch], b: Sequence[Stretch]) -> float:
    """F1 over stretches that are the same from end to end, label included (as CoNLL-2003 counts: Tjong Kim Sang and De Meulder)."""
    return f1(len(set(a) & set(b)), len(set(a)), len(set(b)))


def length_f1(a: Sequence[Stretch], b: Sequence[Stretch]) -> float:
    """F1 over the line itself: over every character, or every instant, with its label. Stretches with one label count once."""
    left, right = _by_label(a), _by_label(b)
    common = math.fsum(_common(left[label], right[label]) for label in sorted(set(left) & set(right)))
    return f1(common, _total(left), _total(right))


def token_f1(a: Sequence[tuple[Stretch, str]], b: Sequence[tuple[Stretch, str]]) -> float:
    """F1 over the words that stretches cover, each with its label. A stretch brings the text it covers; words lie between spaces."""
    left, right = _words(a), _words(b)
    return f1(len(left & right), len(left), len(right))


def unlabelled(stretches: Sequence[Stretch]) -> list[Stretch]:
    """The stretches without what they are called."""
    return [Stretch(start, end, "") for start, end, _ in stretches]


def _words(stretches: Sequence[tuple[Stretch, str]]) -> set[tuple[float, float, str]]:
    return {
        (stretch.start + word.start(), stretch.start + word.end(), stretch.label)
        for stretch, text in stretches
        for word in WORD.finditer(text)
    }


def _by_label(stretches: Sequence[Stretch]) -> dict[str, list[tuple[float, float]]]:
    """Per label, its stretches joined where they meet, in order."""
    found: dict[str, list[tuple[float, float]]] = {}
    for start, end, label in sorted(stretches):
        joined = found.setdefault(label, [])
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return found


def _total(by_label: dict[str, list[tuple[float, float]]]) -> float:
    return math.fsum(end - start for joined in by_label.values() for start, end in joined)


def _common(a: Sequence[tuple[float, float]], b: Sequence[tuple[float, float]]) -> float:
    i = j = 0
    found = []
    while i < len(a) and j < len(b):
        found.append(max(0.0, min(a[i][1], b[j][1]) - max(a[i][0], b[j][0])))
        if a[i][1] <= b[j][1]:
            i += 1
        else:
            j += 1
    return math.fsum(found)


class Outcome(NamedTuple):
    """What a vote along the line came to: the stretches, and over the length anybody marked, the mean share that is with the outcome."""

    stretches: list[Stretch]
    confidence: float


class _Walk:
    """How many answers have a stretch at a place, asked from left to right. Stretches of one answer that overlap are one."""

    def __init__(self, own: Sequence[Sequence[tuple[float, float]]], *, joins_touching: bool) -> None:
        joined = [span for stretches in own for span in _joined(stretches, joins_touching=joins_touching)]
        self.begins, self.ends = sorted(span[0] for span in joined), sorted(span[1] for span in joined)
        self.begun = self.ended = 0

    def at_or_after(self, place: float) -> int:
        """Those whose stretch has begun by here and goes on."""
        while self.begun < len(self.begins) and self.begins[self.begun] <= place:
            self.begun += 1
        return self.begun - self._ended(place)

    def within(self, place: float) -> int:
        """Those whose stretch began before and goes on."""
        while self.begun < len(self.begins) and self.begins[self.begun] < place:
            self.begun += 1
        return self.begun - self._ended(place)

    def _ended(self, place: float) -> int:
        while self.ended < len(self.ends) and self.ends[self.ended] <= place:
            self.ended += 1
        return self.ended


def _joined(stretches: Sequence[tuple[float, float]], *, joins_touching: bool) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    for start, end in sorted(stretch for stretch in stretches if stretch[0] < stretch[1]):
        if found and (start < found[-1][1] or (joins_touching and start == found[-1][1])):
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def voted(answers: Sequence[Sequence[Stretch]]) -> Outcome:
    """Every bit of the line gets the labels that more than half of the answers give it; bits of one label that most saw as one are joined.

    The vote per token that is usual for sequence labels (Rodrigues, Pereira and Ribeiro 2014), with the finest tokens there are: the
    bits between any two edges. Takes n log n for n stretches: one walk along the edges of each label.
    """
    found: list[Stretch] = []
    weights: list[tuple[float, float]] = []
    by_label: dict[str, list[list[tuple[float, float]]]] = {}
    for n, answer in enumerate(answers):
        for stretch in answer:
            by_label.setdefault(stretch.label, [[] for _ in answers])[n].append((stretch.start, stretch.end))
    for label, own in sorted(by_label.items()):
        edges = sorted({edge for stretches in own for stretch in stretches for edge in stretch})
        marking, seeing_one = _Walk(own, joins_touching=True), _Walk(own, joins_touching=False)
        open_since: float | None = None
        for start, end in zip(edges, [*edges[1:], None], strict=True):
            votes = marking.at_or_after(start) if end is not None else 0
            kept = 2 * votes > len(answers)
            if votes and end is not None:
                weights.append((end - start, max(votes, len(answers) - votes) / len(answers)))
            through = seeing_one.within(start)
            if open_since is not None and not (kept and 2 * through > len(answers)):
                found.append(Stretch(open_since, start, label))
                open_since = None
            if kept and open_since is None:
                open_since = start
    total = math.fsum(length for length, _ in weights)
    sure = math.fsum(length * share for length, share in weights) / total if total else 1.0
    return Outcome(sorted(found), sure)
