"""What requesters set up: projects, guidelines, batches, and the batch's life from draft to closed."""

from datetime import datetime
from typing import Any

from django.urls import path
from rest_framework import serializers
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from foundation.api.fields import ChoiceField
from foundation.api.filters import ClosedFilters
from foundation.clock import instant_of
from foundation.errors import NotFound
from tasks import publishing
from tasks.models import Batch, Project
from workforce import access
from workforce.api.commands import PostCommand
from workforce.models import Membership, Sensitive

MICROS_MAX = 10_000 * 1_000_000  # ten thousand units for one answer: a slip, not a price


class ProjectBody(serializers.ModelSerializer[Project]):
    """A kind of question."""

    organization_id = serializers.UUIDField()

    class Meta:
        model = Project
        fields = ["id", "organization_id", "name", "description", "interface", "created_at", "archived_at"]
        read_only_fields = ["id", "created_at", "archived_at"]


class CreateProject(PostCommand):
    """Make a project."""

    accepts = ProjectBody
    answers = ProjectBody
    status = 201

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Make it for one's organisation."""
        return publishing.create_project(access.actor_of(request), now=now, **{"description": ""} | data)


class Projects(ClosedFilters, ListAPIView[Project], CreateProject):
    """GET lists one's projects, POST makes one."""

    serializer_class = ProjectBody
    queryset = Project.objects.none()
    filters = {"organization_id": "organization_id"}
    http_method_names = ["get", "post", "options"]

    def get_queryset(self) -> Any:
        """Of organisations one acts for."""
        self.queryset = Project.objects.visible_to(access.actor_of(self.request))
        return super().get_queryset()


class OneProject(RetrieveAPIView[Project]):
    """One of one's projects."""

    serializer_class = ProjectBody
    lookup_url_kwarg = "project_id"

    def get_queryset(self) -> Any:
        """Of organisations one acts for."""
        return Project.objects.visible_to(access.actor_of(self.request))


class NewBatch(serializers.ModelSerializer[Batch]):
    """The settings of a batch. What is left out gets a sensible value."""

    lease_seconds = serializers.IntegerField(min_value=10, max_value=86_400, required=False)
    lease_size = serializers.IntegerField(min_value=1, max_value=50, required=False)
    max_leases = serializers.IntegerField(min_value=1, max_value=100, required=False)
    overlap = serializers.IntegerField(min_value=1, max_value=1000)
    price_micros = serializers.IntegerField(min_value=1, max_value=MICROS_MAX)
    currency = serializers.RegexField(r"^[A-Z]{3}$")
    estimate_seconds = serializers.IntegerField(min_value=1, max_value=86_400)
    review_seconds = serializers.IntegerField(min_value=60, max_value=7 * 86_400, required=False)
    idle_cap_seconds = serializers.IntegerField(min_value=30, max_value=600, required=False)
    gold_percent = serializers.IntegerField(min_value=0, max_value=50, required=False)
    gold_first = serializers.IntegerField(min_value=0, max_value=50, required=False)
    workers_max = serializers.IntegerField(
        min_value=1,
        max_value=10_000,
        required=False,
        allow_null=True,
        help_text="How many people may take part; null: all who may.",
    )
    accuracy_bar = serializers.FloatField(min_value=0, max_value=1, required=False, allow_null=True)
    requirements = serializers.ListField(child=serializers.DictField(), required=False)
    sensitive = serializers.ListField(
        child=ChoiceField(choices=Sensitive.choices),
        required=False,
        max_length=len(Sensitive),
        help_text="What its tasks may show; only workers who opted in to all of it are offered the batch.",
    )
    retrain_course_id = serializers.UUIDField(required=False, allow_null=True)

    class Meta:
        model = Batch
        fields = [
            "name",
            "overlap",
            "lease_seconds",
            "lease_size",
            "max_leases",
            "workers_choose",
            "requirements",
            "sensitive",
            "idle_cap_seconds",
            "currency",
            "price_micros",
            "estimate_seconds",
            "review_seconds",
            "gold_percent",
            "gold_first",
            "accuracy_bar",
            "workers_max",
            "retrain_course_id",
            "retrain_blocks",
            "case_waiting",
        ]


class BatchBody(serializers.ModelSerializer[Batch]):
    """A batch as its requester sees it."""

    emptied_at = serializers.DateTimeField(
        read_only=True,
        help_text="When the last task of a closed batch was cancelled and its spare money went back; null until then.",
    )

    class Meta:
        model = Batch
        fields = [
            "id",
            "project_id",
            "organization_id",
            "state",
            *NewBatch.Meta.fields,
            "fee_micros",
            "median_seconds",
            "guideline_id",
            "pilot_of_id",
            "skip_pilot_reason",
            "created_at",
            "published_at",
            "closed_at",
            "emptied_at",
        ]


