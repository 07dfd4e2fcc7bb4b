"""How long was this work? Plain cases of the rules, and properties that hold for any worker with any leases."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from psycopg.types.multirange import Multirange
from psycopg.types.range import Range

from payments import worktime
from payments.worktime import Clock

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CAP = 120
TYPICAL = 60


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def spans(*pairs: tuple[float, float]) -> "Multirange[datetime]":
    return Multirange([Range(at(lower), at(upper), "[)") for lower, upper in pairs])


def seen(*pairs: tuple[float, float], since: float = 0) -> Clock:
    return Clock(at(since), None, at(pairs[-1][1]) if pairs else None, spans(*pairs), heartbeats=True)


def unseen(since: float = 0) -> Clock:
    return Clock(at(since), None, None, None, heartbeats=False)


def credited(lease: Clock, others=(), already=None, *, now: float, report: float | None = None, typical: int = TYPICAL):
    periods = worktime.credit(
        lease,
        list(others),
        already,
        now=at(now),
        idle_cap_seconds=CAP,
        typical_seconds=typical,
        self_reported_seconds=report,
    )
    return [((p.lower - START).total_seconds(), (p.upper - START).total_seconds()) for p in periods]


def length(periods) -> float:
    return sum(upper - lower for lower, upper in periods)


# ---- signs of life ----


def test_the_time_up_to_a_sign_of_life_counts():
    assert worktime.extended(None, since=at(0), now=at(15), idle_cap_seconds=CAP) == spans((0, 15))


def test_a_gap_longer_than_the_idle_cap_counts_up_to_the_cap():
    assert worktime.extended(spans((0, 15)), since=at(15), now=at(1000), idle_cap_seconds=CAP) == spans((0, 135))


def test_after_a_long_gap_work_goes_on_as_a_stretch_of_its_own():
    first = worktime.extended(None, since=at(0), now=at(1000), idle_cap_seconds=CAP)
    assert worktime.extended(first, since=at(1000), now=at(1010), idle_cap_seconds=CAP) == spans((0, 120), (1000, 1010))


def test_a_sign_of_life_at_the_same_instant_adds_nothing():
    assert worktime.extended(spans((0, 15)), since=at(15), now=at(15), idle_cap_seconds=CAP) == spans((0, 15))


def test_a_slow_reader_with_gaps_of_110_seconds_is_credited_nearly_everything():
    active, last = None, 0.0
    for n in range(1, 31):
        active = worktime.extended(active, since=at(last), now=at(110 * n), idle_cap_seconds=CAP)
        last = 110.0 * n
    assert length(credited(Clock(START, None, at(last), active, True), now=last)) >= 0.95 * last


@pytest.mark.parametrize("working", [0.0, 60.0, 600.0])
def test_a_tab_left_open_for_eight_hours_adds_at_most_the_idle_cap(working):
    active, last = None, 0.0
    while last < working:
        last += 15
        active = worktime.extended(active, since=at(last - 15), now=at(last), idle_cap_seconds=CAP)
    closed = last + 8 * 3600
    active = worktime.extended(active, since=at(last), now=at(closed), idle_cap_seconds=CAP)
    assert length(credited(Clock(START, None, at(last), active, True), now=closed)) == working + CAP


# ---- one task ----


def test_active_time_is_credited_where_it_was():
    assert credited(seen((0, 40), (300, 350)), now=400) == [(0, 40), (300, 350)]


def test_time_outside_the_lease_is_not_credited():
    assert credited(seen((-50, 500)), now=100) == [(0, 100)]


def test_seconds_credited_before_are_not_credited_again():
    assert credited(seen((0, 100)), already=spans((20, 50)), now=100) == [(0, 20), (50, 100)]


def test_an_answer_in_the_instant_of_its_claim_is_credited_nothing():
    assert credited(unseen(), now=0) == []


def test_a_clock_that_ran_backwards_credits_nothing():
    assert credited(seen((0, 10)), now=-5) == []


def test_without_heartbeats_the_wall_clock_counts_up_to_three_times_the_typical_time():
    assert credited(unseen(), now=100) == [(0, 100)]
    assert length(credited(unseen(), now=1000)) == 3 * TYPICAL


def test_without_heartbeats_the_latest_seconds_are_taken():
    assert credited(unseen(), now=1000) == [(820, 1000)]


# ---- the worker's own report ----


def test_a_report_raises_what_was_seen():
    assert length(credited(seen((0, 30)), now=200, report=80)) == 80


def test_a_report_raises_to_one_and_a_half_times_the_typical_time_at_most():
    assert length(credited(seen((0, 30)), now=500, report=500)) == 1.5 * TYPICAL


def test_a_report_raises_to_one_and_a_half_times_the_time_seen_when_that_is_longer():
    assert length(credited(seen((0, 100)), now=500, report=500)) == 150


def test_a_report_never_goes_past_the_wall_clock():
    assert credited(seen((0, 30)), now=50, report=80) == [(0, 50)]


@pytest.mark.parametrize("report", [0, 10, -5])
def test_a_report_of_less_takes_nothing_away(report):
    assert credited(seen((0, 30)), now=200, report=report) == [(0, 30)]


def test_a_report_takes_seconds_no_other_task_was_active_in_first():
    periods = credited(seen((0, 40)), [seen((100, 200))], now=200, report=90)
    assert length(periods) == 90
    assert all(upper <= 100 for _, upper in periods)


# ---- several tasks at once ----


def test_two_tasks_active_together_get_half_of_each_second():
    both = seen((0, 100))
    first = credited(both, [both], now=100)
    second = credited(both, already=spans(*first), now=100)
    assert (length(first), length(second)) == (50, 50)


def test_five_tasks_active_together_get_a_fifth_each_in_whichever_order_they_are_handed_in():
    clocks = [seen((0, 100))] * 5
    taken: list[tuple[float, float]] = []
    lengths = []
    for n, clock in enumerate(clocks):
        periods = credited(clock, clocks[n + 1 :], spans(*taken) if taken else None, now=100)
        taken += periods
        lengths.append(length(periods))
    assert lengths == [20] * 5


def test_a_task_keeps_the_seconds_it_was_alone_in():
    assert length(credited(seen((0, 100)), [seen((50, 150))], now=100)) == 75


def test_what_is_left_of_a_shared_second_goes_to_the_other_task():
    first = credited(seen((0, 100)), [seen((0, 50)), seen((0, 50))], now=100)
    second = credited(seen((0, 50)), [seen((0, 50))], spans(*first), now=100)
    third = credited(seen((0, 50)), [], spans(*first, *second), now=100)
    assert [round(length(one), 3) for one in (first, second, third)] == [66.667, 16.667, 16.667]


def test_tasks_in_hand_that_nobody_has_looked_at_share_nothing():
    assert credited(seen((0, 100)), [unseen()], now=100) == [(0, 100)]


def test_tasks_claimed_as_a_set_without_heartbeats_add_up_to_the_time_they_took():
    taken: list[tuple[float, float]] = []
    for n in range(10):
        taken += credited(unseen(), [unseen()] * (9 - n), spans(*taken) if taken else None, now=30 * (n + 1))
    assert round(length(taken), 3) == 300


# ---- any worker, any leases ----


@dataclass
class Lease:
    started: int
    beats: list[int]
    handed_in: int
    report: int | None
    active: "Multirange[datetime] | None" = None
    last: int = 0
    credited: list = field(default_factory=list)

    def clock(self, now: int) -> Clock:
        active = worktime.extended(self.active, since=at(self.last), now=at(now), idle_cap_seconds=CAP)
        return Clock(at(self.started), None, at(self.last) if self.beats else None, active, heartbeats=self.last > self.started)


@st.composite
def lives(draw) -> list[Lease]:
    """A worker's leases: taken, beaten and handed in at any whole second of two hours."""
    found = []
    for _ in range(draw(st.integers(1, 5))):
        started = draw(st.integers(0, 3600))
        handed_in = started + draw(st.integers(0, 3600))
        beats = sorted(draw(st.sets(st.integers(started, handed_in), max_size=12)))
        report = draw(st.one_of(st.none(), st.integers(0, 7200)))
        found.append(Lease(started, beats, handed_in, report, last=started))
    return found


