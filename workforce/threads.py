"""Conversations between a worker and a requester: opened, answered, closed, read; and answers published for everybody.

A thread's row is locked for every message, so that messages are numbered without a gap and its counts are right. The requester's
side is any member of the organisation in the role of manager or above; without an organisation it is the operators.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from foundation import events, ids
from foundation.errors import NotFound
from foundation.statements import rows_of
from workforce import access, limits, notifying
from workforce.access import Actor
from workforce.errors import BadMessage, NothingToClarify, ThreadEnded, ThreadFull, TooManyMessages
from workforce.models import Clarification, Membership, Message, NoticeKind, Thread, User

TEXT_MAX_CHARACTERS = 5000
MESSAGES_PER_HOUR = 60  # by one person, in all conversations
MESSAGES_PER_THREAD = 500
ANSWERS_LOOKED_AT = 500  # newest threads of a requester, for the median time to an answer
CLARIFICATIONS_MAX = 200

MEDIAN_ANSWER_HOURS = """
SELECT o.id AS organization_id, count(*) AS answered,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM t.first_answered_at - t.created_at)::float8) / 3600 AS median_hours
  FROM unnest(%(organizations)s::uuid[]) AS o (id)
 CROSS JOIN LATERAL (SELECT created_at, first_answered_at FROM workforce_thread
                      WHERE organization_id = o.id ORDER BY last_message_at DESC LIMIT %(newest)s) t
 WHERE t.first_answered_at IS NOT NULL
 GROUP BY o.id
"""


@transaction.atomic
def start(
    actor: Actor,
    *,
    kind: str,
    organization_id: UUID | None,
    subject: str,
    about: str,
    text: str,
    now: datetime,
    within: str = "",
    about_in_full: str = "",
    reason: str = "",
) -> Thread:
    """A worker begins a conversation; the requester's side is told. The caller has checked that the subject is the worker's.

    A task is flagged once by each: the second time returns the first flag. Locks the author. Raises NotAWorker, BadMessage and
    TooManyMessages.
    """
    worker_id = access.require_worker(actor)
    text = _checked(text, may_be_empty=kind == Thread.Kind.FLAG)
    if organization_id is not None:
        access.require_open(organization_id)  # nobody there could answer
    _check_pace(actor.id, now)
    if kind == Thread.Kind.FLAG and (flag := Thread.objects.filter(worker_id=worker_id, subject=subject, kind=kind).first()):
        return flag
    if kind != Thread.Kind.APPEAL:  # which nobody is kept from
        limits.hold("open_threads_per_account", actor.id, Thread.objects.filter(worker_id=worker_id, state=Thread.State.OPEN))
    thread = Thread.objects.create(
        kind=kind,
        worker_id=worker_id,
        organization_id=organization_id,
        subject=subject,
        about=about[:200],
        about_in_full=about_in_full[:300],
        within=within,
        reason=reason,
        created_at=now,
        last_message_at=now,
    )
    if kind != Thread.Kind.APPEAL:  # of which `appeals` tells
        events.record(
            "question.asked" if kind == Thread.Kind.QUESTION else "task.flagged",
            subject_id=thread.id,
            organization_id=organization_id,
            actor_id=actor.id,
            now=now,
            data={"subject": subject},
        )
    if text:
        _write(thread, Message.Side.WORKER, actor, text, now)
    else:  # a flag that its reason says all about
        Thread.objects.filter(id=thread.id).update(unread_by_organization=1)
        _tell_organization(thread, key=f"thread:{thread.id}", now=now)
    thread.refresh_from_db()
    return thread


@transaction.atomic
def write(actor: Actor, thread_id: UUID, *, text: str, now: datetime) -> Message:
    """Add a message; the other side is told. A closed conversation opens again.

    Locks the author, then the thread. Raises NotFound, RoleTooLow, BadMessage, TooManyMessages, ThreadFull and ThreadEnded.
    """
    text = _checked(text)
    found = _visible(actor, thread_id)
    side = side_of(actor, found, to_write=True)
    if found.organization_id is not None:
        access.require_open(found.organization_id)
    _check_pace(actor.id, now)
    thread = Thread.objects.select_for_update(no_key=True).get(id=thread_id)
    if thread.messages_count >= MESSAGES_PER_THREAD:
        raise ThreadFull(limit=MESSAGES_PER_THREAD)
    if thread.state == Thread.State.CLOSED and thread.kind == Thread.Kind.APPEAL:
        raise ThreadEnded
    return _write(thread, side, actor, text, now)


def _write(thread: Thread, side: str, actor: Actor, text: str, now: datetime) -> Message:
    """The message, the thread's counts, and a notice to the other side; under the thread's lock, or in its first transaction."""
    by_worker = side == Message.Side.WORKER
    message = Message.objects.create(
        thread=thread, number=thread.messages_count + 1, side=side, author_id=actor.id, text=text, created_at=now
    )
    thread.messages_count += 1
    thread.last_message_at, thread.closed_at = now, None
    thread.state = Thread.State.OPEN if by_worker else Thread.State.ANSWERED
    if by_worker:
        thread.unread_by_organization, thread.unread_by_worker = thread.unread_by_organization + 1, 0
        _tell_organization(thread, key=f"message:{message.id}", now=now)
    else:
        thread.unread_by_worker, thread.unread_by_organization = thread.unread_by_worker + 1, 0
        thread.first_answered_at = thread.first_answered_at or now
        notifying.notify_worker(
            thread.worker_id,
            kind=NoticeKind.ANSWERED,
            key=f"message:{message.id}",
            data={"about": thread.about},
            link=link_of(thread),
            by=thread.organization_id,
            now=now,
        )
    thread.save()
    return message


def _tell_organization(thread: Thread, *, key: str, now: datetime) -> None:
    if thread.kind == Thread.Kind.APPEAL and thread.messages_count == 1:
        return  # `appeals` tells of the appeal itself
    notifying.notify(
        notifying.members_to_tell(thread.organization_id),
        kind=NoticeKind.QUESTION_ASKED,
        key=key,
        data={"about": thread.about_for_organization, "kind": thread.kind},
        link=link_of(thread),
        by=None,
        now=now,
    )


@transaction.atomic
def close(actor: Actor, thread_id: UUID, *, now: datetime) -> Thread:
    """End a conversation, by either side. The second time returns the same row. An appeal's ends with its verdict alone."""
    thread = _visible(actor, thread_id)
    side_of(actor, thread, to_write=True)
    if thread.kind == Thread.Kind.APPEAL:
        raise ThreadEnded("An appeal's conversation ends with the appeal: withdraw or decide that.")
    Thread.objects.filter(id=thread.id).exclude(state=Thread.State.CLOSED).update(state=Thread.State.CLOSED, closed_at=now)
    thread.refresh_from_db()
    return thread


