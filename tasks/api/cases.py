"""Cases over HTTP, and gold that was wrong: where a named human decides, and where a requester puts its own mistake right."""

from datetime import datetime
from typing import Any

from django.urls import path
from rest_framework import serializers
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request

from foundation.api.fields import ChoiceField
from foundation.api.filters import ClosedFilters
from tasks import casework, correcting
from tasks.models import Case, GoldChange
from tasks.publishing import own_batch
from workforce import access, aliases
from workforce.api.commands import PostCommand
from workforce.models import Membership


class CaseBody(serializers.ModelSerializer[Case]):
    """Somebody a rule would pause a second time running: what it found, who decides until when, and what was decided."""

    worker = serializers.SerializerMethodField(help_text="As the organisation calls them.")

    class Meta:
        model = Case
        fields = [
            *("id", "worker", "batch_id", "project_id", "organization_id", "rule", "inputs", "threshold", "finding", "waiting"),
            *(
                "currency",
                "daily_micros",
                "paid_micros",
                "opened_at",
                "decide_due_at",
                "state",
                "verdict",
                "reason",
                "decision_id",
            ),
            "ended_at",
        ]

    def get_worker(self, row: Case) -> str:
        """Their alias."""
        return aliases.alias_of(row.worker_id, row.organization_id)


class Cases(ClosedFilters, ListAPIView[Case]):
    """Cases about me, and those of my organisations, newest first."""

    serializer_class = CaseBody
    queryset = Case.objects.none()
    filters = {"state": "state", "project_id": "project_id"}

    def get_queryset(self) -> Any:
        """As far as one may see them."""
        self.queryset = Case.objects.visible_to(access.actor_of(self.request))
        return super().get_queryset()


class OneCase(RetrieveAPIView[Case]):
    """One case."""

    serializer_class = CaseBody
    lookup_url_kwarg = "case_id"

    def get_queryset(self) -> Any:
        """As far as one may see them."""
        return Case.objects.visible_to(access.actor_of(self.request))


class CaseVerdictBody(serializers.Serializer[Any]):
    """What is to happen, and why, as the worker reads it."""

    verdict = ChoiceField(choices=Case.Verdict.choices)
    reason = serializers.CharField(max_length=casework.REASON_MAX_CHARACTERS, help_text="At least 50 characters.")
    until = serializers.DateTimeField(required=False, help_text="Of a pause, and only of one: when it ends, within 90 days.")


class DecideCase(PostCommand):
    """Decide a case by name: nothing, a pause, or an exclusion. Their accuracy is measured afresh whatever you decide."""

    accepts = CaseVerdictBody
    answers = CaseBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Decide it."""
        return casework.decide(access.actor_of(request), path["case_id"], now=now, **data)


class GoldChangeBody(serializers.ModelSerializer[GoldChange]):
    """The receipt of a correction: before and after, why, and what followed, once `applied_at` is set (within minutes)."""

    class Meta:
        model = GoldChange
        fields = [
            *("id", "task_id", "kind", "solution_before", "solution", "reason", "created_at"),
            *("applied_at", "answers", "workers", "lifted"),
        ]


class CorrectionBody(serializers.Serializer[Any]):
    """The right solution, and what was wrong."""

    solution = serializers.JSONField(help_text="As in an upload of gold: {control: value}, or a result list.")
    reason = serializers.CharField(max_length=correcting.REASON_MAX_CHARACTERS)


class CorrectGold(PostCommand):
    """Correct the solution of a gold task: every answer to it is weighed anew, and pauses that would not have happened are lifted."""

    accepts = CorrectionBody
    answers = GoldChangeBody
    status = 201

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Correct it."""
        return correcting.correct(access.actor_of(request), path["task_id"], now=now, **data)


class RetirementBody(serializers.Serializer[Any]):
    """What was wrong."""

    reason = serializers.CharField(max_length=correcting.REASON_MAX_CHARACTERS)


class RetireGold(PostCommand):
    """Let a task be gold no longer: nobody gets it any more, and no answer to it counts for or against anybody."""

    accepts = RetirementBody
    answers = GoldChangeBody
    status = 201

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Retire it."""
        return correcting.retire(access.actor_of(request), path["task_id"], now=now, **data)


class GoldChanges(ClosedFilters, ListAPIView[GoldChange]):
    """The corrections of a batch's gold, with what followed from each."""

    serializer_class = GoldChangeBody
    queryset = GoldChange.objects.none()
    filters = {"kind": "kind", "task_id": "task_id"}

    def get_queryset(self) -> Any:
        """Of a batch of one's own."""
        batch = own_batch(access.actor_of(self.request), self.kwargs["batch_id"], at_least=Membership.Role.VIEWER)
        self.queryset = GoldChange.objects.filter(task__batch=batch)
        return super().get_queryset()


urlpatterns = [
    path("cases", Cases.as_view()),
    path("cases/<uuid:case_id>", OneCase.as_view()),
    path("cases/<uuid:case_id>/resolve", DecideCase.as_view()),
    path("tasks/<uuid:task_id>/correct-gold", CorrectGold.as_view()),
    path("tasks/<uuid:task_id>/retire-gold", RetireGold.as_view()),
    path("batches/<uuid:batch_id>/gold-changes", GoldChanges.as_view()),
]
