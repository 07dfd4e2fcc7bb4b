"""What was found out from gold: what answers to it were worth, what changed about it, and whose accuracy is to be looked at."""

from django.db import models
from django.db.models import F, Q

from foundation.ids import new_id
from qualification.models import Evidence
from tasks.models.answering import Assignment
from tasks.models.publishing import Batch
from tasks.models.queue import Task
from workforce.models import Worker


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
    """Somebody answered gold wrongly: at `due_at`, some minutes later, their accuracy is held against the batch's bar. Written by `gating`.

    The wait is random, so that a pause does not say which of the answers before it was a test.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    worker = models.ForeignKey(Worker, models.PROTECT)
    batch = models.ForeignKey(Batch, models.PROTECT)
    window = models.PositiveIntegerField()
    due_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(F("worker"), F("batch"), F("window"), name="one_look_ahead")]

    def __str__(self) -> str:
        return f"{self.worker_id} at {self.due_at}"
