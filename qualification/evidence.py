"""One stream of evidence feeds one estimate per worker and scope: the only writer of both."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F

from foundation.ids import new_id
from qualification.estimating import PRIOR_ALPHA, PRIOR_BETA
from qualification.models import Estimate, Evidence


@transaction.atomic
def record(
    worker_id: UUID, *, scope: str, score: float, source: str, now: datetime, weight: float = 1.0, window: int = 1
) -> Estimate:
    """Take one observation (0 wrong to 1 right) and move the window's estimate: alpha by weight × score, beta by weight × (1 − score).

    A `window` nobody has seen begins from the prior; a late observation of an earlier one moves that one's estimate. The same `source`
    again changes nothing, also when many say it at once. Locks the estimate.
    """
    row = Evidence(
        id=new_id(), worker_id=worker_id, scope=scope, window=window, score=score, weight=weight, source=source, observed_at=now
    )
    Estimate.objects.bulk_create(
        [
            Estimate(
                worker_id=worker_id,
                scope=scope,
                window=window,
                alpha=PRIOR_ALPHA,
                beta=PRIOR_BETA,
                observations=0,
                updated_at=now,
            )
        ],
        ignore_conflicts=True,
    )
    estimate = Estimate.objects.select_for_update(no_key=True).get(worker_id=worker_id, scope=scope, window=window)
    if Evidence.objects.filter(source=source).exists():
        return estimate  # under the lock: a twin has committed by now
    row.save(force_insert=True)
    Estimate.objects.filter(id=estimate.id).update(
        alpha=F("alpha") + weight * score,
        beta=F("beta") + weight * (1 - score),
        observations=F("observations") + 1,
        updated_at=now,
    )
    estimate.refresh_from_db()
    return estimate


def begin_anew(worker_id: UUID, *, scope: str, window: int, now: datetime) -> None:
    """Measure a worker afresh in a window, after retraining: its estimate is again what it is before any evidence. The evidence stays."""
    Estimate.objects.filter(worker_id=worker_id, scope=scope, window=window).update(
        alpha=PRIOR_ALPHA, beta=PRIOR_BETA, observations=0, updated_at=now
    )
