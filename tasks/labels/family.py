"""What every label family answers: is this valid, what is its canonical form, how far apart are two, does it match gold, how are many
combined, how does it leave the house?"""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, TypeGuard

from tasks.labels.effort import Effort
from tasks.labels.errors import AnswerInvalid
from tasks.labels.objects import Shown, offered

TASK, REGION, ITEM = "task", "region", "item"  # what one answer of a control is about
WITH, ITEM_KEY, OF = "with", "item", "of"  # what a canonical region carries beside what its family says of it
NUMBER_MAX = 1e15
NUMBER_MAX_CHARACTERS = 40  # of a number that is written as a text
NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)
LISTED_MAX = 50  # of what is known, in a refusal


@dataclass(frozen=True)
class Region:
    """One entry of a result list as it was handed in, and what it was given for."""

    raw: Mapping[str, Any]
    where: str  # its place in the result, for refusals
    shown: Shown  # the object it labels
    payload: Mapping[str, Any]
    effort: Effort = field(default_factory=Effort)  # of the whole answer

    @property
    def value(self) -> Mapping[str, Any]:
        """What was answered."""
        return self.raw["value"]  # type: ignore[no-any-return]

    def at(self, *path: str) -> str:
        """The place of a part of the value."""
        return ".".join([f"{self.where}.value", *path])

    def content(self) -> Any:
        """What the labelled object shows (`Shown.content`)."""
        return self.shown.content(self.payload)

    def offered(self, variable: str) -> list[tuple[str, ...]]:
        """The choices or labels that the payload brings, as paths (`objects.offered`): read once for an answer."""
        found: list[tuple[str, ...]] = self.effort.once(
            ("offered", variable), lambda: offered(self.payload.get(variable), f"payload.{variable}")
        )
        return found


class Combined(NamedTuple):
    """What many answers come to, and how sure that is, 0 to 1: the share of the answers' weight that it has on its side."""

    value: Any
    confidence: float


@dataclass(frozen=True)
class Condition:
    """When a control is to be seen: a region is chosen, or a choice is or is not made."""

    kind: str  # region-selected, choice-selected, choice-unselected
    tag: str = ""  # only regions or choices of this control
    values: frozenset[str] = frozenset()  # only these labels or choices


@dataclass(frozen=True)
class Control(ABC):
    """One control of an interface: what it is called, what it labels, and the family's rules for its answers."""

    name: str
    to_names: tuple[str, ...]
    required: bool
    per: str = field(default=TASK, kw_only=True)
    when: tuple[Condition, ...] = field(default=(), kw_only=True)

    result_type = ""  # the `type` of its regions in Label Studio's format
    value_key = ""  # where in `value` its answer stands
    categorical = False  # are canonical values single classes, which majority voting and Dawid-Skene can combine?
    has_regions = False  # has it any number of regions, or one answer?
    consensus: ClassVar[tuple[str, ...]] = ("Medoid",)  # the methods of `combine`, the best first
    cells: ClassVar[tuple[str, ...]] = ()  # the columns of `flat` besides the answer itself, where they are always the same

    @abstractmethod
    def canonical(self, region: Region) -> Any:
        """The canonical form of a region's answer: equal answers are equal. Raises AnswerInvalid naming the place."""

    @abstractmethod
    def distance(self, a: Any, b: Any) -> float:
        """How far apart two canonical answers are: 0 for equal ones, at most 1, the same both ways."""

    @abstractmethod
    def region_value(self, canonical: Any) -> Any:
        """The canonical form as Label Studio writes it under `value_key`."""

    def region_of(self, canonical: Any) -> dict[str, Any]:
        """What a canonical answer adds to its entry of a result list: the value, and what belongs to the place it was given for."""
        return {"value": {self.value_key: self.region_value(canonical)}}

    def object_of(self, to_name: Any) -> str | None:
        """The object that an entry labels; None for one that this control does not label."""
        return to_name if isinstance(to_name, str) and to_name in self.to_names else None

    def from_short(self, value: Any) -> Mapping[str, Any]:
        """The value of a region from a known answer given in short, as gold often is: the answer alone."""
        return {self.value_key: value}

    def match(self, answer: Any, solution: Any) -> float:
        """How well an answer matches the known truth, 0 to 1. None is an unanswered optional control."""
        if answer is None or solution is None:
            return float(answer is solution)
        return 1.0 - self.distance(answer, solution)

    def measures(self, a: Any, b: Any) -> dict[str, float]:
        """Every comparison the family knows, by name, each 1 for equal answers and 0 for answers with nothing in common."""
        return {"match": 1.0 - self.distance(a, b)}

    def labels_of(self, canonical: Any) -> frozenset[str]:
        """Which of the control's labels an answer uses; empty for families without labels."""
        return frozenset()

    def combine(self, answers: Sequence[Any], method: str) -> Combined:
        """One answer of several, in canonical form. `method` is one of `consensus`; the same answers in any order give the same.

        Medoid: the answer with the least total distance to all (Kaufman and Rousseeuw 1987), of equals the first in order of JSON;
        its confidence is its mean similarity to the others, 1 where there are none.
        """
        return medoid(answers, self.distance)

    def flat(self, canonical: Any) -> dict[str, Any]:
        """The answer as cells of a table, by column; "" is the column of the control itself."""
        return {"": canonical}

    def refuse(self, where: str, message: str, **details: Any) -> AnswerInvalid:
        """An AnswerInvalid that names this control."""
        return AnswerInvalid(message, field=where, control=self.name, **details)

    def spend(self, region: Region, steps: int, where: str = "") -> None:
        """Count work on the answer before it is done. Raises AnswerInvalid where the answer takes too much."""
        region.effort.take(steps, where=where or region.where, control=self.name)

    def value_of(self, region: Region) -> tuple[Any, str]:
        """What stands under `value_key`, and its place."""
        return region.value.get(self.value_key), region.at(self.value_key)


def is_number(value: Any) -> TypeGuard[int | float]:
    """Is this a number that a float holds without loss of its whole part? Not a truth value, not infinite, not NaN."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -NUMBER_MAX <= value <= NUMBER_MAX


def number_in(text: str) -> float | None:
    """The number that a text is, in digits 0 to 9 with perhaps a sign, a point and an exponent; None for anything else, also what would be
    read only in part. What Python takes besides ("1_000", "٤", "nan") is no number to people.
    """
    found = text.strip(" ")
    if len(found) > NUMBER_MAX_CHARACTERS or not NUMBER.fullmatch(found):
        return None
    return float(found)


def medoid(answers: Sequence[Any], distance: Any) -> Combined:
    """The answer that is nearest to all, and its mean similarity to the others. Compares each pair once."""
    from tasks.labels.order import in_order

    ordered = in_order(answers)
    totals = [0.0] * len(ordered)
    for i, one in enumerate(ordered):
        for j in range(i):
            apart = distance(one, ordered[j])
            totals[i] += apart
            totals[j] += apart
    best = min(range(len(ordered)), key=lambda n: (totals[n], n))
    others = len(ordered) - 1
    return Combined(ordered[best], 1.0 - totals[best] / others if others else 1.0)
