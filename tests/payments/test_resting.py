"""Fifty-five minutes of work earn five of rest: never more, never over other credited time, once, and by the worker's own day."""

import threading
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.db.utils import DatabaseError
from hypothesis import given
from hypothesis import strategies as st
from psycopg.types.range import Range

from foundation.ids import new_id
from payments import rest_days, timekeeping
from payments.models import RestDay, WorkInterval
from payments.resting import REST, WORK, rest_earned, sessions
from workforce.models import Worker

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
BERLIN, LOS_ANGELES, KIRITIMATI = "Europe/Berlin", "America/Los_Angeles", "Pacific/Kiritimati"


def minutes(*spans):
    return [Range(START + timedelta(minutes=a), START + timedelta(minutes=b), "[)") for a, b in spans]


def length(periods):
    return sum((one.upper - one.lower for one in periods), timedelta(0))


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
    assert rest_earned(sessions(minutes(*worked))) == minutes(*rest)


def test_each_session_is_followed_by_its_own_rest():
    day = sessions(minutes((0, 110), (300, 410)))
    assert rest_earned(day) == minutes((110, 120), (410, 420))
    day = sessions(minutes((0, 30), (300, 330)))
    assert rest_earned(day) == minutes((330, 335)), "what is left of one session counts towards the next"


def test_a_rest_gives_way_to_whatever_is_credited_and_is_whole_all_the_same():
    worked = minutes((0, 220))
    busy = [(one.lower, one.upper) for one in minutes((225, 230), (241, 300))]
    assert rest_earned(sessions(worked), busy=busy) == minutes((220, 225), (230, 241), (300, 304))


SPANS = st.lists(st.tuples(st.integers(1, 80), st.integers(1, 40)), max_size=12)


@given(SPANS, SPANS)
def test_rest_is_what_was_earned_and_meets_nothing(lengths, others):
    def laid_out(lengths, at):
        spans = []
        for long, gap in lengths:
            spans.append((at, at + long))
            at += long + gap
        return spans, at

    day, end = laid_out(lengths, 0)
    later, _ = laid_out(others, end + 30)
    worked, busy = minutes(*day), minutes(*later)
    rest = rest_earned(sessions(worked), busy=[(one.lower, one.upper) for one in busy])
    assert length(rest) == length(worked) // WORK * REST
    everything = sorted((one.lower, one.upper) for one in [*worked, *busy, *rest])
    assert all(before[1] <= after[0] for before, after in zip(everything, everything[1:], strict=False))


# ---- credited by day ----

LATER = START + timedelta(days=6)


def lives_in(person, zone):
    Worker.objects.filter(id=person.worker.id).update(time_zone=zone)


def works(person, *periods, currency="USD"):
    at = max(one.upper for one in periods)
    timekeeping.record(person.worker.id, kind="task", reference=new_id(), periods=periods, now=at, currency=currency)


def hours(zone, day, *spans):
    midnight = datetime(2026, 3, day, tzinfo=ZoneInfo(zone))
    return [Range(midnight + timedelta(hours=a), midnight + timedelta(hours=b), "[)") for a, b in spans]


def rests(person):
    return [row.period for row in WorkInterval.objects.filter(worker_id=person.worker.id, kind="rest").order_by("period")]


def test_a_settled_day_is_credited_once(wanda):
    works(wanda, *minutes((0, 52), (60, 120)))
    assert rest_days.credit_due(now=LATER) == 1
    assert rest_days.credit_due(now=LATER + timedelta(days=1)) == 0
    assert rests(wanda) == minutes((52, 60), (120, 122))
    assert set(WorkInterval.objects.filter(kind="rest").values_list("currency", flat=True)) == {"USD"}
    assert RestDay.objects.get().day == START.date()


def test_a_day_that_is_not_settled_waits(wanda):
    works(wanda, *minutes((0, 120)))
    assert rest_days.credit_due(now=START.replace(hour=23, minute=59) + timedelta(days=3)) == 0
    assert rest_days.credit_due(now=START.replace(hour=0) + timedelta(days=4)) == 1


@pytest.mark.parametrize("zone", [BERLIN, LOS_ANGELES, KIRITIMATI, "UTC"])
def test_the_same_day_earns_the_same_wherever_one_lives(wanda, zone):
    lives_in(wanda, zone)
    works(wanda, *hours(zone, 2, (9, 13), (14, 18)))
    works(wanda, *hours(zone, 3, (9, 13), (14, 18)))
    rest_days.credit_due(now=LATER + timedelta(days=1))
    assert length(rests(wanda)) == 2 * timedelta(minutes=40)
    assert list(RestDay.objects.order_by("day").values_list("day__day", flat=True)) == [2, 3]


