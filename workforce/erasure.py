"""What a person may always have: a copy of everything kept about them, and to be forgotten, after a week in which it can be undone.

Gathering and erasing reach over every room, so `tasks.personal_data` and `tasks.leaving` lead; here stand the rows of it, and what of
a person this room deletes. What stays and why is decision 15. Everything is safe to repeat.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet

from foundation import audit, constraints, idempotency, queueing
from foundation.errors import NotFound
from foundation.liveness import LOST_AFTER
from workforce import aliases, members, notifying, onboarding
from workforce.access import Actor
from workforce.errors import AlreadyLeaving, StillOwner
from workforce.models import (
    ApiToken,
    DataCopy,
    EmailCode,
    Erasure,
    Identity,
    Membership,
    Message,
    NoticeKind,
    NoticePreference,
    Notification,
    TeamMember,
    User,
    Worker,
)

WAIT = timedelta(days=7)  # in which it can be undone
KEPT = timedelta(days=7)  # a copy
UNSEEN = timedelta(minutes=2)  # a copy queued for so long may have lost its job
RESTED = timedelta(minutes=10)  # between two jobs for one copy: where the queue is merely long, more of them would not help
ATTEMPTS_MAX = 3  # a copy that kills its process each time is given up
REQUEUED_MAX = 100  # in one go
COPIES_PER_DAY = 5
FORMER = "Former worker"
NOT_SAID = {"id", "user", "standing", "created_at"}  # of a profile: what stays
NOBODY = "erased.invalid"  # RFC 2606: no mail ever arrives there


# ---- a copy ----


def ask_for_copy(actor: Actor, *, now: datetime) -> DataCopy:
    """Have a copy made; one that is being made, or made within the day when COPIES_PER_DAY are, is returned instead."""
    recent = DataCopy.objects.filter(user_id=actor.id, requested_at__gt=now - timedelta(days=1)).order_by("-id")
    newest = recent.first()
    waiting = [DataCopy.State.QUEUED, DataCopy.State.RUNNING]
    if newest is not None and (newest.state in waiting or recent.count() >= COPIES_PER_DAY):
        return newest
    try:
        with transaction.atomic():
            row = DataCopy.objects.create(user_id=actor.id, requested_at=now)
            queueing.enqueue("tasks.jobs.make_data_copy", str(row.id))
    except IntegrityError as error:  # a twin of this request was quicker
        constraints.only(error, "one_copy_made_at_a_time")
        return DataCopy.objects.get(user_id=actor.id, state__in=waiting)
    return row


def copies_of(user_id: UUID) -> QuerySet[DataCopy]:
    """A person's copies, newest first."""
    return DataCopy.objects.filter(user_id=user_id).order_by("-id")


def copy_of(actor: Actor, copy_id: UUID) -> DataCopy:
    """One of one's own copies. Raises NotFound."""
    row = DataCopy.objects.filter(id=copy_id, user_id=actor.id).first()
    if row is None:
        raise NotFound
    return row


@transaction.atomic
def begin_copy(copy_id: UUID, *, now: datetime) -> DataCopy | None:
    """Take a copy to be made; None when it is made, being made by another process, given up, or its person is erased.

    One whose process was lost is taken over, ATTEMPTS_MAX times in all. Locks the copy, or leaves it to whoever holds it.
    """
    waiting = Q(state=DataCopy.State.QUEUED) | _lost(now)
    row = DataCopy.objects.select_for_update(skip_locked=True, no_key=True).filter(waiting, id=copy_id).first()
    if row is None:
        return None
    if Erasure.objects.filter(user_id=row.user_id, state=Erasure.State.DONE).exists():
        row.delete()
        return None
    row.state, row.started_at, row.seen_at, row.attempts = DataCopy.State.RUNNING, now, now, row.attempts + 1
    row.save(update_fields=["state", "started_at", "seen_at", "attempts"])
    if row.attempts > ATTEMPTS_MAX:
        fail_copy(row, now=now)
        return None
    return row


def _lost(now: datetime) -> Q:
    """Being made, and its process has not been seen for LOST_AFTER."""
    unseen = Q(seen_at__lt=now - LOST_AFTER) | Q(seen_at=None, started_at__lt=now - LOST_AFTER)
    return unseen & Q(state=DataCopy.State.RUNNING)


@transaction.atomic
def requeue_lost_copies(*, now: datetime) -> int:
    """Enqueue the copies whose job or process was lost, each at most once in RESTED; returns how many. One process makes a copy."""
    lost = Q(state=DataCopy.State.QUEUED, requested_at__lt=now - UNSEEN) | _lost(now)
    rested = Q(requeued_at=None) | Q(requeued_at__lt=now - RESTED)
    rows = DataCopy.objects.select_for_update(skip_locked=True, no_key=True).filter(lost & rested)
    ids = list(rows.order_by("requested_at").values_list("id", flat=True)[:REQUEUED_MAX])
    DataCopy.objects.filter(id__in=ids).update(requeued_at=now)
    for copy_id in ids:
        queueing.enqueue("tasks.jobs.make_data_copy", str(copy_id))
    return len(ids)


