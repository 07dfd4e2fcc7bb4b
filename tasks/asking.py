"""Asking from inside the work: about a task one holds or held, a job, a decision; and flagging a task that is not as it should be.

Inside a lease the heartbeats count the time; what is written elsewhere is credited from when the form was opened, by the server's
clock, up to WRITING_MAX and clear of what is credited already.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core import signing
from django.db import IntegrityError, transaction
from django.db.models import Q
from psycopg.types.multirange import Multirange
from psycopg.types.range import Range

from foundation import constraints
from foundation.errors import NotFound
from foundation.paging import in_chunks
from payments import timekeeping, worktime
from payments.models import WorkInterval
from tasks.errors import FlagUnknown
from tasks.models import Assignment, Batch, Enrolment, Guideline, Task
from tasks.publishing import own_batch
from workforce import access, notifying, threads
from workforce.access import Actor
from workforce.models import Clarification, Decision, Membership, NoticeKind, Thread

WRITING_MAX = timedelta(minutes=5)  # who walks away from an open form is credited this much, and once
SALT = "asking"
FLAGGED_TASKS_MAX = 500
BATCHES_ASKED_ABOUT = 50


def opened(worker_id: UUID, *, now: datetime) -> str:
    """The server's word that this worker opened a form to write at this instant; comes back with the question."""
    return signing.dumps([str(worker_id), now.isoformat()], salt=SALT)


def about_assignment(actor: Actor, assignment_id: UUID, *, text: str, now: datetime) -> Thread:
    """Ask about a task one holds or held. Raises NotFound and what `threads.start` raises."""
    assignment = _own(actor, assignment_id)
    return threads.start(
        actor,
        kind=Thread.Kind.QUESTION,
        organization_id=assignment.batch.organization_id,
        subject=f"assignment:{assignment.id}",
        about=assignment.batch.name,
        about_in_full=f"{assignment.batch.name}: {assignment.task.key}",
        within=f"batch:{assignment.batch_id}",
        text=text,
        now=now,
    )


def flag(actor: Actor, assignment_id: UUID, *, reason: str, comment: str, now: datetime) -> Thread:
    """Say that a task is not as it should be, for a reason from the list. Once per task and worker: again returns the first flag.

    Nothing happens to the task by itself: its requester looks at it. Raises NotFound, FlagUnknown and what `threads.start` raises.
    """
    if reason not in Thread.Reason.values:
        raise FlagUnknown(field="reason", known=Thread.Reason.values)
    assignment = _own(actor, assignment_id)
    return threads.start(
        actor,
        kind=Thread.Kind.FLAG,
        organization_id=assignment.batch.organization_id,
        subject=f"task:{assignment.task_id}",
        about=assignment.batch.name,
        about_in_full=f"{assignment.batch.name}: {assignment.task.key}",
        within=f"batch:{assignment.batch_id}",
        reason=reason,
        text=comment,
        now=now,
    )


def about_batch(actor: Actor, batch_id: UUID, *, text: str, now: datetime, began: str = "") -> Thread:
    """Ask about a job or its guideline, before or after taking part. Raises NotFound for one that was never open."""
    access.require_worker(actor)
    batch = Batch.objects.filter(id=batch_id, published_at__isnull=False).first()
    if batch is None:
        raise NotFound
    thread = threads.start(
        actor,
        kind=Thread.Kind.QUESTION,
        organization_id=batch.organization_id,
        subject=f"batch:{batch.id}",
        about=batch.name,
        within=f"batch:{batch.id}",
        text=text,
        now=now,
    )
    credit_writing(actor, thread, began=began, now=now)
    return thread


def about_decision(actor: Actor, decision_id: UUID, *, text: str, now: datetime, began: str = "") -> Thread:
    """Ask about a decision about oneself, without appealing it. Raises NotFound."""
    from tasks.appealing import matter_of

    decision = Decision.objects.filter(id=decision_id, worker_id=access.require_worker(actor)).first()
    if decision is None:
        raise NotFound
    thread = threads.start(
        actor,
        kind=Thread.Kind.QUESTION,
        organization_id=decision.organization_id,
        subject=f"decision:{decision.id}",
        text=text,
        now=now,
        **matter_of(decision),
    )
    credit_writing(actor, thread, began=began, now=now)
    return thread


def credit_writing(actor: Actor, thread: Thread, *, began: str, now: datetime) -> float:
    """Credit the time since the form was opened; returns the seconds. Nothing without the server's word, nothing twice.

    If the time book is written at the same instant by other work, that stands and this is left out: it is the smaller loss.
    """
    worker_id = access.require_worker(actor)
    begun = _began(began, worker_id)
    if begun is None or begun >= now:
        return 0.0
    until = min(now, begun + WRITING_MAX)
    periods = worktime.credit(
        worktime.Clock(begun, until, until, Multirange([Range(begun, until, "[)")]), heartbeats=True),
        [],
        timekeeping.credited_in(worker_id, since=begun, until=until),
        now=until,
        idle_cap_seconds=int(WRITING_MAX.total_seconds()),
        typical_seconds=0,
        self_reported_seconds=None,
    )
    try:
        with transaction.atomic():
            timekeeping.record(worker_id, kind=WorkInterval.Kind.QUESTION, reference=thread.id, periods=periods, now=now)
    except IntegrityError as error:
        constraints.only(error, "second_credited_once")
        return 0.0
    return worktime.seconds_of(periods)