class BatchWithProgress(BatchBody):
    """A batch and how far it has got."""

    progress = serializers.SerializerMethodField()
    escrow_micros = serializers.SerializerMethodField()

    class Meta(BatchBody.Meta):
        fields = [*BatchBody.Meta.fields, "progress", "escrow_micros"]

    def get_escrow_micros(self, batch: Batch) -> int:
        """What is reserved for it and not yet spent."""
        return publishing.escrow_micros(batch)

    def get_progress(self, batch: Batch) -> dict[str, int]:
        """Counts of tasks, places and assignments."""
        return publishing.progress(batch)


class CreateBatch(PostCommand):
    """Make a draft batch."""

    accepts = NewBatch
    answers = BatchBody
    status = 201

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Make it in one's project."""
        return publishing.create_batch(access.actor_of(request), path["project_id"], now=now, **data)


class Batches(ClosedFilters, ListAPIView[Batch]):
    """One's batches, newest first."""

    serializer_class = BatchBody
    queryset = Batch.objects.none()
    filters = {"state": "state", "project_id": "project_id", "organization_id": "organization_id"}

    def get_queryset(self) -> Any:
        """Of organisations one acts for."""
        self.queryset = Batch.objects.visible_to(access.actor_of(self.request))
        return super().get_queryset()


class ProjectBatches(Batches, CreateBatch):
    """GET lists a project's batches, POST makes one."""

    http_method_names = ["get", "post", "options"]

    def get_queryset(self) -> Any:
        """Of a project of one's own."""
        project = publishing.own_project(
            access.actor_of(self.request), self.kwargs["project_id"], at_least=Membership.Role.VIEWER
        )
        return super().get_queryset().filter(project=project)


class OneBatch(RetrieveAPIView[Batch]):
    """One of one's batches, with progress."""

    serializer_class = BatchWithProgress
    lookup_url_kwarg = "batch_id"

    def get_queryset(self) -> Any:
        """Of organisations one acts for."""
        return Batch.objects.visible_to(access.actor_of(self.request))


class Quote(APIView):
    """What publishing a batch will cost and check."""

    def get(self, request: Request, batch_id: Any) -> Response:
        """Compute it afresh."""
        batch = Batch.objects.visible_to(access.actor_of(request)).filter(id=batch_id).first()
        if batch is None:
            raise NotFound
        return Response(publishing.quote(batch, now=instant_of(request)))


class PublishBody(serializers.Serializer[Any]):
    """At what price, and why without a pilot; all may be left out."""

    price_micros = serializers.IntegerField(
        min_value=1, max_value=MICROS_MAX, required=False, help_text="For one answer, instead of the batch's own price."
    )
    at_suggested_price = serializers.BooleanField(required=False, help_text="At the price that the finished pilot suggests.")
    skip_pilot_reason = serializers.CharField(
        required=False, allow_blank=True, help_text="Why a batch that large is not tried out first; kept and audited."
    )


class Publish(PostCommand):
    """Open a draft batch: its money is reserved, its price checked against the pay floor; a large one has had a pilot."""

    accepts = PublishBody
    answers = BatchBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Open it."""
        return publishing.publish(access.actor_of(request), path["batch_id"], now=now, **data)


class Pause(PostCommand):
    """Hand out no more tasks for now."""

    answers = BatchBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Pause it."""
        return publishing.pause(access.actor_of(request), path["batch_id"], now=now)


class Resume(PostCommand):
    """Hand out tasks again."""

    answers = BatchBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Resume it."""
        return publishing.resume(access.actor_of(request), path["batch_id"], now=now)


class Close(PostCommand):
    """End a batch: nothing is claimed from now on, and unspent money goes back once `emptied_at` is set, for a large batch a moment later."""

    answers = BatchBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Close it."""
        return publishing.close(access.actor_of(request), path["batch_id"], now=now)


urlpatterns = [
    path("projects", Projects.as_view()),
    path("projects/<uuid:project_id>", OneProject.as_view()),
    path("projects/<uuid:project_id>/batches", ProjectBatches.as_view()),
    path("batches", Batches.as_view()),
    path("batches/<uuid:batch_id>", OneBatch.as_view()),
    path("batches/<uuid:batch_id>/quote", Quote.as_view()),
    path("batches/<uuid:batch_id>/publish", Publish.as_view()),
    path("batches/<uuid:batch_id>/pause", Pause.as_view()),
    path("batches/<uuid:batch_id>/resume", Resume.as_view()),
    path("batches/<uuid:batch_id>/close", Close.as_view()),
]
