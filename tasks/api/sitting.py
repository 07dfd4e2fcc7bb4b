"""Exams in the real interface: set one, sit one."""

from dataclasses import asdict
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
from qualification import examining, item_statistics
from qualification.models import Exam, ExamAttempt
from qualification.scoring import KEY_MAX_CHARACTERS
from tasks import media, sitting
from tasks.labels import interface_of
from workforce import access
from workforce.api.commands import PostCommand, WorkCommand


class NewExam(serializers.Serializer[Any]):
    """An exam with its questions and their solutions."""

    organization_id = serializers.UUIDField()
    skill_id = serializers.UUIDField()
    title = serializers.CharField(max_length=120)
    instructions = serializers.CharField(max_length=50_000, required=False, default="")
    interface = serializers.CharField(max_length=100_000)
    questions = serializers.ListField(child=serializers.DictField(), min_length=1, max_length=examining.QUESTIONS_MAX)
    questions_per_attempt = serializers.IntegerField(min_value=1)
    pass_percent = serializers.IntegerField(min_value=1, max_value=100)
    time_limit_seconds = serializers.IntegerField(min_value=10, max_value=86_400)
    max_attempts = serializers.IntegerField(min_value=1, max_value=1000)
    retry_delay_seconds = serializers.IntegerField(min_value=0, max_value=365 * 86_400)
    valid_days = serializers.IntegerField(min_value=1, max_value=3650, required=False, allow_null=True)
    renewal_days = serializers.IntegerField(min_value=0, max_value=3650, required=False)
    stratified = serializers.BooleanField(required=False)
    label_minimums = serializers.DictField(required=False)
    scoring = serializers.DictField(required=False)
    answer_key = serializers.CharField(required=False, max_length=KEY_MAX_CHARACTERS)
    review_allowed = ChoiceField(choices=Exam.Review.choices, required=False)


class Created(serializers.Serializer[Any]):
    """What was made."""

    id = serializers.UUIDField()


class CreateExam(PostCommand):
    """Set an exam for a skill of one's own."""

    accepts = NewExam
    answers = Created
    status = 201

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Set it."""
        return sitting.create_exam(access.actor_of(request), now=now, **data)


class ExamBody(serializers.ModelSerializer[Exam]):
    """An exam as those who may sit it see it: no questions, no solutions."""

    questions_in_bank = serializers.SerializerMethodField()

    class Meta:
        model = Exam
        fields = [
            "id",
            "organization_id",
            "skill_id",
            "title",
            "instructions",
            "questions_in_bank",
            "questions_per_attempt",
            "pass_percent",
            "time_limit_seconds",
            "max_attempts",
            "retry_delay_seconds",
            "valid_days",
            "renewal_days",
            "label_minimums",
            "review_allowed",
            "closed_at",
            "created_at",
        ]

    def get_questions_in_bank(self, exam: Exam) -> int:
        """How many there are to draw from."""
        return len(exam.questions)


class Exams(ClosedFilters, ListAPIView[Exam], CreateExam):
    """GET lists the exams one may sit or has set, POST sets one."""

    serializer_class = ExamBody
    queryset = Exam.objects.none()
    filters = {"organization_id": "organization_id", "skill_id": "skill_id"}
    http_method_names = ["get", "post", "options"]

    def get_queryset(self) -> Any:
        """One's own, and for workers the open ones."""
        self.queryset = Exam.objects.visible_to(access.actor_of(self.request))
        return super().get_queryset()


class ExamWithQuestions(ExamBody):
    """An exam as its owner sees it."""

    class Meta(ExamBody.Meta):
        fields = [*ExamBody.Meta.fields, "interface", "stratified", "scoring", "questions"]


class OneExam(RetrieveAPIView[Exam]):
    """One exam; with its questions and solutions for those who set it, and for nobody else."""

    lookup_url_kwarg = "exam_id"

    def get_queryset(self) -> Any:
        """One's own, and for workers the open ones."""
        return Exam.objects.visible_to(access.actor_of(self.request))

    def get_serializer_class(self) -> Any:
        """Solutions only for members of the organisation that set it."""
        if getattr(self, "swagger_fake_view", False):
            return ExamBody  # the schema is made without a request, perhaps without a database
        exam = Exam.objects.filter(id=self.kwargs.get("exam_id")).first()
        own = exam is not None and exam.organization_id in access.actor_of(self.request).organization_ids
        return ExamWithQuestions if own else ExamBody


class CloseExam(PostCommand):
    """Take no new attempts."""

    answers = ExamBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Close it."""
        return examining.close(access.actor_of(request), path["exam_id"], now=now)


class AttemptBody(serializers.ModelSerializer[ExamAttempt]):
    """A sitting: its questions while it runs, its score afterwards."""

    interface = serializers.SerializerMethodField()
    instructions = serializers.CharField(source="exam.instructions")
    questions = serializers.SerializerMethodField()
    may_review = serializers.SerializerMethodField()

    class Meta:
        model = ExamAttempt
        fields = [
            "id",
            "exam_id",
            "number",
            "state",
            "interface",
            "instructions",
            "questions",
            "saved",
            "score_percent",
            "short_labels",
            "may_review",
            "started_at",
            "expires_at",
            "submitted_at",
        ]

    def get_interface(self, attempt: ExamAttempt) -> str:
        """Label Studio config XML; addresses of files kept here are signed, and good for a day."""
        return media.config_of(interface_of(attempt.exam.interface), attempt.exam.organization_id)

    def get_questions(self, attempt: ExamAttempt) -> list[dict[str, Any]]:
        """The questions drawn, without their solutions."""
        return sitting.questions_of(attempt)

    def get_may_review(self, attempt: ExamAttempt) -> bool:
        """Are one's errors shown?"""
        return sitting.may_review(attempt)


