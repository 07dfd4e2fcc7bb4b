"""What is owed, held and paid. `ledger` alone writes Account and Transfer; `timekeeping` alone writes WorkInterval."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Self
from uuid import UUID

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q

from foundation.ids import new_id
from foundation.models import TransactionId
from payments import money

if TYPE_CHECKING:
    from workforce.access import Actor


class AccountQuerySet(models.QuerySet["Account"]):
    """Accounts, as someone may see them."""

    def visible_to(self, actor: "Actor") -> Self:
        """What one has earned as a worker, and the funds of one's organisations."""
        earned = Q(kind="earnings", owner_id=actor.worker_id) if actor.worker_id else Q(pk=None)
        return self.filter(earned | Q(kind="funds", owner_id__in=actor.organization_ids))


class Account(models.Model):
    """A pot of money in one currency. `owner_id` is opaque here: a worker, an organisation, a batch, or None for the platform.

    Balances are sums over transfers. `folded_*` keeps the sum over all transfers of transactions before `folded_before`, so that
    a balance reads only what came after. A job moves `folded_before` forward, a trigger computes the sums: nobody can state one.
    """

    class Kind(models.TextChoices):
        OUTSIDE = "outside"  # the world beyond the ledger: banks, card networks
        FUNDS = "funds"  # what a requester has paid in and not yet spent
        ESCROW = "escrow"  # reserved for one batch
        EARNINGS = "earnings"  # what a worker has earned
        FEES = "fees"  # what the platform has earned

    class Guard(models.TextChoices):
        NONE = "none"  # may go below zero
        BALANCE = "balance"  # every debit locks the account and must leave it at zero or more, holds included
        PLACES = "places"  # filled once by a reservation; each debit is at most `unit_cap_micros`, and places bound how many

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    owner_id = models.UUIDField(null=True)
    currency = models.CharField(max_length=3)  # ISO 4217
    guard = models.CharField(max_length=20, choices=Guard.choices)
    unit_cap_micros = models.BigIntegerField(null=True)
    folded_posted_micros = models.BigIntegerField(default=0)
    folded_held_out_micros = models.BigIntegerField(default=0)
    folded_held_in_micros = models.BigIntegerField(default=0)
    folded_before = models.BigIntegerField(default=0)
    guarded_debits = models.BigIntegerField(default=0)  # raised by the guard itself, so that racing debits meet on this row
    created_at = models.DateTimeField()

    objects = AccountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(F("kind"), F("owner_id"), F("currency"), name="account_once", nulls_distinct=False),
            models.UniqueConstraint(F("id"), F("currency"), name="account_currency_for_transfers"),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="account_currency_is_a_code"),
            models.CheckConstraint(
                condition=Q(kind__in=["outside", "funds", "escrow", "earnings", "fees"]), name="account_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(kind="outside", guard="none")
                | Q(kind="fees", guard="balance")
                | Q(kind="escrow", guard="places", unit_cap_micros__isnull=False, unit_cap_micros__gt=0)
                | Q(kind__in=["funds", "earnings"], guard="balance"),
                name="account_guard_fits_its_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.owner_id or 'platform'} {self.currency}"


class TransferQuerySet(models.QuerySet["Transfer"]):
    """Transfers, as someone may see them."""

    def of(self, account_ids: Iterable[UUID]) -> Self:
        """Into or out of any of these accounts."""
        ids = list(account_ids)
        return self.filter(Q(debit_id__in=ids) | Q(credit_id__in=ids))

    def visible_to(self, actor: "Actor") -> Self:
        """Into or out of an account one may see."""
        return self.of(Account.objects.visible_to(actor).values_list("id", flat=True))


class Transfer(models.Model):
    """Money from one account to another, in one row, so that an unbalanced ledger cannot be written down. Append-only.

    A `post` moves money. A `hold` promises it; one later row, and only one, either `settle`s it (all or part) or `void`s it.
    `key` is the business fact (`earning:<assignment>`): the same fact cannot be written twice.
    """

    class Phase(models.TextChoices):
        POST = "post"
        HOLD = "hold"
        SETTLE = "settle"
        VOID = "void"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    transaction = models.BigIntegerField(db_default=TransactionId(), editable=False)
    key = models.CharField(max_length=160, unique=True)
    phase = models.CharField(max_length=10, choices=Phase.choices)
    # No foreign key on the two accounts: it would lock a batch's escrow row for every answer. The insert trigger checks both.
    debit = models.ForeignKey(Account, models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    credit = models.ForeignKey(Account, models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    currency = models.CharField(max_length=3)
    amount_micros = models.BigIntegerField()  # millionths of the currency unit
    hold = models.OneToOneField("self", models.PROTECT, null=True, related_name="+")  # what this settles or voids
    hold_micros = models.BigIntegerField(null=True)  # the amount of that hold, which this row ends whole
    reason = models.CharField(max_length=40)  # `earning`, `fee`, `reserve`, `release`, `deposit`, `payout`…
    reference = models.UUIDField(null=True)  # opaque here: the answer, batch or payout it is about
    created_at = models.DateTimeField()

    objects = TransferQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index("debit", "transaction", name="transfer_out"),
            models.Index("credit", "transaction", name="transfer_in"),
            models.Index("reference", name="transfer_by_reference"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(amount_micros__gt=0), name="transfer_moves_something"),
            models.CheckConstraint(condition=~Q(debit=F("credit")), name="transfer_is_between_two_accounts"),
            models.CheckConstraint(condition=Q(phase__in=["post", "hold", "settle", "void"]), name="transfer_phase_is_known"),
            models.CheckConstraint(
                condition=Q(phase__in=["post", "hold"], hold=None, hold_micros=None)
                | Q(phase="settle", hold__isnull=False, hold_micros__isnull=False, amount_micros__lte=F("hold_micros"))
                | Q(phase="void", hold__isnull=False, amount_micros=F("hold_micros")),
                name="settle_and_void_name_their_hold",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.phase} {money.text(self.amount_micros, self.currency)} {self.reason}"


class WorkIntervalQuerySet(models.QuerySet["WorkInterval"]):
    """The time book, as someone may see it."""

    def visible_to(self, actor: "Actor") -> Self:
        """One's own time: nobody else is shown when a person worked."""
        return self.filter(worker_id=actor.worker_id) if actor.worker_id else self.none()


class WorkInterval(models.Model):
    """A stretch of time a worker is credited for. No second of a worker is credited twice: the database excludes overlap."""

    class Kind(models.TextChoices):
        TASK = "task"
        TRAINING = "training"
        EXAM = "exam"
        READING = "reading"
        QUESTION = "question"
        REST = "rest"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    worker_id = models.UUIDField()
    kind = models.CharField(max_length=20, choices=Kind.choices)
    reference = models.UUIDField()  # opaque here: the assignment, attempt or lesson
    period = DateTimeRangeField()  # [from, to), by the server's clock
    currency = models.CharField(max_length=3, blank=True)  # of the pay it belongs to, when there is any
    created_at = models.DateTimeField()

    objects = WorkIntervalQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index("reference", name="interval_by_reference"),
            BrinIndex("created_at", name="interval_by_recency"),  # rows come in the order of time: who worked lately costs little
        ]
        constraints = [
            ExclusionConstraint(
                name="second_credited_once",
                expressions=[("worker_id", RangeOperators.EQUAL), ("period", RangeOperators.OVERLAPS)],
            ),
            models.CheckConstraint(condition=Q(period__isempty=False), name="interval_is_not_empty"),
            models.CheckConstraint(
                condition=Q(kind__in=["task", "training", "exam", "reading", "question", "rest"]), name="interval_kind_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.reference}"


class RestDay(models.Model):
    """The rest that a worker's day earned has been credited. Append-only; written by `rest_days`.

    `period` is what that day covered. Days of one worker never overlap, so that nobody is credited twice for the same work, wherever
    they move.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    worker_id = models.UUIDField()
    day = models.DateField()  # where the worker lives
    period = DateTimeRangeField()  # [from, to)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(F("worker_id"), F("day"), name="rest_day_once"),
            ExclusionConstraint(
                name="rest_days_apart",
                expressions=[("worker_id", RangeOperators.EQUAL), ("period", RangeOperators.OVERLAPS)],
            ),
        ]

    def __str__(self) -> str:
        return f"rest of {self.worker_id} on {self.day}"


class LongDay(models.Model):
    """A worker said that they go on although their day is long (eight hours). Append-only."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    worker_id = models.UUIDField()
    worked_seconds = models.PositiveIntegerField()  # in that day, when they said so
    confirmed_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index("worker_id", "confirmed_at", name="long_day_by_worker")]

    def __str__(self) -> str:
        return f"{self.worker_id} goes on after {self.worked_seconds} s"


class PayFloorQuerySet(models.QuerySet["PayFloor"]):
    """Pay floors, as someone may see them."""

    def visible_to(self, actor: "Actor") -> Self:
        """All of them: what an hour must bring is nobody's secret."""
        return self.all()


class PayFloor(models.Model):
    """The least an hour of work may bring, by country and currency, from a day on, with its source. Dated; never edited."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    country = models.CharField(max_length=2, blank=True)  # blank: the platform's own floor
    currency = models.CharField(max_length=3)
    hourly_micros = models.BigIntegerField()
    effective_from = models.DateField()
    source = models.CharField(max_length=300)

    objects = PayFloorQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(F("country"), F("currency"), F("effective_from"), name="pay_floor_once_a_day"),
            models.CheckConstraint(condition=Q(hourly_micros__gt=0), name="pay_floor_is_above_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.country or 'platform'} {money.text(self.hourly_micros, self.currency)} an hour"
