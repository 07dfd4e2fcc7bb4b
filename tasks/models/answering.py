"""A worker holds a task, hands in an answer, and someone reviews it."""

from typing import Any

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from foundation.fields import JSONField
from foundation.ids import new_id
from tasks.models.publishing import Batch, Guideline, Project
from tasks.models.queue import Task
from workforce.models import User, Worker


class InstantMultirange(models.Field):  # type: ignore[type-arg]  # subscriptable in the stubs only
    """PostgreSQL's tstzmultirange: a set of instants, kept merged. Read and written as psycopg's Multirange."""

    def db_type(self, connection: Any) -> str:
        """The column's type."""
        return "tstzmultirange"


class Assignment(models.Model):
    """A worker holds or held a task. Its time limit is the lease; its `token` fences off whoever lost it. Ends, is never deleted.

    The contract (price, guideline, review time) is frozen when the worker takes it. `active` gathers the time in which the
    worker showed signs of life, by the server's clock.
    """

    class State(models.TextChoices):
        LEASED = "leased"
        SUBMITTED = "submitted"
        ACCEPTED = "accepted"
        REJECTED = "rejected"  # unpaid, and out of every export and aggregate
        RETURNED = "returned"  # given back by the worker
        EXPIRED = "expired"
        LATE = "late"  # handed in after its place was taken by another; kept, unused

    MOVES = {
        State.LEASED: {State.SUBMITTED, State.RETURNED, State.EXPIRED},
        State.SUBMITTED: {State.ACCEPTED, State.REJECTED},
        State.REJECTED: {State.ACCEPTED, State.LATE},  # overturned: counted again, or paid and kept where the place was refilled
        State.EXPIRED: {State.SUBMITTED, State.LATE},
    }
    WITHOUT_ANSWER = [State.RETURNED, State.EXPIRED]  # ended, and may be worked on anew
    COUNTED = [State.SUBMITTED, State.ACCEPTED]  # what exports and aggregates may use

    class ReturnReason(models.TextChoices):
        CANNOT_TELL = "cannot_tell", _("I cannot tell the right answer")
        BROKEN = "broken", _("Something does not load or does not work")
        UNCLEAR = "unclear", _("The guideline does not say what to do")
        UNCOMFORTABLE = "uncomfortable", _("I do not want to see this")
        OTHER = "other", _("Another reason")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    task = models.ForeignKey(Task, models.PROTECT, db_index=False)
    worker = models.ForeignKey(Worker, models.PROTECT, db_index=False)
    # Copied from the task by the claim itself; a foreign key would lock these two rows for every single claim.
    project = models.ForeignKey(Project, models.PROTECT, db_constraint=False, db_index=False)
    batch = models.ForeignKey(Batch, models.PROTECT, db_constraint=False, db_index=False)
    state = models.CharField(max_length=20, choices=State.choices, default=State.LEASED)
    token = models.UUIDField(default=new_id)
    gold_try = models.PositiveSmallIntegerField(default=0, db_default=0)  # of gold: 1, and one more each time it was given back
    weighed_at = models.DateTimeField(null=True)  # when `weighing` looked at what became of it; of gold only
    claim_key = models.CharField(max_length=110, null=True)  # noqa: DJ001 - the Idempotency-Key of the claim, and which of its tasks
    # the contract
    price_micros = models.BigIntegerField()
    fee_micros = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    guideline = models.ForeignKey(Guideline, models.PROTECT, db_constraint=False, db_index=False)
    review_seconds = models.PositiveIntegerField()
    # what happened when
    leased_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True)  # the last sign of life
    active = InstantMultirange(null=True)
    submitted_at = models.DateTimeField(null=True)
    credited_seconds = models.FloatField(null=True)  # None: nobody has looked yet, at an answer or at time without one
    review_due_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    return_reason = models.CharField(max_length=20, choices=ReturnReason.choices, blank=True, db_default="")  # if they said why
    return_comment = models.CharField(max_length=500, blank=True, db_default="")

    class Meta:
        indexes = [
            models.Index("worker", "id", name="assignment_by_worker"),
            models.Index(
                *("worker", "state", "id"),
                condition=Q(state__in=["submitted", "rejected", "late", "returned", "expired"]),
                name="assignment_by_worker_and_state",
            ),
            models.Index("batch", "id", name="assignment_by_batch"),
            models.Index("worker", condition=Q(state="leased"), name="lease_by_worker"),
            models.Index("batch", "expires_at", condition=Q(state="leased"), name="lease_by_expiry"),
            models.Index("worker", "batch", "task", condition=Q(state__in=["returned", "expired"]), name="let_go_by_worker"),
            models.Index("review_due_at", condition=Q(state="submitted"), name="waiting_for_review"),
            models.Index("worker", "ended_at", condition=Q(state__in=["returned", "expired"]), name="ended_without_answer"),
            models.Index(
                "ended_at",
                condition=Q(state__in=["returned", "expired"], credited_seconds__isnull=True),
                name="lost_time_to_settle",
            ),
            models.Index(
                "batch", condition=Q(gold_try__gt=0, weighed_at=None) & ~Q(state="leased"), name="waiting_to_be_weighed"
            ),
            models.Index("batch", "ended_at", condition=Q(state="rejected"), name="rejected_by_batch"),
            models.Index("batch", "id", condition=Q(state="submitted"), name="submitted_by_batch"),
            models.Index("worker", "submitted_at", condition=Q(submitted_at__isnull=False), name="handed_in_by_worker"),
        ]
        constraints = [
            models.UniqueConstraint(
                F("task"), F("worker"), condition=~Q(state__in=["returned", "expired"]), name="worker_has_task_once"
            ),
            # in the order of bytes, so that the leases of one claim, which share the beginning of their keys, stand together
            models.UniqueConstraint(
                F("worker"),
                OpClass(F("claim_key"), "varchar_pattern_ops"),
                condition=Q(claim_key__isnull=False),
                name="claim_once_per_key",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["leased", "submitted", "accepted", "rejected", "returned", "expired", "late"]),
                name="assignment_state_is_known",
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=F("leased_at")), name="lease_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(state__in=["leased", "returned", "expired"]) | Q(submitted_at__isnull=False),
                name="submitted_work_has_its_instant",
            ),
            models.CheckConstraint(condition=Q(gold_try__lte=3), name="gold_is_tried_thrice_at_most"),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.task_id}"


