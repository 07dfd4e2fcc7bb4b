"""Steps of onboarding that count as work: the time between opening one and finishing it, by the server's clock, with a bound.

Every opening of its page is a sign of life: from one sign to the next time counts, up to the bound, and no step is credited more than it.
People finish steps in many places; this looks at what is finished and not yet credited, so that none of those places need know of pay.
"""

import itertools
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
    most = longest(row.step)
    signs = [row.began_at, *row.seen, row.finished_at]
    spans = [Range(sign, min(following, sign + most), "[)") for sign, following in itertools.pairwise(signs) if following > sign]
    periods = worktime.credit(
        worktime.Clock(row.began_at, row.finished_at, row.finished_at, Multirange(spans), heartbeats=True),
        [],
        timekeeping.credited_in(row.worker_id, since=row.began_at, until=row.finished_at),
        now=row.finished_at,
        idle_cap_seconds=int(LONGEST_MAX.total_seconds()),
        typical_seconds=0,
        self_reported_seconds=None,
    )
    periods = worktime.at_most(periods, most.total_seconds())
    timekeeping.record(row.worker_id, kind=WorkInterval.Kind.TRAINING, reference=row.id, periods=periods, now=now)
    return True
