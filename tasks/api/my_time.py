"""A worker's clock over HTTP: how long they have worked, and that they go on after a long day."""

from datetime import datetime
from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from foundation.api.fields import ChoiceField
from foundation.clock import instant_of
from payments import stops
from tasks import clocking
from workforce import access
from workforce.api.commands import WorkCommand

ADVICE = ["go_on", stops.TAKE_A_BREAK, stops.DAY_IS_LONG, stops.DAY_IS_FULL, stops.OWN_DAY_IS_FULL, stops.OWN_WEEK_IS_FULL]


class ClockBody(serializers.Serializer[Any]):
    """What a worker's clock says. Seconds; the tasks in hand count as far as their worker was seen at them."""

    advice = ChoiceField(choices=ADVICE)
    words = serializers.CharField(help_text="The advice, for the worker to read; empty for `go_on`.")
    stops = serializers.BooleanField(help_text="There are no new tasks now. What is held can be handed in and is paid.")
    may_go_on = serializers.BooleanField(help_text="POST me/time/go-on lifts the stop.")
    until = serializers.DateTimeField(allow_null=True, help_text="When the stop ends if nothing more is worked.")
    seconds_without_break = serializers.IntegerField()
    seconds_today = serializers.IntegerField(help_text="Since midnight where I live.")
    seconds_this_week = serializers.IntegerField(help_text="Since Monday, midnight, where I live.")
    seconds_in_day = serializers.IntegerField(help_text="In the day that the stops count: a night shift is one day.")
    day_began_at = serializers.DateTimeField()


class TimeSummary(APIView):
    """My clock: today, this week, since my last break, and whether it is enough for now."""

    @extend_schema(responses=ClockBody)
    def get(self, request: Request) -> Response:
        """Read it."""
        worker_id = access.require_worker(access.actor_of(request))
        return Response(ClockBody(clocking.as_told(clocking.clock_of(worker_id, now=instant_of(request)))).data)


class GoOn(WorkCommand):
    """Say that I go on although my day is long: it is noted, and lifts that stop until my next rest."""

    answers = ClockBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Note it for the worker who asks."""
        return clocking.as_told(clocking.go_on(access.require_worker(access.actor_of(request)), now=now))


urlpatterns = [path("me/time/summary", TimeSummary.as_view()), path("me/time/go-on", GoOn.as_view())]
