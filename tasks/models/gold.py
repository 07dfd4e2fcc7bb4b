"""What was found out from gold: what answers to it were worth, what changed about it, and whose accuracy is to be looked at."""

from typing import Self

from django.db import models
from django.db.models import F, Q

from foundation.fields import JSONField
from foundation.ids import new_id
from qualification.models import Evidence
from tasks.models.answering import Assignment
from tasks.models.publishing import Batch, Project
from tasks.models.queue import Task
from workforce.access import Actor
from workforce.models import Decision, Organization, User, Worker


class GoldScore(models.Model):
    """What became of one assignment of gold, as evidence. Append-only: a later `number` replaces an earlier one. Written by `weighing`."""

    class Kind(models.TextChoices):
        ANSWERED = "answered"
        GIVEN_BACK = "given_back"  # for the third time running; nothing was handed in

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    assignment = models.ForeignKey(Assignment, models.PROTECT)
    task = models.ForeignKey(Task, models.PROTECT)
    number = models.PositiveSmallIntegerField()  # 1 for the first
    kind = models.CharField(max_length=12, choices=Kind.choices)
    score = models.FloatField()  # against the solution of that time, 0..1
    evidence = models.OneToOneField(Evidence, models.PROTECT)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(F("assignment"), F("number"), name="gold_score_number_once"),
            models.CheckConstraint(condition=Q(score__gte=0, score__lte=1), name="gold_score_0_to_1"),
            models.CheckConstraint(condition=Q(kind__in=["answered", "given_back"]), name="gold_score_kind_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.score} {self.assignment_id}"


class Look(models.Model):
    """Somebody answered gold wrongly: some minutes or some tasks later, their accuracy is held against the batch's bar. Written by `gating`.

    Due at `due_at`, or once they have taken `due_claimed` tasks of the batch, whichever is sooner. Both are random, so that a pause does not
    say which of the answers before it was a test; the second stops whoever answers anything in two seconds before they have done hundreds.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    worker = models.ForeignKey(Worker, models.PROTECT)
    batch = models.ForeignKey(Batch, models.PROTECT)
    window = models.PositiveIntegerField()
    due_at = models.DateTimeField(db_index=True)
    due_claimed = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(F("worker"), F("batch"), F("window"), name="one_look_ahead")]

    def __str__(self) -> str:
        return f"{self.worker_id} at {self.due_at}"


class GoldChange(models.Model):
    """The truth of a task was corrected, or the task retired as gold: by whom, why, and what followed. The receipt of `correcting`."""

    class Kind(models.TextChoices):
        CORRECTED = "corrected"
        RETIRED = "retired"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    task = models.ForeignKey(Task, models.PROTECT)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    solution_before = JSONField()
    solution = JSONField(null=True)  # in canonical form; None where it was retired
    reason = models.TextField()
    changed_by = models.ForeignKey(User, models.PROTECT)
    created_at = models.DateTimeField()
    # what followed, when the job was through
    applied_at = models.DateTimeField(null=True)
    answers = models.PositiveIntegerField(default=0)  # whose worth changed, or no longer counts
    workers = models.PositiveIntegerField(default=0)  # who were told
    lifted = models.PositiveIntegerField(default=0)  # pauses that would not have happened

    class Meta:
        indexes = [models.Index("created_at", condition=Q(applied_at=None), name="gold_change_to_apply")]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="corrected", solution__isnull=False) | Q(kind="retired", solution=None),
                name="correction_has_a_solution",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="gold_change_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.task_id}"


class CaseQuerySet(models.QuerySet["Case"]):
    """Cases, as someone may see them."""

    def visible_to(self, actor: Actor) -> Self:
        """Those about oneself as a worker, and those of one's organisations; operators see all."""
        about_me = Q(worker_id=actor.worker_id) if actor.worker_id else Q(pk=None)
        return self if actor.is_operator else self.filter(about_me | Q(organization_id__in=actor.organization_ids))


class Case(models.Model):
    """A rule would pause somebody a second time running: a named human looks first. Written by `casework`.

    Until then the worker works on, or is paid for the waiting. Nobody speaks in time: nothing happens to them.
    """

    class State(models.TextChoices):
        OPEN = "open"
        DECIDED = "decided"  # by a named human
        LAPSED = "lapsed"  # nobody decided in time: it stands for nothing
        MOOT = "moot"  # gold was corrected, and the rule would not have opened it

    MOVES = {State.OPEN: {State.DECIDED, State.LAPSED, State.MOOT}}

    class Waiting(models.TextChoices):
        WORK = "work"  # new tasks as before
        PAID = "paid"  # no new tasks, and pay for the waiting

    class Verdict(models.TextChoices):
        NOTHING = "nothing"
        PAUSE = "pause"
        EXCLUDE = "exclude"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    worker = models.ForeignKey(Worker, models.PROTECT)
    batch = models.ForeignKey(Batch, models.PROTECT)
    project = models.ForeignKey(Project, models.PROTECT)
    organization = models.ForeignKey(Organization, models.PROTECT)
    window = models.PositiveIntegerField()  # of the estimate
    rule = models.CharField(max_length=60)
    inputs = JSONField(default=dict)
    threshold = JSONField(default=dict)
    finding = models.TextField()  # in words the worker reads
    waiting = models.CharField(max_length=4, choices=Waiting.choices)
    currency = models.CharField(max_length=3)
    daily_micros = models.BigIntegerField(default=0)  # what a day of waiting is paid
    hold_id = models.UUIDField(null=True)  # the money held for it
    paid_micros = models.BigIntegerField(default=0)
    opened_at = models.DateTimeField()
    decide_due_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    verdict = models.CharField(max_length=10, choices=Verdict.choices, blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True)
    reason = models.TextField(blank=True)
    decision = models.OneToOneField(Decision, models.PROTECT, null=True)  # the pause or exclusion it ended in
    ended_at = models.DateTimeField(null=True)

    objects = CaseQuerySet.as_manager()

    class Meta:
        indexes = [models.Index("decide_due_at", condition=Q(state="open"), name="case_due")]
        constraints = [
            models.UniqueConstraint(F("worker"), F("project"), condition=Q(state="open"), name="one_open_case"),
            models.CheckConstraint(condition=Q(state__in=["open", "decided", "lapsed", "moot"]), name="case_state_is_known"),
            models.CheckConstraint(
                condition=~Q(state="decided")
                | Q(decided_by__isnull=False, ended_at__isnull=False) & ~Q(reason="") & ~Q(verdict=""),
                name="case_is_decided_by_a_person",
            ),
            models.CheckConstraint(condition=Q(waiting="work") | Q(hold_id__isnull=False), name="paid_waiting_has_its_money"),
        ]

    def __str__(self) -> str:
        return f"{self.state} case of {self.worker_id}"
