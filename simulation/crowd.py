"""Simulated workers with stated behaviours. What each does is decided by its own seeded chance; what it sees is the task alone."""

import math
import random
from dataclasses import dataclass, field

LABELS = [str(n) for n in range(10)]


@dataclass
class Behaviour:
    """How someone works: how often right, how fast, and what they say when wrong."""

    name: str
    accuracy: float
    median_seconds: float
    spread: float = 0.35  # sigma of the log-normal time per task
    forgets: float = 0.0  # share of tasks left to expire
    returns: float = 0.0  # share of tasks given back

    def seconds(self, chance: random.Random) -> float:
        """How long this task takes."""
        return max(1.0, chance.lognormvariate(math.log(self.median_seconds), self.spread))

    def answer(self, truth: str, previous: str | None, chance: random.Random) -> str:
        """What they say, when the image shows `truth`."""
        if chance.random() < self.accuracy:
            return truth
        return chance.choice([label for label in LABELS if label != truth])


@dataclass
class Confused(Behaviour):
    """Careful, but takes 3 for 8 and 8 for 3 more often than not."""

    pairs: dict[str, str] = field(default_factory=lambda: {"3": "8", "8": "3"})

    def answer(self, truth: str, previous: str | None, chance: random.Random) -> str:
        """Right, but for the pair they confuse."""
        if truth in self.pairs and chance.random() < 0.6:
            return self.pairs[truth]
        return super().answer(truth, previous, chance)


class Spammer(Behaviour):
    """Says anything, fast."""

    def answer(self, truth: str, previous: str | None, chance: random.Random) -> str:
        """Any label."""
        return chance.choice(LABELS)


class Copier(Behaviour):
    """Says again what they said last time, mostly."""

    def answer(self, truth: str, previous: str | None, chance: random.Random) -> str:
        """The previous answer."""
        return previous if previous is not None and chance.random() < 0.9 else chance.choice(LABELS)


CAREFUL = Behaviour("careful", accuracy=0.97, median_seconds=8, returns=0.01)
FAST = Behaviour("fast", accuracy=0.90, median_seconds=4)
SLOW = Behaviour("slow", accuracy=0.98, median_seconds=22, forgets=0.01)
CONFUSED = Confused("confused 3/8", accuracy=0.96, median_seconds=9)
SPAMMER = Spammer("spammer", accuracy=0.0, median_seconds=2)
COPIER = Copier("copier", accuracy=0.0, median_seconds=3)

# The demo's crowd: mostly people who mean it.
CROWD = [CAREFUL] * 5 + [FAST] * 3 + [SLOW] * 2 + [CONFUSED] * 2 + [SPAMMER] + [COPIER]
