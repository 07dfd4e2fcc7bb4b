"""What my work has brought me, over HTTP."""

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from foundation.clock import instant_of
from tasks import earning
from workforce import access
from workforce.models import Worker


class SumBody(serializers.Serializer[Any]):
    """An amount in one currency."""

    currency = serializers.CharField()
    micros = serializers.IntegerField()


class JobEarningsBody(serializers.Serializer[Any]):
    """What a batch has brought."""

    batch_id = serializers.UUIDField()
    name = serializers.CharField()
    currency = serializers.CharField()
    answers = serializers.IntegerField()
    rejected = serializers.IntegerField()
    seconds = serializers.IntegerField()
    earned_micros = serializers.IntegerField()
    held_micros = serializers.IntegerField()
    hourly_micros = serializers.IntegerField(allow_null=True, help_text="(earned + held) per hour credited.")


class WeekEarningsBody(serializers.Serializer[Any]):
    """What a week has brought."""

    begins_at = serializers.DateTimeField(help_text="Monday, midnight, where I live.")
    seconds = serializers.IntegerField()
    earned = SumBody(many=True)


class HeldBody(serializers.Serializer[Any]):
    """What waits for review, by the day on which it is mine at the latest."""

    day = serializers.DateField()
    until = serializers.DateTimeField()
    currency = serializers.CharField()
    answers = serializers.IntegerField()
    micros = serializers.IntegerField()


class EarningsBody(serializers.Serializer[Any]):
    """What my work has brought me."""

    jobs = JobEarningsBody(many=True)
    weeks = WeekEarningsBody(many=True)
    held = HeldBody(many=True)


class MyEarnings(APIView):
    """What my work has brought me: by job, by week, and when what is held is decided at the latest."""

    @extend_schema(responses=EarningsBody)
    def get(self, request: Request) -> Response:
        """Sum it up."""
        worker = Worker.objects.get(id=access.require_worker(access.actor_of(request)))
        weeks = earning.by_week(worker, now=instant_of(request))
        found = {"jobs": earning.by_job(worker.id), "weeks": weeks, "held": earning.held_until(worker)}
        return Response(EarningsBody(found).data)


urlpatterns = [path("me/earnings", MyEarnings.as_view())]
