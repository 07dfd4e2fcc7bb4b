"""What work really takes and really brings: times and hourly rates, from the credited seconds of people who did it."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from payments import fairness
from tasks.models import Assignment, Batch, Guideline, Task

NEWEST = 500  # answers looked at (reference: fair-work.md A.2 rule 8)
MIN_WORKERS = 5
HANDED_IN = [*Assignment.COUNTED, Assignment.State.REJECTED, Assignment.State.LATE]


@dataclass(frozen=True)
class Rates:
    """What an hour of a batch brought its workers, in micros, and what nine of ten answers took at most."""

    workers: int
    p10_micros: int
    p50_micros: int
    p90_micros: int
    p90_seconds: int


def typical_seconds(batch_id: UUID) -> int | None:
    """Median over workers of that worker's median credited seconds, over the newest answers; None under MIN_WORKERS workers.

    Answers under guidelines that mean what the batch's means now: another meaning may take another time.
    """
    alike = _guidelines_that_mean_the_same(batch_id)
    rows = Assignment.objects.filter(
        batch_id=batch_id, state__in=Assignment.COUNTED, credited_seconds__isnull=False, guideline_id__in=alike
    ).order_by("-id")[:NEWEST]
    by_worker: dict[UUID, list[float]] = {}
    for worker_id, seconds in rows.values_list("worker_id", "credited_seconds"):
        by_worker.setdefault(worker_id, []).append(seconds or 0.0)
    if len(by_worker) < MIN_WORKERS:
        return None
    return max(1, round(statistics.median(statistics.median(times) for times in by_worker.values())))


def rates(batch_id: UUID) -> Rates | None:
    """What the newest answers of a batch brought each worker per hour, at three places of the crowd; None under MIN_WORKERS workers.

    Nothing is hidden: all the time credited for answers counts, that for rejected ones and those that came too late included, and
    they bring nothing. A worker counts once, however much they did. Answers as in `typical_seconds`.
    """
    alike = _guidelines_that_mean_the_same(batch_id)
    rows = Assignment.objects.filter(batch_id=batch_id, state__in=HANDED_IN, credited_seconds__gt=0, guideline_id__in=alike)
    paid: dict[UUID, int] = {}
    worked: dict[UUID, float] = {}
    times: list[float] = []
    newest = rows.order_by("-id").values_list("worker_id", "state", "price_micros", "credited_seconds")[:NEWEST]
    for worker_id, state, price_micros, seconds in newest:
        paid[worker_id] = paid.get(worker_id, 0) + (price_micros if state in Assignment.COUNTED else 0)
        worked[worker_id] = worked.get(worker_id, 0.0) + (seconds or 0.0)
        times.append(seconds or 0.0)
    if len(worked) < MIN_WORKERS:
        return None
    hourly = sorted(fairness.hourly_micros(paid[one], max(1, round(worked[one]))) or 0 for one in worked)
    p10, p50, p90 = (int(percentile(hourly, share)) for share in (0.1, 0.5, 0.9))
    return Rates(len(worked), p10, p50, p90, max(1, round(percentile(sorted(times), 0.9))))


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value below which that share of the values lies, between two of them by proportion (as PostgreSQL's percentile_cont)."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def measure_open_batches() -> int:
    """Note times and rates of every open or paused batch; returns how many have them. What is stated stays beside it."""
    measured = 0
    for batch_id in Batch.objects.filter(state__in=[Batch.State.OPEN, Batch.State.PAUSED]).values_list("id", flat=True):
        seconds, found = typical_seconds(batch_id), rates(batch_id)
        if found is not None:
            Batch.objects.filter(id=batch_id).update(
                hourly_p10_micros=found.p10_micros,
                hourly_p50_micros=found.p50_micros,
                hourly_p90_micros=found.p90_micros,
                p90_seconds=found.p90_seconds,
                measured_workers=found.workers,
            )
        if seconds is not None:
            measured += Batch.objects.filter(id=batch_id).update(median_seconds=seconds)
    return measured


def _guidelines_that_mean_the_same(batch_id: UUID) -> list[UUID]:
    guideline = Guideline.objects.filter(batch=batch_id).first()
    if guideline is None:
        return []
    alike = Guideline.objects.filter(project_id=guideline.project_id, meaning_version=guideline.meaning_version)
    return list(alike.values_list("id", flat=True))


# ---- pilots ----


@dataclass(frozen=True)
class Times:
    """Credited seconds of a batch's counted answers: percentiles over answers, and over workers of each one's median."""

    answers: int
    workers: int
    p10: float
    p50: float
    p90: float
    typical_seconds: int  # the median worker's; a batch is measured by it
    three_quarters_seconds: int  # within which three of four workers are


def times_of(batch_id: UUID) -> Times | None:
    """The times of every counted answer, whatever the guideline said; None before there is one."""
    rows = Assignment.objects.filter(batch_id=batch_id, state__in=Assignment.COUNTED, credited_seconds__isnull=False)
    by_worker: dict[UUID, list[float]] = {}
    for worker_id, seconds in rows.values_list("worker_id", "credited_seconds"):
        by_worker.setdefault(worker_id, []).append(seconds or 0.0)
    if not by_worker:
        return None
    answers = sorted(seconds for times in by_worker.values() for seconds in times)
    medians = sorted(statistics.median(times) for times in by_worker.values())
    return Times(
        answers=len(answers),
        workers=len(by_worker),
        p10=percentile(answers, 0.1),
        p50=percentile(answers, 0.5),
        p90=percentile(answers, 0.9),
        typical_seconds=max(1, round(percentile(medians, 0.5))),
        three_quarters_seconds=max(1, round(percentile(medians, 0.75))),
    )


def pilots_of(batch: Batch) -> list[Batch]:
    """The pilots of a batch, newest first."""
    return list(Batch.objects.filter(pilot_of=batch).order_by("-created_at", "-id"))


def is_through(pilot: Batch) -> bool:
    """Has a pilot ended: closed, or with every answer in?"""
    if pilot.state in (Batch.State.DRAFT, Batch.State.CLOSED):
        return pilot.state == Batch.State.CLOSED
    wanted = Task.objects.filter(batch=pilot, need__gt=0).exclude(lane=Task.Lane.GOLD)
    leased = Assignment.objects.filter(batch=pilot, state=Assignment.State.LEASED)
    return not wanted.exists() and not leased.exists()


def finished_pilot(batch: Batch) -> tuple[Batch, Times] | None:
    """The newest pilot that is through and had enough people to measure by, with its times; None when there is none."""
    for pilot in pilots_of(batch):
        times = times_of(pilot.id) if is_through(pilot) else None
        if times is not None and times.workers >= MIN_WORKERS:
            return pilot, times
    return None
