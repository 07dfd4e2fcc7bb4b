"""Money and time over HTTP: a worker's pay, a requester's funds, the pay floors."""

from datetime import datetime
from typing import Any

from django.db.models import Q
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from foundation.api.commands import Command
from foundation.api.filters import ClosedFilters
from foundation.clock import instant_of
from foundation.errors import NotFound
from payments import funding, ledger, pay_floors, statements
from payments.models import Account, PayFloor, Transfer, WorkInterval
from workforce import access
from workforce.models import Membership, Organization


class MyPay(APIView):
    """My hours, what I have earned, what is held, what was paid, and what an hour brought."""

    def get(self, request: Request) -> Response:
        """Sum it up."""
        return Response(statements.pay_of(access.require_worker(request.user), now=instant_of(request)))


class TransferBody(serializers.ModelSerializer[Transfer]):
    """A movement of money."""

    class Meta:
        model = Transfer
        fields = ["id", "phase", "amount_micros", "currency", "reason", "reference", "hold_id", "created_at"]


class MyTransfers(ClosedFilters, ListAPIView[Transfer]):
    """Every movement of my money, newest first."""

    serializer_class = TransferBody
    queryset = Transfer.objects.none()
    filters = {"reason": "reason", "phase": "phase", "reference": "reference"}

    def get_queryset(self) -> Any:
        """To and from my own accounts."""
        worker_id = access.require_worker(self.request.user)  # type: ignore[arg-type]
        mine = list(Account.objects.filter(kind=Account.Kind.EARNINGS, owner_id=worker_id).values_list("id", flat=True))
        self.queryset = Transfer.objects.filter(Q(credit_id__in=mine) | Q(debit_id__in=mine))
        return super().get_queryset()


class IntervalBody(serializers.ModelSerializer[WorkInterval]):
    """A stretch of time I was credited for."""

    started_at = serializers.DateTimeField(source="period.lower")
    ended_at = serializers.DateTimeField(source="period.upper")

    class Meta:
        model = WorkInterval
        fields = ["id", "kind", "reference", "started_at", "ended_at", "currency"]


class MyTime(ClosedFilters, ListAPIView[WorkInterval]):
    """The time I was credited for, newest first."""

    serializer_class = IntervalBody
    queryset = WorkInterval.objects.none()
    filters = {"kind": "kind", "reference": "reference"}

    def get_queryset(self) -> Any:
        """Mine, and only mine."""
        worker_id = access.require_worker(self.request.user)  # type: ignore[arg-type]
        self.queryset = WorkInterval.objects.filter(worker_id=worker_id)
        return super().get_queryset()


class Funds(APIView):
    """What a requester has paid in and not yet spent or reserved, per currency."""

    def get(self, request: Request, organization_id: Any) -> Response:
        """Of an organisation of one's own."""
        access.require_role(request.user, organization_id, at_least=Membership.Role.VIEWER)
        if not Organization.objects.filter(id=organization_id).exists():
            raise NotFound
        accounts = Account.objects.filter(kind=Account.Kind.FUNDS, owner_id=organization_id).order_by("currency")
        rows = [{"currency": one.currency, "available_micros": ledger.balance(one.id).available} for one in accounts]
        return Response({"results": rows})


class DepositRequest(serializers.Serializer[Any]):
    """Money that has arrived outside, such as by bank transfer."""

    amount_micros = serializers.IntegerField(min_value=1)
    currency = serializers.RegexField(r"^[A-Z]{3}$")
    reference = serializers.CharField(max_length=60, help_text="The bank's name for it. The same one again is the same deposit.")
    reason = serializers.CharField(max_length=500)


class Deposit(Command):
    """Record a deposit (operators)."""

    accepts = DepositRequest
    answers = TransferBody
    status = 201

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Record it."""
        return funding.deposit(request.user, path["organization_id"], now=now, **data)


class PayFloorBody(serializers.ModelSerializer[PayFloor]):
    """The least an hour of work may bring."""

    country = serializers.RegexField(r"^([A-Z]{2})?$", allow_blank=True, default="", help_text="Blank: the platform's own floor.")
    currency = serializers.RegexField(r"^[A-Z]{3}$")
    hourly_micros = serializers.IntegerField(min_value=1, max_value=10_000 * 1_000_000)

    class Meta:
        model = PayFloor
        fields = ["id", "country", "currency", "hourly_micros", "effective_from", "source"]
        read_only_fields = ["id"]
        validators: list[Any] = []  # the verb tells a floor entered twice


class SetPayFloor(Command):
    """Enter a pay floor from a day on (operators)."""

    accepts = PayFloorBody
    answers = PayFloorBody
    status = 201

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Enter it."""
        return pay_floors.set_floor(request.user, now=now, **data)


class PayFloors(ClosedFilters, ListAPIView[PayFloor], SetPayFloor):
    """GET lists the pay floors, POST enters one."""

    serializer_class = PayFloorBody
    queryset = PayFloor.objects.all()
    filters = {"country": "country", "currency": "currency"}
    http_method_names = ["get", "post", "options"]
