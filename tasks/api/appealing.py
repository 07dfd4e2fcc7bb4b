"""Appeals over HTTP: filing, reading, withdrawing, and the verdict."""

from datetime import datetime
from typing import Any

from django.urls import path
from rest_framework import serializers
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request

from foundation.api.fields import ChoiceField
from foundation.api.filters import ClosedFilters
from tasks import appealing
from workforce import access, appeals
from workforce.api.commands import PostCommand, WorkCommand
from workforce.api.serializers import BY, DecisionBody, who_decided
from workforce.api.talking import TextRequest
from workforce.models import Appeal


class AppealBody(serializers.ModelSerializer[Appeal]):
    """An appeal, its deadlines and its verdict; its words stand in the conversation `thread_id`."""

    decided_by = serializers.SerializerMethodField(
        allow_null=True, help_text=f"Null while it is open, and for one that was withdrawn. {BY}"
    )

    class Meta:
        model = Appeal
        fields = [
            *("id", "decision_id", "thread_id", "state", "filed_at", "answer_due_at", "decide_due_at"),
            *("decided_at", "decided_by", "rule", "reason"),
        ]

    def get_decided_by(self, row: Appeal) -> str | None:
        """Who, as far as it is told."""
        if row.state in (Appeal.State.OPEN, Appeal.State.WITHDRAWN):
            return None
        return who_decided(row.decided_by_id, row.decision.organization_id)


class WholeAppealBody(AppealBody):
    """An appeal with the decision it is about."""

    decision = DecisionBody(read_only=True)

    class Meta(AppealBody.Meta):
        fields = [*AppealBody.Meta.fields, "decision"]


class VerdictRequest(serializers.Serializer[Any]):
    """The verdict, and why, as the worker reads it."""

    verdict = ChoiceField(choices=[(Appeal.State.UPHELD, "upheld"), (Appeal.State.OVERTURNED, "overturned")])
    reason = serializers.CharField(max_length=appeals.REASON_MAX_CHARACTERS, help_text="At least 50 characters.")


class Appeals(ClosedFilters, ListAPIView[Appeal]):
    """My appeals, and those against my organisations' decisions."""

    serializer_class = AppealBody
    queryset = Appeal.objects.none()
    filters = {"state": "state", "decision_id": "decision_id"}

    def get_queryset(self) -> Any:
        """As far as one may see them."""
        self.queryset = Appeal.objects.visible_to(access.actor_of(self.request))
        return super().get_queryset()


class OneAppeal(RetrieveAPIView[Appeal]):
    """An appeal with the decision it is about."""

    serializer_class = WholeAppealBody
    lookup_url_kwarg = "appeal_id"

    def get_queryset(self) -> Any:
        """As far as one may see them."""
        return Appeal.objects.visible_to(access.actor_of(self.request)).select_related("decision")


class File(WorkCommand):
    """Appeal a decision about me: somebody else looks at it within a week, or it falls."""

    accepts = TextRequest
    answers = AppealBody
    status = 201

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """File it."""
        return appealing.file(access.actor_of(request), path["decision_id"], now=now, **data)


class Withdraw(WorkCommand):
    """Take an appeal of mine back, for good."""

    answers = AppealBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Take it back."""
        return appeals.withdraw(access.actor_of(request), path["appeal_id"], now=now)


class Decide(PostCommand):
    """Give the verdict on an appeal (managers and operators who did not make the decision)."""

    accepts = VerdictRequest
    answers = AppealBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Give it."""
        return appealing.decide(access.actor_of(request), path["appeal_id"], now=now, **data)


urlpatterns = [
    path("decisions/<uuid:decision_id>/appeal", File.as_view()),
    path("appeals", Appeals.as_view()),
    path("appeals/<uuid:appeal_id>", OneAppeal.as_view()),
    path("appeals/<uuid:appeal_id>/withdraw", Withdraw.as_view()),
    path("appeals/<uuid:appeal_id>/decide", Decide.as_view()),
]
