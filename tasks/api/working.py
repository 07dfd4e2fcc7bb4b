"""What annotators call all day: claim, sign of life, hand in, give back; and their own assignments."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from foundation.api.commands import idempotency_key
from foundation.api.fields import ChoiceField
from foundation.api.filters import ClosedFilters
from tasks import answering, assigning, desk, drafting, framing, media, my_work, reading
from tasks.models import Assignment, GuidelineReading, Review
from workforce import access
from workforce.api.commands import WorkCommand

MAX_SET = 50  # tasks in one claim; a batch allows as many as its lease_size


class ClaimBody(serializers.Serializer[Any]):
    """How many tasks, or which one."""

    count = serializers.IntegerField(min_value=1, max_value=MAX_SET, default=1)
    task_id = serializers.UUIDField(
        required=False, help_text="The `public_id` of a task, as its requester told it. Only where the batch lets workers choose."
    )


class LeaseBody(serializers.Serializer[Any]):
    """A task in the worker's hands, with the contract that holds until it is paid."""

    id = serializers.UUIDField(help_text="The assignment.")
    token = serializers.UUIDField(help_text="Send it with every heartbeat, submit and return of this assignment.")
    payload = serializers.JSONField(help_text="Addresses of files kept here are signed, and good for a day.")
    prelabel = serializers.JSONField(allow_null=True, help_text="A result list to start from.")
    interface = serializers.CharField(help_text="Label Studio config XML, or a page in Mechanical Turk's format.")
    frame_address = serializers.CharField(allow_null=True, help_text="Where such a page is shown; null for the editor.")
    guideline_id = serializers.UUIDField()
    price_micros = serializers.IntegerField()
    currency = serializers.CharField()
    leased_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class LeasesBody(serializers.Serializer[Any]):
    """The tasks leased; none when there is nothing left for this worker now."""

    assignments = LeaseBody(many=True)


class Claim(WorkCommand):
    """Take the next task of a batch (or several, or a chosen one). The same Idempotency-Key returns the same leases."""

    accepts = ClaimBody
    answers = LeasesBody
    shaped = False
    remembered = False  # the key is kept on the assignments

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Call the claim for the worker who asks."""
        actor = access.actor_of(request)
        leases = assigning.claim_next(
            access.require_worker(actor),
            standing=actor.standing or 0,
            batch_id=path["batch_id"],
            now=now,
            count=data["count"],
            task_id=framing.task_id_of(data["task_id"]) if "task_id" in data else None,
            claim_key=idempotency_key(request),
        )
        return {"assignments": [desk.shown(lease, site=request.build_absolute_uri("/").rstrip("/")) for lease in leases]}


class LeaseTokenBody(serializers.Serializer[Any]):
    """Proof of holding the lease."""

    token = serializers.UUIDField()


class BegunBody(serializers.Serializer[Any]):
    """From when to when the lease now runs."""

    id = serializers.UUIDField()
    leased_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class Begin(WorkCommand):
    """Say that you open a task: its clock and its time limit start now, also if you took it some time ahead. Counts once."""

    accepts = LeaseTokenBody
    answers = BegunBody
    remembered = False  # only the first time changes anything

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Start its clock."""
        worker_id = access.require_worker(access.actor_of(request))
        return answering.begin(path["assignment_id"], worker_id=worker_id, token=data["token"], now=now)


class BeatBody(serializers.Serializer[Any]):
    """How long the lease now runs."""

    id = serializers.UUIDField()
    expires_at = serializers.DateTimeField()


class Heartbeat(WorkCommand):
    """Say that you are at work on it, every 15 seconds while you are: it extends the lease and is how your time is counted."""

    accepts = LeaseTokenBody
    answers = BeatBody
    remembered = False  # a sign of life twice is a sign of life

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Note the sign of life."""
        worker_id = access.require_worker(access.actor_of(request))
        return answering.heartbeat(path["assignment_id"], worker_id=worker_id, token=data["token"], now=now)


class SubmitBody(serializers.Serializer[Any]):
    """The answer, in Label Studio's result format."""

    token = serializers.UUIDField()
    result = serializers.JSONField(help_text="A Label Studio result list.")
    seconds = serializers.FloatField(
        min_value=0, max_value=86_400, required=False, help_text="How long it took you, if our clock missed some of it."
    )


class SubmissionBody(serializers.Serializer[Any]):
    """What became of the answer."""

    assignment_id = serializers.UUIDField()
    state = serializers.CharField()
    credited_seconds = serializers.FloatField()
    price_micros = serializers.IntegerField(help_text="Held until it is accepted; 0 when it came too late to be used.")
    currency = serializers.CharField()


class Submit(WorkCommand):
    """Hand in an answer. The same answer again returns the first outcome; another one is refused."""

    accepts = SubmitBody
    answers = SubmissionBody
    shaped = False
    remembered = False  # an assignment has one answer

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Hand it in for the worker who asks."""
        worker_id = access.require_worker(access.actor_of(request))
        submission = answering.submit(
            path["assignment_id"],
            worker_id=worker_id,
            token=data["token"],
            result=data["result"],
            now=now,
            self_reported_seconds=data.get("seconds"),
        )
        return vars(submission)


class ReturnBody(serializers.Serializer[Any]):
    """Proof of holding the lease, and why it is given back: not asked of anyone, and useful to the requester."""

    token = serializers.UUIDField()
    reason = ChoiceField(choices=Assignment.ReturnReason.choices, required=False, default="")
    comment = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class Return(WorkCommand):
    """Give a task back. Its place goes to others; you get it once more at most, when nobody else may take it. Nothing is held against you."""

    accepts = ReturnBody
    remembered = False  # given back is given back

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Give it back for the worker who asks."""
        worker_id = access.require_worker(access.actor_of(request))
        row = assigning.return_task(path["assignment_id"], worker_id=worker_id, now=now, **data)
        return {"id": row.id, "state": row.state}


