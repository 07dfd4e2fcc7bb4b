"""Rest that work earns: five credited minutes for every fifty-five worked (docs/money.md, "Time"). Pure: stretches in, stretches out.

Rests of five to twenty minutes are working time (29 CFR 785.18). A short gap after a long stretch of work is taken to be that rest; rest
that was earned and not taken is credited right after the work that earned it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from psycopg.types.range import Range

from payments.worktime import Period

WORK = timedelta(minutes=55)  # that earns
REST = timedelta(minutes=5)  # this much
LONG_ENOUGH = timedelta(minutes=50)  # work since the last rest, after which a gap may be one
SHORT_ENOUGH = timedelta(minutes=20)  # a longer gap is not a rest but the end of a session


def earned_by(worked: timedelta) -> timedelta:
    """The rest that so much work of one day earns: as many times REST as WORK fits into it."""
    return worked // WORK * REST


def rest_earned(worked: Sequence[Period], *, until: datetime) -> list[Period]:
    """The rest that these credited stretches of one worker earn, in time order, disjoint from them and before `until`.

    First the gaps that look like rests, then the time after the last work.
    """
    spans = sorted((period.lower, period.upper) for period in worked if period.lower is not None and period.upper is not None)
    if not spans:
        return []
    earned = earned_by(sum((upper - lower for lower, upper in spans), timedelta(0)))
    taken: list[tuple[datetime, datetime]] = []
    since_rest = timedelta(0)
    for (lower, upper), following in zip(spans, [*spans[1:], None], strict=True):
        since_rest += upper - lower
        ends = min(following[0], until) if following else until
        gap = ends - upper
        is_rest = following is None or (gap <= SHORT_ENOUGH and since_rest >= LONG_ENOUGH)
        length = min(gap, earned)
        if is_rest and length > timedelta(0):
            taken.append((upper, upper + length))
            earned -= length
            since_rest = timedelta(0)
    return [Range(lower, upper, "[)") for lower, upper in taken]
