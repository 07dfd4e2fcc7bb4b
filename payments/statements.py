"""What a worker has earned and worked: sums over the ledger and the time book, as their page shows them."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from payments import fairness, ledger
from payments.models import Account

HOURS = """
SELECT currency,
       sum(extract(epoch FROM upper(period) - lower(period)))::float8 AS total,
       sum(extract(epoch FROM upper(period) - lower(period))) FILTER (WHERE upper(period) > %(today)s)::float8 AS today,
       sum(extract(epoch FROM upper(period) - lower(period))) FILTER (WHERE upper(period) > %(week)s)::float8 AS week
  FROM payments_workinterval WHERE worker_id = %(worker_id)s GROUP BY currency
"""

PAID_OUT = """
SELECT coalesce(sum(amount_micros), 0)::bigint FROM payments_transfer
 WHERE debit_id = %s AND phase IN ('post', 'settle') AND reason = 'payout'
"""


def pay_of(worker_id: UUID, *, now: datetime) -> dict[str, Any]:
    """A worker's pay per currency, in micros, and their working time in seconds.

    `earned` is accepted, `held` waits for review, `available` can be paid out, `paid` has been. The hourly rate counts what is earned
    and held over the time worked for pay in that currency. Time without a currency (exams) stands apart, and counts as worked.
    """
    seconds = _seconds(worker_id, now)
    currencies = []
    for account in Account.objects.filter(kind=Account.Kind.EARNINGS, owner_id=worker_id).order_by("currency"):
        balance = ledger.balance(account.id)
        with connection.cursor() as cursor:
            cursor.execute(PAID_OUT, [account.id])
            paid = int(cursor.fetchone()[0])
        worked = seconds.get(account.currency, {"total": 0.0, "today": 0.0, "week": 0.0})
        earned = balance.posted + paid
        currencies.append(
            {
                "currency": account.currency,
                "earned_micros": earned,
                "held_micros": balance.held_in,
                "available_micros": balance.available,
                "paid_micros": paid,
                "seconds_total": worked["total"],
                "seconds_today": worked["today"],
                "seconds_this_week": worked["week"],
                "hourly_micros": fairness.hourly_micros(earned + balance.held_in, worked["total"]),
            }
        )
    everything = {span: sum(row[span] for row in seconds.values()) for span in ("total", "today", "week")}
    return {
        "currencies": currencies,
        "seconds_total": everything["total"],
        "seconds_today": everything["today"],
        "seconds_this_week": everything["week"],
        "seconds_without_pay": seconds.get("", {"total": 0.0})["total"],
    }


def _seconds(worker_id: UUID, now: datetime) -> dict[str, dict[str, float]]:
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    week = today - timedelta(days=today.weekday())
    with connection.cursor() as cursor:
        cursor.execute(HOURS, {"worker_id": worker_id, "today": today, "week": week})
        rows = cursor.fetchall()
    return {row[0]: {"total": row[1] or 0.0, "today": row[2] or 0.0, "week": row[3] or 0.0} for row in rows}
