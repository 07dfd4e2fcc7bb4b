"""Appeals against decisions; and what a person may always have: a copy of everything kept about them, and to be forgotten."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from foundation.ids import new_id
from workforce.models.people import Decision, User
from workforce.models.talking import Thread

if TYPE_CHECKING:
    from workforce.access import Actor


class AppealQuerySet(models.QuerySet["Appeal"]):
    """Appeals, as someone may see them."""

    def visible_to(self, actor: "Actor") -> Self:
        """One's own as a worker, those against one's organisations; operators see all, as they may decide all."""
        if actor.is_operator:
            return self
        mine = Q(decision__worker_id=actor.worker_id) if actor.worker_id else Q(pk=None)
        return self.filter(mine | Q(decision__organization_id__in=actor.organization_ids))


class Appeal(models.Model):
    """A worker asks that somebody else look at a decision. One per decision. Written by `appeals`; its words stand in its thread.

    Silence is a yes: without an answer by `answer_due_at`, or a verdict by `decide_due_at`, the decision falls.
    """

    class State(models.TextChoices):
        OPEN = "open", _("Being looked at")
        UPHELD = "upheld", _("The decision stands")
        OVERTURNED = "overturned", _("The decision fell")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    MOVES = {State.OPEN: {State.UPHELD, State.OVERTURNED, State.WITHDRAWN}}

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    decision = models.OneToOneField(Decision, models.PROTECT)
    thread = models.OneToOneField(Thread, models.PROTECT)
    made_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+"
    )  # who decided at first, so that rows can say no
    state = models.CharField(max_length=20, choices=State.choices, default=State.OPEN)
    filed_at = models.DateTimeField()
    answer_due_at = models.DateTimeField()
    decide_due_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    rule = models.CharField(max_length=60, blank=True)  # or the rule, with its version: `silent-appeal/1`
    reason = models.TextField(blank=True)  # in words the worker reads

    objects = AppealQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index("answer_due_at", condition=Q(state="open"), name="open_appeals_by_answer"),
            models.Index("decide_due_at", condition=Q(state="open"), name="open_appeals_by_verdict"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="open", decided_at=None)
                | Q(state__in=["upheld", "overturned", "withdrawn"], decided_at__isnull=False),
                name="appeal_state_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["upheld", "overturned"])
                | ~Q(reason="") & (Q(decided_by__isnull=False, rule="") | Q(decided_by=None) & ~Q(rule="")),
                name="verdict_on_appeal_has_author_and_reason",
            ),
            models.CheckConstraint(condition=~Q(state="upheld") | Q(decided_by__isnull=False), name="human_upholds_decision"),
            models.CheckConstraint(
                condition=~Q(state="upheld") | Q(made_by=None) | ~Q(decided_by=F("made_by")),
                name="nobody_upholds_their_own_decision",
            ),
            models.CheckConstraint(
                condition=Q(answer_due_at__gt=F("filed_at"), decide_due_at__gte=F("answer_due_at")), name="appeal_has_deadlines"
            ),
        ]

    def __str__(self) -> str:
        return f"appeal against {self.decision_id}: {self.state}"


class DataCopy(models.Model):
    """A copy of everything kept about a person, made by the cluster, kept for a while. Written by `erasure` and whoever gathers."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting to be made")
        RUNNING = "running", _("Being made")
        DONE = "done", _("Ready")
        FAILED = "failed", _("Could not be made; it has been logged")
        GONE = "gone", _("No longer kept")

    MOVES = {
        State.QUEUED: {State.RUNNING},
        State.RUNNING: {State.RUNNING, State.DONE, State.FAILED},  # to itself: taken over from a lost process
        State.DONE: {State.GONE},
    }

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, models.PROTECT)
    state = models.CharField(max_length=20, choices=State.choices, default=State.QUEUED)
    progress = models.CharField(max_length=60, blank=True)  # the part being written
    parts_done = models.PositiveSmallIntegerField(default=0)
    parts_total = models.PositiveSmallIntegerField(default=0)
    stored_as = models.CharField(max_length=200, blank=True)
    size_bytes = models.BigIntegerField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)  # times a process has started on it; the last one alone may end it
    requested_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)  # the last sign of life of the process that makes it
    requeued_at = models.DateTimeField(null=True)  # when it was last put on the queue anew
    ended_at = models.DateTimeField(null=True)
    kept_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "data copies"
        constraints = [
            models.UniqueConstraint(F("user"), condition=Q(state__in=["queued", "running"]), name="one_copy_made_at_a_time"),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running", "failed", "gone"])
                | Q(state="done", size_bytes__isnull=False, kept_until__isnull=False) & ~Q(stored_as=""),
                name="data_copy_state_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"copy for {self.user_id}: {self.state}"


class Erasure(models.Model):
    """A person asked to be forgotten: after a waiting period in which it can be undone, it is done for good. Written by `erasure`."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        UNDONE = "undone", _("Undone")
        DONE = "done", _("Done")

    MOVES = {State.WAITING: {State.UNDONE, State.DONE}}

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, models.PROTECT)
    state = models.CharField(max_length=20, choices=State.choices, default=State.WAITING)
    gives_up_money = models.BooleanField()
    requested_at = models.DateTimeField()
    due_at = models.DateTimeField()
    put_off_because = models.CharField(max_length=40, blank=True)  # why it was due and is not done yet: `money`, `leases`
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index("due_at", condition=Q(state="waiting"), name="erasures_due")]
        constraints = [
            models.UniqueConstraint(F("user"), condition=~Q(state="undone"), name="erased_once"),
            models.CheckConstraint(
                condition=Q(state="waiting", ended_at=None) | Q(state__in=["undone", "done"], ended_at__isnull=False),
                name="erasure_state_is_known",
            ),
            models.CheckConstraint(condition=Q(due_at__gt=F("requested_at")), name="erasure_can_be_undone"),
        ]

    def __str__(self) -> str:
        return f"erasure of {self.user_id}: {self.state}"
