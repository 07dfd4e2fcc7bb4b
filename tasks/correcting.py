"""Gold that was wrong: its requester corrects its truth, or retires it; what rested on it is put right by a job, with a receipt.

Answers are weighed anew or no longer count, estimates are drawn anew, pauses and cases that would not have happened end, and everybody
concerned is told; nobody is told which task it was.
"""

import logging
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.urls import reverse

from foundation import audit, events
from foundation.errors import NotFound
from qualification import evidence
from tasks import answering, gating, weighing
from tasks.errors import GoldUnchanged, GoldUnexplained
from tasks.models import Gold, GoldChange, GoldScore, Task
from tasks.publishing import own_batch
from workforce import limits, notifying
from workforce.access import Actor
from workforce.models import Decision, NoticeKind, Worker

log = logging.getLogger(__name__)
REASON_MIN_CHARACTERS, REASON_MAX_CHARACTERS = 10, 2000
CHUNK = 50


@transaction.atomic
def correct(actor: Actor, task_id: UUID, *, solution: Any, reason: str, now: datetime) -> GoldChange:
    """Correct the truth of a gold task; answers given and to come are weighed against the new one. Managers of its organisation.

    Locks the gold, so that no answer is weighed against the old truth afterwards. Returns the receipt; a job fills in what followed. Raises
    NotFound, GoldUnexplained, AnswerInvalid for a solution that does not fit, GoldUnchanged for one that is retired or has this truth
    already, LimitReached.
    """
    gold = _own(actor, task_id, reason)
    found = answering.interface_of_project(gold.task.project_id).solution(solution, gold.task.payload)
    if gold.retired_at is not None or found == gold.solution:
        raise GoldUnchanged(field="solution")
    Gold.objects.filter(task_id=task_id).update(solution=found)
    return _noted(actor, gold, GoldChange.Kind.CORRECTED, reason, now, solution=found)


@transaction.atomic
def retire(actor: Actor, task_id: UUID, *, reason: str, now: datetime) -> GoldChange:
    """Let a task be gold no longer: nobody gets it any more, and no answer to it counts for or against anybody. Managers.

    Who holds it hands it in as ever and is paid. Locks the gold, then the task. Raises NotFound, GoldUnexplained, and GoldUnchanged
    for one that is retired.
    """
    gold = _own(actor, task_id, reason)
    if gold.retired_at is not None:
        raise GoldUnchanged(field="task_id")
    Gold.objects.filter(task_id=task_id).update(retired_at=now)
    Task.objects.filter(id=task_id, state=Task.State.OPEN).update(state=Task.State.CANCELLED, need=0)
    return _noted(actor, gold, GoldChange.Kind.RETIRED, reason, now, solution=None)


def _own(actor: Actor, task_id: UUID, reason: str) -> Gold:
    gold = Gold.objects.select_related("task").select_for_update(no_key=True, of=("self",)).filter(task_id=task_id).first()
    if gold is None:
        raise NotFound
    own_batch(actor, gold.task.batch_id)
    if not REASON_MIN_CHARACTERS <= len(reason.strip()) <= REASON_MAX_CHARACTERS:
        raise GoldUnexplained(field="reason", least=REASON_MIN_CHARACTERS, limit=REASON_MAX_CHARACTERS, got=len(reason.strip()))
    return gold


def _noted(actor: Actor, gold: Gold, kind: str, reason: str, now: datetime, *, solution: Any) -> GoldChange:
    organization_id = gold.task.batch.organization_id
    today = GoldChange.objects.filter(created_at__gt=now - timedelta(days=1), task__batch__organization_id=organization_id)
    limits.hold("gold_changes_per_day", organization_id, today)
    row = GoldChange.objects.create(
        task=gold.task,
        kind=kind,
        solution_before=gold.solution,
        solution=solution,
        reason=reason.strip(),
        changed_by_id=actor.id,
        created_at=now,
    )
    events.record(f"gold.{kind}", subject_id=gold.task_id, organization_id=organization_id, actor_id=actor.id, now=now)
    audit.append(f"gold.{kind}", subject=f"task:{gold.task_id}", actor_id=actor.id, now=now, reason=reason)
    return row


# ---- what follows ----


def apply_due(*, now: datetime) -> int:
    """Put right what rested on gold that was changed; returns how many changes this run brought through. Safe to run twice, at once too,
    and to break off.

    One transaction per worker. A change that fails is logged and tried again at the next run; it holds up no other.
    """
    done = 0
    for change in (
        GoldChange.objects.filter(applied_at=None).select_related("task__batch__project").order_by("created_at")[:CHUNK]
    ):
        try:
            done += _apply(change, now=now)
        except Exception:
            log.exception("gold change %s could not be applied", change.id)
    return done


def _apply(change: GoldChange, *, now: datetime) -> bool:
    """Worker by worker, until nothing is left; says whether this run and no other brought it to its end."""
    workers = GoldScore.objects.filter(task_id=change.task_id).order_by("assignment__worker_id")
    for worker_id in workers.values_list("assignment__worker_id", flat=True).distinct():
        _put_right(change, worker_id, now=now)
    return bool(GoldChange.objects.filter(id=change.id, applied_at=None).update(applied_at=now))


@transaction.atomic
def _put_right(change: GoldChange, worker_id: UUID, *, now: datetime) -> None:
    """One worker's observations of this task, and what the receipt says of them. Locks the worker, their estimates, at last the receipt.

    The receipt adds up in the transaction of what it counts: of two runs the later finds nothing to change and adds nothing, and a run
    that is killed leaves both or neither.
    """
    Worker.objects.select_for_update(no_key=True).get(id=worker_id)
    rows = GoldScore.objects.filter(task_id=change.task_id, assignment__worker_id=worker_id, evidence__withdrawal=None)
    changed = 0
    windows: set[int] = set()
    for row in rows.select_related("assignment", "evidence", "assignment__batch").order_by("id"):
        if change.kind == GoldChange.Kind.RETIRED:
            weighing.withdraw(row, reason=f"gold_change:{change.id}", now=now)
        else:
            score = weighing.score_of(row.assignment) if row.kind == GoldScore.Kind.ANSWERED else row.score
            if score is None or score == row.score:
                continue
            happened_at = row.evidence.happened_at or row.evidence.observed_at
            weighing.add(
                row.assignment,
                kind=row.kind,
                score=score,
                window=row.evidence.window,
                happened_at=happened_at,
                observed_at=row.evidence.observed_at,  # so that what a decision of then would have seen can be drawn again
                now=now,
            )
            if score < gating.RIGHT_SCORE and row.assignment.batch.accuracy_bar is not None:
                gating.look_soon(worker_id, batch_id=row.assignment.batch_id, window=row.evidence.window, now=now)
        changed += 1
        windows.add(row.evidence.window)
    if not changed:
        return
    _tell(change, worker_id, now)
    scope = Decision.scope_of_project(change.task.project_id)
    lifted = 0
    for window in windows:
        estimate = evidence.locked(worker_id, scope=scope, window=window, now=now)
        lifted += gating.reconsider(estimate, decided_by=change.changed_by_id, now=now)
    GoldChange.objects.filter(id=change.id).update(
        answers=F("answers") + changed, workers=F("workers") + 1, lifted=F("lifted") + lifted
    )


def _tell(change: GoldChange, worker_id: UUID, now: datetime) -> None:
    notifying.notify_worker(
        worker_id,
        kind=NoticeKind.DECIDED,
        key=f"gold_change:{change.id}",
        data={"kind": "record_corrected", "reason": "", "about": change.task.batch.project.name},
        link=reverse("my_quality"),
        by=None,
        now=now,
    )
