"""One class of several: `Choices` with choice="single" (or single-radio)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tasks.labels.family import LISTED_MAX, Control, Region


@dataclass(frozen=True)
class Choice(Control):
    """Canonical form: the chosen value, a string. Where choices are nested it is the path to it, joined by NESTED."""

    values: frozenset[str] = frozenset()
    variable: str = ""  # of the payload, that offers the choices, or more of them
    nested: bool = False  # does the editor hand in paths?

    result_type = "choices"
    value_key = "choices"
    categorical = True

    def canonical(self, region: Region) -> str:
        """The one choice. Raises AnswerInvalid for none, several, or one that is not offered."""
        value, where = self.value_of(region)
        if not isinstance(value, list) or len(value) != 1:
            raise self.refuse(where, "Choose exactly one.", limit=1, got=len(value) if isinstance(value, list) else 0)
        return chosen(self, value[0], known(self, region), where)

    def distance(self, a: Any, b: Any) -> float:
        """0 if equal, else 1 (exact agreement)."""
        return float(a != b)

    def region_value(self, canonical: Any) -> Any:
        """A list of one."""
        return [written(self, canonical)]

    def from_short(self, value: Any) -> Mapping[str, Any]:
        """The choice alone, or a list of one."""
        return {self.value_key: value if isinstance(value, list) else [value]}

    def labels_of(self, canonical: Any) -> frozenset[str]:
        """The choice."""
        return frozenset([canonical])


NESTED = " / "  # between the steps of a path of choices


def known(control: Any, region: Region) -> frozenset[str]:
    """The choices that the config and the payload offer."""
    values: frozenset[str] = control.values
    if not control.variable:
        return values

    def all_of_them() -> frozenset[str]:
        paths = region.offered(control.variable)
        return values | {NESTED.join(path) for path in paths if control.nested or len(path) == 1}

    found: frozenset[str] = region.effort.once(("choices", control.name), all_of_them)
    return found


def chosen(control: Any, value: Any, values: frozenset[str], where: str) -> str:
    """One choice in canonical form. Raises AnswerInvalid for one that is not offered."""
    if control.nested and isinstance(value, list) and all(isinstance(step, str) for step in value):
        value = NESTED.join(value)
    if not isinstance(value, str) or value not in values:
        raise control.refuse(where, "That is not one of the choices.", known=sorted(values)[:LISTED_MAX], got=str(value)[:100])
    return value


def written(control: Any, value: str) -> Any:
    """One choice as the editor writes it: a path where choices are nested."""
    return value.split(NESTED) if control.nested else value
