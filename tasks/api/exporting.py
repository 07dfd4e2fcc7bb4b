"""Streams out: answers and results as NDJSON or CSV."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.http import StreamingHttpResponse
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from foundation.api import parameters
from tasks import exporting
from workforce import access

FORMATS = {"ndjson": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}
FORMAT = OpenApiParameter("format", str, enum=list(FORMATS), default="ndjson")


def _stream(request: Request, columns: list[str], rows: Iterator[exporting.Row], name: str) -> StreamingHttpResponse:
    parameters.check_names(request, ["format"])
    wanted = parameters.one_of(request, "format", list(FORMATS))
    body = exporting.as_csv(columns, rows) if wanted == "csv" else exporting.as_ndjson(rows)
    response = StreamingHttpResponse(body, content_type=FORMATS[wanted])
    response["Content-Disposition"] = f'attachment; filename="{name}.{wanted}"'
    return response


class ExportAnswers(APIView):
    """The answers of a batch that count, while it runs or after."""

    @extend_schema(parameters=[FORMAT], responses={(200, "application/x-ndjson"): OpenApiTypes.STR})
    def get(self, request: Request, batch_id: UUID) -> Any:
        """Stream them."""
        columns, rows = exporting.answers(access.actor_of(request), batch_id)
        return _stream(request, columns, rows, f"answers-{batch_id}")


class ExportResults(APIView):
    """The results of an aggregation."""

    @extend_schema(parameters=[FORMAT], responses={(200, "application/x-ndjson"): OpenApiTypes.STR})
    def get(self, request: Request, run_id: UUID) -> Any:
        """Stream them."""
        columns, rows = exporting.results(access.actor_of(request), run_id)
        return _stream(request, columns, rows, f"results-{run_id}")


urlpatterns = [
    path("batches/<uuid:batch_id>/export", ExportAnswers.as_view()),
    path("aggregations/<uuid:run_id>/export", ExportResults.as_view()),
]
