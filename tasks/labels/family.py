"""What every label family answers: is this valid, what is its canonical form, how far apart are two, does it match gold?"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from tasks.labels.errors import AnswerInvalid


@dataclass(frozen=True)
class Control(ABC):
    """One control of an interface: what it is called, what it labels, and the family's rules for its answers."""

    name: str
    to_names: tuple[str, ...]
    required: bool

    result_type = ""  # the `type` of its regions in Label Studio's format
    value_key = ""  # where in `value` its answer stands
    categorical = False  # are canonical values single classes, which majority voting and Dawid-Skene can combine?

    @abstractmethod
    def canonical(self, value: Any, where: str) -> Any:
        """The canonical form of a region's answer: equal answers are equal. Raises AnswerInvalid naming `where`."""

    @abstractmethod
    def distance(self, a: Any, b: Any) -> float:
        """How far apart two canonical answers are: 0 for equal ones, at most 1, the same both ways."""

    @abstractmethod
    def region_value(self, canonical: Any) -> Any:
        """The canonical form as Label Studio writes it."""

    def match(self, answer: Any, solution: Any) -> float:
        """How well an answer matches the known truth, 0 to 1. None is an unanswered optional control."""
        if answer is None or solution is None:
            return float(answer is solution)
        return 1.0 - self.distance(answer, solution)

    def refuse(self, where: str, message: str, **details: Any) -> AnswerInvalid:
        """An AnswerInvalid that names this control."""
        return AnswerInvalid(message, field=where, control=self.name, **details)
