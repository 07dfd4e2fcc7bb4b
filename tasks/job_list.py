"""What work is there for me? The open batches, whether this worker may take part, and if not, what is missing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum, TextChoices
from django.utils.translation import gettext_lazy as _

from foundation.paging import in_chunks
from foundation.statements import rows_of
from payments import fairness, stops
from qualification import granting
from tasks import enrolling
from tasks.models import Assignment, Batch, Task
from workforce import threads
from workforce.models import Worker

JOBS_MAX = 200
LOOKED_AT_ONCE = 1000  # open batches whose requirements are looked at together
NEWEST_BATCHES = 20  # per requester, that their record looks at
NEWEST_ANSWERS = 200  # per batch

# Facts about requesters, from the first verdicts on the newest answers of their newest batches: bounded, however many there are.
REQUESTER_RECORDS = """
SELECT b.organization_id,
       count(*) AS answers_judged,
       count(*) FILTER (WHERE r.verdict = 'reject') AS rejected,
       count(*) FILTER (WHERE r.verdict = 'reject' AND a.state <> 'rejected') AS overturned,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM r.created_at - a.submitted_at)::float8) / 3600
           AS median_hours,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM r.created_at - a.submitted_at)::float8)
           FILTER (WHERE r.verdict = 'accept') / 3600 AS hours_to_pay
  FROM unnest(%(organizations)s::uuid[]) AS o (id)
 CROSS JOIN LATERAL (SELECT id, organization_id FROM tasks_batch
                      WHERE organization_id = o.id AND published_at IS NOT NULL ORDER BY published_at DESC LIMIT %(batches)s) b
 CROSS JOIN LATERAL (SELECT id, state, submitted_at FROM tasks_assignment
                      WHERE batch_id = b.id AND state IN ('accepted', 'rejected', 'late') ORDER BY id DESC LIMIT %(answers)s) a
  JOIN tasks_review r ON r.assignment_id = a.id AND r.number = 1
 GROUP BY b.organization_id
