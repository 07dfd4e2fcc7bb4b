"""Any number of classes of several: `Choices` with choice="multiple"."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from tasks.labels.choice import chosen, known, written
from tasks.labels.family import Combined, Control, Region


@dataclass(frozen=True)
class MultiChoice(Control):
    """Canonical form: the chosen values, sorted, without repeats."""

    values: frozenset[str] = frozenset()
    variable: str = ""
    nested: bool = False

    result_type = "choices"
    value_key = "choices"
    consensus = ("LabelVote", "Medoid")
    cells: ClassVar[tuple[str, ...]] = ("choices",)

    def canonical(self, region: Region) -> list[str]:
        """The chosen values in order. Raises AnswerInvalid for none, repeated ones, or one that is not offered."""
        value, where = self.value_of(region)
        if not isinstance(value, list) or not value:
            raise self.refuse(where, "Choose at least one, or leave the control out.", got=0)
        values = known(self, region)
        if len(value) > len(values):
            raise self.refuse(where, "Choose each at most once.", limit=len(values), got=len(value))
        found = [chosen(self, one, values, where) for one in value]
        if len(set(found)) != len(found):
            raise self.refuse(where, "A choice is listed twice.")
        return sorted(found)

    def distance(self, a: Any, b: Any) -> float:
        """Jaccard distance of the two sets: 1 − |A ∩ B| / |A ∪ B| (Jaccard 1901)."""
        left, right = set(a), set(b)
        return 1.0 - len(left & right) / len(left | right) if left | right else 0.0

    def region_value(self, canonical: Any) -> Any:
        """The list as it is."""
        return [written(self, one) for one in canonical]

    def from_short(self, value: Any) -> Mapping[str, Any]:
        """A list, or the one choice; in a cell of a table, several with "|" between them."""
        if isinstance(value, str):
            value = [value] if value in self.values else value.split("|")
        return {self.value_key: value}

    def labels_of(self, canonical: Any) -> frozenset[str]:
        """The choices."""
        return frozenset(canonical)

    def combine(self, answers: Sequence[Any], method: str) -> Combined:
        """LabelVote: each label that more than half of the answers have; its confidence is the mean, over the labels anybody chose,
        of the share of answers that are with the outcome. Medoid as everywhere.
        """
        return label_vote(answers) if method == "LabelVote" else super().combine(answers, method)

    def flat(self, canonical: Any) -> dict[str, Any]:
        """The choices with "|" between them, as CSV has it at Label Studio and Mechanical Turk."""
        return {"": canonical, "choices": "|".join(canonical)}


def label_vote(answers: Sequence[Sequence[str]]) -> Combined:
    """The labels that more than half of the answers have (binary relevance), and how sure that is."""
    counts = {label: sum(label in answer for answer in answers) for label in sorted({one for each in answers for one in each})}
    kept = [label for label, count in counts.items() if 2 * count > len(answers)]
    agreed = [max(count, len(answers) - count) / len(answers) for count in counts.values()]
    return Combined(kept, sum(agreed) / len(agreed) if agreed else 1.0)
