"""What work is there for me? The open batches, whether this worker may take part, and if not, what is missing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef

from foundation.statements import rows_of
from payments import fairness
from qualification import granting
from tasks import enrolling
from tasks.models import Batch, Task

JOBS_MAX = 200
NEWEST_BATCHES = 20  # per requester, that their record looks at
NEWEST_ANSWERS = 200  # per batch

# Facts about requesters, from the first verdicts on the newest answers of their newest batches: bounded, however many there are.
REQUESTER_RECORDS = """
SELECT b.organization_id,
       count(*) AS answers_judged,
       count(*) FILTER (WHERE r.verdict = 'reject') AS rejected,
       count(*) FILTER (WHERE r.verdict = 'reject' AND a.state <> 'rejected') AS overturned,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM r.created_at - a.submitted_at)::float8) / 3600
           AS median_hours
  FROM unnest(%(organizations)s::uuid[]) AS o (id)
 CROSS JOIN LATERAL (SELECT id, organization_id FROM tasks_batch
                      WHERE organization_id = o.id AND published_at IS NOT NULL ORDER BY published_at DESC LIMIT %(batches)s) b
 CROSS JOIN LATERAL (SELECT id, state, submitted_at FROM tasks_assignment
                      WHERE batch_id = b.id AND state IN ('accepted', 'rejected', 'late') ORDER BY id DESC LIMIT %(answers)s) a
  JOIN tasks_review r ON r.assignment_id = a.id AND r.number = 1
 GROUP BY b.organization_id
"""


def jobs_for(worker_id: UUID, *, now: datetime) -> list[dict[str, Any]]:
    """The open batches, those with work the worker may do first, then the newest; at most JOBS_MAX."""
    places = Task.objects.filter(
        project_id=OuterRef("project_id"), batch_id=OuterRef("id"), lane__in=[Task.Lane.ORDINARY, Task.Lane.URGENT], need__gt=0
    )
    batches = list(
        Batch.objects.filter(state=Batch.State.OPEN)
        .select_related("project", "organization")
        .annotate(has_places=Exists(places))
        .order_by("-published_at")[:JOBS_MAX]
    )
    missing = enrolling.missing_in_each(worker_id, batches, facts=granting.facts_of(worker_id, now=now), now=now)
    records = requester_records([batch.organization_id for batch in batches])
    found = [_job(batch, missing[batch.id], records[batch.organization_id]) for batch in batches]
    return sorted(found, key=lambda job: (not job["eligible"], not job["has_places"]))


def _job(batch: Batch, missing: list[dict[str, Any]], record: dict[str, Any]) -> dict[str, Any]:
    seconds = batch.median_seconds or batch.estimate_seconds
    return {
        "batch_id": batch.id,
        "project_id": batch.project_id,
        "name": batch.name,
        "project": batch.project.name,
        "description": batch.project.description,
        "requester": batch.organization.name,
        "requester_record": record,
        "eligible": not missing,
        "missing": missing,
        "has_places": batch.has_places,  # type: ignore[attr-defined]
        "price_micros": batch.price_micros,
        "currency": batch.currency,
        "seconds": seconds,
        "seconds_are_measured": batch.median_seconds is not None,
        "hourly_micros": fairness.hourly_micros(batch.price_micros, seconds),
        "lease_seconds": batch.lease_seconds,
        "review_seconds": batch.review_seconds,
        "workers_choose": batch.workers_choose,
        "sensitive": batch.sensitive,
        "guideline_id": batch.guideline_id,
    }


def requester_records(organization_ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """Facts about requesters: how many answers were judged, the share rejected and overturned, the median hours to a verdict.

    Percentages of the answers judged; None before there are any. The same bound for everyone: NEWEST_ANSWERS of each of the
    NEWEST_BATCHES.
    """
    parameters = {"organizations": list(set(organization_ids)), "batches": NEWEST_BATCHES, "answers": NEWEST_ANSWERS}
    found = {row["organization_id"]: row for row in rows_of(REQUESTER_RECORDS, parameters)}
    return {organization_id: _record(found.get(organization_id)) for organization_id in organization_ids}


def _record(row: dict[str, Any] | None) -> dict[str, Any]:
    if row is None:
        return {"answers_judged": 0, "rejected_percent": None, "overturned_percent": None, "median_hours_to_verdict": None}
    judged = row["answers_judged"]
    return {
        "answers_judged": judged,
        "rejected_percent": round(100 * row["rejected"] / judged, 2),
        "overturned_percent": round(100 * row["overturned"] / judged, 2),
        "median_hours_to_verdict": round(row["median_hours"], 1),
    }
