"""The gate: is somebody's accuracy, as gold shows it, under the bar of a batch? Then they are paused for a day at most, with a receipt.

It looks some minutes or some tasks after a wrong answer, at random, and acts on the bound of the posterior, never on the raw share.
"""

import contextlib
import random
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import DateTimeField, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, Greatest

from qualification import estimating, evidence
from qualification.models import Estimate
from tasks import casework, practising
from tasks.models import Assignment, Batch, Case, Enrolment, Look
from workforce import decisions
from workforce.errors import NotLiftable
from workforce.models import Decision, Worker

RIGHT_SCORE = 0.5  # a gold answer scoring less counts as wrong for the decision to look at the gate
GATE_RULE = "gold-accuracy/1"
GATE_LEVEL = 0.95
GATE_MIN_GOLD = 5  # never decide on fewer gold answers (reference: fair-work.md A.2 rule 16)
PAUSE = timedelta(hours=24)  # the longest a rule may restrict anyone
LOOK_AFTER_SECONDS = (120.0, 1200.0)  # at a random instant between these,
LOOK_AFTER_TASKS = (8, 24)  # or once they have taken so many more tasks, drawn between these, whichever is sooner
CHUNK = 500
A_PERSON_LOOKS = "You were paused for this before, so a person looks at it before anything happens."
WRONG_GOLD = "A task with a known answer had a wrong one. It was put right, and without it this would not have happened."
chance = random.SystemRandom()


def look_soon(worker_id: UUID, *, batch_id: UUID, window: int, now: datetime) -> None:
    """See to it that their accuracy is looked at some minutes or tasks from now; one look ahead is enough."""
    claimed = Enrolment.objects.filter(worker_id=worker_id, batch_id=batch_id).values_list("claimed", flat=True).first() or 0
    look = Look(
        worker_id=worker_id,
        batch_id=batch_id,
        window=window,
        due_at=now + timedelta(seconds=chance.uniform(*LOOK_AFTER_SECONDS)),
        due_claimed=claimed + chance.randint(*LOOK_AFTER_TASKS),
    )
    Look.objects.bulk_create([look], ignore_conflicts=True)


def look_due(*, now: datetime, simulated: bool = False) -> int:
    """Take every look that is due; returns how many. Safe to run twice at once.

    `simulated`: by the clock of whoever is looked at, their newest hand-in in the batch, where that is ahead of `now`.
    """
    mine = Assignment.objects.filter(worker_id=OuterRef("worker_id"), batch_id=OuterRef("batch_id"), submitted_at__isnull=False)
    newest = Coalesce(Subquery(mine.order_by("-submitted_at").values("submitted_at")[:1]), Value(now, DateTimeField()))
    clock = Greatest(newest, Value(now, DateTimeField())) if simulated else Value(now, DateTimeField())
    taken = Enrolment.objects.filter(worker_id=OuterRef("worker_id"), batch_id=OuterRef("batch_id")).values("claimed")
    rows = Look.objects.annotate(clock=clock, taken=Subquery(taken))
    due = rows.filter(Q(due_at__lte=F("clock")) | Q(due_claimed__lte=F("taken"))).order_by("due_at")
    return sum(_look(row, now=min(row.due_at, row.clock) if simulated else now) for row in due[:CHUNK])


@transaction.atomic
def _look(row: Look, *, now: datetime) -> bool:
    """Locks the worker and their estimate: of two looks at once in one project the second sees what the first decided."""
    Worker.objects.select_for_update(no_key=True).get(id=row.worker_id)
    if not Look.objects.filter(id=row.id).delete()[0]:
        return False
    batch = Batch.objects.select_related("guideline").get(id=row.batch_id)
    if batch.accuracy_bar is None or batch.guideline is None or batch.guideline.meaning_version != row.window:
        return True  # the guideline means something else by now: nobody is judged by what was right before
    scope = Decision.scope_of_project(batch.project_id)
    estimate = evidence.locked(row.worker_id, scope=scope, window=row.window, now=now)
    pause_if_below(estimate, batch, now=now)
    return True


def pause_if_below(estimate: Estimate, batch: Batch, *, now: datetime) -> Decision | None:
    """Pause new leases for 24 hours when even the upper bound of accuracy is under the batch's bar; None when it is not.

    Acts on the bound of the posterior, never on the raw share, and never on fewer than GATE_MIN_GOLD gold answers; after a pause of its own
    not before so many more. Never twice running: where no person has looked since the last time, it opens a case instead (`casework`).
    Where the batch names a course, the worker is sent to it, and the pause ends when they have finished it; without `retrain_blocks` there is
    none. The caller has locked worker and estimate.
    """
    bar = batch.accuracy_bar
    if bar is None or not _is_under(estimate.alpha, estimate.beta, estimate.observations, bar=bar):
        return None
    if decisions.in_force(estimate.worker_id, scopes=[estimate.scope], now=now):
        return None
    last = decisions.last_of_rule(estimate.worker_id, rule=GATE_RULE, scope=estimate.scope)
    if last is not None and evidence.standing(estimate).filter(observed_at__gt=last.created_at).count() < GATE_MIN_GOLD:
        return None  # a pause is a chance to do better: it takes as many answers anew
    finding, receipt = _finding(estimate, bar)
    if last is not None and not _a_person_has_looked(last, batch):
        casework.open_case(estimate, batch, rule=GATE_RULE, finding=f"{finding}. {A_PERSON_LOOKS}", receipt=receipt, now=now)
        return None
    course_id, decision = batch.retrain_course_id, None
    if course_id is None or batch.retrain_blocks:
        decision = _pause(estimate, finding, batch.organization_id, receipt, until_trained=course_id is not None, now=now)
    if course_id is not None:
        practising.retrain(
            estimate.worker_id,
            course_id,
            rule=GATE_RULE,
            scope=estimate.scope,
            reason=f"{finding}. This course shows what is asked, with practice. The time in it is work; then your accuracy is measured afresh.",
            decision=decision,
            now=now,
            **receipt,
        )
    return decision


