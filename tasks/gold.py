"""Places for gold: how many times each gold task may be handed out, so that what gold costs is bounded by what was reserved."""

from typing import Any
from uuid import UUID

from django.db.models import F

from tasks.models import Batch, Task


def open_places(batch: Batch, *, places: int) -> int:
    """Spread so many places over the batch's gold tasks, evenly, a task's own wish (its `overlap`) kept; returns the places opened.

    Part of publishing: the batch is locked and handed nothing out yet.
    """
    gold = Task.objects.filter(batch=batch, lane=Task.Lane.GOLD)
    open_already = sum(gold.values_list("overlap", flat=True))
    unset = gold.filter(overlap=0)
    n = unset.count()
    if n:
        each = max(1, -(-places // n))
        unset.update(overlap=each)
        open_already += n * each
    gold.update(need=F("overlap"))
    return open_already


def truth_by_key(batch_id: UUID) -> dict[str, dict[str, Any]]:
    """The solutions of a batch's gold tasks, by task key."""
    return dict(Task.objects.filter(batch_id=batch_id, gold__isnull=False).values_list("key", "gold__solution"))
