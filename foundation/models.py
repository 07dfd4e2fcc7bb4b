"""The ground's own rows: what happened, who did it, which request was already answered."""

from datetime import datetime

from django.db import models
from django.db.models import F, Func, Q

from foundation.fields import JSONField
from foundation.ids import new_id


class TransactionId(Func):
    """The PostgreSQL transaction that writes the row, as bigint: lets readers tell what is surely committed before a point."""

    template = "(pg_current_xact_id()::text::bigint)"
    output_field = models.BigIntegerField()


class Event(models.Model):
    """One thing that happened, told to whoever follows along. Append-only; written by `foundation.events` and the hot statements."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    transaction = models.BigIntegerField(db_default=TransactionId(), editable=False)
    kind = models.CharField(max_length=60)  # `answer.submitted`, `batch.published`: noun, dot, past participle
    organization_id = models.UUIDField(null=True)  # whose feed it belongs to; a bare id, as organisations live upstairs
    subject_id = models.UUIDField()
    actor_id = models.UUIDField(null=True)  # None: the clock or a rule did it
    data = JSONField(default=dict)
    happened_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index("organization_id", "transaction", "id", name="event_feed"),
            models.Index("subject_id", name="event_by_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id}"


class AuditEntry(models.Model):
    """Who changed what that matters, chained by hash so that a changed or missing row shows. Written by `foundation.audit` alone."""

    number = models.BigIntegerField(primary_key=True)  # 1, 2, 3 without a gap
    actor_id = models.UUIDField(null=True)
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=120)
    reason = models.TextField(blank=True)
    before = JSONField(null=True)
    after = JSONField(null=True)
    happened_at = models.DateTimeField()
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["number"]
        verbose_name_plural = "audit entries"
        constraints = [models.CheckConstraint(condition=Q(number__gte=1), name="audit_numbers_from_one")]

    def __str__(self) -> str:
        return f"{self.number} {self.action} {self.subject}"


class IdempotentRequest(models.Model):
    """The stored answer to a command, kept so that the same key gets the same answer. Written by `foundation.idempotency`."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    actor_id = models.CharField(max_length=64)  # a user id, or the address for sign-up, where there is no user yet
    key = models.CharField(max_length=100)
    digest = models.CharField(max_length=64)  # SHA-256 of method, path and body
    status = models.PositiveSmallIntegerField(null=True)
    body = JSONField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(F("actor_id"), F("key"), name="idempotent_key_once_per_actor")]
        indexes = [models.Index("created_at", name="idempotent_by_age")]

    def __str__(self) -> str:
        return self.key


class Mark(models.Model):
    """A fact about this database as a whole, such as: it is a simulation and no real person's money moves in it."""

    SIMULATION = "simulation"

    name = models.CharField(primary_key=True, max_length=40)
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class ScheduledRun(models.Model):
    """When a job that runs by the clock last succeeded and last failed, so that one that stands still is seen. Written by `config.schedules`."""

    name = models.CharField(primary_key=True, max_length=100)  # of the schedule
    since = models.DateTimeField()  # when it was first scheduled
    succeeded_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


TRIES_MAX = 5  # of a job


class FailedJobQuerySet(models.QuerySet["FailedJob"]):
    """Jobs that have begun and not succeeded."""

    def failed(self) -> "FailedJobQuerySet":
        """Those of which a try has ended without success; a first try that still runs is no failure."""
        return self.exclude(error="")

    def given_up(self, *, now: datetime) -> "FailedJobQuerySet":
        """Those that are not tried again: the last try failed, or was lost with its process."""
        return self.filter(Q(next_at=None) | Q(tries__gte=TRIES_MAX, next_at__lt=now))


class FailedJob(models.Model):
    """A job that has begun and has not succeeded since: it runs, waits for its next try, or was given up. Written by `foundation.queueing`."""

    id = models.CharField(primary_key=True, max_length=32)  # the queue's own
    job = models.CharField(max_length=200)
    args = JSONField(default=list)  # plain ids
    tries = models.PositiveSmallIntegerField(default=0)  # that have begun
    failed_at = models.DateTimeField()  # or begun, for the first try
    next_at = models.DateTimeField(null=True)  # None: given up
    error = models.CharField(max_length=200)  # its class, nothing of its words; "" while the first try runs

    objects = FailedJobQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.job} {self.args}"
