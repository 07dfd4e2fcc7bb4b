"""Which pay floor applies where and when. Rows are dated and never edited: a new figure is a new row."""

from collections.abc import Sequence
from datetime import date, datetime

from django.db import IntegrityError, transaction

from foundation import audit, constraints
from payments.errors import NoPayFloor, PayFloorExists
from payments.models import PayFloor
from workforce import access
from workforce.access import Actor


def set_floor(
    actor: Actor, *, country: str, currency: str, hourly_micros: int, effective_from: date, source: str, now: datetime
) -> PayFloor:
    """Enter the floor of a country (blank: the platform's own) from a day on. Operators only; audited. Raises PayFloorExists."""
    access.require_operator(actor)
    try:
        with transaction.atomic():
            row = PayFloor.objects.create(
                country=country, currency=currency, hourly_micros=hourly_micros, effective_from=effective_from, source=source
            )
            audit.append(
                "pay_floor.set",
                subject=f"pay_floor:{country or 'platform'}:{currency}",
                actor_id=actor.id,
                now=now,
                after={"hourly_micros": hourly_micros, "effective_from": effective_from.isoformat(), "source": source},
            )
    except IntegrityError as error:
        constraints.only(error, "pay_floor_once_a_day")
        raise PayFloorExists(country=country, currency=currency, effective_from=effective_from.isoformat()) from error
    return row


def applying(*, countries: Sequence[str], currency: str, on: date) -> PayFloor:
    """The highest floor in force on that day among the platform's own and those of the countries.

    Raises NoPayFloor when the platform has none in this currency, or a country named has none: nobody is paid by guesswork.
    """
    newest: dict[str, PayFloor] = {}
    for row in PayFloor.objects.filter(currency=currency, effective_from__lte=on, country__in=["", *countries]).order_by(
        "effective_from"
    ):
        newest[row.country] = row
    for country in ["", *countries]:
        if country not in newest:
            raise NoPayFloor(country=country or "platform", currency=currency, on=on.isoformat())
    return max(newest.values(), key=lambda row: row.hourly_micros)
