"""What work is there for me? The open batches, whether this worker may take part, and if not, what is missing."""

import statistics
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q

from payments import fairness
from qualification import granting
from tasks import enrolling
from tasks.models import Assignment, Batch, Review

JOBS_MAX = 200
REVIEWS_LOOKED_AT = 500


def jobs_for(worker_id: UUID, *, now: datetime) -> list[dict[str, Any]]:
    """The open batches, those the worker may do first, then the newest; at most JOBS_MAX."""
    facts = granting.facts_of(worker_id, now=now)
    batches = Batch.objects.filter(state=Batch.State.OPEN).select_related("project", "organization").order_by("-published_at")[:JOBS_MAX]
    records: dict[UUID, dict[str, Any]] = {}
    found = []
    for batch in batches:
        if batch.organization_id not in records:
            records[batch.organization_id] = requester_record(batch.organization_id)
        missing = enrolling.missing(worker_id, batch, facts=facts, now=now)
        seconds = batch.median_seconds or batch.estimate_seconds
        found.append(
            {
                "batch_id": batch.id,
                "project_id": batch.project_id,
                "name": batch.name,
                "project": batch.project.name,
                "description": batch.project.description,
                "requester": batch.organization.name,
                "requester_record": records[batch.organization_id],
                "eligible": not missing,
                "missing": missing,
                "price_micros": batch.price_micros,
                "currency": batch.currency,
                "seconds": seconds,
                "seconds_are_measured": batch.median_seconds is not None,
                "hourly_micros": fairness.hourly_micros(batch.price_micros, seconds),
                "lease_seconds": batch.lease_seconds,
                "review_seconds": batch.review_seconds,
                "workers_choose": batch.workers_choose,
                "guideline_id": batch.guideline_id,
            }
        )
    return sorted(found, key=lambda job: not job["eligible"])


def requester_record(organization_id: UUID) -> dict[str, Any]:
    """Facts about a requester, from rows: the share of answers rejected and overturned, and the median hours to a verdict."""
    counts = Assignment.objects.filter(batch__organization_id=organization_id).aggregate(
        judged=Count("id", filter=Q(state__in=[Assignment.State.ACCEPTED, Assignment.State.REJECTED])),
        rejected=Count("id", filter=Q(state=Assignment.State.REJECTED)),
    )
    newest = Review.objects.filter(assignment__batch__organization_id=organization_id, number=1).order_by("-id")
    waits = [
        (created_at - submitted_at).total_seconds() / 3600
        for created_at, submitted_at in newest.values_list("created_at", "assignment__submitted_at")[:REVIEWS_LOOKED_AT]
    ]
    return {
        "answers_judged": counts["judged"],
        "rejected_percent": round(100 * counts["rejected"] / counts["judged"], 2) if counts["judged"] else None,
        "median_hours_to_verdict": round(statistics.median(waits), 1) if waits else None,
    }
