"""Money and time over HTTP: a worker's pay, a requester's funds, the pay floors."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from foundation.api.filters import ClosedFilters
from foundation.clock import instant_of
from payments import funding, pay_floors, statements
from payments.api import serializers as shapes
from payments.models import Account, PayFloor, Transfer, WorkInterval
from workforce import access
from workforce.api.commands import AdminCommand, MoneyCommand
from workforce.models import Membership


class MyPay(APIView):
    """My hours, what I have earned, what is held, what was paid, and what an hour brought."""

    @extend_schema(responses=shapes.PayBody)
    def get(self, request: Request) -> Response:
        """Sum it up."""
        pay = statements.pay_of(access.require_worker(access.actor_of(request)), now=instant_of(request))
        return Response(shapes.PayBody(pay).data)


class MyTransfers(ClosedFilters, ListAPIView[Transfer]):
    """Every movement of my money, newest first."""

    serializer_class = shapes.TransferBody
    queryset = Transfer.objects.none()
    filters = {"currency": "currency", "phase": "phase", "reason": "reason", "reference": "reference"}

    def get_queryset(self) -> Any:
        """To and from my own earnings, whatever else I may see."""
        access.require_worker(access.actor_of(self.request))
        mine = Account.objects.visible_to(access.actor_of(self.request)).filter(kind=Account.Kind.EARNINGS)
        self.queryset = Transfer.objects.of(mine.values_list("id", flat=True))
        return super().get_queryset()


class MyTime(ClosedFilters, ListAPIView[WorkInterval]):
    """The time I was credited for, newest first."""

    serializer_class = shapes.IntervalBody
    queryset = WorkInterval.objects.none()
    filters = {"currency": "currency", "kind": "kind", "reference": "reference"}

    def get_queryset(self) -> Any:
        """Mine, and only mine."""
        access.require_worker(access.actor_of(self.request))
        self.queryset = WorkInterval.objects.visible_to(access.actor_of(self.request))
        return super().get_queryset()


class Funds(APIView):
    """What a requester has paid in, reserved and not yet spent, per currency."""

    @extend_schema(responses=shapes.FundsBody)
    def get(self, request: Request, organization_id: Any) -> Response:
        """Of an organisation of one's own, or of any for operators."""
        access.require_role(access.actor_of(request), organization_id, at_least=Membership.Role.VIEWER)
        return Response(shapes.FundsBody({"results": funding.funds_of(organization_id)}).data)


class Deposit(MoneyCommand):
    """Record a deposit (operators)."""

    accepts = shapes.DepositRequest
    answers = shapes.DepositBody
    status = 201

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Record it."""
        return funding.deposit(access.actor_of(request), path["organization_id"], now=now, **data)


class Withdrawal(MoneyCommand):
    """Record money that was sent back to a requester, out of its available funds (operators)."""

    accepts = shapes.WithdrawalRequest
    answers = shapes.TransferBody
    status = 201

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Record it."""
        return funding.withdraw(access.actor_of(request), path["organization_id"], now=now, **data)


class SetPayFloor(AdminCommand):
    """Enter a pay floor from a day on (operators)."""

    accepts = shapes.PayFloorBody
    answers = shapes.PayFloorBody
    status = 201

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Enter it."""
        return pay_floors.set_floor(access.actor_of(request), now=now, **data)


class PayFloors(ClosedFilters, ListAPIView[PayFloor], SetPayFloor):
    """GET lists the pay floors, POST enters one."""

    serializer_class = shapes.PayFloorBody
    queryset = PayFloor.objects.all()
    filters = {"country": "country", "currency": "currency"}
    http_method_names = ["get", "post", "options"]
