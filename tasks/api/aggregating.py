"""Conclusions: ask for an aggregation, poll it, read what it found."""

from datetime import datetime
from typing import Any

from django.urls import path
from rest_framework import serializers
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from foundation.api.commands import Command
from foundation.api.filters import ClosedFilters
from foundation.errors import NotFound
from tasks import exporting, results
from tasks.models import AggregationRun, Result
from tasks.publishing import own_batch
from workforce.models import Membership


class RunRequest(serializers.Serializer[Any]):
    """Which method, over which control."""

    method = serializers.CharField(max_length=40)
    control = serializers.CharField(max_length=100, required=False)
    parameters = serializers.DictField(required=False)
    use_gold = serializers.BooleanField(default=True)


class RunBody(serializers.ModelSerializer[AggregationRun]):
    """One aggregation: where it stands, and what it rests on."""

    class Meta:
        model = AggregationRun
        fields = [
            "id",
            "batch_id",
            "method",
            "parameters",
            "use_gold",
            "state",
            "progress",
            "refusal",
            "versions",
            "input_digest",
            "labels",
            "tasks",
            "workers",
            "ties",
            "agreement",
            "created_at",
            "started_at",
            "ended_at",
        ]


class RequestRun(Command):
    """Ask for an aggregation; poll GET aggregations/<id> until its state is done, refused or failed."""

    accepts = RunRequest
    answers = RunBody
    status = 202

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Put it on the queue."""
        return results.request_run(request.user, path["batch_id"], now=now, **data)


class Runs(ClosedFilters, ListAPIView[AggregationRun]):
    """The aggregations of a batch, newest first."""

    serializer_class = RunBody
    queryset = AggregationRun.objects.none()
    filters = {"state": "state", "method": "method"}

    def get_queryset(self) -> Any:
        """Of a batch of one's own."""
        batch = own_batch(self.request.user, self.kwargs["batch_id"], at_least=Membership.Role.VIEWER)  # type: ignore[arg-type]
        self.queryset = AggregationRun.objects.filter(batch=batch)
        return super().get_queryset()


class RunsAndRequest(Runs, RequestRun):
    """GET lists the aggregations, POST asks for one."""

    http_method_names = ["get", "post", "options"]


class Run(RetrieveAPIView[AggregationRun]):
    """One aggregation."""

    serializer_class = RunBody
    lookup_url_kwarg = "run_id"

    def get_queryset(self) -> Any:
        """Of batches of organisations one acts for."""
        return AggregationRun.objects.filter(batch__organization_id__in=self.request.user.organization_ids)  # type: ignore[union-attr]


class ResultBody(serializers.ModelSerializer[Result]):
    """The one label of a task."""

    class Meta:
        model = Result
        fields = ["task_id", "label", "confidence", "is_tie", "tied", "answers"]


class Results(ClosedFilters, ListAPIView[Result]):
    """The results of an aggregation."""

    serializer_class = ResultBody
    queryset = Result.objects.none()
    filters = {"task_id": "task_id", "is_tie": "is_tie"}

    def get_queryset(self) -> Any:
        """Of a run over a batch of one's own."""
        run = AggregationRun.objects.filter(id=self.kwargs["run_id"]).first()
        if run is None:
            raise NotFound
        own_batch(self.request.user, run.batch_id, at_least=Membership.Role.VIEWER)  # type: ignore[arg-type]
        self.queryset = Result.objects.filter(run=run)
        return super().get_queryset()


class Skills(APIView):
    """How good an aggregation found each worker to be."""

    def get(self, request: Request, run_id: Any) -> Response:
        """By alias, best first."""
        return Response({"results": exporting.skills(request.user, run_id)})


urlpatterns = [
    path("batches/<uuid:batch_id>/aggregations", RunsAndRequest.as_view()),
    path("aggregations/<uuid:run_id>", Run.as_view()),
    path("aggregations/<uuid:run_id>/results", Results.as_view()),
    path("aggregations/<uuid:run_id>/skills", Skills.as_view()),
]
