"""A number: `Number`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.labels.family import NUMBER_MAX, NUMBER_MAX_CHARACTERS, Combined, Control, Region, is_number, number_in
from tasks.labels.rating import median

TOLERANCE = 1e-9  # numbers this near, as a share of the larger, are the same


@dataclass(frozen=True)
class Number(Control):
    """Canonical form: the number, a float."""

    least: float | None = None
    most: float | None = None

    result_type = "number"
    value_key = "number"
    consensus = ("Median", "Medoid")

    def canonical(self, region: Region) -> float:
        """The number. Raises AnswerInvalid for what is none, or outside the limits of the config."""
        value, where = self.value_of(region)
        if not is_number(value):
            message = "This is a number. In a cell: digits 0 to 9, at most %(limit)s characters."
            raise self.refuse(where, message, limit=NUMBER_MAX_CHARACTERS, got=str(value)[:60])
        least, most = (-NUMBER_MAX if self.least is None else self.least), (NUMBER_MAX if self.most is None else self.most)
        if not least <= value <= most:
            raise self.refuse(where, "The number is outside its limits.", limit=[least, most], got=value)
        return float(value) + 0.0  # never −0

    def distance(self, a: Any, b: Any) -> float:
        """The difference over the range, where the config gives both limits; else over the larger of the two (relative difference), at
        most 1. Within TOLERANCE it is none.
        """
        scale = max(abs(a), abs(b))
        apart = abs(a - b)
        if apart <= TOLERANCE * scale:
            return 0.0
        if self.least is not None and self.most is not None and self.most > self.least:
            scale = self.most - self.least
        return float(min(1.0, apart / scale))

    def region_value(self, canonical: Any) -> Any:
        """The number, without a point where it has no fraction."""
        return int(canonical) if canonical == int(canonical) else canonical

    def from_short(self, value: Any) -> Mapping[str, Any]:
        """A number, or the text of one."""
        number = number_in(value) if isinstance(value, str) else None
        return {self.value_key: value if number is None else number}

    def combine(self, answers: Sequence[Any], method: str) -> Combined:
        """Median: the lower one; its confidence is the mean similarity of the answers to it."""
        return median(answers, self.distance) if method == "Median" else super().combine(answers, method)