def live(leases: list[Lease]) -> None:
    """Live through it in order of time, as the server does: signs of life, then hand-ins that see who is still in hand."""
    happenings = sorted(
        [(beat, 0, n) for n, lease in enumerate(leases) for beat in lease.beats]
        + [(le.handed_in, 1, n) for n, le in enumerate(leases)]
    )
    ended: set[int] = set()
    for instant, is_end, n in happenings:
        lease = leases[n]
        if not is_end:
            lease.active = worktime.extended(lease.active, since=at(lease.last), now=at(instant), idle_cap_seconds=CAP)
            lease.last = instant
            continue
        ended.add(n)
        others = [o.clock(instant) for m, o in enumerate(leases) if m not in ended and o.started <= instant]
        already = [p for o in leases for p in o.credited]
        lease.credited = worktime.credit(
            lease.clock(instant),
            others,
            Multirange(sorted(already, key=lambda p: p.lower)) if already else None,
            now=at(instant),
            idle_cap_seconds=CAP,
            typical_seconds=TYPICAL,
            self_reported_seconds=lease.report,
        )


@settings(max_examples=300, database=None)
@given(lives())
def test_no_second_is_credited_twice_or_outside_its_lease_and_the_sum_is_within_the_wall_clock(leases):
    live(leases)
    for lease in leases:
        for period in lease.credited:
            assert at(lease.started) <= period.lower < period.upper <= at(lease.handed_in)
    everything = sorted((p.lower, p.upper) for lease in leases for p in lease.credited)
    assert all(before[1] <= after[0] for before, after in zip(everything, everything[1:], strict=False))
    union = _union([(lease.started, lease.handed_in) for lease in leases])
    assert sum(_micros(lease) for lease in leases) <= union * 1_000_000


