"""What a worker is shown of the estimates about them: up to the last midnight and in fives, so that nobody learns which task was a test.

Rules decide on the estimate of the moment. Shown at once, a number that moves when one hands in a task would tell that this task had a known
answer; shown the next day, it would tell whoever does one task a day.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from foundation.statements import rows_of
from qualification import estimating
from qualification.estimating import PRIOR_ALPHA, PRIOR_BETA
from qualification.models import Evidence

LEVEL = 0.95
LOT = 5  # observations are shown so many at a time

# What stands of each window, in whole lots, in the order in which it was observed.
SHOWN = """
SELECT scope, "window", count(*) AS observations, sum(weight * score) AS right, sum(weight * (1 - score)) AS wrong,
       min(observed_at) AS since
  FROM (SELECT e.scope, e."window", e.weight, e.score, e.observed_at,
               row_number() OVER (PARTITION BY e.scope, e."window" ORDER BY e.observed_at, e.id) AS nth,
               count(*) OVER (PARTITION BY e.scope, e."window") AS n
          FROM qualification_evidence e
          JOIN qualification_estimate s ON s.worker_id = e.worker_id AND s.scope = e.scope AND s."window" = e."window"
         WHERE e.worker_id = %(worker_id)s AND e.observed_at < %(until)s
           AND (s.counted_from IS NULL OR coalesce(e.happened_at, e.observed_at) > s.counted_from)
           AND NOT EXISTS (SELECT 1 FROM qualification_withdrawal w WHERE w.evidence_id = e.id)) stands
 WHERE nth <= n - n %% %(lot)s
 GROUP BY scope, "window" ORDER BY scope, "window" DESC
"""


@dataclass(frozen=True)
class Shown:
    """An estimate as its worker sees it: Beta(alpha, beta) after the observations from `since` to `counted_until`."""

    scope: str
    window: int
    observations: int
    alpha: float
    beta: float
    accuracy: float
    lower_bound: float
    upper_bound: float
    level: float
    since: datetime
    counted_until: datetime


def counted_until(now: datetime) -> datetime:
    """The last midnight, in UTC: what was observed since is not shown yet."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def shown_to(worker_id: UUID, *, now: datetime) -> list[Shown]:
    """Every estimate of the worker's that has LOT observations to show, by scope, the newest window first. One query."""
    until = counted_until(now)
    return [_shown(row, until) for row in rows_of(SHOWN, {"worker_id": worker_id, "until": until, "lot": LOT})]


def _shown(row: dict[str, Any], until: datetime) -> Shown:
    alpha, beta = PRIOR_ALPHA + row["right"], PRIOR_BETA + row["wrong"]
    lower, upper = estimating.bounds(alpha, beta, level=LEVEL)
    accuracy = estimating.mean(alpha, beta)
    return Shown(
        row["scope"], row["window"], row["observations"], alpha, beta, accuracy, lower, upper, LEVEL, row["since"], until
    )


def observations_shown(worker_id: UUID, *, now: datetime) -> Iterator[dict[str, Any]]:
    """The observations themselves, withdrawn ones too, for the person's copy: whole lots, each sorted by score and dated by its last day."""
    rows = Evidence.objects.filter(worker_id=worker_id, observed_at__lt=counted_until(now)).select_related("withdrawal")
    lot: list[Evidence] = []
    for one in rows.order_by("scope", "window", "observed_at", "id").iterator(chunk_size=1000):
        if lot and (lot[0].scope, lot[0].window) != (one.scope, one.window):
            lot = []
        lot.append(one)
        if len(lot) == LOT:
            for shown in sorted(lot, key=lambda row: row.score):
                yield {
                    "scope": shown.scope,
                    "score": shown.score,
                    "weight": shown.weight,
                    "counts": not hasattr(shown, "withdrawal"),
                    "until_day": one.observed_at.date(),
                }
            lot = []
