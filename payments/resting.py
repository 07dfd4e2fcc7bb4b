"""Rest that work earns: five credited minutes for every fifty-five worked (docs/money.md, "Time"). Pure: stretches in, stretches out.

Rests of five to twenty minutes are working time (29 CFR 785.18). A short gap after a long stretch of work is taken to be that rest; rest
that was earned and not taken is credited right after the session of work that earned it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from psycopg.types.range import Range

from payments.worktime import Period

WORK = timedelta(minutes=55)  # that earns
REST = timedelta(minutes=5)  # this much
LONG_ENOUGH = timedelta(minutes=50)  # work since the last rest, after which a gap may be one
SHORT_ENOUGH = timedelta(minutes=20)  # a longer gap is not a rest but the end of a session
NOTHING = timedelta(0)

Span = tuple[datetime, datetime]


def earned_by(worked: timedelta) -> timedelta:
    """The rest that so much work of one day earns: as many times REST as WORK fits into it."""
    return worked // WORK * REST


def sessions(worked: Sequence[Period]) -> list[list[Span]]:
    """Credited stretches of one worker as sessions of work, in time order: a gap of more than SHORT_ENOUGH ends one."""
    spans = sorted((period.lower, period.upper) for period in worked if period.lower is not None and period.upper is not None)
    found: list[list[Span]] = []
    for span in spans:
        if found and span[0] - found[-1][-1][1] <= SHORT_ENOUGH:
            found[-1].append(span)
        else:
            found.append([span])
    return found


def rest_earned(day: Sequence[Sequence[Span]], *, busy: Sequence[Span] = ()) -> list[Period]:
    """The rest that the sessions of one day earn: in time order, disjoint from them and from `busy`, never more nor less than earned.

    In each session first the gaps that look like rests, then the time after its end, as far as it is free. What a session does not fill
    up to the next WORK counts towards the rest of the next session.
    """
    worked = rested = NOTHING
    taken = sorted([*busy, *(span for session in day for span in session)])
    rests: list[Span] = []

    def rest(since: datetime, until: datetime | None, most: timedelta) -> timedelta:
        found = _free(taken, since, until, most)
        rests.extend(found)
        taken.extend(found)
        taken.sort()
        return sum((upper - lower for lower, upper in found), NOTHING)

    for session in day:
        worked += sum((upper - lower for lower, upper in session), NOTHING)
        since_rest = NOTHING
        for (lower, upper), (following, _) in zip(session, session[1:], strict=False):
            since_rest += upper - lower
            if since_rest >= LONG_ENOUGH and following > upper:
                got = rest(upper, following, earned_by(worked) - rested)
                rested += got
                since_rest = NOTHING if got else since_rest
        rested += rest(session[-1][1], None, earned_by(worked) - rested)
    return [Range(lower, upper, "[)") for lower, upper in sorted(rests)]


def _free(taken: Sequence[Span], since: datetime, until: datetime | None, most: timedelta) -> list[Span]:
    """The first stretches of time from `since` on, before `until`, that are not taken: `most` in all, or as much as there is."""
    found: list[Span] = []
    for lower, upper in taken:
        if most <= NOTHING or (until is not None and since >= until):
            break
        if upper <= since:
            continue
        ends = min(lower, since + most, *([until] if until else []))
        if ends > since:
            found.append((since, ends))
            most -= ends - since
        since = max(since, upper)
    ends = since + most if until is None else min(since + most, until)
    return [*found, (since, ends)] if most > NOTHING and ends > since else found
