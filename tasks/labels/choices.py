"""Any number of classes of several: `Choices` with choice="multiple"."""

from dataclasses import dataclass
from typing import Any

from tasks.labels.family import Control


@dataclass(frozen=True)
class MultiChoice(Control):
    """Canonical form: the chosen values, sorted, without repeats."""

    values: frozenset[str] = frozenset()

    result_type = "choices"
    value_key = "choices"

    def canonical(self, value: Any, where: str) -> list[str]:
        """The chosen values in order. Raises AnswerInvalid for none, repeated ones, or one that is not offered."""
        if not isinstance(value, list) or not value:
            raise self.refuse(where, "Choose at least one, or leave the control out.", got=0)
        unknown = [chosen for chosen in value if not isinstance(chosen, str) or chosen not in self.values]
        if unknown:
            raise self.refuse(where, "That is not one of the choices.", known=sorted(self.values)[:50], got=str(unknown[0])[:100])
        if len(set(value)) != len(value):
            raise self.refuse(where, "A choice is listed twice.")
        return sorted(value)

    def distance(self, a: Any, b: Any) -> float:
        """Jaccard distance of the two sets: 1 − |A ∩ B| / |A ∪ B| (Jaccard 1901)."""
        left, right = set(a), set(b)
        return 1.0 - len(left & right) / len(left | right) if left | right else 0.0

    def region_value(self, canonical: Any) -> Any:
        """The list as it is."""
        return list(canonical)