class StartAttempt(WorkCommand):
    """Begin a sitting; a running one is returned instead of another."""

    answers = AttemptBody
    status = 201

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Begin it."""
        return sitting.start(access.require_worker(access.actor_of(request)), path["exam_id"], now=now)


class OneAttempt(RetrieveAPIView[ExamAttempt]):
    """One of one's own sittings."""

    serializer_class = AttemptBody
    lookup_url_kwarg = "attempt_id"

    def get_queryset(self) -> Any:
        """Mine, and only mine."""
        worker_id = access.require_worker(access.actor_of(self.request))
        return ExamAttempt.objects.filter(worker_id=worker_id).select_related("exam")


class SubmitAttemptRequest(serializers.Serializer[Any]):
    """The answers: question id → Label Studio result list. What was saved counts where there is no other."""

    answers = serializers.DictField(child=serializers.ListField(child=serializers.DictField()), required=False, default=dict)


class SubmitAttempt(WorkCommand):
    """Hand in a sitting."""

    accepts = SubmitAttemptRequest
    answers = AttemptBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Hand it in."""
        worker_id = access.require_worker(access.actor_of(request))
        return sitting.submit(path["attempt_id"], worker_id=worker_id, answers=data["answers"], now=now)


class AttemptLine(serializers.ModelSerializer[ExamAttempt]):
    """A sitting as lists show it."""

    class Meta:
        model = ExamAttempt
        fields = ["id", "exam_id", "number", "state", "score_percent", "started_at", "expires_at", "submitted_at"]


class Attempts(ClosedFilters, ListAPIView[ExamAttempt]):
    """The worker's own sittings, newest first."""

    serializer_class = AttemptLine
    queryset = ExamAttempt.objects.none()
    filters = {"exam_id": "exam_id"}

    def get_queryset(self) -> Any:
        """Mine, and only mine."""
        worker_id = access.require_worker(access.actor_of(self.request))
        self.queryset = ExamAttempt.objects.filter(worker_id=worker_id)
        return super().get_queryset()


class SaveAnswerRequest(serializers.Serializer[Any]):
    """The answer to one question as it stands; an empty list forgets it."""

    question_id = serializers.CharField(max_length=60)
    result = serializers.ListField(child=serializers.DictField())


class SavedAnswer(serializers.Serializer[Any]):
    """What is kept: the questions with a saved answer, and when the sitting ends."""

    saved_ids = serializers.ListField(child=serializers.CharField())
    saved_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class SaveAnswer(WorkCommand):
    """Keep an answer of a running sitting, whole or not. When the time is over, what was saved is graded."""

    accepts = SaveAnswerRequest
    answers = SavedAnswer
    shaped = False
    remembered = False

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Keep it."""
        worker_id = access.require_worker(access.actor_of(request))
        attempt = sitting.save(path["attempt_id"], worker_id=worker_id, now=now, **data)
        return {"saved_ids": sorted(attempt.saved), "saved_at": attempt.saved_at, "expires_at": attempt.expires_at}


class ReviewAttempt(APIView):
    """One's own answers to an ended sitting beside the solutions, as far as the exam's owner shows them."""

    def get(self, request: Request, **path: Any) -> Response:
        """Question by question."""
        worker_id = access.require_worker(access.actor_of(request))
        return Response({"questions": sitting.review(path["attempt_id"], worker_id=worker_id)})


class ExamItems(APIView):
    """How each question of an exam of one's own does: how hard it is, whether it tells people apart, what is answered."""

    def get(self, request: Request, **path: Any) -> Response:
        """Question by question, with flags from a number of sittings on."""
        _, found = examining.item_statistics(access.actor_of(request), path["exam_id"])
        return Response({"sittings_min": item_statistics.SITTINGS_MIN, "items": [asdict(item) for item in found]})


urlpatterns = [
    path("exams", Exams.as_view()),
    path("exams/<uuid:exam_id>", OneExam.as_view()),
    path("exams/<uuid:exam_id>/close", CloseExam.as_view()),
    path("exams/<uuid:exam_id>/attempts", StartAttempt.as_view()),
    path("exams/<uuid:exam_id>/items", ExamItems.as_view()),
    path("attempts", Attempts.as_view()),
    path("attempts/<uuid:attempt_id>", OneAttempt.as_view()),
    path("attempts/<uuid:attempt_id>/save", SaveAnswer.as_view()),
    path("attempts/<uuid:attempt_id>/review", ReviewAttempt.as_view()),
    path("attempts/<uuid:attempt_id>/submit", SubmitAttempt.as_view()),
]
