"""Which questions of an exam are bad? Difficulty, discrimination and the answers given, per question. Pure.

Difficulty is the classical p-value: the mean score of those who were asked. Discrimination is the corrected item-total correlation
(point-biserial for right and wrong): a question's score against the mean score of the other questions of the same sitting, which
differ when sittings are drawn from a bank.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

TOO_HARD, TOO_EASY, TOO_WEAK = 0.2, 0.95, 0.1
SITTINGS_MIN = 20  # below that the numbers are chance, and no question is called bad


@dataclass(frozen=True)
class Sitting:
    """One graded sitting: what each question scored (0 to 1), and the labels that were answered."""

    scores: Mapping[str, float]
    labels: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Item:
    """What sittings say about one question. None where there is nothing to say."""

    question_id: str
    seen: int
    difficulty: float | None
    discrimination: float | None
    labels: dict[str, int]  # how often each label was answered
    flags: list[str]  # too_hard, too_easy, does_not_discriminate


def items(question_ids: Sequence[str], sittings: Sequence[Sitting], *, sittings_min: int = SITTINGS_MIN) -> list[Item]:
    """The statistics of each question, in the order given; flags from `sittings_min` sittings on."""
    return [_item(name, [sitting for sitting in sittings if name in sitting.scores], sittings_min) for name in question_ids]


def _item(name: str, sittings: Sequence[Sitting], sittings_min: int) -> Item:
    own = [sitting.scores[name] for sitting in sittings]
    difficulty = sum(own) / len(own) if own else None
    pairs = [(s.scores[name], _rest(s, name)) for s in sittings if len(s.scores) > 1]
    discrimination = correlation([a for a, _ in pairs], [b for _, b in pairs])
    given = Counter(label for sitting in sittings for label in sitting.labels.get(name, ()))
    flags = _flags(difficulty, discrimination) if len(own) >= sittings_min else []
    return Item(name, len(own), difficulty, discrimination, dict(given.most_common()), flags)


def _rest(sitting: Sitting, name: str) -> float:
    others = [score for other, score in sitting.scores.items() if other != name]
    return sum(others) / len(others)


def _flags(difficulty: float | None, discrimination: float | None) -> list[str]:
    found = []
    if difficulty is not None and difficulty < TOO_HARD:
        found.append("too_hard")
    if difficulty is not None and difficulty > TOO_EASY:
        found.append("too_easy")
    if discrimination is not None and discrimination < TOO_WEAK:
        found.append("does_not_discriminate")
    return found


def correlation(a: Sequence[float], b: Sequence[float]) -> float | None:
    """Pearson's r; None for fewer than two pairs or where either side does not vary."""
    n = len(a)
    if n < 2:
        return None
    mean_a, mean_b = sum(a) / n, sum(b) / n
    spread_a = sum((x - mean_a) ** 2 for x in a)
    spread_b = sum((y - mean_b) ** 2 for y in b)
    if spread_a < 1e-12 or spread_b < 1e-12:
        return None
    r = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b, strict=True)) / sqrt(spread_a * spread_b)
    return max(-1.0, min(1.0, r))
