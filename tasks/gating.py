"""The gate: is somebody's accuracy, as gold shows it, under the bar of a batch? Then they are paused for a day at most, with a receipt.

It looks some minutes after a wrong answer, at a random instant, and acts on the bound of the posterior, never on the raw share.
"""

import random
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from qualification import estimating, evidence
from qualification.models import Estimate
from tasks import practising
from tasks.models import Batch, Look
from workforce import decisions
from workforce.models import Decision, Worker

RIGHT_SCORE = 0.5  # a gold answer scoring less counts as wrong for the decision to look at the gate
GATE_RULE = "gold-accuracy/1"
GATE_LEVEL = 0.95
GATE_MIN_GOLD = 5  # never decide on fewer gold answers (reference: fair-work.md A.2 rule 16)
PAUSE = timedelta(hours=24)  # the longest a rule may restrict anyone
LOOK_AFTER_SECONDS = (120.0, 1200.0)  # at a random instant between these
CHUNK = 500
chance = random.SystemRandom()


def look_soon(worker_id: UUID, *, batch_id: UUID, window: int, now: datetime) -> None:
    """See to it that their accuracy is looked at some minutes from now; one look ahead is enough."""
    due_at = now + timedelta(seconds=chance.uniform(*LOOK_AFTER_SECONDS))
    Look.objects.bulk_create([Look(worker_id=worker_id, batch_id=batch_id, window=window, due_at=due_at)], ignore_conflicts=True)


def look_due(*, now: datetime, simulated: bool = False) -> int:
    """Take every look that is due; returns how many. Safe to run twice at once. `simulated`: each at its own instant, whenever that is."""
    rows = Look.objects.all() if simulated else Look.objects.filter(due_at__lte=now)
    due = list(rows.order_by("due_at")[:CHUNK])
    return sum(_look(row, now=row.due_at if simulated else now) for row in due)


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
    pause_if_below(
        estimate,
        bar=batch.accuracy_bar,
        organization_id=batch.organization_id,
        retrain_course_id=batch.retrain_course_id,
        retrain_blocks=batch.retrain_blocks,
        now=now,
    )
    return True


def pause_if_below(
    estimate: Estimate,
    *,
    bar: float,
    organization_id: UUID,
    now: datetime,
    retrain_course_id: UUID | None = None,
    retrain_blocks: bool = True,
) -> Decision | None:
    """Pause new leases for 24 hours when even the upper bound of accuracy is under the bar; None when it is not, or one is in force.

    Acts on the bound of the posterior, never on the raw share, and never on fewer than GATE_MIN_GOLD gold answers. Where the batch
    names a course, the worker is sent to it, and the pause ends when they have finished it; without `retrain_blocks` there is none.
    """
    _, upper = estimating.bounds(estimate.alpha, estimate.beta, level=GATE_LEVEL)
    if estimate.observations < GATE_MIN_GOLD or upper >= bar:
        return None
    if decisions.in_force(estimate.worker_id, scopes=[estimate.scope], now=now):
        return None
    right = estimate.alpha - 1
    receipt: dict[str, Any] = {
        "inputs": {
            "gold_answers": estimate.observations,
            "guideline_meaning": estimate.window,
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
    decision = None
    if retrain_course_id is None or retrain_blocks:
        decision = _pause(estimate, finding, organization_id, receipt, until_trained=retrain_course_id is not None, now=now)
    if retrain_course_id is not None:
        practising.retrain(
            estimate.worker_id,
            retrain_course_id,
            rule=GATE_RULE,
            scope=estimate.scope,
            reason=f"{finding}. This course shows what is asked, with practice. The time in it is work; then your accuracy is measured afresh.",
            decision=decision,
            now=now,
            **receipt,
        )
    return decision


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
