"""The time book: no second twice, and hours by day and week."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from psycopg.types.range import Range

from foundation.ids import new_id
from payments import invariants, timekeeping
from payments.models import WorkInterval
from tests.ledger import books

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def at(hours: float) -> datetime:
    return MONDAY + timedelta(hours=hours)


def worked(worker_id, *pairs, kind="task", currency="USD"):
    periods = [Range(at(lower), at(upper), "[)") for lower, upper in pairs]
    return timekeeping.record(worker_id, kind=kind, reference=new_id(), periods=periods, now=at(0), currency=currency)


def test_a_second_is_credited_once_to_a_worker(db):
    me, you = new_id(), new_id()
    worked(me, (9, 10))
    for pair in [(9, 10), (9.5, 9.6), (8, 9.01), (9.99, 12)]:
        with pytest.raises(IntegrityError, match="second_credited_once"), transaction.atomic():
            worked(me, pair, kind="exam", currency="")
    worked(me, (8, 9), (10, 11))
    worked(you, (9, 10))
    assert WorkInterval.objects.filter(worker_id=me).count() == 3
    assert not invariants.offences(invariants.CHECKS)


def test_two_stretches_of_one_hand_in_that_overlap_are_refused_together(db):
    with pytest.raises(IntegrityError), transaction.atomic():
        worked(new_id(), (9, 10), (9.5, 11))
    assert not WorkInterval.objects.exists()


def test_an_empty_stretch_is_refused(db):
    with pytest.raises(IntegrityError, match="interval_is_not_empty"), transaction.atomic():
        worked(new_id(), (9, 9))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE payments_workinterval SET worker_id = gen_random_uuid()",
        "UPDATE payments_workinterval SET period = '[2020-01-01, 2021-01-01)'",
        "DELETE FROM payments_workinterval",
        "TRUNCATE payments_workinterval",
    ],
)
def test_what_was_credited_stays(db, statement):
    worked(new_id(), (9, 10))
    before = list(WorkInterval.objects.values_list())
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        books.run(statement)
    assert list(WorkInterval.objects.values_list()) == before


def test_what_was_credited_in_a_window_is_told(db):
    me = new_id()
    worked(me, (9, 10), (11, 12))
    worked(new_id(), (10, 11))
    assert timekeeping.credited_in(me, since=at(0), until=at(9)) is None
    found = timekeeping.credited_in(me, since=at(9.5), until=at(11.5))
    assert [(one.lower, one.upper) for one in found] == [(at(9), at(10)), (at(11), at(12))]


def test_a_window_that_ends_before_it_begins_holds_nothing(db):
    me = new_id()
    worked(me, (9, 10))
    assert timekeeping.credited_in(me, since=at(9.5), until=at(9)) is None


def test_hours_count_only_the_part_of_a_stretch_that_lies_in_the_day_and_the_week(db):
    me = new_id()
    worked(me, (-25, -23))  # across the midnight between Saturday and Sunday
    worked(me, (-1, 2))  # across the one before Monday
    worked(me, (26, 27), currency="EUR")
    worked(me, (27, 27.5), kind="exam", currency="")
    hours = timekeeping.hours(me, today=at(24), week=at(0))
    assert hours == {
        "USD": timekeeping.Hours(total=5 * 3600, today=0, week=2 * 3600),
        "EUR": timekeeping.Hours(total=3600, today=3600, week=3600),
        "": timekeeping.Hours(total=1800, today=1800, week=1800),
    }


def test_a_begun_second_counts(db):
    me = new_id()
    worked(me, (1, 1 + 0.0001))
    assert timekeeping.hours(me, today=at(0), week=at(0))["USD"].total == 1
