"""When is it enough for today? Breaks, days and weeks of work, and the stops at their end (docs/money.md, "Stops"). Pure: stretches of
work, a time zone and an instant in; what a worker's clock says out.

A *break* is five minutes without work, a *rest* eleven hours. The *day* that the stops count began at midnight where the worker lives, or
when they last came back from a rest if that was before midnight, though never more than 24 hours ago: so a night shift is one day, a
person who keeps office hours begins every day at nought, and neither a change of the clocks nor one of the time zone gives or takes an hour.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import accumulate
from zoneinfo import ZoneInfo

BREAK = timedelta(minutes=5)  # a pause that long ends a stretch of work
STRETCH = timedelta(minutes=50)  # of work without a break, after which one is advised
LONG_DAY = timedelta(hours=8)  # nothing new after it, unless the worker says that they go on
FULL_DAY = timedelta(hours=12)  # nothing new after it
REST = timedelta(hours=11)  # before the next day
DAY = timedelta(hours=24)
LOOK_BACK = timedelta(
    days=3
)  # the work that these rules look at: a full day, the rest after it, and what was handed in meanwhile

GO_ON = ""
TAKE_A_BREAK = "take_a_break"  # advice; nothing stops
DAY_IS_LONG = "day_is_long"  # a stop that the worker may lift
DAY_IS_FULL = "day_is_full"
OWN_DAY_IS_FULL = "own_day_is_full"  # a cap that the worker set
OWN_WEEK_IS_FULL = "own_week_is_full"
STOPS = {DAY_IS_LONG, DAY_IS_FULL, OWN_DAY_IS_FULL, OWN_WEEK_IS_FULL}

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Clock:
    """What a worker's clock says at an instant: seconds worked, what follows from it, and until when."""

    code: str  # GO_ON, TAKE_A_BREAK or one of STOPS
    until: datetime | None  # when every stop that was reached has ended, if nothing more is worked
    seconds_without_break: int
    seconds_today: int  # since midnight where the worker lives
    seconds_this_week: int  # since Monday
    seconds_in_day: int  # in the day that the stops count
    day_began_at: datetime
    clear_until: datetime  # no stop can begin before this instant, however much is worked

    @property
    def stops(self) -> bool:
        """Whether there are no new tasks now."""
        return self.code in STOPS


@dataclass(frozen=True)
class Caps:
    """The most a worker wants to work: seconds in a day and in a week of the calendar where they live."""

    daily_seconds: int | None = None
    weekly_seconds: int | None = None


def read(
    spans: Sequence[Span],
    *,
    now: datetime,
    zone: ZoneInfo,
    week_seconds: float = 0.0,
    caps: Caps = Caps(),  # noqa: B008 - frozen
    confirmed_at: datetime | None = None,
) -> Clock:
    """The clock at `now`. `spans` is the work of LOOK_BACK: disjoint, in time order, none of it after `now`.

    `week_seconds` is what was worked since Monday. `confirmed_at` is when the worker last said that they go on after a long day; that
    holds until their next rest.
    """
    book = _Book(spans)
    began = book.day_began(now, zone)
    in_day, today = book.worked(began, now), book.worked(midnight(now, zone), now)
    back = book.back_from_rest(now)
    goes_on = confirmed_at is not None and confirmed_at >= (back or began)
    limits = [(DAY_IS_FULL, FULL_DAY - in_day), (OWN_DAY_IS_FULL, _left(caps.daily_seconds, today))]
    limits.append((OWN_WEEK_IS_FULL, _left(caps.weekly_seconds, timedelta(seconds=week_seconds))))
    if not goes_on:
        limits.append((DAY_IS_LONG, LONG_DAY - in_day))
    reached = [code for code, left in limits if left <= timedelta(0)]
    ahead = [left for _, left in limits]
    if goes_on and back is None:  # the word ends with the first work after the rest that they are having
        ahead.append(max(LONG_DAY - in_day, timedelta(0)))
    if DAY_IS_FULL not in reached and book.stands(FULL_DAY, now, zone):
        reached.insert(0, DAY_IS_FULL)
    if DAY_IS_LONG not in reached and not goes_on and book.stands(LONG_DAY, now, zone):
        reached.append(DAY_IS_LONG)
    without = book.without_break(now)
    code = reached[0] if reached else TAKE_A_BREAK if without >= STRETCH else GO_ON
    return Clock(
        code=code,
        until=max((_ends(one, book, now, zone) for one in reached), default=None),
        seconds_without_break=_whole(without),
        seconds_today=_whole(today),
        seconds_this_week=_whole(timedelta(seconds=week_seconds)),
        seconds_in_day=_whole(in_day),
        day_began_at=began,
        clear_until=now if reached else now + min(ahead),
    )


