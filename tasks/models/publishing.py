"""What requesters set up: projects, guidelines, batches, imports; and who takes part in a batch."""

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from foundation.fields import JSONField
from foundation.ids import new_id
from qualification.models import Course
from workforce.access import Actor
from workforce.models import Organization, Sensitive, User, Worker


class ProjectQuerySet(models.QuerySet["Project"]):
    """Projects, as someone may see them."""

    def visible_to(self, actor: Actor) -> Self:
        """Those of the organisations the actor acts for; operators see all."""
        return self if actor.is_operator else self.filter(organization_id__in=actor.organization_ids)


class GuidelineQuerySet(models.QuerySet["Guideline"]):
    """Guidelines, as someone may see them."""

    def visible_to(self, actor: Actor) -> Self:
        """Those of one's own projects; for workers also those of projects with a batch that is or was open; operators see all."""
        own = Q(project__organization_id__in=actor.organization_ids)
        if actor.is_operator:
            return self
        if actor.worker_id is None:
            return self.filter(own)
        return self.filter(own | Exists(Batch.objects.filter(project_id=OuterRef("project_id"), published_at__isnull=False)))


class BatchQuerySet(models.QuerySet["Batch"]):
    """Batches, as someone may see them."""

    def visible_to(self, actor: Actor) -> Self:
        """Those of the organisations the actor acts for; operators see all. Workers see open ones as jobs, not here."""
        return self if actor.is_operator else self.filter(organization_id__in=actor.organization_ids)


class Project(models.Model):
    """A kind of question: one interface, its guidelines, its batches. What people are good at is estimated per project."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    interface = models.TextField()  # Label Studio config XML; fixed, because every answer was given under it
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True)

    objects = ProjectQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class Guideline(models.Model):
    """One version of what a project asks of its workers. Never edited: a change is a new version."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(Project, models.PROTECT)
    version = models.PositiveIntegerField()
    text = models.TextField()  # Markdown
    entries = JSONField(default=list)  # one per label of the interface, as `tasks.guidelines` checks them
    changes = models.TextField(blank=True)  # what is new, in the author's words
    changes_meaning = models.BooleanField(default=True)  # False: an editorial edit that nobody need read again
    # The version whose meaning this one has: its own, or for an editorial edit that of the version before. Statistics of quality
    # and who has read it go by this number: a new one begins a new window.
    meaning_version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()

    objects = GuidelineQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(F("project"), F("version"), name="guideline_version_once"),
            models.CheckConstraint(
                condition=Q(changes_meaning=True, meaning_version=F("version"))
                | Q(changes_meaning=False, meaning_version__lt=F("version")),
                name="meaning_changes_where_it_says_so",
            ),
        ]

    def __str__(self) -> str:
        return f"guideline v{self.version}"