@pytest.mark.parametrize("zone", [BERLIN, LOS_ANGELES, KIRITIMATI, "UTC"])
def test_the_same_instants_of_one_session_earn_the_same_whatever_midnight_lies_in_them(wanda, zone):
    lives_in(wanda, zone)
    works(wanda, *(Range(START + timedelta(hours=n), START + timedelta(hours=n, minutes=55), "[)") for n in range(8)))
    rest_days.credit_due(now=LATER + timedelta(days=1))
    assert length(rests(wanda)) == timedelta(minutes=40)


def test_rest_after_midnight_does_not_cancel_the_next_days(wanda):
    works(wanda, *hours("UTC", 2, (20, 24)))
    works(wanda, *hours("UTC", 3, (9, 13)))
    rest_days.credit_due(now=LATER + timedelta(days=1))
    midnight, one = datetime(2026, 3, 3, tzinfo=UTC), datetime(2026, 3, 3, 13, tzinfo=UTC)
    assert rests(wanda) == [Range(at, at + timedelta(minutes=20), "[)") for at in (midnight, one)]


def test_rest_at_midnight_gives_way_to_the_next_days_work(wanda):
    midnight = datetime(2026, 3, 3, tzinfo=UTC)
    late = Range(midnight - timedelta(minutes=360), midnight - timedelta(minutes=1), "[)")
    early = Range(midnight + timedelta(minutes=20), midnight + timedelta(minutes=40), "[)")
    works(wanda, late)
    works(wanda, early)
    rest_days.credit_due(now=LATER + timedelta(days=1))
    assert rests(wanda) == [Range(late.upper, early.lower, "[)"), Range(early.upper, early.upper + timedelta(minutes=9), "[)")]


@pytest.mark.parametrize(("before", "after"), [(BERLIN, LOS_ANGELES), (LOS_ANGELES, BERLIN)])
def test_moving_to_another_time_zone_neither_loses_nor_doubles_rest(wanda, before, after):
    lives_in(wanda, before)
    for day in range(2, 7):  # an hour of work every other hour, whatever the day
        for hour in range(0, 24, 2):
            works(wanda, *hours("UTC", day, (hour, hour + 1)))
    rest_days.credit_due(now=datetime(2026, 3, 8, 12, tzinfo=UTC))
    lives_in(wanda, after)
    rest_days.credit_due(now=datetime(2026, 3, 10, 12, tzinfo=UTC))
    works_of_rest = length(rests(wanda))
    begins, ends = RestDay.objects.earliest("day").period.lower, RestDay.objects.latest("day").period.upper
    periods = list(RestDay.objects.order_by("day").values_list("period", flat=True))
    assert all(one.upper == other.lower for one, other in zip(periods, periods[1:], strict=False)), "no gap, no overlap"
    assert begins <= datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert ends >= datetime(2026, 3, 6, 22, tzinfo=UTC)
    days = [timedelta(hours=sum(1 for h in range(120) if one.lower <= begin(h) < one.upper and h % 2 == 0)) for one in periods]
    assert works_of_rest == sum((day // WORK * REST for day in days), timedelta(0))


def begin(hour):
    return datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=hour)


def test_what_was_credited_before_days_were_noted_is_not_credited_again(wanda):
    works(wanda, *minutes((0, 120)))
    rest_days.credit_due(now=LATER)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica; DELETE FROM payments_restday")
        cursor.execute("SET LOCAL session_replication_role = origin")
    assert rest_days.credit_due(now=LATER) == 0
    assert length(rests(wanda)) == timedelta(minutes=10)


def test_one_persons_trouble_stops_nobody(wanda, walt, caplog):
    works(wanda, *minutes((0, 120)))
    works(walt, *minutes((0, 120)))
    Worker.objects.filter(id=wanda.worker.id).update(time_zone="Nowhere/At_all")
    with pytest.raises(RuntimeError, match="rest of 1 workers"):
        rest_days.credit_due(now=LATER)
    assert length(rests(walt)) == timedelta(minutes=10)
    assert str(wanda.worker.id) in caplog.text


def test_a_day_that_was_credited_stays(wanda):
    works(wanda, *minutes((0, 120)))
    rest_days.credit_due(now=LATER)
    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM payments_restday")


def in_threads(n, act):
    failures = []
    together = threading.Barrier(n)

    def run():
        try:
            together.wait(20)
            act()
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(n)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    return failures


def test_two_runs_at_once_credit_everybody_once(committed_db, now):
    from tests import builders

    people = [builders.worker(f"w{n}", now=now) for n in range(6)]
    for person in people:
        works(person, *minutes((0, 120)))
    assert in_threads(4, lambda: rest_days.credit_due(now=LATER)) == []
    assert [length(rests(person)) for person in people] == [timedelta(minutes=10)] * 6
    assert RestDay.objects.count() == 6