def _is_under(alpha: float, beta: float, observations: int, *, bar: float) -> bool:
    return observations >= GATE_MIN_GOLD and estimating.bounds(alpha, beta, level=GATE_LEVEL)[1] < bar


def _a_person_has_looked(last: Decision, batch: Batch) -> bool:
    """Since that pause: it was lifted otherwise than by finishing a course, a case was decided or lapsed, or a person decided in its scope."""
    lifting = decisions.lifting_of(last.id)
    if lifting is not None and (lifting.decided_by_id is not None or lifting.rule not in (GATE_RULE, practising.FINISHED_RULE)):
        return True
    if casework.ended_since(last.worker_id, batch.project_id, last.created_at):
        return True
    return decisions.by_a_person_since(last.worker_id, scope=last.scope, since=last.created_at)


def _finding(estimate: Estimate, bar: float) -> tuple[str, dict[str, Any]]:
    """What the rule found, in words, and the receipt: what it saw and what it compared it with."""
    _, upper = estimating.bounds(estimate.alpha, estimate.beta, level=GATE_LEVEL)
    right = estimate.alpha - estimating.PRIOR_ALPHA
    receipt: dict[str, Any] = {
        "inputs": {
            "gold_answers": estimate.observations,
            "guideline_meaning": estimate.window,
            "counted_from": estimate.counted_from.isoformat() if estimate.counted_from else None,
            "right": right,
            "upper_bound": upper,
            "level": GATE_LEVEL,
        },
        "threshold": {"accuracy_bar": bar, "min_gold_answers": GATE_MIN_GOLD},
    }
    finding = (
        f"Of {estimate.observations} tasks with a known answer you have answered {right:g} as expected. Even the upper 95 % bound "
        f"of your accuracy, {upper:.0%}, is under the {bar:.0%} this project asks for"
    )
    return finding, receipt


def _pause(
    estimate: Estimate, finding: str, organization_id: UUID, receipt: dict[str, Any], *, until_trained: bool, now: datetime
) -> Decision:
    sooner = ", or until you have finished the training you were given" if until_trained else ""
    return decisions.record(
        estimate.worker_id,
        kind=Decision.Kind.PAUSE,
        scope=estimate.scope,
        organization_id=organization_id,
        rule=GATE_RULE,
        reason=(
            f"{finding}, so you get no new tasks of it for 24 hours{sooner}. Tasks you hold and pay you have earned are not "
            "touched. If you think this is wrong, appeal: a person will look."
        ),
        now=now,
        effective_until=now + PAUSE,
        **receipt,
    )


# ---- when what it rested on was wrong ----


def clear_record(decision: Decision, *, now: datetime) -> None:
    """A pause of this rule was overturned: the evidence it rested on no longer counts. Nothing for other decisions. The second time nothing."""
    window = decision.inputs.get("guideline_meaning")
    if decision.rule != GATE_RULE or decision.kind != Decision.Kind.PAUSE or window is None:
        return
    estimate = evidence.locked(decision.worker_id, scope=decision.scope, window=window, now=now)
    seen = evidence.standing_then(estimate, at=decision.created_at, counted_from=_counted_from(decision.inputs))
    evidence.withdraw(
        decision.worker_id,
        scope=decision.scope,
        window=window,
        evidence_ids=list(seen.values_list("id", flat=True)),
        reason=f"decision:{decision.id}",
        now=now,
    )


def reconsider(estimate: Estimate, *, decided_by: UUID, now: datetime) -> int:
    """Evidence has changed: lift the pauses of this rule that would not have happened, and end such cases; returns how many pauses.

    The caller has locked worker and estimate.
    """
    lifted = 0
    for row in decisions.standing_of_rule(estimate.worker_id, rule=GATE_RULE, scope=estimate.scope):
        if row.inputs.get("guideline_meaning") == estimate.window and not _still_under(
            estimate, row.inputs, row.threshold, row.created_at
        ):
            with contextlib.suppress(NotLiftable):
                decisions.overturn(row, decided_by=decided_by, reason=WRONG_GOLD, now=now)
                lifted += 1
    project_id = UUID(estimate.scope.removeprefix("project:"))
    for case in Case.objects.filter(
        worker_id=estimate.worker_id, project_id=project_id, window=estimate.window, state=Case.State.OPEN
    ):
        if not _still_under(estimate, case.inputs, case.threshold, case.opened_at):
            casework.end_without_verdict(case.id, state=Case.State.MOOT, now=now)
    return lifted


def _still_under(estimate: Estimate, inputs: dict[str, Any], threshold: dict[str, Any], at: datetime) -> bool:
    """Would the rule have found the same at that instant, by what is known now?"""
    rows = evidence.standing_then(estimate, at=at, counted_from=_counted_from(inputs))
    return _is_under(*evidence.drawn(rows), bar=threshold["accuracy_bar"])


def _counted_from(inputs: dict[str, Any]) -> datetime | None:
    stated = inputs.get("counted_from")
    return datetime.fromisoformat(stated) if stated else None