class GuidelineReading(models.Model):
    """A worker reads a version of a guideline; the time is credited once. Written by `reading`."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    worker = models.ForeignKey(Worker, models.PROTECT)
    guideline = models.ForeignKey(Guideline, models.PROTECT)
    began_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(F("worker"), F("guideline"), name="guideline_read_once"),
            models.CheckConstraint(
                condition=Q(read_at=None) | Q(read_at__gte=F("began_at")), name="reading_ends_after_it_begins"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.worker_id} reads {self.guideline_id}"


class Batch(models.Model):
    """A set of tasks published together: price, overlap, who may take part, how work is reviewed and scored."""

    class State(models.TextChoices):
        DRAFT = "draft"  # being filled
        OPEN = "open"  # handing out tasks
        PAUSED = "paused"  # no new leases; running ones are honoured
        CLOSED = "closed"  # done; unspent money is back

    MOVES = {
        State.DRAFT: {State.OPEN, State.CLOSED},
        State.OPEN: {State.PAUSED, State.CLOSED},
        State.PAUSED: {State.OPEN, State.CLOSED},
    }

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(Project, models.PROTECT)
    organization = models.ForeignKey(Organization, models.PROTECT)  # the project's, kept here for the event of every answer
    name = models.CharField(max_length=120)
    state = models.CharField(max_length=20, choices=State.choices, default=State.DRAFT)
    # the work
    overlap = models.PositiveSmallIntegerField()  # answers wanted per task
    lease_seconds = models.PositiveIntegerField()
    lease_size = models.PositiveSmallIntegerField(default=1)  # tasks a worker may take in one claim
    max_leases = models.PositiveSmallIntegerField(default=1)  # tasks a worker may hold at once
    workers_choose = models.BooleanField(default=False)  # may a worker claim a task by its id?
    requirements = JSONField(default=list)  # see qualification.eligibility
    sensitive = ArrayField(models.CharField(max_length=20, choices=Sensitive.choices), default=list)  # what its tasks may show
    idle_cap_seconds = models.PositiveSmallIntegerField(default=120)  # longest gap between signs of life that counts as work
    # the pay
    currency = models.CharField(max_length=3)
    price_micros = models.BigIntegerField()  # for one answer
    fee_micros = models.BigIntegerField(default=0)  # for one answer, on top
    estimate_seconds = models.PositiveIntegerField()  # what one answer takes, as the requester states it
    # as measured, once five people have worked; written by `measuring`
    median_seconds = models.PositiveIntegerField(null=True)
    p90_seconds = models.PositiveIntegerField(null=True)  # nine of ten answers took at most this
    hourly_p10_micros = models.BigIntegerField(null=True)  # what an hour brought: one of ten people got less than the first,
    hourly_p50_micros = models.BigIntegerField(null=True)
    hourly_p90_micros = models.BigIntegerField(null=True)  # and one of ten more than the last
    measured_workers = models.PositiveSmallIntegerField(default=0)
    review_seconds = models.PositiveIntegerField()  # after which an unreviewed answer is accepted
    escrow_id = models.UUIDField(null=True)  # the payments account that holds the money for it
    # the gold policy
    gold_percent = models.PositiveSmallIntegerField(default=0)  # share of a worker's tasks that are gold
    gold_first = models.PositiveSmallIntegerField(default=0)  # gold among the first tasks of a worker, before the share applies
    accuracy_bar = models.FloatField(null=True)  # pause a worker when the upper bound of accuracy is below
    retrain_course = models.ForeignKey(Course, models.PROTECT, null=True)  # where such a worker is sent instead of a plain pause
    retrain_blocks = models.BooleanField(
        default=True, db_default=True
    )  # and gets no new tasks for a day, or until it is finished
    # while a person looks at somebody the rule would pause again: they work on, or are paid; blank: as the installation says
    case_waiting = models.CharField(max_length=4, choices=[("work", "work"), ("paid", "paid")], blank=True, db_default="")
    # bookkeeping
    media_origins = ArrayField(
        models.CharField(max_length=200), default=list
    )  # other sites its images, sound and video come from
    guideline = models.ForeignKey(Guideline, models.PROTECT, null=True)  # in force for new leases
    # the pilot
    pilot_of = models.ForeignKey("self", models.PROTECT, null=True)  # the draft it tries out; see `tasks.piloting`
    workers_max = models.PositiveSmallIntegerField(null=True)  # how many people may take part; None: all who may
    skip_pilot_reason = models.TextField(blank=True)  # why a batch that large was published without one
    tail = models.BigIntegerField(default=0)  # the last position handed out; raised under this row's lock, so in commit order
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    emptied_at = models.DateTimeField(null=True)  # after it was closed: nothing is open any more, and spare money went back

    objects = BatchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "batches"
        indexes = [models.Index("closed_at", condition=Q(state="closed", emptied_at=None), name="batch_being_closed")]
        constraints = [
            models.CheckConstraint(condition=Q(emptied_at=None) | Q(state="closed"), name="only_closed_batches_are_emptied"),
            models.CheckConstraint(condition=Q(state__in=["draft", "open", "paused", "closed"]), name="batch_state_is_known"),
            models.CheckConstraint(condition=Q(overlap__gte=1), name="batch_wants_an_answer"),
            models.CheckConstraint(condition=Q(sensitive__contained_by=Sensitive.values), name="sensitive_content_is_known"),
            models.CheckConstraint(condition=Q(price_micros__gt=0, fee_micros__gte=0), name="batch_pays"),
            models.CheckConstraint(condition=Q(lease_seconds__gte=10), name="lease_has_time"),
            models.CheckConstraint(
                condition=Q(hourly_p10_micros=None, hourly_p50_micros=None, hourly_p90_micros=None)
                | Q(
                    hourly_p10_micros__isnull=False,
                    hourly_p50_micros__gte=F("hourly_p10_micros"),
                    hourly_p90_micros__gte=F("hourly_p50_micros"),
                ),
                name="hourly_rates_stand_together_in_order",
            ),
            models.CheckConstraint(condition=Q(lease_size__gte=1, max_leases__gte=F("lease_size")), name="leases_fit_together"),
            models.CheckConstraint(condition=Q(gold_percent__lte=50), name="gold_is_half_at_most"),
            models.CheckConstraint(condition=Q(review_seconds__lte=7 * 86_400), name="review_within_a_week"),
            models.CheckConstraint(
                condition=Q(state="draft") | Q(state="closed") | Q(escrow_id__isnull=False, guideline__isnull=False),
                name="open_batch_is_funded",
            ),
            models.CheckConstraint(condition=Q(workers_max=None) | Q(workers_max__gte=F("overlap")), name="group_fills_a_task"),
            models.CheckConstraint(condition=Q(pilot_of=None) | ~Q(pilot_of=F("id")), name="pilot_of_another"),
            models.UniqueConstraint(
                F("pilot_of"), condition=Q(state__in=["draft", "open", "paused"]), name="one_pilot_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Enrolment(models.Model):
    """A worker takes part in a batch: that they may, and how far they have got. Written by `assigning`, locked by every claim.

    Access was derived at the worker's `standing` and the guideline's `meaning_version`; when either moves on, it is derived afresh. The
    cursor never passes an open task that this worker has not done, so that no task starves.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    worker = models.ForeignKey(Worker, models.PROTECT)
    batch = models.ForeignKey(Batch, models.PROTECT)
    standing = models.PositiveIntegerField()
    meaning_version = models.PositiveIntegerField(default=1, db_default=1)  # of the guideline, when access was derived
    eligible_until = models.DateTimeField(null=True)  # when the first skill it rests on expires
    clear_until = models.DateTimeField(null=True)  # before this instant no stop of a long day can begin; None: look first
    earnings_id = models.UUIDField()  # the payments account this worker is paid into, in the batch's currency
    cursor = models.BigIntegerField(default=0)
    urgent_cursor = models.BigIntegerField(default=0, db_default=0)  # the same in the urgent lane
    claimed = models.PositiveIntegerField(default=0)  # tasks taken so far, gold included
    gold_given = models.PositiveIntegerField(default=0)
    gold_cursor = models.BigIntegerField(default=0)
    # gold they gave back and have not met again: given back once, and twice. Written by `weighing`, paid off by the claim.
    gold_owed_once = models.PositiveIntegerField(default=0, db_default=0)
    gold_owed_twice = models.PositiveIntegerField(default=0, db_default=0)
    seated_at = models.DateTimeField(
        null=True
    )  # where the group is limited: since when a seat is theirs; None: it was given away
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(F("worker"), F("batch"), name="enrolled_once")]

    def __str__(self) -> str:
        return f"{self.worker_id} in {self.batch_id}"


class Import(models.Model):
    """One bulk upload and what became of its rows."""

    class Kind(models.TextChoices):
        TASKS = "tasks"
        GOLD = "gold"

    class State(models.TextChoices):
        DONE = "done"  # every good row is in
        REFUSED = "refused"  # all-or-nothing, and a row was bad: nothing is in

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    batch = models.ForeignKey(Batch, models.PROTECT)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=State.choices)
    skip_bad = models.BooleanField()
    content_type = models.CharField(max_length=30, default="application/x-ndjson")
    key = models.CharField(max_length=100, null=True)  # noqa: DJ001 - the Idempotency-Key; unique where given
    digest = models.CharField(max_length=64)  # SHA-256 of the upload
    rows_read = models.PositiveIntegerField()
    rows_added = models.PositiveIntegerField()
    rows_bad = models.PositiveIntegerField()
    errors = JSONField(default=list)  # the first thousand: {"line", "code", "message", "details"}
    created_by = models.ForeignKey(User, models.PROTECT)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(F("batch"), F("key"), name="import_once_per_key"),
            models.CheckConstraint(
                condition=Q(kind__in=["tasks", "gold"], state__in=["done", "refused"]), name="import_state_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} import of {self.rows_read} rows"
