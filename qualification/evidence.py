"""One stream of evidence feeds one estimate per worker and scope: the only writer of both.

An estimate is the prior and what stands: evidence of its window that nobody has withdrawn, of work done after `counted_from`.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from foundation.ids import new_id
from qualification.estimating import PRIOR_ALPHA, PRIOR_BETA
from qualification.models import Estimate, Evidence, Withdrawal

DONE_AT = Coalesce("happened_at", "observed_at")


@transaction.atomic
def record(
    worker_id: UUID,
    *,
    scope: str,
    score: float,
    source: str,
    now: datetime,
    weight: float = 1.0,
    window: int = 1,
    happened_at: datetime | None = None,
) -> Estimate:
    """Take one observation (0 wrong to 1 right) and move the window's estimate: alpha by weight × score, beta by weight × (1 − score).

    `happened_at` is when the work was done, `now` when it was looked at: work done before the estimate was begun anew is kept and moves
    nothing. A `window` nobody has seen begins from the prior; a late observation of an earlier one moves that one's estimate. The same
    `source` again changes nothing, also when many say it at once. Locks the estimate.
    """
    estimate = locked(worker_id, scope=scope, window=window, now=now)
    if Evidence.objects.filter(source=source).exists():
        return estimate  # under the lock: a twin has committed by now
    Evidence.objects.create(
        id=new_id(),
        worker_id=worker_id,
        scope=scope,
        window=window,
        score=score,
        weight=weight,
        source=source,
        observed_at=now,
        happened_at=happened_at,
    )
    if estimate.counted_from is not None and (happened_at or now) <= estimate.counted_from:
        return estimate
    Estimate.objects.filter(id=estimate.id).update(
        alpha=F("alpha") + weight * score,
        beta=F("beta") + weight * (1 - score),
        observations=F("observations") + 1,
        updated_at=now,
    )
    estimate.refresh_from_db()
    return estimate


def of_source(source: str) -> Evidence:
    """The observation that somebody has recorded."""
    return Evidence.objects.get(source=source)


def locked(worker_id: UUID, *, scope: str, window: int, now: datetime) -> Estimate:
    """The estimate of a window, locked until the transaction ends; one nobody has seen begins from the prior."""
    fresh = Estimate(
        worker_id=worker_id, scope=scope, window=window, alpha=PRIOR_ALPHA, beta=PRIOR_BETA, observations=0, updated_at=now
    )
    Estimate.objects.bulk_create([fresh], ignore_conflicts=True)
    return Estimate.objects.select_for_update(no_key=True).get(worker_id=worker_id, scope=scope, window=window)


@transaction.atomic
def withdraw(worker_id: UUID, *, scope: str, window: int, evidence_ids: Collection[UUID], reason: str, now: datetime) -> Estimate:
    """Let observations of one estimate no longer count, and draw it anew from what stands. The second time changes nothing. Locks it."""
    estimate = locked(worker_id, scope=scope, window=window, now=now)
    of_it = Evidence.objects.filter(id__in=evidence_ids, worker_id=worker_id, scope=scope, window=window)
    Withdrawal.objects.bulk_create(
        [Withdrawal(evidence_id=id_, reason=reason, withdrawn_at=now) for id_ in of_it.values_list("id", flat=True)],
        ignore_conflicts=True,
    )
    estimate.alpha, estimate.beta, estimate.observations = drawn(standing(estimate))
    estimate.updated_at = now
    estimate.save(update_fields=["alpha", "beta", "observations", "updated_at"])
    return estimate


def standing(estimate: Estimate) -> QuerySet[Evidence]:
    """The evidence that an estimate rests on."""
    return _counting(estimate, estimate.counted_from)


def standing_then(estimate: Estimate, *, at: datetime, counted_from: datetime | None) -> QuerySet[Evidence]:
    """What it would have rested on at an earlier instant, when work counted from `counted_from` on, by what is known now."""
    return _counting(estimate, counted_from).filter(observed_at__lte=at)


def _counting(estimate: Estimate, counted_from: datetime | None) -> QuerySet[Evidence]:
    rows = Evidence.objects.filter(worker_id=estimate.worker_id, scope=estimate.scope, window=estimate.window, withdrawal=None)
    return rows if counted_from is None else rows.alias(done_at=DONE_AT).filter(done_at__gt=counted_from)


def drawn(rows: QuerySet[Evidence]) -> tuple[float, float, int]:
    """The posterior that these observations make of the prior: alpha, beta, and how many they are."""
    sums = rows.aggregate(
        right=Sum(F("weight") * F("score"), default=0.0), wrong=Sum(F("weight") * (1 - F("score")), default=0.0), n=Count("id")
    )
    return PRIOR_ALPHA + sums["right"], PRIOR_BETA + sums["wrong"], sums["n"]


def begin_anew(worker_id: UUID, *, scope: str, window: int, now: datetime) -> None:
    """Measure a worker afresh in a window, after retraining or a person's word: only work done from now on counts. The evidence stays."""
    Estimate.objects.filter(Q(worker_id=worker_id, scope=scope, window=window)).update(
        alpha=PRIOR_ALPHA, beta=PRIOR_BETA, observations=0, counted_from=now, updated_at=now
    )
