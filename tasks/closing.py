"""Closing a batch, after the short transaction that says so: its open tasks are cancelled in chunks, and nobody waits for it.

Claims look at the batch's state in their own statement, so none that begins after the closing was committed takes a task. One that began
before may still be on its way: it holds the rows of the tasks it takes. A chunk therefore locks its tasks first, and looks in a second
statement which of them are leased; whatever was claimed before it got the lock is seen, and after it nothing is left to claim.
"""

from uuid import UUID

from django.db import connection

from tasks.models import Assignment, Batch, Task

CHUNK = 500  # tasks cancelled in one transaction


def cancel_chunk(batch: Batch, *, waits: bool = False) -> int:
    """Cancel up to CHUNK tasks of a closed batch that still have places, and take those places from tasks in somebody's hands.

    Returns how many. Skips what claims in flight hold, or with `waits` waits for it, in id order. Call it in a transaction.
    """
    assert connection.in_atomic_block, "tasks are looked at under their locks"
    waiting = Task.objects.filter(project_id=batch.project_id, batch_id=batch.id, need__gt=0)
    ids = list(
        waiting.order_by(*(["id"] if waits else []))
        .select_for_update(no_key=True, skip_locked=not waits)
        .values_list("id", flat=True)[:CHUNK]
    )
    leased = _leased(ids)
    tasks = Task.objects.filter(id__in=ids)
    tasks.filter(id__in=leased).update(need=0)
    tasks.exclude(id__in=leased).update(need=0, state=Task.State.CANCELLED)
    return len(ids)


def is_empty(batch: Batch) -> bool:
    """Has no task a place left to give?"""
    return not Task.objects.filter(project_id=batch.project_id, batch_id=batch.id, need__gt=0).exists()


def cancel_unopened(batch: Batch) -> int:
    """Cancel the tasks that never had a place (gold of a draft, or beyond the policy) and that nobody holds; returns how many."""
    idle = Task.objects.filter(batch=batch, state=Task.State.OPEN, need=0, done=0)
    ids = list(idle.values_list("id", flat=True))
    leased = _leased(ids)
    return idle.exclude(id__in=leased).update(state=Task.State.CANCELLED) if ids else 0


def _leased(task_ids: list[UUID]) -> list[UUID]:
    ended = [Assignment.State.RETURNED, Assignment.State.EXPIRED]  # said, so that the index of who has which task serves
    live = Assignment.objects.filter(task_id__in=task_ids, state=Assignment.State.LEASED).exclude(state__in=ended)
    return list(live.values_list("task_id", flat=True))