def _still_ours(row: DataCopy) -> QuerySet[DataCopy]:
    """The copy, as long as nobody has taken it over or erased its person."""
    return DataCopy.objects.filter(id=row.id, state=DataCopy.State.RUNNING, attempts=row.attempts)


def note_progress(row: DataCopy, *, now: datetime, **facts: str | int) -> None:
    """A sign of life; with `parts_total`, `parts_done` and `progress` also which part is being written."""
    _still_ours(row).update(seen_at=now, **facts)


@transaction.atomic
def finish_copy(row: DataCopy, *, stored_as: str, size_bytes: int, now: datetime) -> bool:
    """The copy is there: kept for KEPT, and its person told. False when it is not ours any more: then its file must go."""
    ours = _still_ours(row).update(
        state=DataCopy.State.DONE,
        stored_as=stored_as,
        size_bytes=size_bytes,
        ended_at=now,
        kept_until=now + KEPT,
        parts_done=F("parts_total"),
        progress="",
    )
    if ours:
        _tell(row.user_id, "ready", key=f"copy:{row.id}", until=now + KEPT, now=now)
    return bool(ours)


@transaction.atomic
def fail_copy(row: DataCopy, *, now: datetime) -> None:
    """It could not be made; its person is told."""
    if _still_ours(row).update(state=DataCopy.State.FAILED, ended_at=now, progress=""):
        _tell(row.user_id, "failed", key=f"copy:{row.id}", now=now)


def copies_by_id(ids: Iterable[UUID]) -> dict[UUID, DataCopy]:
    """Those of the copies that are known."""
    return DataCopy.objects.in_bulk(list(ids))


def a_copy_is_being_made(user_id: UUID, *, now: datetime) -> bool:
    """Is a process gathering this person's data at this moment? Locks what waits to be made, so that none begins before the caller ends."""
    rows = DataCopy.objects.select_for_update(no_key=True).filter(
        user_id=user_id, state__in=[DataCopy.State.QUEUED, DataCopy.State.RUNNING]
    )
    lost = set(DataCopy.objects.filter(_lost(now), user_id=user_id).values_list("id", flat=True))
    return any(row.state == DataCopy.State.RUNNING and row.id not in lost for row in rows)


# ---- being forgotten ----


@transaction.atomic
def ask(actor: Actor, *, gives_up_money: bool, now: datetime) -> Erasure:
    """Ask to be erased after WAIT; no new task is given out meanwhile. The caller has looked at money and work in hand.

    The second time returns the first request, also at the same moment, and may give up money that the first did not. Audited.
    Raises StillOwner.
    """
    _check_not_last_owner(actor.id)
    row = waiting_of(actor.id)
    if row is None:
        try:
            return _begin(actor, gives_up_money=gives_up_money, now=now)
        except IntegrityError as error:  # a twin of this request was quicker
            constraints.only(error, "erased_once")
            row = Erasure.objects.filter(user_id=actor.id).latest("id")
    if gives_up_money and not row.gives_up_money:
        Erasure.objects.filter(id=row.id, state=Erasure.State.WAITING).update(gives_up_money=True)
        row.refresh_from_db()
    return row


@transaction.atomic
def _begin(actor: Actor, *, gives_up_money: bool, now: datetime) -> Erasure:
    row = Erasure.objects.create(user_id=actor.id, gives_up_money=gives_up_money, requested_at=now, due_at=now + WAIT)
    if actor.worker_id:
        onboarding.touch_standing(actor.worker_id)
    _tell(actor.id, "leaving", key=f"erasure:{row.id}", until=row.due_at, now=now)
    audit.append("person.erasure_asked", subject=f"user:{actor.id}", actor_id=actor.id, now=now)
    return row


@transaction.atomic
def undo(actor: Actor, *, now: datetime) -> Erasure:
    """Stay after all. The second time returns the same row. Audited. Raises AlreadyLeaving when nothing waits."""
    moved = Erasure.objects.filter(user_id=actor.id, state=Erasure.State.WAITING).update(state=Erasure.State.UNDONE, ended_at=now)
    row = Erasure.objects.filter(user_id=actor.id).order_by("-id").first()
    if row is None or row.state != Erasure.State.UNDONE:
        raise AlreadyLeaving
    if moved:
        if actor.worker_id:
            onboarding.touch_standing(actor.worker_id)
        _tell(actor.id, "undone", key=f"erasure:{row.id}:undone", now=now)
        audit.append("person.erasure_undone", subject=f"user:{actor.id}", actor_id=actor.id, now=now)
    return row


def waiting_of(user_id: UUID) -> Erasure | None:
    """The erasure this person waits for, if there is one."""
    return Erasure.objects.filter(user_id=user_id, state=Erasure.State.WAITING).first()


def due(*, now: datetime) -> list[UUID]:
    """The erasures whose time has come."""
    rows = Erasure.objects.filter(state=Erasure.State.WAITING, due_at__lte=now).order_by("due_at")
    return list(rows.values_list("id", flat=True)[:500])