"""


class Order(TextChoices):
    """In which order jobs are listed, within those one may do and has work for, and the others."""

    NEWEST = "newest", _("Newest first")
    PAY = "pay", _("Best paid per hour first")


def jobs_for(
    worker_id: UUID, *, now: datetime, order: str = Order.NEWEST, eligible_only: bool = False, batch_id: UUID | None = None
) -> list[dict[str, Any]]:
    """The open batches, those with work the worker may do first, then in `order`; at most JOBS_MAX. A dozen queries per LOOKED_AT_ONCE.

    All open batches are asked about before the list is cut, and a job of which the worker holds a task is always in it. Best paid
    is by the measured rate, or the stated one before there is any; currencies are not compared but follow one another. With
    `batch_id` that one alone, whatever its state, if the worker may know of it: it is or was open.
    """
    held = _held(worker_id, now=now)
    facts = granting.facts_of(worker_id, now=now)
    found: list[tuple[Batch, list[dict[str, Any]]]] = []
    for chunk in in_chunks(_wanted(batch_id, held), rows=LOOKED_AT_ONCE):
        missing = enrolling.missing_in_each(worker_id, chunk, facts=facts, now=now)
        found += [(batch, missing[batch.id]) for batch in chunk if not eligible_only or not missing[batch.id] or batch.id in held]
    found.sort(key=lambda one: _place(one[0], order))
    found.sort(key=lambda one: (one[0].id not in held, bool(one[1]), not one[0].has_places))  # type: ignore[attr-defined]
    listed = found[: max(JOBS_MAX, len(held))]
    records = requester_records([batch.organization_id for batch, _ in listed])
    return [_job(batch, missing, records[batch.organization_id], held.get(batch.id, 0)) for batch, missing in listed]


def _wanted(batch_id: UUID | None, held: dict[UUID, int]) -> QuerySet[Batch]:
    """The open batches and those of which the worker holds a task; or the one asked for."""
    places = Task.objects.filter(
        project_id=OuterRef("project_id"), batch_id=OuterRef("id"), lane__in=[Task.Lane.ORDINARY, Task.Lane.URGENT], need__gt=0
    )
    wanted = Q(id=batch_id) if batch_id else Q(state=Batch.State.OPEN) | Q(id__in=list(held))
    rows = Batch.objects.filter(wanted, published_at__isnull=False).select_related("project", "organization", "guideline")
    return rows.defer("project__interface", "guideline__text", "guideline__entries").annotate(has_places=Exists(places))


def _place(batch: Batch, order: str) -> tuple[Any, ...]:
    assert batch.published_at, "only what was published is listed"
    newest = -batch.published_at.timestamp()
    if order != Order.PAY:
        return (newest,)
    stated = fairness.hourly_micros(batch.price_micros, batch.median_seconds or batch.estimate_seconds)
    return batch.currency, -(batch.hourly_p50_micros or stated or 0), newest


def _held(worker_id: UUID, *, now: datetime) -> dict[UUID, int]:
    """How many tasks of each batch a worker holds."""
    held = Assignment.objects.filter(worker_id=worker_id, state=Assignment.State.LEASED, expires_at__gt=now)
    return dict(held.values_list("batch_id").annotate(n=Count("id")))


def _job(batch: Batch, missing: list[dict[str, Any]], record: dict[str, Any], held: int) -> dict[str, Any]:
    seconds = batch.median_seconds or batch.estimate_seconds
    return {
        "batch_id": batch.id,
        "project_id": batch.project_id,
        "name": batch.name,
        "project": batch.project.name,
        "description": batch.project.description,
        "requester": batch.organization.name,
        "requester_record": record,
        "state": batch.state,
        "published_at": batch.published_at,
        "is_pilot": batch.pilot_of_id is not None,
        "eligible": not missing,
        "missing": missing,
        "has_places": batch.has_places,  # type: ignore[attr-defined]
        "held": held,
        "price_micros": batch.price_micros,
        "currency": batch.currency,
        "seconds": seconds,
        "seconds_p90": batch.p90_seconds,
        "seconds_are_measured": batch.median_seconds is not None,
        "hourly_micros": fairness.hourly_micros(batch.price_micros, seconds),
        "hourly_p10_micros": batch.hourly_p10_micros,
        "hourly_p50_micros": batch.hourly_p50_micros,
        "hourly_p90_micros": batch.hourly_p90_micros,
        "measured_workers": batch.measured_workers,
        "lease_seconds": batch.lease_seconds,
        "review_seconds": batch.review_seconds,
        "workers_choose": batch.workers_choose,
        "sensitive": batch.sensitive,
        "guideline_id": batch.guideline_id,
        "guideline_version": batch.guideline.version if batch.guideline else None,
    }


def earned_today(worker: Worker, *, now: datetime) -> list[dict[str, Any]]:
    """What the answers handed in since midnight where the worker lives bring, accepted or waiting: answers and micros per currency."""
    since = stops.midnight(now, ZoneInfo(worker.time_zone))
    rows = Assignment.objects.filter(worker=worker, state__in=Assignment.COUNTED, submitted_at__gte=since)
    return list(rows.values("currency").annotate(answers=Count("id"), micros=Sum("price_micros")).order_by("currency"))


def requester_records(organization_ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """Facts about requesters: how many answers were judged, the share rejected and overturned, the median hours to a verdict, to pay and
    to the answer to a question.

    Percentages of the answers judged; None before there are any. The same bound for everyone: NEWEST_ANSWERS of each of the
    NEWEST_BATCHES, and as many questions as `threads.answer_hours` looks at.
    """
    asked = list(set(organization_ids))
    parameters = {"organizations": asked, "batches": NEWEST_BATCHES, "answers": NEWEST_ANSWERS}
    found = {row["organization_id"]: row for row in rows_of(REQUESTER_RECORDS, parameters)}
    replies = threads.answer_hours(asked)
    return {one: _record(found.get(one)) | {"median_hours_to_reply": replies.get(one)} for one in asked}


def _record(row: dict[str, Any] | None) -> dict[str, Any]:
    if row is None:
        names = ("rejected_percent", "overturned_percent", "median_hours_to_verdict", "median_hours_to_pay")
        return {"answers_judged": 0} | dict.fromkeys(names)
    judged = row["answers_judged"]
    return {
        "answers_judged": judged,
        "rejected_percent": round(100 * row["rejected"] / judged, 2),
        "overturned_percent": round(100 * row["overturned"] / judged, 2),
        "median_hours_to_verdict": round(row["median_hours"], 1),
        "median_hours_to_pay": None if row["hours_to_pay"] is None else round(row["hours_to_pay"], 1),
    }
