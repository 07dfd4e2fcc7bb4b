"""Places for gold: how many times each gold task may be handed out, so that what gold costs is bounded by what was reserved."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import F

from tasks import counting, pricing
from tasks.models import Batch, Task


@dataclass(frozen=True)
class Spread:
    """How the gold places of a batch are spread: those its requester wished for by task, and `each` for every other task."""

    wished: int
    others: int
    each: int

    @property
    def places(self) -> int:
        """All of them."""
        return self.wished + self.others * self.each


def spread(batch: Batch, counts: dict[str, int]) -> Spread:
    """What publishing opens, or has opened: the places of `pricing.gold_places`, rounded up per task, each task at least one.

    `counts` are those of `counting.of_batch`. A task's own wish (its `overlap`) is kept and counts. Without a gold policy no gold is
    handed out: only wishes have places.
    """
    wished, others = counts["gold_wished"], counts["gold_others"]
    planned = pricing.gold_places(
        counts["places"], gold_percent=batch.gold_percent, gold_first=batch.gold_first, overlap=batch.overlap
    )
    if not others or not planned:
        return Spread(wished, others, 0)
    return Spread(wished, others, max(1, -(-(planned - wished) // others)))


def open_places(batch: Batch) -> int:
    """Open the places of the batch's gold; returns how many. Part of publishing: the batch is locked, nothing is handed out."""
    plan = spread(batch, counting.of_batch(batch.id))
    gold = Task.objects.filter(batch=batch, lane=Task.Lane.GOLD)
    gold.filter(overlap=0).update(overlap=plan.each)
    gold.update(need=F("overlap"))
    return plan.places


def truth_by_key(batch_id: UUID) -> dict[str, dict[str, Any]]:
    """The solutions of a batch's gold tasks, by task key."""
    return dict(
        Task.objects.filter(batch_id=batch_id, gold__isnull=False, gold__retired_at=None).values_list("key", "gold__solution")
    )
