"""Reading a guideline is work: once per version and worker, by the server's clock, up to ten minutes."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from psycopg.types.multirange import Multirange
from psycopg.types.range import Range

from foundation.errors import Busy, NotFound
from payments import timekeeping, worktime
from payments.models import WorkInterval
from tasks.models import Guideline, GuidelineReading
from workforce import access
from workforce.access import Actor

READING_MAX = timedelta(minutes=10)  # who walks away from an open page is credited this much, and once
ROUNDS = 3  # a hand-in at the same instant may take some of the seconds first


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
        except IntegrityError:
            continue  # the time book was written meanwhile: look again at what is free
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
