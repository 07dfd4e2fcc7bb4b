"""Reading a guideline is work: once per version and worker, by the server's clock, up to ten minutes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext
from psycopg.types.multirange import Multirange
from psycopg.types.range import Range

from foundation import constraints
from foundation.errors import Busy, NotFound
from foundation.statements import rows_of
from payments import timekeeping, worktime
from payments.models import WorkInterval
from tasks.models import Assignment, Batch, Guideline, GuidelineReading
from workforce import access
from workforce.access import Actor

READING_MAX = timedelta(minutes=10)  # who walks away from an open page is credited this much, and once
ROUNDS = 3  # a hand-in at the same instant may take some of the seconds first

# Guidelines whose meaning a worker has not read, though they know an earlier one: they read it, or worked under it.
UNREAD = """
SELECT g.id, g.version
  FROM tasks_guideline g
 WHERE g.id = ANY (%(guidelines)s::uuid[]) AND g.meaning_version > 1
   AND NOT EXISTS (SELECT 1 FROM tasks_guidelinereading r JOIN tasks_guideline o ON o.id = r.guideline_id
                    WHERE r.worker_id = %(worker_id)s AND r.read_at IS NOT NULL AND o.project_id = g.project_id
                      AND o.version >= g.meaning_version)
   AND EXISTS (SELECT 1 FROM tasks_guideline o
                WHERE o.project_id = g.project_id AND o.version < g.meaning_version
                  AND (EXISTS (SELECT 1 FROM tasks_guidelinereading r
                                WHERE r.worker_id = %(worker_id)s AND r.guideline_id = o.id AND r.read_at IS NOT NULL)
                       OR EXISTS (SELECT 1 FROM tasks_assignment a
                                   WHERE a.worker_id = %(worker_id)s AND a.project_id = g.project_id AND a.guideline_id = o.id)))
"""


def unread_in_each(worker_id: UUID, batches: Sequence[Batch]) -> dict[UUID, list[dict[str, Any]]]:
    """Per batch, the step that keeps a worker from it until they have read what changed in its guideline; one query for all."""
    wanted = {batch.guideline_id for batch in batches if batch.guideline_id is not None}
    rows = rows_of(UNREAD, {"worker_id": worker_id, "guidelines": list(wanted)}) if wanted else []
    steps = {row["id"]: _step(row["id"], row["version"]) for row in rows}
    return {batch.id: [steps[batch.guideline_id]] if batch.guideline_id in steps else [] for batch in batches}


def _step(guideline_id: UUID, version: int) -> dict[str, Any]:
    return {
        "step": "guideline",
        "guideline_id": str(guideline_id),
        "version": version,
        "url": f"/guidelines/{guideline_id}/",
        "message": gettext(
            "The guideline has changed since you last read it. Read what is new in version %(version)s on its page, or by "
            "POST guidelines/%(id)s/begin-reading and finish-reading; the time counts as work."
        )
        % {"version": version, "id": guideline_id},
    }


def newest_read(worker_id: UUID, guideline: Guideline) -> Guideline | None:
    """The newest version before this one that a worker has read, or worked under; None for who meets the project with it."""
    earlier = Guideline.objects.filter(project_id=guideline.project_id, version__lt=guideline.version)
    read = GuidelineReading.objects.filter(worker_id=worker_id, guideline_id=OuterRef("id"), read_at__isnull=False)
    used = Assignment.objects.filter(worker_id=worker_id, project_id=guideline.project_id, guideline_id=OuterRef("id"))
    return earlier.filter(Exists(read) | Exists(used)).order_by("-version").first()


def credited_seconds(reading: GuidelineReading) -> float:
    """The time a reading was credited."""
    rows = WorkInterval.objects.filter(worker_id=reading.worker_id, kind=WorkInterval.Kind.READING, reference=reading.id)
    return worktime.seconds_of([row.period for row in rows])


def begin(actor: Actor, guideline_id: UUID, *, now: datetime) -> GuidelineReading:
    """Note that a worker opens a version to read it. The second time returns the first reading. Raises NotFound."""
    worker_id = access.require_worker(actor)
    if not Guideline.objects.visible_to(actor).filter(id=guideline_id).exists():
        raise NotFound
    row = GuidelineReading(worker_id=worker_id, guideline_id=guideline_id, began_at=now)
    GuidelineReading.objects.bulk_create([row], ignore_conflicts=True)
    return GuidelineReading.objects.get(worker_id=worker_id, guideline_id=guideline_id)


def finish(actor: Actor, guideline_id: UUID, *, now: datetime) -> GuidelineReading:
    """Note that it was read, and credit the time since it was opened, up to READING_MAX and clear of what is credited already.

    The second time returns the first reading and credits nothing. Raises NotFound for one that was never begun.
    """
    worker_id = access.require_worker(actor)
    for _ in range(ROUNDS):
        try:
            with transaction.atomic():
                return _finish(worker_id, guideline_id, now)
        except IntegrityError as error:
            constraints.only(error, "second_credited_once")  # the time book was written meanwhile: look again at what is free
    raise Busy(guideline_id=guideline_id)


def _finish(worker_id: UUID, guideline_id: UUID, now: datetime) -> GuidelineReading:
    rows = GuidelineReading.objects.select_for_update(of=("self",)).filter(worker_id=worker_id, guideline_id=guideline_id)
    reading = rows.first()
    if reading is None:
        raise NotFound
    if reading.read_at is not None:
        return reading
    until = max(min(now, reading.began_at + READING_MAX), reading.began_at)
    active = Multirange([Range(reading.began_at, until, "[)")]) if until > reading.began_at else None
    periods = worktime.credit(
        worktime.Clock(reading.began_at, until, until, active, heartbeats=True),
        [],
        timekeeping.credited_in(worker_id, since=reading.began_at, until=until),
        now=until,
        idle_cap_seconds=int(READING_MAX.total_seconds()),
        typical_seconds=0,
        self_reported_seconds=None,
    )
    timekeeping.record(worker_id, kind=WorkInterval.Kind.READING, reference=reading.id, periods=periods, now=now)
    reading.read_at = now
    reading.save(update_fields=["read_at"])
    return reading
