"""How much of the time between taking a task and handing it in counts as work. Pure: instants in, stretches of time out.

The rules are those of docs/money.md, "Time". Arithmetic is in whole microseconds: what is shared between tasks adds up exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

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

    `others` are the worker's other tasks still in hand; `already` is what they have been credited so far, for whatever. Each
    stretch in which k of the tasks in hand were active is divided by k: this one takes the first k-th of it, and the rest is
    divided among the others when they are handed in. So k tasks get a k-th each, in whichever order they come.
    """
    start = lease.started_at
    wall = max(_micros(now - start), 0)
    window = [(0, wall)] if wall else []
    credited = _within(already, start, wall)
    free = _without(window, credited)
    mine = _within(lease.active, start, wall) if lease.heartbeats else window
    sharing = [_presence(other, start, wall) for other in others if other.heartbeats or not lease.heartbeats]
    shares = [(lower, lower + (upper - lower) // (k + 1)) for lower, upper, k in _layered(_without(mine, credited), sharing)]
    typical = typical_seconds * SECOND
    if not lease.heartbeats:
        shares = _latest(shares, UNSEEN_FACTOR * typical)
    seen = _length(shares)
    missing = _reported(self_reported_seconds, wall, most=int(REPORT_FACTOR * max(seen, typical))) - seen
    if missing > 0:
        alone = _without(free, _merged([*shares, *(span for spans in sharing for span in spans)]))
        shared = _without(free, _merged([*shares, *alone]))
        own = _latest(alone, missing)
        shares = [*shares, *own, *_latest(shared, missing - _length(own))]
    return [Range(start + timedelta(microseconds=a), start + timedelta(microseconds=b), "[)") for a, b in _merged(shares)]


SECOND = 1_000_000  # microseconds


def seconds_of(periods: Sequence[Period]) -> float:
    """How long these stretches are together."""
    return sum((upper - lower).total_seconds() for lower, upper in _spans(Multirange(periods)))


def at_most(periods: Sequence[Period], seconds: float) -> list[Period]:
    """The first stretches of `periods`, that many seconds in all, or as much as there is."""
    left = timedelta(seconds=seconds)
    taken: list[Period] = []
    for lower, upper in _spans(Multirange(periods)):
        length = min(upper - lower, left)
        if length > timedelta(0):
            taken.append(Range(lower, lower + length, "[)"))
            left -= length
    return taken


Span = tuple[int, int]  # microseconds since the lease was taken


def _micros(length: timedelta) -> int:
    return length // timedelta(microseconds=1)


def _spans(multirange: "Multirange[datetime] | None") -> list[tuple[datetime, datetime]]:
    return [(r.lower, r.upper) for r in multirange if r.lower is not None and r.upper is not None] if multirange else []


def _within(multirange: "Multirange[datetime] | None", start: datetime, wall: int) -> list[Span]:
    """The part of it inside the lease."""
    spans = ((max(_micros(lower - start), 0), min(_micros(upper - start), wall)) for lower, upper in _spans(multirange))
    return [(lower, upper) for lower, upper in spans if lower < upper]


def _presence(other: Clock, start: datetime, wall: int) -> list[Span]:
    """When another task shares: in its active time, or for as long as it was in hand if nobody saw it worked on."""
    if other.heartbeats:
        return _within(other.active, start, wall)
    until = wall if other.ended_at is None else min(_micros(other.ended_at - start), wall)
    since = max(_micros(other.started_at - start), 0)
    return [(since, until)] if since < until else []


def _merged(spans: "Sequence[tuple[Any, Any]]") -> "list[tuple[Any, Any]]":
    merged: list[tuple[Any, Any]] = []
    for lower, upper in sorted(spans):
        if merged and lower <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], upper))
        elif lower < upper:
            merged.append((lower, upper))
    return merged


def _layered(base: Sequence[Span], layers: Sequence[Sequence[Span]]) -> list[tuple[int, int, int]]:
    """`base` cut wherever a layer begins or ends, each piece with the number of layers over it. One sweep, O(n log n)."""
    if not any(layers):
        return [(lower, upper, 0) for lower, upper in base]
    edges = [(edge, 1, step) for spans in layers for span in spans for edge, step in zip(span, (1, -1), strict=True)]
    edges += [(edge, 0, step) for span in base for edge, step in zip(span, (1, -1), strict=True)]
    pieces = []
    depth = [0, 0]  # of the base, of the layers
    since = 0
    for edge, layer, step in sorted(edges):
        if depth[0] and edge > since:
            pieces.append((since, edge, depth[1]))
        depth[layer] += step
        since = edge
    return pieces


def _without(spans: Sequence[Span], holes: Sequence[Span]) -> list[Span]:
    return [(lower, upper) for lower, upper, covered in _layered(spans, [holes]) if not covered]


def _length(spans: Sequence[Span]) -> int:
    return sum(upper - lower for lower, upper in spans)


def _latest(spans: Sequence[Span], length: int) -> list[Span]:
    """The latest stretches of `spans`, of that length in all or as much as there is."""
    taken = []
    for lower, upper in sorted(spans, reverse=True):
        if length <= 0:
            break
        lower = max(lower, upper - length)
        length -= upper - lower
        taken.append((lower, upper))
    return taken


def _reported(seconds: float | None, wall: int, *, most: int) -> int:
    """What a worker's own report may claim, in microseconds: bounded by the rule and by the wall clock."""
    return int(min(max(seconds, 0) * SECOND, most, wall)) if seconds is not None else 0
