"""Pilots: try a large batch out on a small group, and read what that showed."""

from datetime import datetime
from typing import Any

from django.urls import path
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from foundation.api.filters import ClosedFilters
from foundation.clock import instant_of
from tasks import piloting, publishing
from tasks.api.requesting import MICROS_MAX, BatchBody
from tasks.models import Batch
from workforce import access
from workforce.api.commands import PostCommand
from workforce.models import Membership


class NewPilot(serializers.Serializer[Any]):
    """How large, and at what price; what is left out gets a sensible value."""

    tasks = serializers.IntegerField(required=False, help_text="Drawn by chance from the draft.")
    workers = serializers.IntegerField(required=False, help_text="How many people may take part.")
    overlap = serializers.IntegerField(
        required=False, help_text="Answers per task; five at least, so that five people take part."
    )
    price_micros = serializers.IntegerField(min_value=1, max_value=MICROS_MAX, required=False, help_text="Else the batch's own.")


class BeginPilot(PostCommand):
    """Draw tasks of a draft into a pilot and publish it."""

    accepts = NewPilot
    answers = BatchBody
    status = 201

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Begin it."""
        return piloting.begin(access.actor_of(request), path["batch_id"], now=now, **data)


class Pilots(ClosedFilters, ListAPIView[Batch], BeginPilot):
    """GET lists the pilots of a batch, newest first, POST begins one."""

    serializer_class = BatchBody
    queryset = Batch.objects.none()
    http_method_names = ["get", "post", "options"]

    def get_queryset(self) -> Any:
        """Of a batch of one's own."""
        batch = publishing.own_batch(access.actor_of(self.request), self.kwargs["batch_id"], at_least=Membership.Role.VIEWER)
        self.queryset = Batch.objects.filter(pilot_of=batch)
        return super().get_queryset()


class PilotReport(APIView):
    """What the newest pilot of a batch shows: questions, times, agreement, gold results, and the price it suggests."""

    def get(self, request: Request, batch_id: Any) -> Response:
        """Compute it afresh."""
        return Response(piloting.report(access.actor_of(request), batch_id, now=instant_of(request)))


urlpatterns = [
    path("batches/<uuid:batch_id>/pilots", Pilots.as_view()),
    path("batches/<uuid:batch_id>/pilot-report", PilotReport.as_view()),
]
