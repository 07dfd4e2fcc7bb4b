"""What a worker has earned and worked: sums over the ledger and the time book, as their page shows them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from payments import fairness, ledger, timekeeping
from payments.models import Account
from payments.timekeeping import NOTHING
from workforce.models import Worker


def pay_of(worker_id: UUID, *, now: datetime) -> dict[str, Any]:
    """A worker's pay per currency, in micros, and their working time in whole seconds, a begun second counted.

    `earned` is accepted, `held` waits for review, `available` can be paid out, `paid` has been. The hourly rate counts what is
    earned and held over the time worked for pay in that currency. Time without a currency (exams) stands apart, and counts as
    worked; `hourly_with_unpaid_micros` counts it too, divided among the currencies by the time worked for each. Day and week (from
    Monday) begin at midnight where the worker lives.
    """
    midnight = _midnight(worker_id, now)
    hours = timekeeping.hours(worker_id, today=midnight, week=midnight - timedelta(days=midnight.weekday()))
    unpaid, for_pay = hours.get("", NOTHING).total, sum(one.total for currency, one in hours.items() if currency)
    currencies = []
    for account in Account.objects.filter(kind=Account.Kind.EARNINGS, owner_id=worker_id).order_by("currency"):
        balance = ledger.balance(account.id)
        paid = ledger.paid_out(account.id)
        earned = balance.posted + paid
        worked = hours.get(account.currency, NOTHING)
        currencies.append(
            {
                "currency": account.currency,
                "earned_micros": earned,
                "held_micros": balance.held_in,
                "available_micros": balance.available,
                "paid_micros": paid,
                "seconds_total": worked.total,
                "seconds_today": worked.today,
                "seconds_this_week": worked.week,
                "hourly_micros": fairness.hourly_micros(earned + balance.held_in, worked.total),
                "hourly_with_unpaid_micros": fairness.hourly_micros(
                    (earned + balance.held_in) * for_pay, worked.total * (for_pay + unpaid)
                ),
            }
        )
    return {
        "currencies": currencies,
        "seconds_total": sum(one.total for one in hours.values()),
        "seconds_today": sum(one.today for one in hours.values()),
        "seconds_this_week": sum(one.week for one in hours.values()),
        "seconds_without_pay": hours.get("", NOTHING).total,
    }


# What came into a worker's earnings for good in each window.
EARNED_IN = """
SELECT w.number::int, t.currency, sum(t.amount_micros)::bigint
  FROM payments_transfer t
  JOIN unnest(%(begins)s::timestamptz[], %(ends)s::timestamptz[]) WITH ORDINALITY AS w (begins, ends, number)
    ON t.created_at >= w.begins AND t.created_at < w.ends
 WHERE t.credit_id = ANY (%(accounts)s::uuid[]) AND t.phase IN ('post', 'settle')
 GROUP BY w.number, t.currency
"""


def accounts_of(worker_id: UUID) -> list[UUID]:
    """The accounts into which a worker is paid, one per currency."""
    rows = Account.objects.filter(kind=Account.Kind.EARNINGS, owner_id=worker_id).order_by("currency")
    return list(rows.values_list("id", flat=True))


def earned_in(worker_id: UUID, windows: Sequence[tuple[datetime, datetime]]) -> list[dict[str, int]]:
    """What a worker was paid for good in each window, in micros by currency. Two queries."""
    found: list[dict[str, int]] = [{} for _ in windows]
    begins, ends = [begin for begin, _ in windows], [end for _, end in windows]
    with connection.cursor() as cursor:
        cursor.execute(EARNED_IN, {"accounts": accounts_of(worker_id), "begins": begins, "ends": ends})
        for number, currency, micros in cursor.fetchall():
            found[number - 1][currency] = micros
    return found


def _midnight(worker_id: UUID, now: datetime) -> datetime:
    zone = ZoneInfo(Worker.objects.values_list("time_zone", flat=True).get(id=worker_id))
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
