"""One's own data over HTTP: a copy of everything, and being erased."""

from datetime import datetime
from typing import Any

from django.http import FileResponse
from django.urls import path
from rest_framework import serializers
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from foundation.api.filters import ClosedFilters
from foundation.clock import instant_of
from tasks import leaving, personal_data
from tasks.pages.my_data import handed_over
from workforce import access, erasure
from workforce.api.commands import ADMIN, AdminCommand
from workforce.models import DataCopy, Erasure


class CopyBody(serializers.ModelSerializer[DataCopy]):
    """A copy of one's data, and how far it is."""

    class Meta:
        model = DataCopy
        fields = [
            *("id", "state", "progress", "parts_done", "parts_total", "size_bytes"),
            *("requested_at", "started_at", "ended_at", "kept_until"),
        ]


class AskForCopy(AdminCommand):
    """Have a copy of everything kept about me made; poll it."""

    answers = CopyBody
    status = 202

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Ask for it."""
        return erasure.ask_for_copy(access.actor_of(request), now=now)


class Copies(ClosedFilters, ListAPIView[DataCopy], AskForCopy):
    """GET lists the copies of my data, POST has another one made."""

    read_scopes = ADMIN
    serializer_class = CopyBody
    queryset = DataCopy.objects.none()
    http_method_names = ["get", "post", "options"]

    def get_queryset(self) -> Any:
        """One's own."""
        self.queryset = erasure.copies_of(access.actor_of(self.request).id)
        return super().get_queryset()


class OneCopy(RetrieveAPIView[DataCopy]):
    """A copy of my data, and how far it is."""

    read_scopes = ADMIN
    serializer_class = CopyBody
    lookup_url_kwarg = "copy_id"

    def get_queryset(self) -> Any:
        """One's own."""
        return erasure.copies_of(access.actor_of(self.request).id)


class Download(APIView):
    """The copy itself: a zip of JSON and CSV, with the identity opened for its person."""

    read_scopes = ADMIN

    def get(self, request: Request, copy_id: Any) -> FileResponse:
        """The bytes."""
        whole = personal_data.hand_over(access.actor_of(request), copy_id, now=instant_of(request))
        return handed_over(request, whole)


class ErasureBody(serializers.ModelSerializer[Erasure]):
    """An erasure that waits, was undone, or is done."""

    class Meta:
        model = Erasure
        fields = ["id", "state", "gives_up_money", "requested_at", "due_at", "put_off_because", "ended_at"]


class EraseRequest(serializers.Serializer[Any]):
    """Whether money that is still here is given up."""

    gives_up_money = serializers.BooleanField(default=False)


class AskToBeErased(AdminCommand):
    """Ask to be erased in seven days; can be undone until then."""

    accepts = EraseRequest
    answers = ErasureBody
    status = 202

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Ask for it."""
        return leaving.ask(access.actor_of(request), now=now, **data)


class MyErasure(AskToBeErased):
    """GET says whether I am being erased and what money is still here, POST asks for it."""

    http_method_names = ["get", "post", "options"]

    def get(self, request: Request) -> Response:
        """As things stand."""
        actor = access.actor_of(request)
        waiting = erasure.waiting_of(actor.id)
        return Response({"erasure": ErasureBody(waiting).data if waiting else None, "money": leaving.money_of(actor.worker_id)})


class UndoErasure(AdminCommand):
    """Stay after all."""

    answers = ErasureBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Undo it."""
        return erasure.undo(access.actor_of(request), now=now)


urlpatterns = [
    path("me/data", Copies.as_view()),
    path("me/data/<uuid:copy_id>", OneCopy.as_view()),
    path("me/data/<uuid:copy_id>/download", Download.as_view()),
    path("me/erasure", MyErasure.as_view()),
    path("me/erasure/undo", UndoErasure.as_view()),
]
