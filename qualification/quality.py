"""What a worker is shown of the estimates about them: up to the last midnight, so that nobody learns which task was a test.

Rules decide on the estimate of the moment. Shown at once, a number that moves when one hands in a task would tell that this task had a known answer.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Min, Q, Sum

from qualification import estimating
from qualification.estimating import PRIOR_ALPHA, PRIOR_BETA
from qualification.models import Estimate, Evidence

LEVEL = 0.95
NOTHING: dict[str, Any] = {"right": 0.0, "wrong": 0.0, "n": 0, "since": None}


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
    """Every estimate of the worker's that has something to show, by scope, the newest window first. Two queries."""
    until = counted_until(now)
    today = Q(observed_at__gte=until)
    rows = Evidence.objects.filter(worker_id=worker_id).values("scope", "window")
    sums = rows.annotate(
        n=Count("id", filter=today),
        right=Sum(F("weight") * F("score"), filter=today, default=0.0),
        wrong=Sum(F("weight") * (1 - F("score")), filter=today, default=0.0),
        since=Min("observed_at", filter=~today),
    )
    since_midnight = {(row["scope"], row["window"]): row for row in sums}
    found = []
    for row in Estimate.objects.filter(worker_id=worker_id).order_by("scope", "-window"):
        fresh = since_midnight.get((row.scope, row.window), NOTHING)
        if row.observations > fresh["n"] and fresh["since"] is not None:
            found.append(_shown(row, fresh, until))
    return found


def _shown(row: Estimate, fresh: dict[str, Any], until: datetime) -> Shown:
    alpha = max(row.alpha - fresh["right"], PRIOR_ALPHA)  # sums of floats may fall short by the last digit
    beta = max(row.beta - fresh["wrong"], PRIOR_BETA)
    lower, upper = estimating.bounds(alpha, beta, level=LEVEL)
    accuracy = estimating.mean(alpha, beta)
    observations = row.observations - fresh["n"]
    return Shown(row.scope, row.window, observations, alpha, beta, accuracy, lower, upper, LEVEL, fresh["since"], until)
