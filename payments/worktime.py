"""How much of the time between taking a task and handing it in counts as work. Pure: instants in, stretches of time out.

The rules are those of the pay specification (docs/money.md, "Time"):

1. Only the server's clock counts. Signs of life are the claim, heartbeats and the hand-in.
2. The time after a sign of life counts until the next one, at most the idle cap.
3. A second in which several tasks of a worker were active is shared between them equally; it is never credited twice.
4. A worker may report more than was seen, up to 1.5 times the longer of seen and typical, never more than the wall clock.
5. Without heartbeats (an API client, an outage) up to three times the typical time counts, never more than the wall clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.types.multirange import Multirange
from psycopg.types.range import Range

Period = Range[datetime]

REPORT_FACTOR = 1.5
UNSEEN_FACTOR = 3


@dataclass(frozen=True)
class Clock:
    """One task in a worker's hands: when they took it, when it ended, and the time in which they showed signs of life."""

    started_at: datetime
    ended_at: datetime | None
    seen_at: datetime | None
    active: "Multirange[datetime] | None"
    heartbeats: bool


def extended(
    active: "Multirange[datetime] | None", *, since: datetime, now: datetime, idle_cap_seconds: int
) -> "Multirange[datetime]":
    """The active set after a sign of life at `now`, the one before being `since`: it grows by the gap, up to the idle cap."""
    until = min(now, since + timedelta(seconds=idle_cap_seconds))
    spans = [*_spans(active), (since, until)] if until > since else _spans(active)
    return Multirange([Range(lower, upper, "[)") for lower, upper in _merged(spans)])


def credit(
    lease: Clock,
    others: Sequence[Clock],
    already: "Multirange[datetime] | None",
    *,
    now: datetime,
    idle_cap_seconds: int,
    typical_seconds: int,
    self_reported_seconds: float | None,
) -> list[Period]:
    """The stretches credited to `lease`, handed in at `now`: disjoint, within the lease, clear of `already`, in time order.

    `others` are the worker's other tasks still in hand; `already` is what they have been credited so far. The length follows the
    rules above; which of the shared seconds go to which task has no meaning, only how many.
    """
    start, end = lease.started_at, max(now, lease.started_at)
    wall = (end - start).total_seconds()
    active = [span for span in _clipped(_spans(lease.active), start, end)]
    seen = _shared_seconds(active, [_clipped(_spans(other.active), start, end) for other in others if other.heartbeats])
    if not lease.heartbeats:
        sharers = 1 + sum(not other.heartbeats for other in others)
        seen = min(wall, UNSEEN_FACTOR * typical_seconds) / sharers
    target = seen
    if self_reported_seconds is not None:
        target = max(seen, min(self_reported_seconds, REPORT_FACTOR * max(seen, typical_seconds)))
    free = _without([(start, end)], _spans(already))
    preferred = _without(active, _spans(already)) if lease.heartbeats else free
    rest = _without(free, preferred)
    return _take(preferred, rest, min(target, wall))


Span = tuple[datetime, datetime]


def _spans(multirange: "Multirange[datetime] | None") -> list[Span]:
    return [(r.lower, r.upper) for r in multirange if r.lower is not None and r.upper is not None] if multirange else []


def _merged(spans: Sequence[Span]) -> list[Span]:
    merged: list[Span] = []
    for lower, upper in sorted(spans):
        if merged and lower <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], upper))
        else:
            merged.append((lower, upper))
    return merged


def _clipped(spans: Sequence[Span], start: datetime, end: datetime) -> list[Span]:
    return [(max(lower, start), min(upper, end)) for lower, upper in spans if lower < end and upper > start]


def _without(spans: Sequence[Span], holes: Sequence[Span]) -> list[Span]:
    left: list[Span] = []
    for lower, upper in spans:
        for hole_lower, hole_upper in _merged(holes):
            if hole_upper <= lower or hole_lower >= upper:
                continue
            if hole_lower > lower:
                left.append((lower, hole_lower))
            lower = max(lower, hole_upper)
        if lower < upper:
            left.append((lower, upper))
    return left


def _shared_seconds(mine: Sequence[Span], others: Sequence[Sequence[Span]]) -> float:
    """The seconds of `mine`, each divided by how many tasks were active in it."""
    if not others:
        return sum((upper - lower).total_seconds() for lower, upper in mine)
    edges = sorted({edge for spans in [mine, *others] for span in spans for edge in span})
    total = 0.0
    for lower, upper in zip(edges, edges[1:], strict=False):
        if any(a <= lower and upper <= b for a, b in mine):
            sharers = 1 + sum(any(a <= lower and upper <= b for a, b in spans) for spans in others)
            total += (upper - lower).total_seconds() / sharers
    return total


def _take(preferred: Sequence[Span], rest: Sequence[Span], seconds: float) -> list[Period]:
    """Stretches of that length in all, from `preferred` first, then from the latest of `rest`."""
    taken: list[Span] = []
    left = timedelta(seconds=seconds)
    for lower, upper in [*preferred, *reversed(rest)]:
        if left <= timedelta(0):
            break
        length = min(upper - lower, left)
        taken.append((lower, lower + length))
        left -= length
    return [Range(lower, upper, "[)") for lower, upper in _merged(taken) if upper > lower]
