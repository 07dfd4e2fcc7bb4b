"""A worker's clock: what they have worked, in the time book and at tasks without an answer, and whether it is enough for now."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from foundation.errors import NotFound
from payments import stops, timekeeping, worktime
from payments.stops import Caps, Clock, Span
from tasks.errors import BreakNeeded, DayIsFull, WeekIsFull
from tasks.models import Assignment
from workforce.models import Worker

ON_THEIR_WORD = worktime.UNSEEN_FACTOR * worktime.REPORT_FACTOR  # times what an answer takes
LOOK_AGAIN = timedelta(minutes=1)  # a claim asks the time book at most that often


def clock_of(worker_id: UUID, *, now: datetime) -> Clock:
    """What a worker's clock says, with all the time they were seen at tasks, whatever became of those. Five queries. Raises NotFound."""
    return _read(worker_id, now, unseen=False)


def clear_until(worker_id: UUID, *, now: datetime) -> datetime:
    """Until when this worker may take tasks without the clock being asked again.

    Time passes no faster than the clock, so until then no stop can begin, whatever is worked. What may still be credited for time
    before now, at tasks that may be handed in, counts for this bound. Raises BreakNeeded, DayIsFull, WeekIsFull: there are no new tasks now.
    """
    refuse_if_enough(clock_of(worker_id, now=now))
    return max(_read(worker_id, now, unseen=True).clear_until, now + LOOK_AGAIN)


def refuse_if_enough(clock: Clock) -> None:
    """Raise what a stop means for a claim: BreakNeeded, DayIsFull or WeekIsFull, each saying until when."""
    if not clock.stops:
        return
    details = {"reason": clock.code, "until": clock.until, "worked_seconds": clock.seconds_in_day}
    if clock.code == stops.DAY_IS_LONG:
        raise BreakNeeded(words(clock), limit_seconds=int(stops.LONG_DAY.total_seconds()), **details)
    if clock.code == stops.OWN_WEEK_IS_FULL:
        raise WeekIsFull(words(clock), **details | {"worked_seconds": clock.seconds_this_week})
    if clock.code == stops.OWN_DAY_IS_FULL:
        raise DayIsFull(words(clock), **details | {"worked_seconds": clock.seconds_today})
    raise DayIsFull(words(clock), limit_seconds=int(stops.FULL_DAY.total_seconds()), **details)


def words(clock: Clock) -> str:
    """What the clock advises, to the worker; empty when there is nothing to say."""
    return {
        stops.GO_ON: "",
        stops.TAKE_A_BREAK: _(
            "You have worked for 50 minutes without a break. Take five to ten: every 55 minutes of work earn 5 paid minutes of rest."
        ),
        stops.DAY_IS_LONG: _(
            "You have worked eight hours. That is a day's work: there are no new tasks for now. If you want to go on, say so. "
            "What you hold can be handed in and is paid."
        ),
        stops.DAY_IS_FULL: _(
            "You have worked twelve hours. There are no new tasks until you have rested for eleven. What you hold can be handed in and is paid."
        ),
        stops.OWN_DAY_IS_FULL: _("You have worked as long as you wanted to in a day. Your working hours are in your profile."),
        stops.OWN_WEEK_IS_FULL: _("You have worked as long as you wanted to in a week. Your working hours are in your profile."),
    }[clock.code]


@transaction.atomic
def go_on(worker_id: UUID, *, now: datetime) -> Clock:
    """Lift the stop of a long day until the worker's next rest; it is noted. Where no such stop is, nothing changes. Returns the clock.

    Locks the worker, so that it is noted once. Raises DayIsFull and WeekIsFull for the stops that nobody can lift.
    """
    Worker.objects.select_for_update(no_key=True).get(id=worker_id)
    clock = clock_of(worker_id, now=now)
    if clock.code != stops.DAY_IS_LONG:
        refuse_if_enough(clock)
        return clock
    timekeeping.confirm_long_day(worker_id, worked_seconds=clock.seconds_in_day, now=now)
    return clock_of(worker_id, now=now)


def as_told(clock: Clock) -> dict[str, Any]:
    """The clock as pages and the API tell it."""
    told = {name: getattr(clock, name) for name in Clock.__dataclass_fields__ if name not in ("code", "clear_until")}
    return {
        "advice": clock.code or "go_on",
        "words": words(clock),
        "stops": clock.stops,
        "may_go_on": clock.code == stops.DAY_IS_LONG,
        **told,
    }


def _read(worker_id: UUID, now: datetime, *, unseen: bool) -> Clock:
    worker = Worker.objects.filter(id=worker_id).first()
    if worker is None:
        raise NotFound
    zone = ZoneInfo(worker.time_zone)
    week = stops.monday(now, zone)
    since = min(week, now - stops.LOOK_BACK)
    book = timekeeping.credited_in(worker_id, since=since, until=now)
    work = stops.together(_spans(book, now), _seen(worker_id, since, now, unseen=unseen))
    recent = [span for span in work if span[1] > now - stops.LOOK_BACK]
    clock = stops.read(
        recent,
        now=now,
        zone=zone,
        week_seconds=sum(max(upper - max(lower, week), timedelta(0)).total_seconds() for lower, upper in work),
        caps=Caps(worker.daily_cap_seconds, worker.weekly_cap_seconds),
        confirmed_at=timekeeping.long_day_confirmed_at(worker_id),
    )
    return replace(clock, clear_until=min(clock.clear_until, now + stops.LONG_DAY))


def _seen(worker_id: UUID, since: datetime, now: datetime, *, unseen: bool) -> list[Span]:
    """When a worker was seen at tasks that have no answer: those they hold, and those given back or run out since, whatever was credited.

    With `unseen`, also how much more may still be credited for those that may be handed in.
    """
    of_worker = Assignment.objects.filter(worker_id=worker_id)
    held = of_worker.filter(state=Assignment.State.LEASED)
    ended = of_worker.filter(state__in=Assignment.WITHOUT_ANSWER, ended_at__gt=since)
    spans: list[Span] = []
    for rows in (held, ended):
        for row in rows.select_related("batch"):
            spans += _spans(row.active, now)
            if unseen and row.state != Assignment.State.RETURNED:
                spans += _unseen(row, now)
    return [span for span in spans if span[1] > since]


def _unseen(row: Assignment, now: datetime) -> list[Span]:
    """As much of the time up to now as may still be credited for it: up to the idle cap after a sign of life, and where none came as
    much as may be credited on a worker's word.
    """
    if row.seen_at is not None:
        until = min(now, row.seen_at + timedelta(seconds=row.batch.idle_cap_seconds))
        return [(row.seen_at, until)] if row.seen_at < until else []
    typical = row.batch.median_seconds or row.batch.estimate_seconds
    since = max(row.leased_at, now - timedelta(seconds=ON_THEIR_WORD * typical))
    return [(since, now)] if since < now else []


def _spans(found: Any, now: datetime) -> list[Span]:
    """A multirange as stretches up to `now`."""
    return [(one.lower, min(one.upper, now)) for one in found or [] if one.lower < now]