def end(thread_id: UUID, *, now: datetime) -> None:
    """Close an appeal's conversation with its verdict. Safe to repeat."""
    Thread.objects.filter(id=thread_id).exclude(state=Thread.State.CLOSED).update(state=Thread.State.CLOSED, closed_at=now)


@transaction.atomic
def reopen(actor: Actor, thread_id: UUID, *, now: datetime) -> Thread:
    """Open a closed conversation again, by either side: it waits for an answer. The second time returns the same row."""
    thread = _visible(actor, thread_id)
    side_of(actor, thread, to_write=True)
    if thread.kind == Thread.Kind.APPEAL:
        raise ThreadEnded
    Thread.objects.filter(id=thread.id, state=Thread.State.CLOSED).update(state=Thread.State.OPEN, closed_at=None)
    thread.refresh_from_db()
    return thread


def read(actor: Actor, thread_id: UUID, *, now: datetime) -> Thread:
    """Note that one's side has seen everything, and read the notices that led here. Safe to repeat."""
    thread = _visible(actor, thread_id)
    side = side_of(actor, thread)
    unread = "unread_by_worker" if side == Message.Side.WORKER else "unread_by_organization"
    if getattr(thread, unread):
        Thread.objects.filter(id=thread.id).update(**{unread: 0})
        thread.refresh_from_db()
    notifying.read_those_leading_to(actor.id, link_of(thread), now=now)
    return thread


def messages_of(thread: Thread) -> list[Message]:
    """Everything said, in order; MESSAGES_PER_THREAD at most."""
    return list(Message.objects.filter(thread=thread).order_by("number")[:MESSAGES_PER_THREAD])


def side_of(actor: Actor, thread: Thread, *, to_write: bool = False) -> str:
    """For which side this person speaks. Whoever is both speaks as the worker. Raises NotFound, and RoleTooLow to write."""
    if actor.worker_id is not None and actor.worker_id == thread.worker_id:
        return Message.Side.WORKER
    if thread.organization_id is None:
        access.require_operator(actor)
    else:
        least = Membership.Role.MANAGER if to_write else Membership.Role.VIEWER
        access.require_role(actor, thread.organization_id, at_least=least)
    return Message.Side.ORGANIZATION


def link_of(thread: Thread) -> str:
    """The address of its page, the same for both sides."""
    return f"/questions/{thread.id}/"


# ---- clarifications ----


@transaction.atomic
def clarify(actor: Actor, thread_id: UUID, *, question: str, answer: str, now: datetime) -> Clarification:
    """Publish a question and its answer for everybody who works within the thread's place, in the requester's own words.

    Nothing of the worker is taken over by itself: who publishes writes both texts. An earlier clarification of this thread ends.
    Managers. Locks the thread. Raises NotFound, RoleTooLow, BadMessage and NothingToClarify.
    """
    thread = _visible(actor, thread_id)
    if side_of(actor, thread, to_write=True) == Message.Side.WORKER:
        raise NotFound
    thread = Thread.objects.select_for_update(no_key=True).get(id=thread.id)
    if not thread.within or thread.kind == Thread.Kind.APPEAL or thread.first_answered_at is None:
        raise NothingToClarify
    question, answer = _checked(question), _checked(answer)
    in_force = Clarification.objects.filter(thread=thread, withdrawn_at=None)
    if (same := in_force.filter(question=question, answer=answer).first()) is not None:
        return same
    in_force.update(withdrawn_at=now)
    row = Clarification.objects.create(
        thread=thread, within=thread.within, question=question, answer=answer, published_by_id=actor.id, published_at=now
    )
    events.record(
        "clarification.published", subject_id=row.id, organization_id=thread.organization_id, actor_id=actor.id, now=now
    )
    return row


