"""Asking and flagging over HTTP; what was clarified, and which tasks are flagged."""

from datetime import datetime
from typing import Any

from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from foundation.api.fields import ChoiceField
from tasks import asking
from workforce import access, threads
from workforce.api.commands import WorkCommand
from workforce.api.talking import ClarificationBody, TextRequest, WholeThreadBody
from workforce.models import Thread


class AskRequest(TextRequest):
    """A question; `began` is what `POST questions/begin` answered, and credits the time of writing."""

    began = serializers.CharField(required=False, allow_blank=True, max_length=300)


class FlagRequest(serializers.Serializer[Any]):
    """What is wrong with the task."""

    reason = ChoiceField(choices=Thread.Reason.choices)
    comment = serializers.CharField(required=False, allow_blank=True, default="", max_length=threads.TEXT_MAX_CHARACTERS)


class BeginQuestion(WorkCommand):
    """Say that I begin to write a question: the time until it is sent is credited, up to five minutes."""

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """The server's word for the instant."""
        return {"began": asking.opened(access.require_worker(access.actor_of(request)), now=now)}


class AskAboutTask(WorkCommand):
    """Ask about a task I hold or held."""

    accepts = TextRequest
    answers = WholeThreadBody
    status = 201

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Ask it."""
        return asking.about_assignment(access.actor_of(request), path["assignment_id"], now=now, **data)


class Flag(WorkCommand):
    """Flag a task I hold or held; once per task."""

    accepts = FlagRequest
    answers = WholeThreadBody
    status = 201

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Flag it."""
        return asking.flag(access.actor_of(request), path["assignment_id"], now=now, **data)


class AskAboutJob(WorkCommand):
    """Ask about a job or its guideline."""

    accepts = AskRequest
    answers = WholeThreadBody
    status = 201

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Ask it."""
        return asking.about_batch(access.actor_of(request), path["batch_id"], now=now, **data)


class AskAboutDecision(WorkCommand):
    """Ask about a decision about me, without appealing it."""

    accepts = AskRequest
    answers = WholeThreadBody
    status = 201

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Ask it."""
        return asking.about_decision(access.actor_of(request), path["decision_id"], now=now, **data)


class Clarifications(APIView):
    """Questions and answers published for everybody who works on a job."""

    def get(self, request: Request, batch_id: Any) -> Response:
        """Oldest first."""
        rows = asking.clarifications_for(access.actor_of(request), batch_id)
        return Response({"results": ClarificationBody(rows, many=True).data})


class Flags(APIView):
    """The flagged tasks of one of one's batches, most flagged first, with counts per reason."""

    def get(self, request: Request, batch_id: Any) -> Response:
        """As counted now."""
        return Response({"results": asking.flags_of(access.actor_of(request), batch_id)})


urlpatterns = [
    path("questions/begin", BeginQuestion.as_view()),
    path("assignments/<uuid:assignment_id>/questions", AskAboutTask.as_view()),
    path("assignments/<uuid:assignment_id>/flag", Flag.as_view()),
    path("batches/<uuid:batch_id>/questions", AskAboutJob.as_view()),
    path("batches/<uuid:batch_id>/clarifications", Clarifications.as_view()),
    path("batches/<uuid:batch_id>/flags", Flags.as_view()),
    path("decisions/<uuid:decision_id>/questions", AskAboutDecision.as_view()),
]
