"""When is it enough for today? Cases by hand, and what holds for anybody who works as they like, wherever, whatever the clocks do."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payments import stops
from payments.stops import Caps

GREENWICH, BERLIN, NEW_YORK, KIRITIMATI = (
    ZoneInfo("UTC"),
    ZoneInfo("Europe/Berlin"),
    ZoneInfo("America/New_York"),
    ZoneInfo("Pacific/Kiritimati"),
)
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at(hours: float) -> datetime:
    return MONDAY + hours * HOUR


def spans(*pairs: tuple[float, float]) -> list[stops.Span]:
    return [(at(lower), at(upper)) for lower, upper in pairs]


def clock(*pairs: tuple[float, float], now: float, zone: ZoneInfo = GREENWICH, **more):
    return stops.read(spans(*pairs), now=at(now), zone=zone, **more)


def test_nothing_worked_stops_nothing():
    fresh = clock(now=9)
    assert (fresh.code, fresh.until, fresh.stops) == (stops.GO_ON, None, False)
    assert (fresh.seconds_without_break, fresh.seconds_today, fresh.seconds_in_day) == (0, 0, 0)
    assert fresh.clear_until == at(17), "eight hours of work take eight hours"


@pytest.mark.parametrize(
    ("pairs", "now", "seconds"),
    [
        ([(9, 9.5)], 9.5, 1800),
        ([(9, 9.5)], 9.55, 1800),  # three minutes are no break
        ([(9, 9.5)], 9.6, 0),  # six are one, as long as it lasts
        ([(9, 9.5), (9.55, 9.9)], 9.9, 1800 + 1260),
        ([(9, 9.5), (9.6, 9.9)], 9.9, 1080),
    ],
)
def test_work_since_the_last_break(pairs, now, seconds):
    assert clock(*pairs, now=now).seconds_without_break == seconds


def test_a_break_is_advised_after_fifty_minutes_and_stops_nothing():
    assert clock((9, 9.83), now=9.83).code == stops.GO_ON
    advised = clock((9, 9.84), now=9.84)
    assert (advised.code, advised.stops, advised.until) == (stops.TAKE_A_BREAK, False, None)
    assert clock((9, 9.84), now=9.93).code == stops.GO_ON, "it is being taken"


def test_after_eight_hours_there_is_nothing_new_unless_one_goes_on():
    day = [(9, 13), (13.5, 17.5)]
    assert clock(*day[:1], (13.5, 17.49), now=17.49).stops is False
    long = clock(*day, now=17.5)
    assert (long.code, long.stops, long.until) == (stops.DAY_IS_LONG, True, at(28.5)), "eleven hours later"
    assert clock(*day, now=17.5, confirmed_at=at(17.5)).stops is False
    assert clock(*day, now=17.5, confirmed_at=at(17.5)).clear_until == at(21.5), "four more until twelve"
    assert clock(*day, now=17.5, confirmed_at=at(-2)).code == stops.DAY_IS_LONG, "what was said yesterday was about yesterday"


def test_after_twelve_hours_nobody_goes_on_before_they_have_rested():
    day = [(8, 20)]
    full = clock(*day, now=20, confirmed_at=at(16))
    assert (full.code, full.until) == (stops.DAY_IS_FULL, at(31))
    assert clock(*day, now=30.9, confirmed_at=at(16)).code == stops.DAY_IS_FULL, "a new date alone ends no full day"
    assert clock(*day, now=31).code == stops.GO_ON
    assert clock(*day, (30, 30.2), now=31).code == stops.DAY_IS_FULL, "what was handed in meanwhile was no rest"
    assert clock(*day, (30, 30.2), now=41.2).code == stops.GO_ON


def test_a_day_full_before_noon_is_full_until_midnight():
    assert clock((0, 12), now=13).until == at(24)
    assert clock((0, 12), now=23.5).code == stops.DAY_IS_FULL
    assert clock((0, 12), now=24).code == stops.GO_ON


def test_a_night_shift_is_one_day():
    shift = [(20, 24), (24, 28)]
    night = clock(*shift, now=28)
    assert (night.code, night.seconds_today, night.seconds_in_day) == (stops.DAY_IS_LONG, 4 * 3600, 8 * 3600)
    assert night.day_began_at == at(20)
    assert clock(*shift, now=28, confirmed_at=at(28), zone=BERLIN).code == stops.TAKE_A_BREAK
    assert clock((20, 32), now=32, confirmed_at=at(28)).code == stops.DAY_IS_FULL


def test_a_long_day_ends_with_the_rest_and_not_as_its_first_hours_grow_old():
    day = [(0.25, 3), (8.5, 13.75)]
    assert clock(*day, now=13.75).until == at(24.75)
    assert clock(*day, now=24.7).code == stops.DAY_IS_LONG, "seven and a half hours lie in the last 24"
    assert clock(*day, now=24.75).code == stops.GO_ON
    assert clock(*day, now=24.7, confirmed_at=at(14)).code == stops.GO_ON


def test_the_word_that_one_goes_on_holds_until_the_next_rest():
    late = [(16, 24.25)]
    assert clock(*late, now=24.25, confirmed_at=at(24.1)).stops is False
    next_day = [*late, (36, 44)]
    assert clock(*late, now=36, confirmed_at=at(24.1)).clear_until == at(36 + 7.75)
    assert clock(*next_day, now=44, confirmed_at=at(24.1)).code == stops.DAY_IS_LONG, "that was before the rest"
    rested = clock((0, 9), now=20, confirmed_at=at(8))
    assert (rested.stops, rested.clear_until) == (False, at(20)), "it ends with the first work after the rest"
    assert clock((0, 9), (20, 20.1), now=20.1, confirmed_at=at(8)).code == stops.DAY_IS_LONG
    through_midnight = [(14, 24.5)]
    assert clock(*through_midnight, now=24.5, confirmed_at=at(22.5)).stops is False, "midnight is no rest"


def test_of_several_stops_the_last_end_is_told():
    friday = 24 * 4
    caps = Caps(daily_seconds=4 * 3600, weekly_seconds=20 * 3600)
    both = clock((friday + 9, friday + 13), now=friday + 13, week_seconds=20 * 3600, caps=caps)
    assert (both.code, both.until) == (stops.OWN_DAY_IS_FULL, at(24 * 7))
    late = clock((14, 22), now=22, caps=Caps(daily_seconds=8 * 3600))
    assert (late.code, late.until) == (stops.OWN_DAY_IS_FULL, at(33)), "eleven hours later"


def test_who_keeps_office_hours_begins_each_day_at_nought():
    week = [(24 * day + 9, 24 * day + 16.9) for day in range(2)]
    assert clock(*week, now=24 * 2 + 8).seconds_in_day == 0
    assert clock(*week, (24 * 2 + 9, 24 * 2 + 12), now=24 * 2 + 12).seconds_in_day == 3 * 3600


def test_work_spread_over_days_without_a_rest_is_counted_over_twenty_four_hours_at_most():
    spread = [(hour, hour + 1) for hour in range(0, 72, 6)]  # four hours a day, never eleven hours without
    reading = clock(*spread, now=72)
    assert (reading.code, reading.seconds_in_day) == (stops.GO_ON, 4 * 3600)


def test_the_day_of_a_changing_clock_has_its_own_length():
    before = datetime(2026, 3, 28, 23, tzinfo=UTC)  # midnight in Berlin; at 01:00 UTC the clocks go forward
    midnight = stops.midnight(before + 5 * HOUR, BERLIN)
    assert midnight == before
    assert stops.midnight(before, BERLIN, days=1) - midnight == 23 * HOUR
    assert stops.midnight(datetime(2026, 10, 25, 12, tzinfo=UTC), NEW_YORK, days=8) - datetime(
        2026, 11, 1, 4, tzinfo=UTC
    ) == timedelta(days=1, hours=1), "New York's long day"
    work = [(before + HOUR, before + 9 * HOUR)]  # from one o'clock to ten by the wall, eight hours all the same
    assert stops.read(work, now=before + 9 * HOUR, zone=BERLIN).code == stops.DAY_IS_LONG


def test_weeks_begin_on_monday_where_one_lives():
    sunday_evening = datetime(2026, 3, 1, 12, tzinfo=UTC)  # Monday, two in the morning, on Kiritimati
    assert stops.monday(sunday_evening, KIRITIMATI) == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert stops.monday(sunday_evening, NEW_YORK) == datetime(2026, 2, 23, 5, tzinfo=UTC)


def test_ones_own_caps_stop_until_the_calendar_turns():
    capped = clock((9, 11), now=11, caps=Caps(daily_seconds=7200))
    assert (capped.code, capped.until) == (stops.OWN_DAY_IS_FULL, at(24))
    assert clock((9, 11), now=11, caps=Caps(daily_seconds=7201)).clear_until == at(11) + timedelta(seconds=1)
    week = clock((9, 11), now=11, week_seconds=7200, caps=Caps(weekly_seconds=7200))
    assert (week.code, week.until) == (stops.OWN_WEEK_IS_FULL, at(24 * 7))
    assert clock((9, 17), now=17, caps=Caps(daily_seconds=3600)).code == stops.OWN_DAY_IS_FULL, "one's own word first"


def test_stretches_of_several_kinds_are_one_set():
    assert stops.together(spans((1, 2), (4, 5)), spans((1.5, 3), (3, 3))) == spans((1, 3), (4, 5))


# ---- whoever works as they like ----

QUARTER = timedelta(minutes=15)
ZONES = st.sampled_from(
    [ZoneInfo("UTC"), GREENWICH, BERLIN, NEW_YORK, KIRITIMATI, ZoneInfo("Asia/Kathmandu"), ZoneInfo("Australia/Lord_Howe")]
)
STARTS = st.sampled_from(
    [
        datetime(2026, 3, 28, 5, tzinfo=UTC),
        datetime(2026, 10, 24, 20, tzinfo=UTC),
        datetime(2026, 10, 31, 22, tzinfo=UTC),
        datetime(2026, 7, 1, tzinfo=UTC),
    ]
)


class Life:
    """Somebody who takes work in quarters of an hour, whenever they feel like it and the clock lets them."""

    def __init__(self, start, zone, *, confirms):
        self.start, self.zone, self.confirms = start, zone, confirms
        self.confirmed_at = None
        self.worked: list[stops.Span] = []

    def read(self, now):
        recent = [span for span in self.worked if span[1] > now - stops.LOOK_BACK]
        return stops.read(recent, now=now, zone=self.zone, confirmed_at=self.confirmed_at)

    def live(self, wishes):
        for n, wish in enumerate(wishes):
            now = self.start + n * QUARTER
            if not wish:
                continue
            reading = self.read(now)
            if reading.code == stops.DAY_IS_LONG and self.confirms:
                self.confirmed_at = now
                reading = self.read(now)
            if not reading.stops:
                self.worked.append((now, now + QUARTER))

    def most_in(self, length):
        return max((self.between(lower, lower + length) for lower, _ in self.worked), default=timedelta(0))

    def between(self, since, until):
        return sum((min(b, until) - max(a, since) for a, b in self.worked if a < until and b > since), timedelta(0))


wishes = st.lists(st.tuples(st.booleans(), st.integers(1, 60)), max_size=25).map(
    lambda runs: [wish for wish, quarters in runs for _ in range(quarters)]
)


@settings(max_examples=60)
@given(wishes, STARTS, ZONES, st.booleans())
def test_nobody_works_more_than_twelve_hours_before_a_rest(wishes, start, zone, confirms):
    life = Life(start, zone, confirms=confirms)
    life.live(wishes)
    assert life.most_in(stops.DAY) <= stops.DAY - stops.REST
    since = 0
    for n, (lower, _) in enumerate(life.worked):  # between two rests, at most a long day or, where they go on, a full one
        if n and lower - life.worked[n - 1][1] >= stops.REST:
            since = n
        first = life.worked[since][0]
        if lower - first <= stops.DAY:
            limit = stops.FULL_DAY if confirms else stops.LONG_DAY
            assert sum((b - a for a, b in life.worked[since : n + 1]), timedelta(0)) <= limit


@settings(max_examples=60)
@given(wishes, STARTS, ZONES)
def test_a_stop_ends_when_it_says_and_no_sooner(wishes, start, zone):
    life = Life(start, zone, confirms=True)
    life.live(wishes)
    now = start + len(wishes) * QUARTER
    reading = life.read(now)
    if reading.stops:
        assert reading.until > now
        assert life.read(reading.until).code == stops.GO_ON
        just_before = life.read(reading.until - timedelta(seconds=1)).code  # a full day may leave a long one behind
        assert just_before == reading.code or (reading.code, just_before) == (stops.DAY_IS_FULL, stops.DAY_IS_LONG)
    else:
        assert reading.until is None


@settings(max_examples=60)
@given(wishes, STARTS, ZONES)
def test_no_stop_begins_before_the_clock_said_one_could(wishes, start, zone):
    life = Life(start, zone, confirms=False)
    life.live(wishes)
    now = start + len(wishes) * QUARTER
    reading = life.read(now)
    if not reading.stops:
        assert now < reading.clear_until <= now + stops.LONG_DAY
        life.worked.append((now, reading.clear_until))  # without a pause from here on
        just_before = reading.clear_until - timedelta(seconds=1)
        clipped = [(a, min(b, just_before)) for a, b in life.worked if a < just_before]
        assert stops.read(clipped, now=just_before, zone=zone).stops is False


@given(wishes, STARTS, ZONES, ZONES)
def test_moving_to_another_time_zone_gives_no_hours(wishes, start, zone, other):
    """Whatever zone is asked, the hours since the last rest are counted: only midnight, which may add and never takes, differs."""
    life = Life(start, zone, confirms=True)
    life.live(wishes)
    now = start + len(wishes) * QUARTER
    since_rest = timedelta(0)
    for n in range(len(life.worked) - 1, -1, -1):
        following = life.worked[n + 1][0] if n + 1 < len(life.worked) else now
        if following - life.worked[n][1] >= stops.REST:
            break
        lower, upper = life.worked[n]
        since_rest += max(upper - max(lower, now - stops.DAY), timedelta(0))
    for where in (zone, other):
        reading = stops.read(life.worked, now=now, zone=where)
        assert reading.seconds_in_day >= min(since_rest, stops.DAY).total_seconds()