class Draft(models.Model):
    """Work in progress on a task, kept so that a reload, a crash or another device loses nothing. Written by `drafting`.

    `revision` counts the saves: a page that saves over a revision it has not seen is told, and nothing of the other is lost.
    """

    assignment = models.OneToOneField(Assignment, models.CASCADE, primary_key=True)
    result = JSONField()  # in the editor's result format, unfinished as it may be
    revision = models.PositiveIntegerField()
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(revision__gte=1), name="draft_was_saved")]

    def __str__(self) -> str:
        return f"draft {self.revision} of {self.assignment_id}"


class Answer(models.Model):
    """What a worker handed in. Append-only: a correction is a review, not an edit."""

    assignment = models.OneToOneField(Assignment, models.PROTECT, primary_key=True)
    result = JSONField()  # Label Studio's result format, as it came
    canonical = JSONField()  # what the label family makes of it: equal answers are equal here
    digest = models.BinaryField(max_length=32)  # SHA-256 of `result`: is a second hand-in the same?
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"answer to {self.assignment_id}"


class Review(models.Model):
    """An answer was accepted or rejected, by whom and why. Append-only; a later one may overturn a rejection."""

    class Verdict(models.TextChoices):
        ACCEPT = "accept"
        REJECT = "reject"

    class Reason(models.TextChoices):
        INSTRUCTIONS_NOT_FOLLOWED = "instructions_not_followed", _("The instructions were not followed")
        LOW_EFFORT = "low_effort", _("Too little care")
        FAILED_CHECKS = "failed_checks", _("Too many known questions answered wrongly")
        TOO_FAST = "too_fast", _("Faster than anybody can do it")
        NOT_THE_WORKERS_OWN = "not_the_workers_own", _("Not the worker's own work")
        UNUSABLE = "unusable", _("It cannot be used")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    assignment = models.ForeignKey(Assignment, models.PROTECT)
    number = models.PositiveSmallIntegerField()  # 1 for the first verdict
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    reviewer = models.ForeignKey(User, models.PROTECT, null=True)  # None: the deadline accepted it
    reason = models.CharField(max_length=40, choices=Reason.choices, blank=True)
    comment = models.TextField(blank=True)
    evidence = JSONField(null=True)  # what the reason points at
    beyond_share = models.BooleanField(default=False, db_default=False)  # a rejection over the batch's share: few are free
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index("created_at", condition=Q(beyond_share=True), name="rejected_beyond_share")]
        constraints = [
            models.UniqueConstraint(F("assignment"), F("number"), name="review_number_once"),
            models.CheckConstraint(condition=Q(verdict__in=["accept", "reject"]), name="verdict_is_known"),
            models.CheckConstraint(
                condition=~Q(verdict="reject")
                | Q(reviewer__isnull=False, comment__regex=r"^.{100,}$", evidence__isnull=False) & ~Q(reason=""),
                name="rejection_is_explained",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} {self.assignment_id}"


class BulkAcceptance(models.Model):
    """Everything of a batch that waits for review is accepted, in chunks: the operation to poll. Written by `reviewing`."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    batch = models.ForeignKey(Batch, models.PROTECT)
    requested_by = models.ForeignKey(User, models.PROTECT)
    waiting = models.PositiveIntegerField()  # when it was asked for
    accepted = models.PositiveIntegerField(
        default=0
    )  # so far, with what came in before the last chunk; others may accept some, too
    created_at = models.DateTimeField()
    seen_at = models.DateTimeField()  # of the last chunk
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(F("batch"), condition=Q(ended_at=None), name="one_acceptance_of_a_batch_at_a_time")
        ]

    def __str__(self) -> str:
        return f"{self.accepted} of {self.waiting} accepted"

    @property
    def state(self) -> str:
        """Running, or done."""
        return "running" if self.ended_at is None else "done"
