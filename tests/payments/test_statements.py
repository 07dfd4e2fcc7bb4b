"""What a worker's page says about money and hours."""

from datetime import UTC, datetime, timedelta

import pytest
from psycopg.types.range import Range

from foundation.ids import new_id
from payments import ledger, statements, timekeeping
from payments.models import Transfer
from tests.ledger import books
from workforce import onboarding

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)  # a Wednesday


def worked(wanda, since, *, minutes, currency="USD", kind="task"):
    period = Range(since, since + timedelta(minutes=minutes), "[)")
    timekeeping.record(wanda.worker.id, kind=kind, reference=new_id(), periods=[period], now=since, currency=currency)


@pytest.fixture
def escrow(db):
    account_id = books.opened("escrow", cap=3_000_000)
    books.post(books.funded("funds", 90_000_000), account_id, 90_000_000)
    return account_id


def test_someone_who_has_done_nothing_has_nothing(wanda):
    assert statements.pay_of(wanda.worker.id, now=NOON) == {
        "currencies": [],
        "seconds_total": 0,
        "seconds_today": 0,
        "seconds_this_week": 0,
        "seconds_without_pay": 0,
    }


def test_earned_held_available_and_paid_out_stand_apart_and_the_rate_counts_earned_and_held(wanda, escrow):
    earnings = books.opened("earnings", owner_id=wanda.worker.id)
    accepted, waiting, rejected = [books.earning(escrow, earnings, 3_000_000) for _ in range(3)]
    ledger.accept_earnings({accepted.reference: 600_000}, now=NOON)
    ledger.void_earning(rejected.reference, now=NOON)
    words = {"debit_id": earnings, "credit_id": books.opened("outside"), "currency": "USD", "reason": "payout", "now": NOON}
    ledger.post(key="payout:1", amount_micros=1_000_000, **words)
    going = ledger.hold(key="payout:2", amount_micros=500_000, **words)
    worked(wanda, NOON - timedelta(hours=2), minutes=30)
    expected = {
        "currency": "USD",
        "earned_micros": 3_000_000,
        "held_micros": 3_000_000,
        "available_micros": 1_500_000,
        "paid_micros": 1_000_000,
        "seconds_total": 1800,
        "seconds_today": 1800,
        "seconds_this_week": 1800,
        "hourly_micros": 12_000_000,
        "hourly_with_unpaid_micros": 12_000_000,
    }
    assert statements.pay_of(wanda.worker.id, now=NOON)["currencies"] == [expected]
    ledger.settle(going.id, key="payout:2:done", now=NOON)
    expected |= {"paid_micros": 1_500_000}
    assert statements.pay_of(wanda.worker.id, now=NOON)["currencies"] == [expected]
    assert Transfer.objects.get(hold=going).phase == "settle"


def test_currencies_stand_apart_and_exams_count_as_time_without_pay(wanda):
    for currency in ("USD", "EUR"):
        books.opened("earnings", owner_id=wanda.worker.id, currency=currency)
    worked(wanda, NOON - timedelta(hours=3), minutes=10)
    worked(wanda, NOON - timedelta(hours=2), minutes=20, currency="EUR")
    worked(wanda, NOON - timedelta(hours=1), minutes=5, currency="", kind="exam")
    pay = statements.pay_of(wanda.worker.id, now=NOON)
    assert [(one["currency"], one["seconds_total"], one["hourly_micros"]) for one in pay["currencies"]] == [
        ("EUR", 1200, 0),
        ("USD", 600, 0),
    ]
    assert (pay["seconds_total"], pay["seconds_without_pay"]) == (2100, 300)


def test_the_day_and_the_week_begin_at_midnight_where_the_worker_lives(wanda):
    worked(wanda, datetime(2026, 3, 1, 14, 30, tzinfo=UTC), minutes=60)  # Sunday in UTC; Monday begins in Tokyo at 15:00 UTC
    worked(wanda, datetime(2026, 3, 3, 14, 45, tzinfo=UTC), minutes=30)  # Wednesday begins in Tokyo in the middle of it
    pay = statements.pay_of(wanda.worker.id, now=NOON)
    assert (pay["seconds_today"], pay["seconds_this_week"], pay["seconds_total"]) == (0, 1800, 5400)
    onboarding.update_profile(wanda.worker.id, now=NOON, time_zone="Asia/Tokyo")
    pay = statements.pay_of(wanda.worker.id, now=NOON)
    assert (pay["seconds_today"], pay["seconds_this_week"], pay["seconds_total"]) == (900, 3600, 5400)


def test_nobody_s_pay_is_mixed_with_another_s(wanda, walt, escrow):
    books.earning(escrow, books.opened("earnings", owner_id=walt.worker.id), 3_000_000)
    worked(walt, NOON - timedelta(hours=1), minutes=10)
    assert statements.pay_of(wanda.worker.id, now=NOON)["currencies"] == []
    assert statements.pay_of(walt.worker.id, now=NOON)["currencies"][0]["held_micros"] == 3_000_000
