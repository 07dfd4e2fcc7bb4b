"""Fifty-five minutes of work earn five of rest: never more, never over other credited time, and once."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.types.range import Range

from foundation.ids import new_id
from payments import timekeeping
from payments.models import WorkInterval
from payments.resting import REST, WORK, rest_earned

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
END = START + timedelta(days=1)


def minutes(*spans):
    return [Range(START + timedelta(minutes=a), START + timedelta(minutes=b), "[)") for a, b in spans]


@pytest.mark.parametrize(
    ("worked", "rest"),
    [
        ([], []),
        ([(0, 54)], []),
        ([(0, 55)], [(55, 60)]),  # earned, not taken: right after the work
        ([(0, 52), (60, 120)], [(52, 60), (120, 122)]),  # the short gap after long work is the rest
        ([(0, 52), (90, 120)], [(120, 125)]),  # a long gap is no rest
        ([(0, 30), (35, 60)], [(60, 65)]),  # work was not long enough for that gap to be one
        ([(0, 110)], [(110, 120)]),
        ([(0, 52), (54, 120)], [(52, 54), (120, 128)]),
    ],
)
def test_rest_by_example(worked, rest):
    assert rest_earned(minutes(*worked), until=END) == minutes(*rest)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 80), st.integers(1, 40)), max_size=12))
def test_rest_is_what_was_earned_and_meets_no_work(lengths):
    at, spans = 0, []
    for work, gap in lengths:
        spans.append((at, at + work))
        at += work + gap
    worked = minutes(*spans)
    rest = rest_earned(worked, until=END)
    total = sum((one.upper - one.lower for one in worked), timedelta(0))
    assert sum((one.upper - one.lower for one in rest), timedelta(0)) == total // WORK * REST
    everything = sorted((one.lower, one.upper) for one in [*worked, *rest])
    assert all(before[1] <= after[0] for before, after in zip(everything, everything[1:], strict=False))


@pytest.mark.django_db
def test_a_settled_day_is_credited_once(now):
    worker_id, day = new_id(), START.date()
    timekeeping.record(worker_id, kind="task", reference=new_id(), periods=minutes((0, 52), (60, 120)), now=now, currency="USD")
    later = START + timedelta(days=5)
    assert timekeeping.credit_rest(day, now=later) == 1
    assert timekeeping.credit_rest(day, now=later) == 0
    rests = WorkInterval.objects.filter(worker_id=worker_id, kind="rest").order_by("period")
    assert [row.period for row in rests] == minutes((52, 60), (120, 122))
    assert {row.currency for row in rests} == {"USD"}


@pytest.mark.django_db
def test_a_day_that_is_not_settled_is_refused(now):
    with pytest.raises(ValueError, match="not settled"):
        timekeeping.credit_rest(date(2026, 3, 2), now=START + timedelta(days=2))


@pytest.mark.django_db
def test_rest_at_midnight_gives_way_to_the_next_days_work(now):
    worker_id = new_id()
    midnight = START.replace(hour=0) + timedelta(days=1)
    late = [Range(midnight - timedelta(minutes=110), midnight - timedelta(minutes=1), "[)")]
    early = [Range(midnight + timedelta(minutes=2), midnight + timedelta(minutes=20), "[)")]
    timekeeping.record(worker_id, kind="task", reference=new_id(), periods=[*late, *early], now=now)
    timekeeping.credit_rest(START.date(), now=START + timedelta(days=6))
    [rest] = WorkInterval.objects.filter(worker_id=worker_id, kind="rest")
    assert rest.period.upper <= early[0].lower
