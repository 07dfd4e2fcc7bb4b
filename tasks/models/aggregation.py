"""What was concluded from many answers, and how."""

from django.db import models
from django.db.models import F, Q

from foundation.fields import JSONField
from foundation.ids import new_id
from tasks.models.publishing import Batch
from tasks.models.queue import Task
from workforce.models import User, Worker


class AggregationRun(models.Model):
    """One run of one method over a batch: the operation to poll, and the record of method, versions and a digest of its input."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        REFUSED = "refused"  # the method cannot take this input, and `refusal` says why
        FAILED = "failed"  # our mistake; `refusal` holds the error

    MOVES = {
        State.QUEUED: {State.RUNNING},
        State.RUNNING: {State.RUNNING, State.DONE, State.REFUSED, State.FAILED},  # to itself: taken over from a lost process
    }
    WAITING = [State.QUEUED, State.RUNNING]
    READ = [State.DONE, State.REFUSED]  # ended runs whose figures about the answers stand, whatever the method made of them

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    batch = models.ForeignKey(Batch, models.PROTECT)
    method = models.CharField(max_length=40)
    parameters = JSONField(default=dict)
    use_gold = models.BooleanField(default=True)  # may the method read the known truth?
    state = models.CharField(max_length=20, choices=State.choices, default=State.QUEUED)
    progress = models.CharField(max_length=200, blank=True)
    refusal = JSONField(null=True)  # {"code", "message", "details"}
    versions = JSONField(default=dict)  # of the libraries and of our own code
    input_digest = models.CharField(max_length=64, blank=True)  # SHA-256 over the ordered rows
    labels = models.PositiveIntegerField(null=True)  # rows read
    tasks = models.PositiveIntegerField(null=True)
    workers = models.PositiveIntegerField(null=True)
    ties = models.PositiveIntegerField(null=True)
    agreement = models.FloatField(null=True)  # Krippendorff's alpha of the rows read; None where it cannot be said
    pairwise_agreement = models.FloatField(null=True)  # the share of pairs of answers to one task that are equal
    meaning_version = models.PositiveIntegerField(
        null=True
    )  # agreement is of the answers under guidelines of this meaning, the newest read
    attempts = models.PositiveSmallIntegerField(default=0)  # times a process has started on it; the last one alone may end it
    requested_by = models.ForeignKey(User, models.PROTECT, null=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)  # the last sign of life of the process that runs it
    requeued_at = models.DateTimeField(null=True)  # when it was last put on the queue anew
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index("batch", "created_at", name="runs_of_a_batch")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running", "done", "refused", "failed"]), name="run_state_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["refused", "failed"]) | Q(refusal__isnull=False), name="refused_run_says_why"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.state}"


class Result(models.Model):
    """The one label of a task by a run, with a confidence. A tie is said to be one; its label is then the one crowd-kit chose."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run = models.ForeignKey(AggregationRun, models.PROTECT, db_index=False)
    task = models.ForeignKey(Task, models.PROTECT)
    label = JSONField()  # canonical form
    confidence = models.FloatField(null=True)  # 0..1; None where the method gives none
    is_tie = models.BooleanField()
    tied = JSONField(null=True)  # the labels that tie, in order
    answers = models.PositiveIntegerField()  # how many it rests on

    class Meta:
        constraints = [
            models.UniqueConstraint(F("run"), F("task"), name="result_once_per_run"),
            models.CheckConstraint(
                condition=Q(confidence=None) | Q(confidence__gte=0, confidence__lte=1), name="confidence_0_to_1"
            ),
            models.CheckConstraint(
                condition=Q(is_tie=False, tied=None) | Q(is_tie=True, tied__isnull=False), name="tie_names_its_labels"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task_id} → {self.label}"


class RunSkill(models.Model):
    """How good a run found a worker to be; the scale is the method's own."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run = models.ForeignKey(AggregationRun, models.PROTECT, db_index=False)
    worker = models.ForeignKey(Worker, models.PROTECT)
    skill = models.FloatField()
    answers = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(F("run"), F("worker"), name="skill_once_per_run")]

    def __str__(self) -> str:
        return f"{self.worker_id} {self.skill:.3f}"
