"""Crediting the rest that work has earned, by the day of the worker: the only writer of RestDay.

A session of work belongs to the day, where its worker lives, on which it began. Each day is credited once, when it is settled.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from psycopg.types.range import Range

from foundation import constraints
from foundation.ids import new_id
from payments import resting, stops, timekeeping
from payments.models import RestDay, WorkInterval
from payments.resting import Span
from workforce.models import Worker

log = logging.getLogger(__name__)

SETTLED_AFTER = timedelta(days=3)  # a lease taken on the day may be handed in two days later, and must find its seconds free
DAYS_BACK = 7  # settled days that are looked at, should some runs have been missed
ONE_DAY = timedelta(days=1)
BEFORE = timedelta(days=1)  # a session that began on the day before may go on into the first day looked at
NAMESPACE = UUID("0b0d7c1e-55a5-4b7e-9d3e-5f2c6f0a5e11")  # of the references of rests: one per worker and day


def credit_due(*, now: datetime) -> int:
    """Credit everybody with the rest of their settled days; returns how many days of people were credited. Safe to run twice, at once too.

    Each day of a person is a transaction of its own. One that meets another writer is left for the next run; one that fails
    otherwise is logged, the rest is done all the same, and RuntimeError says how many failed.
    """
    since = now - SETTLED_AFTER - timedelta(days=DAYS_BACK + 2)
    recent = WorkInterval.objects.filter(created_at__gte=since).order_by().values_list("worker_id", flat=True).distinct()
    credited = failed = 0
    for worker_id in list(recent):
        try:
            credited += credit_rest(worker_id, now=now)
        except Exception:
            log.exception("the rest of worker %s could not be credited", worker_id)
            failed += 1
    if failed:
        raise RuntimeError(f"The rest of {failed} workers could not be credited; {credited} days of others were.")
    return credited


def credit_rest(worker_id: UUID, *, now: datetime) -> int:
    """Credit one worker with the rest of their settled days, the oldest first; returns how many days. The second time does nothing."""
    zone = _zone_of(worker_id)
    newest = (now - SETTLED_AFTER).astimezone(zone).date() - timedelta(days=1)
    done = set(RestDay.objects.filter(worker_id=worker_id).order_by("-day").values_list("day", flat=True)[: DAYS_BACK * 2])
    days = [newest - timedelta(days=n) for n in reversed(range(DAYS_BACK))]
    return sum(_credit_day(worker_id, day, zone, now) for day in days if day not in done)


def _zone_of(worker_id: UUID) -> ZoneInfo:
    name = Worker.objects.filter(id=worker_id).values_list("time_zone", flat=True).first()
    return ZoneInfo(name or "UTC")


def _credit_day(worker_id: UUID, day: date, zone: ZoneInfo, now: datetime) -> bool:
    """One day of one worker, once. False when there is nothing to credit, or another run is at it or was."""
    begins, ends = _window(worker_id, day, zone)
    if begins >= ends:
        return False  # the worker moved: all of this day lies in days that are credited
    rows = list(
        WorkInterval.objects.filter(worker_id=worker_id, period__overlap=Range(begins - BEFORE, ends + SETTLED_AFTER, "[)"))
    )
    reference = uuid5(NAMESPACE, f"{worker_id} {day}")
    if any(row.reference == reference for row in rows):
        return False  # credited before days were noted
    work = [row for row in rows if row.kind != WorkInterval.Kind.REST]
    of_day = [one for one in resting.sessions([row.period for row in work]) if begins <= one[0][0] < ends]
    if not of_day:
        return False
    periods = resting.rest_earned(of_day, busy=[(row.period.lower, row.period.upper) for row in rows])
    try:
        with transaction.atomic():
            RestDay.objects.create(id=new_id(), worker_id=worker_id, day=day, period=Range(begins, ends, "[)"), created_at=now)
            timekeeping.record(
                worker_id,
                kind=WorkInterval.Kind.REST,
                reference=reference,
                periods=periods,
                now=now,
                currency=_currency(of_day, work),
            )
    except IntegrityError as error:
        constraints.only(error, "rest_day_once", "rest_days_apart", "second_credited_once")
        log.info("the rest of worker %s on %s is left for the next run: %s", worker_id, day, error)
        return False
    return bool(periods)


def _window(worker_id: UUID, day: date, zone: ZoneInfo) -> Span:
    """From midnight to midnight where the worker lives. After a move to another time zone no instant is in two days, and none in no day."""
    begins, ends = (
        stops.midnight(datetime(one.year, one.month, one.day, 12, tzinfo=zone), zone) for one in (day, day + timedelta(days=1))
    )
    credited = RestDay.objects.filter(worker_id=worker_id)
    for other, period in credited.filter(day__range=(day - ONE_DAY * 2, day + ONE_DAY * 2)).values_list("day", "period"):
        if period.upper > begins >= period.lower or other == day - ONE_DAY:
            begins = period.upper
        elif begins < period.lower < ends:
            ends = period.lower
    return begins, ends


def _currency(day: Sequence[Sequence[Span]], work: Sequence[WorkInterval]) -> str:
    """That of most of the day's work; blank when none of it was paid."""
    begins, ends = day[0][0][0], day[-1][-1][1]
    found = Counter(row.currency for row in work if row.currency and begins <= row.period.lower < ends)
    return found.most_common(1)[0][0] if found else ""
