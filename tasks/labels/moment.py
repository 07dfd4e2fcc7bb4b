"""A date, a time, or both: `DateTime`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tasks.labels.family import Control, Region

MAX_CHARACTERS = 60
ISO = ("%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m", "%Y", "%H:%M")


@dataclass(frozen=True)
class Moment(Control):
    """Canonical form: the text as the editor writes it, in the format of the config, else ISO 8601."""

    format: str = ""  # as strftime has it

    result_type = "datetime"
    value_key = "datetime"

    def canonical(self, region: Region) -> str:
        """The moment. Raises AnswerInvalid for what is none."""
        value, where = self.value_of(region)
        if not isinstance(value, str) or len(value) > MAX_CHARACTERS or not any(self._reads(value, one) for one in self._formats):
            raise self.refuse(where, "This is no date or time.", known=list(self._formats), got=str(value)[:40])
        return value

    @property
    def _formats(self) -> tuple[str, ...]:
        return (self.format,) if self.format else ISO

    def _reads(self, value: str, written: str) -> bool:
        if has_foreign_digits(value):
            return False
        try:
            datetime.strptime(value, written)  # noqa: DTZ007 - only whether it can be read
        except ValueError:
            return False
        return True

    def distance(self, a: Any, b: Any) -> float:
        """0 if equal, else 1 (exact agreement): a date of birth that is nearly right is wrong."""
        return float(a != b)

    def region_value(self, canonical: Any) -> Any:
        """The text."""
        return canonical


def has_foreign_digits(text: str) -> bool:
    """Are there digits other than 0 to 9, which Python reads as if they were?"""
    return not text.isascii() and any(one.isdecimal() and not one.isascii() for one in text)
