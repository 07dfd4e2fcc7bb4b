"""A number of stars: `Rating`."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.labels.family import Combined, Control, Region, is_number
from tasks.labels.order import in_order

STARS_MAX = 100


@dataclass(frozen=True)
class Rating(Control):
    """Canonical form: the number of stars."""

    most: int = 5

    result_type = "rating"
    value_key = "rating"
    consensus = ("Median", "Medoid")

    def canonical(self, region: Region) -> int:
        """The stars. Raises AnswerInvalid for what is no whole number from 1 to the most there are."""
        value, where = self.value_of(region)
        if not is_number(value) or value not in range(1, self.most + 1):
            raise self.refuse(
                where, "A rating is a whole number from 1 to %(most)s.", limit=[1, self.most], most=self.most, got=str(value)[:40]
            )
        return int(value)

    def distance(self, a: Any, b: Any) -> float:
        """The square of the distance on the scale: ((a − b) / (most − 1))², the quadratic weight of weighted kappa (Cohen 1968)."""
        return ((a - b) / (self.most - 1)) ** 2 if a != b else 0.0

    def measures(self, a: Any, b: Any) -> dict[str, float]:
        """Besides: on a straight scale, and equality."""
        straight = 1.0 - (abs(a - b) / (self.most - 1) if a != b else 0.0)
        return {"match": 1.0 - self.distance(a, b), "linear": straight, "exact": float(a == b)}

    def region_value(self, canonical: Any) -> Any:
        """The number."""
        return canonical

    def from_short(self, value: Any) -> Mapping[str, Any]:
        """A number, or the text of one."""
        return {self.value_key: int(value) if isinstance(value, str) and re.fullmatch(r" *[0-9]{1,8} *", value) else value}

    def labels_of(self, canonical: Any) -> frozenset[str]:
        """The number of stars, as a text."""
        return frozenset([str(canonical)])

    def combine(self, answers: Sequence[Any], method: str) -> Combined:
        """Median: the lower one; its confidence is the mean similarity of the answers to it."""
        return median(answers, self.distance) if method == "Median" else super().combine(answers, method)


def median(answers: Sequence[Any], distance: Any) -> Combined:
    """The lower median of numbers, and the mean similarity of all to it."""
    middle = sorted(answers)[(len(answers) - 1) // 2]
    return Combined(middle, 1.0 - math.fsum(distance(one, middle) for one in in_order(answers)) / len(answers))
