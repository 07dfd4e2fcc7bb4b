"""Being erased, over every room: refused while money or tasks are there, done by a job when the waiting period is over.

What is deleted and what stays, and why, is decision 15.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef

from payments import ledger
from payments.models import Account
from tasks import personal_data
from tasks.models import Assignment, Draft, Enrolment
from workforce import erasure
from workforce.access import Actor
from workforce.errors import MoneyLeft, WorkInHand
from workforce.models import Erasure, Worker


def money_of(worker_id: UUID | None) -> list[dict[str, Any]]:
    """What a worker still has here, per currency: available, and held until work is reviewed; only where there is any."""
    accounts = Account.objects.filter(kind=Account.Kind.EARNINGS, owner_id=worker_id).order_by("currency") if worker_id else []
    found = []
    for account in accounts:
        balance = ledger.balance(account.id)
        if balance.available or balance.held_in:
            found.append({"currency": account.currency, "available_micros": balance.available, "held_micros": balance.held_in})
    return found


def ask(actor: Actor, *, gives_up_money: bool, now: datetime) -> Erasure:
    """Ask to be erased. Raises WorkInHand, MoneyLeft (unless it is given up), and StillOwner; nothing has changed then."""
    if actor.worker_id is not None and _leases(actor.worker_id):
        raise WorkInHand
    money = money_of(actor.worker_id)
    if money and not gives_up_money:
        raise MoneyLeft(money=money)
    return erasure.ask(actor, gives_up_money=gives_up_money, now=now)


def erase_due(*, now: datetime) -> int:
    """Erase everybody whose waiting period is over; returns how many. Safe to run twice at once."""
    erased = sum(_erase(erasure_id, now=now) for erasure_id in erasure.due(now=now))
    personal_data.discard(now=now)
    return erased


@transaction.atomic
def _erase(erasure_id: UUID, *, now: datetime) -> bool:
    """One person, in one transaction, or not yet. Locks the erasure, then every enrolment of theirs: a claim in flight is waited
    for, and its lease then seen; one that comes later finds another standing.
    """
    row = erasure.locked(erasure_id)
    if row is None:
        return False  # undone, or done by another run
    worker = Worker.objects.filter(user_id=row.user_id).first()
    erasure.lock_owners(row.user_id)
    obstacle = _obstacle(row, worker)
    if not obstacle and erasure.a_copy_is_being_made(row.user_id, now=now):
        return False  # minutes; the next run finds it made
    if obstacle:
        erasure.put_off(row, because=obstacle, now=now)
        return False
    if worker is not None:
        _forget_work(worker.id)
    erasure.forget(row, now=now)
    return True


def _obstacle(row: Erasure, worker: Worker | None) -> str:
    if erasure.is_last_owner(row.user_id):
        return "owner"
    if worker is None:
        return ""
    Enrolment.objects.filter(worker=worker).update(eligible_until=worker.created_at)
    if _leases(worker.id):
        return "leases"
    if not row.gives_up_money and money_of(worker.id):
        return "money"
    return ""


def _leases(worker_id: UUID) -> bool:
    return Assignment.objects.filter(worker_id=worker_id, state=Assignment.State.LEASED).exists()


def _forget_work(worker_id: UUID) -> None:
    """Answers stay, as results rest on them; what the person wrote beside them goes, and their seats that no answer holds are free."""
    answers = Assignment.objects.filter(worker_id=worker_id, batch_id=OuterRef("batch_id"), submitted_at__isnull=False)
    Enrolment.objects.filter(~Exists(answers), worker_id=worker_id, seated_at__isnull=False).update(seated_at=None)
    Draft.objects.filter(assignment__worker_id=worker_id).delete()
    Assignment.objects.filter(worker_id=worker_id).exclude(return_comment="").update(return_comment="")
