"""What work has brought a worker: by job, by week, and when what is held is decided at the latest. Sums over answers and the ledger."""

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, F, Max, OuterRef, Q, Sum
from django.db.models.functions import TruncDate

from payments import fairness, statements, stops, timekeeping
from tasks.models import Assignment, Review
from workforce.models import Worker

WEEKS = 12  # newest
JOBS_MAX = 50  # newest


def by_job(worker_id: UUID) -> list[dict[str, Any]]:
    """Per batch and currency, the newest first: answers, seconds credited, what was paid and what is held, and what an hour brought.

    An overturned rejection whose place was taken meanwhile is paid though it came too late for the results.
    """
    overturned = Review.objects.filter(assignment=OuterRef("pk"), verdict=Review.Verdict.ACCEPT)
    paid = Q(state=Assignment.State.ACCEPTED) | Q(state=Assignment.State.LATE) & Exists(overturned)
    rows = Assignment.objects.filter(worker_id=worker_id, submitted_at__isnull=False)
    found = rows.values("batch_id", "currency", name=F("batch__name")).annotate(
        answers=Count("id"),
        rejected=Count("id", filter=Q(state=Assignment.State.REJECTED)),
        seconds=Sum("credited_seconds"),
        earned_micros=Sum("price_micros", filter=paid, default=0),
        held_micros=Sum("price_micros", filter=Q(state=Assignment.State.SUBMITTED), default=0),
        last_at=Max("submitted_at"),
    )
    jobs = list(found.order_by("-last_at")[:JOBS_MAX])
    for job in jobs:
        job["seconds"] = round(job["seconds"] or 0)
        job["hourly_micros"] = fairness.hourly_micros(job["earned_micros"] + job["held_micros"], job["seconds"])
    return jobs


def by_week(worker: Worker, *, now: datetime) -> list[dict[str, Any]]:
    """The last WEEKS weeks, the newest first, from Monday where the worker lives: what was paid, per currency, and the seconds credited."""
    zone = ZoneInfo(worker.time_zone)
    windows = [(stops.monday(now, zone, weeks=-n), stops.monday(now, zone, weeks=1 - n)) for n in range(WEEKS)]
    earned = statements.earned_in(worker.id, windows)
    worked = timekeeping.seconds_by_kind(worker.id, windows)
    return [
        {
            "begins_at": begin,
            "seconds": sum(kinds.values()),
            "earned": [{"currency": currency, "micros": micros} for currency, micros in sorted(sums.items())],
        }
        for (begin, _), sums, kinds in zip(windows, earned, worked, strict=True)
    ]


def held_until(worker: Worker) -> list[dict[str, Any]]:
    """What waits for review, by the day where the worker lives on which it is theirs at the latest."""
    rows = Assignment.objects.filter(worker=worker, state=Assignment.State.SUBMITTED)
    by_day = rows.annotate(day=TruncDate("review_due_at", tzinfo=ZoneInfo(worker.time_zone))).values("day", "currency")
    return list(by_day.annotate(answers=Count("id"), micros=Sum("price_micros"), until=Max("review_due_at")).order_by("until"))
