"""How long an answer really takes: the median over workers of each worker's median credited time."""

import statistics
from uuid import UUID

from tasks.models import Assignment, Batch, Guideline

NEWEST = 500  # answers looked at (reference: fair-work.md A.2 rule 8)
MIN_WORKERS = 5


def typical_seconds(batch_id: UUID) -> int | None:
    """Median over workers of that worker's median credited seconds, over the newest answers; None under MIN_WORKERS workers.

    Answers under guidelines that mean what the batch's means now: another meaning may take another time.
    """
    guideline = Guideline.objects.filter(batch=batch_id).first()
    if guideline is None:
        return None
    alike = Guideline.objects.filter(project_id=guideline.project_id, meaning_version=guideline.meaning_version)
    rows = Assignment.objects.filter(
        batch_id=batch_id, state__in=Assignment.COUNTED, credited_seconds__isnull=False, guideline_id__in=alike.values("id")
    ).order_by("-id")[:NEWEST]
    by_worker: dict[UUID, list[float]] = {}
    for worker_id, seconds in rows.values_list("worker_id", "credited_seconds"):
        by_worker.setdefault(worker_id, []).append(seconds or 0.0)
    if len(by_worker) < MIN_WORKERS:
        return None
    return max(1, round(statistics.median(statistics.median(times) for times in by_worker.values())))


def measure_open_batches() -> int:
    """Note the typical time of every open or paused batch; returns how many have one. What is stated stays beside it."""
    measured = 0
    for batch_id in Batch.objects.filter(state__in=[Batch.State.OPEN, Batch.State.PAUSED]).values_list("id", flat=True):
        seconds = typical_seconds(batch_id)
        if seconds is not None:
            measured += Batch.objects.filter(id=batch_id).update(median_seconds=seconds)
    return measured
