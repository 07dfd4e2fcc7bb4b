"""What a worker has earned and worked: sums over the ledger and the time book, as their page shows them."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from payments import fairness, ledger, timekeeping
from payments.models import Account
from payments.timekeeping import NOTHING
from workforce.models import Worker


def pay_of(worker_id: UUID, *, now: datetime) -> dict[str, Any]:
    """A worker's pay per currency, in micros, and their working time in whole seconds, a begun second counted.

    `earned` is accepted, `held` waits for review, `available` can be paid out, `paid` has been. The hourly rate counts what is
    earned and held over the time worked for pay in that currency. Time without a currency (exams) stands apart, and counts as
    worked. Day and week (from Monday) begin at midnight where the worker lives.
    """
    midnight = _midnight(worker_id, now)
    hours = timekeeping.hours(worker_id, today=midnight, week=midnight - timedelta(days=midnight.weekday()))
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
            }
        )
    return {
        "currencies": currencies,
        "seconds_total": sum(one.total for one in hours.values()),
        "seconds_today": sum(one.today for one in hours.values()),
        "seconds_this_week": sum(one.week for one in hours.values()),
        "seconds_without_pay": hours.get("", NOTHING).total,
    }


def _midnight(worker_id: UUID, now: datetime) -> datetime:
    zone = ZoneInfo(Worker.objects.values_list("time_zone", flat=True).get(id=worker_id))
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