def withdraw_clarification(actor: Actor, clarification_id: UUID, *, now: datetime) -> Clarification:
    """Show it no longer. Managers. The second time returns the same row. Raises NotFound and RoleTooLow."""
    row = Clarification.objects.select_related("thread").filter(id=clarification_id).first()
    if row is None or not Thread.objects.visible_to(actor).filter(id=row.thread_id).exists():
        raise NotFound
    if side_of(actor, row.thread, to_write=True) == Message.Side.WORKER:
        raise NotFound
    Clarification.objects.filter(id=row.id, withdrawn_at=None).update(withdrawn_at=now)
    row.refresh_from_db()
    return row


def clarifications_of(within: Sequence[str]) -> list[Clarification]:
    """What was clarified for everybody in these places (`batch:<id>`), oldest first; CLARIFICATIONS_MAX at most."""
    found = Clarification.objects.filter(within__in=within, withdrawn_at=None)
    return list(found.order_by("published_at", "id")[:CLARIFICATIONS_MAX])


# ---- figures ----


def answer_hours(organization_ids: Sequence[UUID]) -> dict[UUID, float]:
    """The median hours from a question to its first answer, of each requester's newest ANSWERS_LOOKED_AT; absent without any."""
    parameters = {"organizations": list(set(organization_ids)), "newest": ANSWERS_LOOKED_AT}
    return {row["organization_id"]: round(row["median_hours"], 1) for row in rows_of(MEDIAN_ANSWER_HOURS, parameters)}


def counts_within(within: str) -> dict[str, int]:
    """How many questions and flags there are in a place, and how many wait for an answer."""
    rows = Thread.objects.filter(within=within).values_list("kind", "state")[: 10 * ANSWERS_LOOKED_AT]
    found: dict[str, int] = {"questions": 0, "questions_waiting": 0, "flags": 0, "flags_waiting": 0}
    for kind, state in rows:
        name = "flags" if kind == Thread.Kind.FLAG else "questions"
        found[name] += 1
        found[f"{name}_waiting"] += state == Thread.State.OPEN
    return found


def subject_for(side: str, thread: Thread) -> str:
    """What a conversation is about, as kind and id. Of a task a worker gets an id that tells neither time nor order."""
    kind, _, found = thread.subject.partition(":")
    return f"task:{ids.opaque('task', UUID(found))}" if kind == "task" and side == Message.Side.WORKER else thread.subject


def unread_of(actor: Actor) -> int:
    """How many of one's conversations have something new for one's side."""
    mine = Q(worker_id=actor.worker_id, unread_by_worker__gt=0) if actor.worker_id else Q(pk=None)
    theirs = Q(organization_id__in=actor.organization_ids, unread_by_organization__gt=0)
    return Thread.objects.filter(mine | theirs).count()


def rows_of_person(worker_id: UUID, user_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """For the person themself: their conversations with everything said in them, and what they wrote for organisations."""
    threads = {
        thread.id: {
            "kind": thread.kind,
            "about": thread.about,
            "subject": subject_for(Message.Side.WORKER, thread),
            "reason": thread.reason,
            "state": thread.state,
            "created_at": thread.created_at,
            "messages": [],
        }
        for thread in Thread.objects.filter(worker_id=worker_id).order_by("id")
    }
    messages = Message.objects.filter(thread__worker_id=worker_id).order_by("id")
    for message in messages:
        said = {"by": "me" if message.author_id == user_id else "them", "at": message.created_at, "text": message.text}
        threads[message.thread_id]["messages"].append(said)  # type: ignore[attr-defined]
    others = Message.objects.filter(author_id=user_id).exclude(thread__worker_id=worker_id).order_by("id")
    return {
        "conversations": list(threads.values()),
        "messages_for_organizations": [{"at": one.created_at, "text": one.text} for one in others],
    }


def _visible(actor: Actor, thread_id: UUID) -> Thread:
    thread = Thread.objects.visible_to(actor).filter(id=thread_id).first()
    if thread is None:
        raise NotFound
    return thread


def _checked(text: str, *, may_be_empty: bool = False) -> str:
    text = text.replace("\x00", "").strip()
    if len(text) > TEXT_MAX_CHARACTERS or not (text or may_be_empty):
        raise BadMessage(field="text", limit=TEXT_MAX_CHARACTERS, got=len(text))
    return text


def _check_pace(user_id: UUID, now: datetime) -> None:
    """At most MESSAGES_PER_HOUR; counted under the author's lock, so that two at once are not both the last."""
    User.objects.select_for_update(no_key=True).get(id=user_id)
    written = Message.objects.filter(author_id=user_id, created_at__gt=now - timedelta(hours=1)).count()
    if written >= MESSAGES_PER_HOUR:
        raise TooManyMessages(limit=MESSAGES_PER_HOUR, window_seconds=3600)
