"""The queue of a batch: its tasks, and the gold among them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from foundation.fields import JSONField
from foundation.ids import new_id
from tasks.models.publishing import Batch, Project


class Task(models.Model):
    """A question for people. `need` answers are still to be handed out, `done` have come in.

    Within a batch tasks stand in three lanes, each ordered by `position`: urgent ones are read first, ordinary ones through each
    worker's cursor, gold by the gold policy. A task that re-opens moves to the tail, so that no cursor has passed it.
    """

    class Lane(models.IntegerChoices):
        ORDINARY = 0
        URGENT = 1
        GOLD = 2

    class State(models.TextChoices):
        OPEN = "open"
        COMPLETE = "complete"  # every wanted answer is in
        CANCELLED = "cancelled"

    MOVES = {State.OPEN: {State.COMPLETE, State.CANCELLED}, State.COMPLETE: {State.OPEN}}

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(Project, models.PROTECT, db_index=False)
    batch = models.ForeignKey(Batch, models.PROTECT, db_index=False)
    key = models.CharField(max_length=200)  # the requester's own name for it
    payload = JSONField()
    lane = models.PositiveSmallIntegerField(choices=Lane.choices, default=Lane.ORDINARY)
    position = models.BigIntegerField()
    overlap = models.PositiveIntegerField()
    need = models.IntegerField()
    done = models.IntegerField(default=0)
    state = models.CharField(max_length=20, choices=State.choices, default=State.OPEN)
    reserved_for = ArrayField(models.UUIDField(), null=True)  # only these workers may take it
    unavailable_for = ArrayField(models.UUIDField(), null=True)  # these may not
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index("project", "batch", "lane", "position", condition=Q(need__gt=0), name="task_queue"),
            models.Index("batch", "position", condition=Q(lane=2), name="gold_of_batch"),
        ]
        constraints = [
            models.UniqueConstraint(F("batch"), F("key"), name="task_key_once_per_batch"),
            models.CheckConstraint(condition=Q(need__gte=0), name="task_never_over_handed_out"),
            models.CheckConstraint(condition=Q(done__gte=0, done__lte=F("overlap")), name="task_never_over_collected"),
            models.CheckConstraint(condition=Q(need__lte=F("overlap") - F("done")), name="task_needs_what_is_not_done"),
            models.CheckConstraint(condition=Q(state__in=["open", "complete", "cancelled"]), name="task_state_is_known"),
            models.CheckConstraint(condition=~Q(state="complete") | Q(done=F("overlap")), name="complete_task_has_its_answers"),
            models.CheckConstraint(condition=~Q(state="cancelled") | Q(need=0), name="cancelled_task_needs_nothing"),
            models.CheckConstraint(condition=Q(lane__in=[0, 1, 2]), name="task_lane_is_known"),
        ]

    def __str__(self) -> str:
        return self.key


class Gold(models.Model):
    """The known truth of a task. Workers never see that a task has one."""

    task = models.OneToOneField(Task, models.PROTECT, primary_key=True)
    solution = JSONField()  # in canonical form, as the label family makes it
    explanation = models.TextField(blank=True)  # shown after a practice task
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)  # no longer gold, and no longer handed out; see `correcting`

    class Meta:
        verbose_name_plural = "gold"

    def __str__(self) -> str:
        return f"gold for {self.task_id}"


class Prelabel(models.Model):
    """A suggestion that the worker sees in the editor and may change; what a person changed, each region's `origin` tells."""

    task = models.OneToOneField(Task, models.PROTECT, primary_key=True)
    result = JSONField()  # in the editor's result format
    model_version = models.CharField(max_length=120, blank=True)  # who suggests
    score = models.FloatField(null=True)  # how sure they are, 0 to 1
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(score=None) | Q(score__gte=0, score__lte=1), name="prelabel_score_0_to_1")
        ]

    def __str__(self) -> str:
        return f"suggestion for {self.task_id}"