def midnight(at: datetime, zone: ZoneInfo, *, days: int = 0) -> datetime:
    """The midnight where the worker lives that began the day of `at`, or so many days after it."""
    local = at.astimezone(zone)
    day = local.date() + timedelta(days=days)
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(at.tzinfo)


def monday(at: datetime, zone: ZoneInfo, *, weeks: int = 0) -> datetime:
    """The midnight that began the week of `at`, or so many weeks after it."""
    return midnight(at, zone, days=7 * weeks - at.astimezone(zone).weekday())


def together(*sets: Sequence[Span]) -> list[Span]:
    """Stretches of several kinds as one set: disjoint, in time order."""
    merged: list[Span] = []
    for lower, upper in sorted(span for spans in sets for span in spans):
        if merged and lower <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], upper))
        elif lower < upper:
            merged.append((lower, upper))
    return merged


class _Book:
    """Stretches of work, to be asked how much lies between two instants. O(log n) each."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self.spans = spans
        self.lowers = [lower for lower, _ in spans]
        self.sums = list(accumulate((upper - lower for lower, upper in spans), initial=timedelta(0)))

    def _before(self, at: datetime) -> timedelta:
        n = bisect_right(self.lowers, at)
        return self.sums[n] - max(self.spans[n - 1][1] - at, timedelta(0)) if n else timedelta(0)

    def worked(self, since: datetime, until: datetime) -> timedelta:
        return self._before(until) - self._before(since) if since < until else timedelta(0)

    @cached_property
    def last(self) -> datetime | None:
        """When work last ended."""
        return self.spans[-1][1] if self.spans else None

    @cached_property
    def after_rest(self) -> list[int]:
        """Of each stretch, the one with which the worker came back from a rest before it."""
        firsts: list[int] = []
        for n, (lower, _) in enumerate(self.spans):
            firsts.append(firsts[-1] if n and lower - self.spans[n - 1][1] < REST else n)
        return firsts

    def day_began(self, at: datetime, zone: ZoneInfo) -> datetime:
        n = bisect_right(self.lowers, at)
        today = midnight(at, zone)
        if n == 0 or at - self.spans[n - 1][1] >= REST:
            return today
        return min(today, max(self.spans[self.after_rest[n - 1]][0], at - DAY))

    def back_from_rest(self, now: datetime) -> datetime | None:
        """When the worker came back from their last rest; None while they are having one."""
        if self.last is None or now - self.last >= REST:
            return None
        return self.lowers[self.after_rest[-1]]

    def stands(self, limit: timedelta, now: datetime, zone: ZoneInfo) -> bool:
        """Whether a day reached that limit at some instant since which there was no rest.

        Without this a stop would end before the rest does, as the oldest hours of a day grow older than 24 hours.
        """
        if self.back_from_rest(now) is None or self.sums[-1] < limit:
            return False
        ends = [upper for _, upper in self.spans[self.after_rest[-1] :]]
        return any(self.worked(self.day_began(end, zone), end) >= limit for end in ends)

    def without_break(self, now: datetime) -> timedelta:
        """Work since the last break; none while one is being taken."""
        worked, until = timedelta(0), now
        for lower, upper in reversed(self.spans):
            if until - upper >= BREAK:
                break
            worked, until = worked + (upper - lower), lower
        return worked


def _left(cap_seconds: int | None, worked: timedelta) -> timedelta:
    return DAY if cap_seconds is None else timedelta(seconds=cap_seconds) - worked


def _ends(code: str, book: _Book, now: datetime, zone: ZoneInfo) -> datetime:
    """When a stop ends if nothing more is worked: after a rest, and not before the calendar's own day or week is over."""
    if code == OWN_WEEK_IS_FULL:
        return monday(now, zone, weeks=1)
    if code == OWN_DAY_IS_FULL:
        return midnight(now, zone, days=1)
    limit = FULL_DAY if code == DAY_IS_FULL else LONG_DAY
    rested = max(now, (book.last or now) + REST)
    return midnight(rested, zone, days=1) if book.worked(midnight(rested, zone), rested) >= limit else rested


def _whole(length: timedelta) -> int:
    """Seconds; a begun one counts."""
    return -(-length // timedelta(seconds=1))
