"""Verdicts: what waits for one, and giving it."""

from datetime import datetime
from typing import Any

from django.urls import path
from rest_framework import serializers
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request

from foundation.api.fields import ChoiceField
from foundation.api.filters import ClosedFilters
from tasks import reviewing
from tasks.models import Answer, Assignment, Batch, BulkAcceptance, Review
from tasks.publishing import own_batch
from workforce import access, aliases
from workforce.api.commands import PostCommand
from workforce.models import Membership


class AnswerBody(serializers.ModelSerializer[Assignment]):
    """An assignment and its answer as the requester sees them; the worker by alias.

    The answer is shown while it counts: page by page this list is an export, and nobody keeps work they did not pay for.
    Operators, who look at rejections, see every answer.
    """

    worker = serializers.SerializerMethodField()
    task_key = serializers.CharField(source="task.key")
    result = serializers.SerializerMethodField()
    label = serializers.SerializerMethodField()  # type: ignore[assignment]  # a field's own label is something else

    class Meta:
        model = Assignment
        fields = [
            "id",
            "task_id",
            "task_key",
            "worker",
            "state",
            "result",
            "label",
            "price_micros",
            "currency",
            "credited_seconds",
            "leased_at",
            "submitted_at",
            "review_due_at",
        ]

    def get_worker(self, row: Assignment) -> str:
        """The alias."""
        return aliases.alias_of(row.worker_id, row.batch.organization_id)

    def get_result(self, row: Assignment) -> list[dict[str, Any]] | None:
        """What was handed in."""
        answer = self._shown(row)
        return answer.result if answer else None

    def get_label(self, row: Assignment) -> dict[str, Any] | None:
        """Its canonical form."""
        answer = self._shown(row)
        return answer.canonical if answer else None

    def _shown(self, row: Assignment) -> Answer | None:
        counted = row.state in Assignment.COUNTED or self.context["request"].user.is_operator
        return getattr(row, "answer", None) if counted else None


class BatchAssignments(ClosedFilters, ListAPIView[Assignment]):
    """The assignments of a batch, newest first; `state=submitted` waits for review."""

    serializer_class = AnswerBody
    queryset = Assignment.objects.none()
    filters = {"state": "state", "task_id": "task_id"}

    def get_queryset(self) -> Any:
        """Of a batch of one's own."""
        batch = own_batch(access.actor_of(self.request), self.kwargs["batch_id"], at_least=Membership.Role.VIEWER)
        self.queryset = Assignment.objects.filter(batch=batch).select_related("task", "answer", "batch")
        return super().get_queryset()


class VerdictBody(serializers.ModelSerializer[Assignment]):
    """Where the answer stands after the verdict."""

    class Meta:
        model = Assignment
        fields = ["id", "state", "price_micros", "currency"]


class AcceptRequest(serializers.Serializer[Any]):
    """A word to the worker, if one likes."""

    comment = serializers.CharField(required=False, allow_blank=True, max_length=5000)


class Accept(PostCommand):
    """Accept an answer, or overturn its rejection: the worker is paid."""

    accepts = AcceptRequest
    answers = VerdictBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Accept it."""
        return reviewing.accept(access.actor_of(request), path["assignment_id"], now=now, **data)


class RejectRequest(serializers.Serializer[Any]):
    """Why: a reason from the list, an explanation the worker reads, and what it points at."""

    reason = ChoiceField(choices=Review.Reason.choices)
    comment = serializers.CharField(max_length=5000, help_text="At least 100 characters.")
    evidence = serializers.DictField()


class Reject(PostCommand):
    """Reject an answer: unpaid, out of every export and aggregate, its place open again."""

    accepts = RejectRequest
    answers = VerdictBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Reject it."""
        return reviewing.reject(access.actor_of(request), path["assignment_id"], now=now, **data)


class BulkAcceptanceBody(serializers.ModelSerializer[BulkAcceptance]):
    """How far accepting everything that waited has got. Poll it until `state` is `done`."""

    state = ChoiceField(choices=["running", "done"], read_only=True)

    class Meta:
        model = BulkAcceptance
        fields = ["id", "batch_id", "state", "waiting", "accepted", "created_at", "ended_at"]


class AcceptSubmitted(PostCommand):
    """Accept everything of a batch that waits for review; many by a job: poll `GET acceptances/<id>`. Asking again meanwhile returns it."""

    answers = BulkAcceptanceBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Accept them."""
        return reviewing.accept_submitted(access.actor_of(request), path["batch_id"], now=now)


class OneBulkAcceptance(RetrieveAPIView[BulkAcceptance]):
    """How far accepting everything that waited in a batch has got."""

    serializer_class = BulkAcceptanceBody
    lookup_url_kwarg = "acceptance_id"

    def get_queryset(self) -> Any:
        """Of batches one may see."""
        return BulkAcceptance.objects.filter(batch__in=Batch.objects.visible_to(access.actor_of(self.request)))


urlpatterns = [
    path("batches/<uuid:batch_id>/assignments", BatchAssignments.as_view()),
    path("batches/<uuid:batch_id>/accept-submitted", AcceptSubmitted.as_view()),
    path("acceptances/<uuid:acceptance_id>", OneBulkAcceptance.as_view()),
    path("assignments/<uuid:assignment_id>/accept", Accept.as_view()),
    path("assignments/<uuid:assignment_id>/reject", Reject.as_view()),
]
