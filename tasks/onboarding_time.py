"""Steps of onboarding that count as work: the time between beginning and finishing one, by the server's clock, with a bound.

People finish steps in many places; this looks at what is finished and not yet credited, so that none of those places need know of pay.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from psycopg.types.multirange import Multirange
from psycopg.types.range import Range

from foundation import constraints
from payments import timekeeping, worktime
from payments.models import WorkInterval
from workforce import checklist
from workforce.models import OnboardingStep

USUAL_MAX = timedelta(minutes=10)  # who walks away from an open page is credited this much, as when reading a guideline
LONGEST_MAX = timedelta(hours=1)
CHUNK = 200


def credit_due(*, now: datetime) -> int:
    """Credit the time of finished paid steps, CHUNK at most; returns how many were taken up. Safe to run twice, and twice at once."""
    return sum(_credit(progress_id, now=now) for progress_id in checklist.to_credit(limit=CHUNK))


def longest(step: OnboardingStep) -> timedelta:
    """The most that a step is credited: twice its estimate, from USUAL_MAX to LONGEST_MAX."""
    return min(max(2 * timedelta(seconds=step.estimate_seconds or 0), USUAL_MAX), LONGEST_MAX)


def _credit(progress_id: UUID, *, now: datetime) -> bool:
    try:
        with transaction.atomic():
            return _credit_once(progress_id, now)
    except IntegrityError as error:
        constraints.only(
            error, "second_credited_once"
        )  # the time book was written meanwhile: the next run looks again at what is free
        return False


def _credit_once(progress_id: UUID, now: datetime) -> bool:
    row = checklist.take_up(progress_id, now=now)
    if row is None or row.finished_at is None:
        return False
    until = min(row.finished_at, row.began_at + longest(row.step))
    active = Multirange([Range(row.began_at, until, "[)")]) if until > row.began_at else None
    periods = worktime.credit(
        worktime.Clock(row.began_at, until, until, active, heartbeats=True),
        [],
        timekeeping.credited_in(row.worker_id, since=row.began_at, until=until),
        now=until,
        idle_cap_seconds=int(LONGEST_MAX.total_seconds()),
        typical_seconds=0,
        self_reported_seconds=None,
    )
    timekeeping.record(row.worker_id, kind=WorkInterval.Kind.TRAINING, reference=row.id, periods=periods, now=now)
    return True
