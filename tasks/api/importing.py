"""Streams in: tasks and gold as NDJSON or CSV, and the reports of earlier uploads."""

from typing import Any
from uuid import UUID

from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.generics import ListAPIView
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from foundation.api import parameters
from foundation.api.commands import idempotency_key
from foundation.api.filters import ClosedFilters
from foundation.api.schema import IDEMPOTENCY_KEY
from foundation.bodies import check_charset
from foundation.clock import instant_of
from foundation.errors import told_again
from tasks import framing, importing, uploads
from tasks.models import Import, Task
from tasks.publishing import own_batch
from workforce import access, aliases
from workforce.api.commands import POST
from workforce.models import Membership

ON_ERROR = OpenApiParameter(
    "on_error", str, enum=["refuse", "skip"], default="refuse", description="With a bad row: add nothing, or skip it."
)


class Raw(BaseParser):
    """Leaves the body unread: the verb reads it, once it knows that the caller may send it."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Nothing."""
        return {}


class Ndjson(Raw):
    """One JSON object a line."""

    media_type = uploads.NDJSON


class Csv(Raw):
    """Comma-separated values with a header."""

    media_type = uploads.CSV


class ImportBody(serializers.ModelSerializer[Import]):
    """What became of an upload."""

    class Meta:
        model = Import
        fields = [
            "id",
            "batch_id",
            "kind",
            "content_type",
            "state",
            "skip_bad",
            "digest",
            "rows_read",
            "rows_added",
            "rows_bad",
            "errors",
            "created_at",
        ]

    def to_representation(self, row: Import) -> dict[str, Any]:
        """With its errors in the language of whoever reads them."""
        return super().to_representation(row) | {"errors": [told_again(error) for error in row.errors]}


class Upload(APIView):
    """Add tasks to a draft batch."""

    scopes = POST
    parser_classes = [Ndjson, Csv]
    kind = Import.Kind.TASKS

    @extend_schema(
        parameters=[ON_ERROR, IDEMPOTENCY_KEY],
        request={uploads.NDJSON: OpenApiTypes.STR, uploads.CSV: OpenApiTypes.STR},
        responses={201: ImportBody, 422: ImportBody},
    )
    def post(self, request: Request, batch_id: UUID) -> Response:
        """Read the upload; 201 when rows were added, 422 with the same report when a bad row kept all of them out."""
        parameters.check_names(request, ["on_error"])
        on_error = parameters.one_of(request, "on_error", ["refuse", "skip"])
        content_type = (request.content_type or "").split(";")[0].strip().lower()
        if content_type not in (uploads.NDJSON, uploads.CSV):
            raise UnsupportedMediaType(content_type or "(none)")
        check_charset(request.content_type)
        report = importing.import_rows(
            access.actor_of(request),
            batch_id,
            kind=self.kind,
            stream=request._request,
            content_type=content_type,
            skip_bad=on_error == "skip",
            key=idempotency_key(request),
            now=instant_of(request),
        )
        return Response(ImportBody(report).data, status=201 if report.state == Import.State.DONE else 422)


class UploadGold(Upload):
    """Add gold to a draft batch: tasks with a `solution`."""

    kind = Import.Kind.GOLD


class Imports(ClosedFilters, ListAPIView[Import]):
    """The uploads of a batch, newest first."""

    serializer_class = ImportBody
    queryset = Import.objects.none()
    filters = {"kind": "kind", "state": "state"}

    def get_queryset(self) -> Any:
        """Of a batch of one's own."""
        batch = own_batch(access.actor_of(self.request), self.kwargs["batch_id"], at_least=Membership.Role.VIEWER)
        self.queryset = Import.objects.filter(batch=batch)
        return super().get_queryset()


class TaskBody(serializers.ModelSerializer[Task]):
    """A task as its requester sees it."""

    is_gold = serializers.SerializerMethodField()
    public_id = serializers.SerializerMethodField(
        help_text="The id to show to workers, who claim by it where they may choose: it tells neither time nor order."
    )
    reserved_for = serializers.SerializerMethodField(help_text="Aliases of the workers who alone may take it; null for all.")
    unavailable_for = serializers.SerializerMethodField(help_text="Aliases of those who may not.")

    class Meta:
        model = Task
        fields = [
            "id",
            "public_id",
            "key",
            "payload",
            "overlap",
            "need",
            "done",
            "state",
            "is_gold",
            "reserved_for",
            "unavailable_for",
            "created_at",
        ]

    def get_public_id(self, task: Task) -> UUID:
        """As workers see it."""
        return framing.public_id_of(task.id)

    def get_reserved_for(self, task: Task) -> list[str] | None:
        """As the upload named them."""
        return _aliases(task.reserved_for, task.batch.organization_id)

    def get_unavailable_for(self, task: Task) -> list[str] | None:
        """As the upload named them."""
        return _aliases(task.unavailable_for, task.batch.organization_id)

    def get_is_gold(self, task: Task) -> bool:
        """Whether its truth is known."""
        return task.lane == Task.Lane.GOLD


def _aliases(worker_ids: list[UUID] | None, organization_id: UUID) -> list[str] | None:
    return None if worker_ids is None else [aliases.alias_of(one, organization_id) for one in worker_ids]


class Tasks(ClosedFilters, ListAPIView[Task]):
    """The tasks of a batch."""

    serializer_class = TaskBody
    queryset = Task.objects.none()
    filters = {"state": "state", "key": "key"}

    def get_queryset(self) -> Any:
        """Of a batch of one's own."""
        batch = own_batch(access.actor_of(self.request), self.kwargs["batch_id"], at_least=Membership.Role.VIEWER)
        self.queryset = Task.objects.filter(batch=batch).select_related("batch")
        return super().get_queryset()


class TasksAndUpload(Tasks, Upload):
    """GET lists the tasks, POST adds some."""


urlpatterns = [
    path("batches/<uuid:batch_id>/tasks", TasksAndUpload.as_view()),
    path("batches/<uuid:batch_id>/gold", UploadGold.as_view()),
    path("batches/<uuid:batch_id>/imports", Imports.as_view()),
]
