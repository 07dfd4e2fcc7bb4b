"""What became of gold, looked at within a minute by a job: an answer is evidence, one given back stays due to whoever gave it back.

Nothing of this happens while a worker waits: claim, hand-in and return do the same for every task, so that neither a field nor a latency
tells which one is gold. The job takes what waits in random order, so that not even the order of evidence tells.
"""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q

from qualification import evidence
from tasks import answering, gating
from tasks.models import Answer, Assignment, Enrolment, Gold, GoldScore, Guideline, Task
from workforce.models import Decision

log = logging.getLogger(__name__)
TRIES = 3  # the third time that the same due gold is given back it counts as an observation
CHUNK = 500
DELAY = timedelta(minutes=1)  # in a simulation, after the answer by the clock of whoever gave it
GIVEN_BACK = (Assignment.State.RETURNED, Assignment.State.EXPIRED)


def weigh_due(*, now: datetime, simulated: bool = False) -> int:
    """Look at every assignment of gold that has ended since the last run and before this one; returns how many. Safe to run twice at once.

    One that cannot be looked at is logged and tried again at the next run; it holds up no other. `simulated`: each a minute after it
    ended by its own clock.
    """
    done, failed = 0, set[UUID]()
    waiting = Assignment.objects.filter(gold_try__gt=0, weighed_at=None).exclude(state=Assignment.State.LEASED)
    ids: list[Any] = [None] * CHUNK
    while len(ids) == CHUNK:  # what ends meanwhile is for the next run: looks are not to wait until nobody works
        ids = list(waiting.exclude(id__in=failed).order_by("?").values_list("id", "submitted_at", "ended_at")[:CHUNK])
        for assignment_id, submitted_at, ended_at in ids:
            at = (submitted_at or ended_at or now) + DELAY if simulated else now
            try:
                done += _weigh(assignment_id, now=at)
            except Exception:
                log.exception("assignment %s could not be weighed", assignment_id)
                failed.add(assignment_id)
    return done


@transaction.atomic
def _weigh(assignment_id: UUID, *, now: datetime) -> bool:
    """One of them. Locks the worker's enrolment, the assignment, the gold, their estimate."""
    row = Assignment.objects.select_related("batch").get(id=assignment_id)
    Enrolment.objects.select_for_update(no_key=True).get(worker_id=row.worker_id, batch_id=row.batch_id)
    moved = Assignment.objects.filter(Q(id=row.id, state=row.state, weighed_at=None)).update(weighed_at=now)
    if not moved:
        return False  # another run has it, or it was handed in late this instant: then it waits anew
    if row.state not in GIVEN_BACK:
        _observe(row, kind=GoldScore.Kind.ANSWERED, now=now)
    elif row.gold_try < TRIES and not _nothing_else_to_meet(row):
        field = "gold_owed_once" if row.gold_try == 1 else "gold_owed_twice"
        Enrolment.objects.filter(worker_id=row.worker_id, batch_id=row.batch_id).update(**{field: F(field) + 1})
    else:
        _observe(row, kind=GoldScore.Kind.GIVEN_BACK, now=now)
    return True


def _nothing_else_to_meet(row: Assignment) -> bool:
    """Three of the batch's gold given back, and none left that this worker has not had: then it cannot stay due, and each counts."""
    had = Assignment.objects.filter(worker_id=row.worker_id, batch_id=row.batch_id, gold_try__gt=0)
    if had.filter(state__in=GIVEN_BACK).values("task_id").distinct().count() < TRIES:
        return False
    gold = Task.objects.filter(batch_id=row.batch_id, lane=Task.Lane.GOLD, need__gt=0)
    return not gold.exclude(id__in=had.values("task_id")).exists()


def _observe(row: Assignment, *, kind: str, now: datetime) -> None:
    """Write the observation, and see to it that somebody looks where it was a wrong one."""
    score = score_of(row) if kind == GoldScore.Kind.ANSWERED else 0.0
    if score is None or Gold.objects.filter(task_id=row.task_id, retired_at__isnull=False).exists():
        return
    # What is right is what the guideline of the answer's contract says: another meaning, another window.
    window = Guideline.objects.values_list("meaning_version", flat=True).get(id=row.guideline_id)
    add(row, kind=kind, score=score, window=window, happened_at=row.submitted_at or row.ended_at or now, now=now)
    if score < gating.RIGHT_SCORE and row.batch.accuracy_bar is not None:
        gating.look_soon(row.worker_id, batch_id=row.batch_id, window=window, now=now)


def score_of(row: Assignment) -> float | None:
    """What an answer is worth against its task's solution of now, 0 to 1; None when the task is gold no longer. Locks the gold."""
    gold = Gold.objects.select_for_update(no_key=True).filter(task_id=row.task_id, retired_at=None).first()
    if gold is None:
        return None
    canonical = Answer.objects.values_list("canonical", flat=True).get(assignment_id=row.id)
    return answering.interface_of_project(row.project_id).match(canonical, gold.solution)


def add(
    row: Assignment,
    *,
    kind: str,
    score: float,
    window: int,
    happened_at: datetime,
    now: datetime,
    observed_at: datetime | None = None,
) -> GoldScore:
    """Note what an assignment of gold was worth, in the place of what was noted of it before, and move the estimate."""
    scope = Decision.scope_of_project(row.project_id)
    before = GoldScore.objects.filter(assignment=row).select_related("evidence", "assignment").order_by("-number").first()
    if before is not None:
        withdraw(before, reason=f"assignment:{row.id}", now=now)
    number = before.number + 1 if before else 1
    source = f"assignment:{row.id}" if number == 1 else f"assignment:{row.id}:{number}"
    evidence.record(
        row.worker_id,
        scope=scope,
        score=score,
        source=source,
        now=observed_at or now,
        window=window,
        happened_at=happened_at,
    )
    observed = evidence.of_source(source)
    return GoldScore.objects.create(
        assignment=row, task_id=row.task_id, number=number, kind=kind, score=score, evidence=observed, created_at=now
    )


def withdraw(found: GoldScore, *, reason: str, now: datetime) -> None:
    """Let what was found no longer count, and draw the estimate anew."""
    evidence.withdraw(
        found.assignment.worker_id,
        scope=found.evidence.scope,
        window=found.evidence.window,
        evidence_ids=[found.evidence_id],
        reason=reason,
        now=now,
    )


def scores_of(assignment_ids: Collection[UUID]) -> dict[UUID, float]:
    """What these answers were worth, those of them that answered gold and have been looked at. Nothing for gold that was retired."""
    rows = GoldScore.objects.filter(assignment_id__in=assignment_ids, kind=GoldScore.Kind.ANSWERED, task__gold__retired_at=None)
    return dict(rows.order_by("number").values_list("assignment_id", "score"))


def observations_of(worker_id: UUID, project_id: UUID, *, at_most: int) -> int:
    """How many observations of a worker in a project stand, counted up to `at_most`: by index, whatever the worker's history."""
    scope = Decision.scope_of_project(project_id)
    rows = GoldScore.objects.filter(evidence__worker_id=worker_id, evidence__scope=scope, evidence__withdrawal=None)
    return rows[:at_most].count()
