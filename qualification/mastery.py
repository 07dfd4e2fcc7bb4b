"""When does practice show that a lesson is mastered, and which task comes next? Pure: answers in, verdicts out."""

from collections.abc import Sequence
from dataclasses import dataclass

WINDOW_MAX = 50  # answers that a mastery rule may look back on


@dataclass(frozen=True)
class Practised:
    """One practice answer: to which task, whether it was right, and whether it counts (a try again after the solution does not)."""

    question_id: str
    right: bool
    counts: bool = True


def verdict(score: float, *, right_percent: int) -> str:
    """What a score from 0 to 1 is called: right from `right_percent` on, wrong at nothing, partly in between."""
    if score * 100 >= right_percent:
        return "right"
    return "wrong" if score <= 0 else "partly"


def recent(answers: Sequence[Practised], *, window: int) -> list[bool]:
    """Right or not, of the last `window` answers that count, oldest first."""
    counted = [answer.right for answer in answers if answer.counts]
    return counted[-window:] if window else []


def is_mastered(answers: Sequence[Practised], *, right: int, window: int) -> bool:
    """At least `right` of the last `window` answers that count were right; a rule of nothing is never met by practice."""
    return right > 0 and sum(recent(answers, window=window)) >= right


def next_question(question_ids: Sequence[str], answers: Sequence[Practised]) -> str:
    """The task that comes next: first each one once in order, then those last answered wrong, then the one longest unseen.

    Never the one just answered where there is another, so that what counts is not what was read a moment ago.
    """
    last_seen = {answer.question_id: place for place, answer in enumerate(answers)}
    was_right = {answer.question_id: answer.right for answer in answers}
    just_answered = answers[-1].question_id if answers else None
    open_ids = [name for name in question_ids if name != just_answered] or list(question_ids)
    return min(open_ids, key=lambda name: (name in last_seen, was_right.get(name, False), last_seen.get(name, 0)))
