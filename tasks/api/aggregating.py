"""Conclusions: ask for an aggregation, poll it, read what it found."""

from datetime import datetime
from typing import Any

from django.urls import path
from rest_framework import serializers
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from foundation.api.filters import ClosedFilters
from foundation.api.paging import NewestFirst
from foundation.errors import NotFound, told_again
from tasks import results
from tasks.models import AggregationRun, Result, RunSkill
from tasks.publishing import own_batch
from workforce import access, aliases
from workforce.api.commands import PostCommand
from workforce.models import Membership


class RunRequest(serializers.Serializer[Any]):
    """Which method, over which control."""

    method = serializers.CharField(max_length=40)
    control = serializers.CharField(max_length=100, required=False)
    parameters = serializers.DictField(required=False)
    use_gold = serializers.BooleanField(default=True)


class RunBody(serializers.ModelSerializer[AggregationRun]):
    """One aggregation: where it stands, and what it rests on."""

    refusal = serializers.SerializerMethodField(help_text="Why it was refused or failed: code, message, details; else null.")

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
            "pairwise_agreement",
            "created_at",
            "started_at",
            "ended_at",
        ]

    def get_refusal(self, row: AggregationRun) -> dict[str, Any] | None:
        """In the language of whoever reads it."""
        return told_again(row.refusal) if row.refusal else None


class RequestRun(PostCommand):
    """Ask for an aggregation; poll GET aggregations/<id> until its state is done, refused or failed."""

    accepts = RunRequest
    answers = RunBody
    status = 202

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Put it on the queue."""
        return results.request_run(access.actor_of(request), path["batch_id"], now=now, **data)


class Runs(ClosedFilters, ListAPIView[AggregationRun]):
    """The aggregations of a batch, newest first."""

    serializer_class = RunBody
    queryset = AggregationRun.objects.none()
    filters = {"state": "state", "method": "method"}

    def get_queryset(self) -> Any:
        """Of a batch of one's own."""
        batch = own_batch(access.actor_of(self.request), self.kwargs["batch_id"], at_least=Membership.Role.VIEWER)
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
        return AggregationRun.objects.filter(batch__organization_id__in=access.actor_of(self.request).organization_ids)


def own_run(request: Request, run_id: Any) -> AggregationRun:
    """The run, if it is over a batch of one's own. Raises NotFound."""
    run = AggregationRun.objects.select_related("batch").filter(id=run_id).first()
    if run is None:
        raise NotFound
    own_batch(access.actor_of(request), run.batch_id, at_least=Membership.Role.VIEWER)
    return run


class ResultBody(serializers.ModelSerializer[Result]):
    """The one label of a task."""

    class Meta:
        model = Result
        fields = ["task_id", "label", "confidence", "is_tie", "tied", "answers"]


class ByTask(NewestFirst):
    """Pages in the order of tasks, along the index that keeps a result once per run."""

    ordering = "task_id"


class Results(ClosedFilters, ListAPIView[Result]):
    """The results of an aggregation; none before it is done."""

    serializer_class = ResultBody
    pagination_class = ByTask
    queryset = Result.objects.none()
    filters = {"task_id": "task_id", "is_tie": "is_tie"}

    def get_queryset(self) -> Any:
        """Of a run over a batch of one's own."""
        self.queryset = Result.objects.filter(run=own_run(self.request, self.kwargs["run_id"]))
        return super().get_queryset()


class RunSkillBody(serializers.Serializer[RunSkill]):
    """How good an aggregation found a worker to be, under the organisation's alias for them."""

    worker = serializers.SerializerMethodField()
    skill = serializers.FloatField()
    answers = serializers.IntegerField()

    def get_worker(self, row: RunSkill) -> str:
        """The alias: the same in every export of this organisation, and in no other's."""
        return aliases.alias_of(row.worker_id, self.context["view"].run.batch.organization_id)


class BestFirst(NewestFirst):
    """Pages from the highest skill down."""

    ordering = ("-skill", "-id")  # type: ignore[assignment]  # the stubs know one column only


class Skills(ClosedFilters, ListAPIView[RunSkill]):
    """How good an aggregation found each worker to be, best first; the scale is the method's own."""

    serializer_class = RunSkillBody
    pagination_class = BestFirst
    queryset = RunSkill.objects.none()

    def get_queryset(self) -> Any:
        """Of a run over a batch of one's own."""
        self.run = own_run(self.request, self.kwargs["run_id"])
        self.queryset = RunSkill.objects.filter(run=self.run)
        return super().get_queryset()


class AgreementBody(serializers.Serializer[AggregationRun]):
    """How far people agree on one control."""

    control = serializers.CharField(source="parameters.control")
    agreement = serializers.FloatField(help_text="Krippendorff's alpha: 1 perfect, 0 chance; null where it cannot be said")
    pairwise_agreement = serializers.FloatField(
        help_text="How alike two answers to one task are on average; of single classes, the share of pairs that are equal"
    )
    meaning_version = serializers.IntegerField(
        allow_null=True, help_text="Of the guidelines under which the answers compared were given: the newest meaning there is"
    )
    labels = serializers.IntegerField()
    tasks = serializers.IntegerField()
    workers = serializers.IntegerField()
    run_id = serializers.UUIDField(source="id")
    ended_at = serializers.DateTimeField()


class AgreementList(serializers.Serializer[Any]):
    """One entry per control that a run has read."""

    results = AgreementBody(many=True)


class Agreement(APIView):
    """How far people agree, as measured by the last aggregation of each control; ask for one to measure anew."""

    serializer_class = AgreementList

    def get(self, request: Request, batch_id: Any) -> Response:
        """Figures of a batch of one's own."""
        batch = own_batch(access.actor_of(request), batch_id, at_least=Membership.Role.VIEWER)
        return Response(AgreementList({"results": results.newest_of_each_control(batch)}).data)


urlpatterns = [
    path("batches/<uuid:batch_id>/aggregations", RunsAndRequest.as_view()),
    path("batches/<uuid:batch_id>/agreement", Agreement.as_view()),
    path("aggregations/<uuid:run_id>", Run.as_view()),
    path("aggregations/<uuid:run_id>/results", Results.as_view()),
    path("aggregations/<uuid:run_id>/skills", Skills.as_view()),
]
