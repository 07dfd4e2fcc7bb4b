"""Which of two is better: `Pairwise`."""

from dataclasses import dataclass
from typing import Any

from tasks.labels.family import Control, Region

SIDES = frozenset({"left", "right"})


@dataclass(frozen=True)
class Pairwise(Control):
    """Canonical form: left or right."""

    result_type = "pairwise"
    value_key = "selected"
    categorical = True

    def object_of(self, to_name: Any) -> str | None:
        """The editor writes the control's own name here (label-studio-sdk refuses that); both objects are as good."""
        return self.to_names[0] if to_name == self.name else super().object_of(to_name)

    def canonical(self, region: Region) -> str:
        """The side. Raises AnswerInvalid for anything else."""
        value, where = self.value_of(region)
        if not isinstance(value, str) or value not in SIDES:
            raise self.refuse(where, "Choose the left one or the right one.", known=sorted(SIDES), got=str(value)[:40])
        return value

    def distance(self, a: Any, b: Any) -> float:
        """0 if equal, else 1 (exact agreement)."""
        return float(a != b)

    def region_value(self, canonical: Any) -> Any:
        """The side."""
        return canonical

    def labels_of(self, canonical: Any) -> frozenset[str]:
        """The side."""
        return frozenset([canonical])