def _began(word: str, worker_id: UUID) -> datetime | None:
    try:
        whose, instant = signing.loads(word, salt=SALT)
    except (signing.BadSignature, ValueError):
        return None
    return datetime.fromisoformat(instant) if whose == str(worker_id) else None


# ---- reading ----


def asked_in(actor: Actor, assignment_id: UUID) -> list[Thread]:
    """What this worker asked or flagged about this task, newest first, for its workspace."""
    assignment = _own(actor, assignment_id)
    subjects = [f"assignment:{assignment.id}", f"task:{assignment.task_id}"]
    found = Thread.objects.filter(worker_id=assignment.worker_id, subject__in=subjects)
    return list(found.exclude(kind=Thread.Kind.APPEAL).order_by("-last_message_at")[:20])


def clarifications_of(batch: Batch) -> list[Clarification]:
    """Questions and answers that its requester published for everybody who works on the batch, oldest first."""
    return threads.clarifications_of([f"batch:{batch.id}"])


def clarifications_of_project(project_id: UUID) -> list[Clarification]:
    """The same for the newest BATCHES_ASKED_ABOUT batches of a project that were ever open: what its guideline did not say."""
    batches = Batch.objects.filter(project_id=project_id, published_at__isnull=False).order_by("-published_at")
    return threads.clarifications_of([f"batch:{id_}" for id_ in batches.values_list("id", flat=True)[:BATCHES_ASKED_ABOUT]])


def clarifications_for_assignment(actor: Actor, assignment_id: UUID) -> list[Clarification]:
    """The same for who holds or held a task of it. Raises NotFound."""
    return threads.clarifications_of([f"batch:{_own(actor, assignment_id).batch_id}"])


def clarifications_for(actor: Actor, batch_id: UUID) -> list[Clarification]:
    """The same for who may see them: any worker once it was open, and members of its organisation. Raises NotFound."""
    batch = Batch.objects.filter(id=batch_id).first()
    if batch is None:
        raise NotFound
    if actor.worker_id is None or batch.published_at is None:
        own_batch(actor, batch_id, at_least=Membership.Role.VIEWER)
    return clarifications_of(batch)


def flags_of(actor: Actor, batch_id: UUID) -> list[dict[str, Any]]:
    """The flagged tasks of a batch, most flagged first: how many people, for which reasons, how many wait for an answer.

    Viewers. FLAGGED_TASKS_MAX tasks at most. Raises NotFound for a foreign batch.
    """
    own_batch(actor, batch_id, at_least=Membership.Role.VIEWER)
    flags = Thread.objects.filter(kind=Thread.Kind.FLAG, within=f"batch:{batch_id}").order_by("created_at")
    found: dict[str, dict[str, Any]] = {}
    for row in flags.values("subject", "reason", "state", "created_at", "id")[: 20 * FLAGGED_TASKS_MAX]:
        task = found.setdefault(row["subject"], {"flags": 0, "waiting": 0, "reasons": {}, "thread_ids": []})
        task["flags"] += 1
        task["waiting"] += row["state"] == Thread.State.OPEN
        task["reasons"][row["reason"]] = task["reasons"].get(row["reason"], 0) + 1
        task["thread_ids"].append(row["id"])
        task["last_flagged_at"] = row["created_at"]
    most = sorted(found, key=lambda subject: -found[subject]["flags"])[:FLAGGED_TASKS_MAX]
    ids = [UUID(subject.removeprefix("task:")) for subject in most]
    tasks = Task.objects.filter(Q(id__in=ids)).only("key", "state").in_bulk()
    return [
        {"task_id": task_id, "task_key": tasks[task_id].key, "task_state": tasks[task_id].state, **found[f"task:{task_id}"]}
        for task_id in ids
    ]


def tell_of_guideline(guideline_id: UUID, *, now: datetime) -> int:
    """Tell whoever takes part in an open or paused batch under this version that it has changed; returns how many. Safe to repeat."""
    guideline = Guideline.objects.select_related("project").get(id=guideline_id)
    batches = Batch.objects.filter(guideline=guideline, state__in=[Batch.State.OPEN, Batch.State.PAUSED])
    told = 0
    for chunk in in_chunks(Enrolment.objects.filter(batch__in=batches).only("id", "worker_id")):
        told += notifying.notify_workers(
            [row.worker_id for row in chunk],
            kind=NoticeKind.GUIDELINE_CHANGED,
            key=f"guideline:{guideline.id}",
            data={"about": guideline.project.name, "changes": guideline.changes[:300]},
            by=None,
            now=now,
        )
    return told


def _own(actor: Actor, assignment_id: UUID) -> Assignment:
    worker_id = access.require_worker(actor)
    assignment = Assignment.objects.select_related("batch", "task").filter(id=assignment_id, worker_id=worker_id).first()
    if assignment is None:
        raise NotFound
    return assignment