@settings(max_examples=300, database=None)
@given(lives())
def test_without_a_report_a_task_is_credited_no_more_than_its_active_time_or_three_times_the_typical(leases):
    for lease in leases:
        lease.report = None
    live(leases)
    for lease in leases:
        gaps = [b - a for a, b in zip([lease.started, *lease.beats], [*lease.beats, lease.handed_in], strict=True)]
        watched = any(beat > lease.started for beat in lease.beats)
        limit = sum(min(gap, CAP) for gap in gaps) if watched else 3 * TYPICAL
        assert _micros(lease) <= limit * 1_000_000


@settings(max_examples=200, database=None)
@given(st.integers(2, 6), st.integers(1, 900), st.permutations(range(6)))
def test_tasks_that_were_active_together_all_along_are_credited_equally(count, seconds, order):
    beats = list(range(15, seconds, 15)) + [seconds]
    leases = [Lease(0, beats, seconds, None) for _ in range(count)]
    live([leases[n] for n in order if n < count])
    lengths = [_micros(lease) for lease in leases]
    assert max(lengths) - min(lengths) <= count * len(beats)  # the microseconds that do not divide
    assert sum(lengths) == seconds * 1_000_000


def _micros(lease: Lease) -> int:
    return sum((p.upper - p.lower) // timedelta(microseconds=1) for p in lease.credited)


def _union(pairs: list[tuple[int, int]]) -> int:
    total, reach = 0, 0
    for lower, upper in sorted(pairs):
        total += max(0, upper - max(lower, reach))
        reach = max(reach, upper)
    return total
