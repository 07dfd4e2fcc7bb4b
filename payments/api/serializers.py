"""The shapes of money and time over HTTP."""

from typing import Any

from rest_framework import serializers

from payments import funding
from payments.funding import DEPOSIT_MAX_MICROS
from payments.models import PayFloor, Transfer, WorkInterval
from payments.money import MICROS

HOURLY_MAX_MICROS = 10_000_000 * MICROS  # ten million units an hour: a slip of the keyboard in any currency


class CurrencyPay(serializers.Serializer[Any]):
    """What I have in one currency. Amounts are micros, millionths of the unit."""

    currency = serializers.CharField()
    earned_micros = serializers.IntegerField(help_text="Accepted, whether paid out or not.")
    held_micros = serializers.IntegerField(help_text="Handed in, waiting for review.")
    available_micros = serializers.IntegerField(help_text="Can be paid out now.")
    paid_micros = serializers.IntegerField(help_text="Has been paid out.")
    seconds_total = serializers.IntegerField(help_text="Time credited for work paid in this currency.")
    seconds_today = serializers.IntegerField()
    seconds_this_week = serializers.IntegerField()
    hourly_micros = serializers.IntegerField(allow_null=True, help_text="(earned + held) per hour credited, rounded down.")
    hourly_with_unpaid_micros = serializers.IntegerField(
        allow_null=True, help_text="The same with this currency's share of the time that no price belongs to."
    )


class PayBody(serializers.Serializer[Any]):
    """What I have earned, and my hours."""

    currencies = CurrencyPay(many=True)
    seconds_total = serializers.IntegerField()
    seconds_today = serializers.IntegerField(help_text="Since midnight where I live.")
    seconds_this_week = serializers.IntegerField(help_text="Since Monday, midnight, where I live.")
    seconds_without_pay = serializers.IntegerField(help_text="Time credited that no price belongs to, such as exams.")


class TransferBody(serializers.ModelSerializer[Transfer]):
    """A movement of money."""

    class Meta:
        model = Transfer
        fields = ["id", "phase", "amount_micros", "currency", "reason", "reference", "hold_id", "created_at"]


class IntervalBody(serializers.ModelSerializer[WorkInterval]):
    """A stretch of time I was credited for."""

    started_at = serializers.DateTimeField(source="period.lower")
    ended_at = serializers.DateTimeField(source="period.upper")

    class Meta:
        model = WorkInterval
        fields = ["id", "kind", "reference", "started_at", "ended_at", "currency"]


class CurrencyFunds(serializers.Serializer[Any]):
    """An organisation's money in one currency, in micros."""

    currency = serializers.CharField()
    deposited_micros = serializers.IntegerField(help_text="Paid in, ever.")
    withdrawn_micros = serializers.IntegerField(help_text="Paid back, ever.")
    reserved_micros = serializers.IntegerField(help_text="Set aside for batches, and neither spent nor come back yet.")
    spent_micros = serializers.IntegerField(help_text="Gone to workers and into fees.")
    available_micros = serializers.IntegerField(help_text="Free for the next batch.")


class FundsBody(serializers.Serializer[Any]):
    """An organisation's money."""

    results = CurrencyFunds(many=True)


class DepositBody(serializers.ModelSerializer[Transfer]):
    """Money that was paid in."""

    organization_id = serializers.UUIDField(source="reference", read_only=True)
    reference = serializers.SerializerMethodField(help_text="The bank's name for it, as it was sent.")

    class Meta:
        model = Transfer
        fields = ["id", "phase", "organization_id", "amount_micros", "currency", "reason", "reference", "hold_id", "created_at"]

    def get_reference(self, row: Transfer) -> str:
        """What stands in the transfer's key after the organisation."""
        return funding.bank_reference(row)


class DepositRequest(serializers.Serializer[Any]):
    """Money that has arrived outside, such as by bank transfer."""

    amount_micros = serializers.IntegerField(min_value=1, max_value=DEPOSIT_MAX_MICROS)
    currency = serializers.RegexField(r"^[A-Z]{3}\Z")
    reference = serializers.CharField(max_length=60, help_text="The bank's name for it. The same one again is the same deposit.")
    reason = serializers.CharField(max_length=500)


class WithdrawalRequest(DepositRequest):
    """Money that was sent back outside."""


class PayFloorBody(serializers.ModelSerializer[PayFloor]):
    """The least an hour of work may bring."""

    country = serializers.RegexField(
        r"^([A-Z]{2})?\Z", allow_blank=True, default="", help_text="Blank: the platform's own floor."
    )
    currency = serializers.RegexField(r"^[A-Z]{3}\Z")
    hourly_micros = serializers.IntegerField(min_value=1, max_value=HOURLY_MAX_MICROS)

    class Meta:
        model = PayFloor
        fields = ["id", "country", "currency", "hourly_micros", "effective_from", "source"]
        read_only_fields = ["id"]
        validators: list[Any] = []  # the verb tells a floor entered twice