def locked(erasure_id: UUID) -> Erasure | None:
    """The waiting erasure, locked until the transaction ends: from here on it cannot be undone. None when it is over."""
    return (
        Erasure.objects.select_for_update(no_key=True, of=("self",))
        .select_related("user")
        .filter(id=erasure_id, state=Erasure.State.WAITING)
        .first()
    )


def put_off(row: Erasure, *, because: str, now: datetime) -> None:
    """It is due and cannot be done yet; the person is told once why (`money`, `leases`)."""
    if row.put_off_because != because:
        Erasure.objects.filter(id=row.id).update(put_off_because=because)
        _tell(row.user_id, because, key=f"erasure:{row.id}:{because}", now=now)


def lock_owners(user_id: UUID) -> None:
    """Lock the owners of every organisation that this person owns, as `members.end_membership` does: one of the last two stays."""
    owned = Membership.objects.filter(user_id=user_id, role=Membership.Role.OWNER, ended_at=None).values("organization_id")
    owners = Membership.objects.filter(organization_id__in=owned, role=Membership.Role.OWNER, ended_at=None)
    list(owners.select_for_update().order_by("id").values_list("id", flat=True))


def is_last_owner(user_id: UUID) -> bool:
    """Would an organisation that is not closed be left without an owner?"""
    owner = Membership.objects.filter(user_id=user_id, role=Membership.Role.OWNER, ended_at=None)
    owned = owner.filter(organization__closed_at=None).values("organization_id")
    others = Membership.objects.filter(role=Membership.Role.OWNER, ended_at=None).exclude(user_id=user_id)
    return (
        Membership.objects.filter(organization_id__in=owned)
        .exclude(organization_id__in=others.values("organization_id"))
        .exists()
    )


def forget(row: Erasure, *, now: datetime) -> None:
    """Delete what this room knows of a person, for good; their id stays, and leads to nobody. In the caller's transaction. Audited.

    Files of copies go after the transaction (`tasks.personal_data.discard`), which this lets end at once.
    """
    user_id = row.user_id
    _forget_account(row.user, now=now)
    worker = Worker.objects.select_for_update(no_key=True).filter(user_id=user_id).first()
    if worker is not None:
        Identity.objects.filter(worker=worker).delete()
        aliases.forget(worker.id)
        TeamMember.objects.filter(worker=worker, left_at=None).update(left_at=now)
        _forget_profile(worker)
    Message.objects.filter(author_id=user_id, erased_at=None).update(text="", erased_at=now)
    Notification.objects.filter(user_id=user_id).delete()
    NoticePreference.objects.filter(user_id=user_id).delete()
    DataCopy.objects.filter(user_id=user_id, state=DataCopy.State.DONE).update(kept_until=now)
    DataCopy.objects.filter(
        user_id=user_id, state__in=[DataCopy.State.QUEUED, DataCopy.State.RUNNING]
    ).delete()  # lost, if running
    idempotency.forget_answers_to(str(user_id))
    Erasure.objects.filter(id=row.id).update(state=Erasure.State.DONE, ended_at=now, put_off_because="")
    audit.append("person.erased", subject=f"user:{user_id}", now=now)


def _forget_account(user: User, *, now: datetime) -> None:
    """No way in is left: address, password, second factors, sessions, tokens, memberships."""
    members.forget_invitations_to(EmailAddress.objects.filter(user=user))
    EmailAddress.objects.filter(user=user).delete()
    EmailCode.objects.filter(user=user).delete()
    Authenticator.objects.filter(user=user).delete()
    sessions = UserSession.objects.filter(user=user)
    Session.objects.filter(session_key__in=list(sessions.values_list("session_key", flat=True))).delete()
    sessions.delete()
    ApiToken.objects.filter(user=user).update(name="", used_from="", revoked_at=now)
    Membership.objects.filter(user=user, ended_at=None).update(ended_at=now)
    user.email, user.is_active, user.is_staff, user.last_login = f"{user.id}@{NOBODY}", False, False, None
    user.set_unusable_password()
    user.save(update_fields=["email", "is_active", "is_staff", "last_login", "password"])


def _forget_profile(worker: Worker) -> None:
    """The profile as of somebody who has said nothing, whatever fields it has. Claims on their way find another standing."""
    blank = Worker(display_name=FORMER)
    said = [field.attname for field in Worker._meta.concrete_fields if field.name not in NOT_SAID]
    Worker.objects.filter(id=worker.id).update(**{name: getattr(blank, name) for name in said})
    onboarding.touch_standing(worker.id)


def _check_not_last_owner(user_id: UUID) -> None:
    if is_last_owner(user_id):
        raise StillOwner


def _tell(user_id: UUID, what: str, *, key: str, now: datetime, until: datetime | None = None) -> None:
    data = {"what": what} | ({"until": until.date().isoformat()} if until else {})
    notifying.notify([user_id], kind=NoticeKind.MY_DATA, key=key, by=None, data=data, link="/my/data/", now=now)


def note_gone(row: DataCopy) -> int:
    """The file of a copy is deleted."""
    return DataCopy.objects.filter(id=row.id, state=DataCopy.State.DONE).update(state=DataCopy.State.GONE, stored_as="")