class DraftBody(serializers.Serializer[Any]):
    """An unfinished answer."""

    token = serializers.UUIDField()
    result = serializers.JSONField(help_text="A result list, unfinished as it may be.")
    base_revision = serializers.IntegerField(min_value=0, help_text="The revision it goes on from; 0 for none.")


class SavedBody(serializers.Serializer[Any]):
    """How it now stands."""

    assignment_id = serializers.UUIDField()
    revision = serializers.IntegerField()
    saved_at = serializers.DateTimeField()


class SaveDraft(WorkCommand):
    """Keep work in progress. Saving over a revision you have not seen is refused, with the newer draft in the details."""

    accepts = DraftBody
    answers = SavedBody
    remembered = False  # the same content over the same revision is the same draft

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Keep it for the worker who asks."""
        worker_id = access.require_worker(access.actor_of(request))
        return drafting.save(path["assignment_id"], worker_id=worker_id, now=now, **data)


class MyAssignmentBody(serializers.ModelSerializer[Assignment]):
    """An assignment as its worker sees it: nothing in it tells whether the task is gold."""

    class Meta:
        model = Assignment
        fields = [
            "id",
            "batch_id",
            "project_id",
            "state",
            "price_micros",
            "currency",
            "guideline_id",
            "leased_at",
            "expires_at",
            "submitted_at",
            "credited_seconds",
            "return_reason",
            "review_due_at",
            "ended_at",
        ]


class MyAssignments(ClosedFilters, ListAPIView[Assignment]):
    """The worker's own assignments, newest first."""

    serializer_class = MyAssignmentBody
    queryset = Assignment.objects.none()
    filters = {"state": "state", "batch_id": "batch_id"}

    def get_queryset(self) -> Any:
        """Mine, and only mine."""
        self.queryset = Assignment.objects.filter(worker_id=access.require_worker(access.actor_of(self.request)))
        return super().get_queryset()


class VerdictOnMineBody(serializers.ModelSerializer[Review]):
    """A verdict on an answer, as its worker reads it."""

    by_a_person = serializers.SerializerMethodField(help_text="Otherwise nobody had reviewed it by its deadline.")

    class Meta:
        model = Review
        fields = ["number", "verdict", "by_a_person", "reason", "comment", "evidence", "created_at"]

    def get_by_a_person(self, row: Review) -> bool:
        """Whether somebody decided."""
        return row.reviewer_id is not None


class MyAnswerBody(serializers.Serializer[Any]):
    """One assignment with its whole story; nothing in it tells whether the task is gold."""

    assignment = MyAssignmentBody(source="row")
    payload = serializers.SerializerMethodField(help_text="Addresses of files kept here are signed, and good for a day.")
    result = serializers.JSONField(source="answer.result", default=None, help_text="What was handed in; null if nothing was.")
    reviews = VerdictOnMineBody(many=True)
    decision_id = serializers.UUIDField(
        source="decision.id", default=None, help_text="The decision to reject it, if one was made."
    )
    paid_micros = serializers.IntegerField()
    held_micros = serializers.IntegerField()

    def get_payload(self, found: dict[str, Any]) -> Any:
        """What the task shows."""
        row = found["row"]
        interface = answering.interface_of_project(row.project_id)
        return media.payload_of(interface, row.task.payload, media.owner_of_project(row.project_id))


class MyAssignment(APIView):
    """One of the worker's own assignments: the task, the answer, every verdict, what was paid."""

    @extend_schema(responses=MyAnswerBody)
    def get(self, request: Request, assignment_id: UUID) -> Response:
        """Mine, and only mine."""
        found = my_work.one(access.require_worker(access.actor_of(request)), assignment_id)
        told = MyAnswerBody(found).data
        return Response(told.pop("assignment") | told)


class ReadingBody(serializers.ModelSerializer[GuidelineReading]):
    """A reading of a guideline."""

    class Meta:
        model = GuidelineReading
        fields = ["id", "guideline_id", "began_at", "read_at"]


class BeginReading(WorkCommand):
    """Say that you open a guideline to read it: from now on the time counts, once per version."""

    answers = ReadingBody
    status = 201

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Note it."""
        return reading.begin(access.actor_of(request), path["guideline_id"], now=now)


class FinishReading(WorkCommand):
    """Say that you have read it: the time since you opened it is credited, up to ten minutes."""

    answers = ReadingBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Credit it."""
        return reading.finish(access.actor_of(request), path["guideline_id"], now=now)


urlpatterns = [
    path("guidelines/<uuid:guideline_id>/begin-reading", BeginReading.as_view()),
    path("guidelines/<uuid:guideline_id>/finish-reading", FinishReading.as_view()),
    path("batches/<uuid:batch_id>/claim", Claim.as_view()),
    path("assignments", MyAssignments.as_view()),
    path("assignments/<uuid:assignment_id>", MyAssignment.as_view()),
    path("assignments/<uuid:assignment_id>/begin", Begin.as_view()),
    path("assignments/<uuid:assignment_id>/heartbeat", Heartbeat.as_view()),
    path("assignments/<uuid:assignment_id>/submit", Submit.as_view()),
    path("assignments/<uuid:assignment_id>/draft", SaveDraft.as_view()),
    path("assignments/<uuid:assignment_id>/return", Return.as_view()),
]
