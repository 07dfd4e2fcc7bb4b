"""One class of several: `Choices` with choice="single" (or single-radio)."""

from dataclasses import dataclass
from typing import Any

from tasks.labels.family import Control


@dataclass(frozen=True)
class Choice(Control):
    """Canonical form: the chosen value, a string."""

    values: frozenset[str] = frozenset()

    result_type = "choices"
    value_key = "choices"
    categorical = True

    def canonical(self, value: Any, where: str) -> str:
        """The one choice. Raises AnswerInvalid for none, several, or one that is not offered."""
        if not isinstance(value, list) or len(value) != 1:
            raise self.refuse(where, "Choose exactly one.", limit=1, got=len(value) if isinstance(value, list) else 0)
        chosen = value[0]
        if not isinstance(chosen, str) or chosen not in self.values:
            raise self.refuse(where, "That is not one of the choices.", known=sorted(self.values)[:50], got=str(chosen)[:100])
        return chosen

    def distance(self, a: Any, b: Any) -> float:
        """0 if equal, else 1 (exact agreement)."""
        return float(a != b)

    def region_value(self, canonical: Any) -> Any:
        """A list of one."""
        return [canonical]
