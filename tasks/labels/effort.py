"""How much work reading one answer may be. Every family counts what it does for an answer, and what would be too much is refused, so that
an answer of a megabyte costs a bounded number of steps, whatever is in it.
"""

from collections.abc import Callable
from typing import Any

from tasks.labels.errors import AnswerInvalid

STEPS_MAX = 60_000  # of one answer; a step is what takes about a microsecond
ENTRY = 5  # steps: of one entry of a result list
NUMBER = 1  # of one number that is checked
MOMENT = 10  # of one date that is read
CHARACTERS = 16  # of a text that are looked at, and kept, in one step


class Effort:
    """What reading one answer has taken so far, and what was found out on the way and need not be found out again."""

    def __init__(self, *, answers: int = 1, steps: int = 0) -> None:
        """For one answer, or for the next of several that are read together, of which those before took `steps`."""
        self.steps, self.limit = steps, answers * STEPS_MAX
        self._known: dict[Any, Any] = {}

    def take(self, steps: int, *, where: str = "result", **details: Any) -> None:
        """Count steps before they are done. Raises AnswerInvalid where that makes more than STEPS_MAX."""
        self.steps += steps
        if self.steps > self.limit:
            message = "The answer has too many pieces to be read. Hand in fewer regions, corners, keyframes or spots of paint."
            raise AnswerInvalid(message, field=where, limit=self.limit, got=self.steps, **details)

    def once(self, key: Any, make: Callable[[], Any]) -> Any:
        """What `make` makes, made once for each key."""
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]
