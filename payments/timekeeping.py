"""The time book: the only writer of WorkInterval and LongDay, and what it says about a worker's hours."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from foundation.ids import new_id
from payments.models import LongDay, WorkInterval
from payments.worktime import Period

# The credited stretches of an answer, as a block of the statement that hands it in. `source` is a row source with worker_id,
# assignment_id and currency; parameters `periods` and `interval_ids` are arrays of equal length.
INTERVALS_CTE = """
    INSERT INTO payments_workinterval (id, worker_id, kind, reference, period, currency, created_at)
    SELECT p.id, {source}.worker_id, 'task', {source}.assignment_id, p.period, {source}.currency, %(now)s
      FROM {source}, unnest(%(interval_ids)s::uuid[], %(periods)s::tstzrange[]) AS p (id, period)
"""

# What a worker has been credited in a window, as one multirange (NULL when nothing).
ALREADY_CREDITED_SQL = """(SELECT range_agg(w.period) FROM payments_workinterval w
         WHERE w.worker_id = {worker} AND w.period && tstzrange({since}, greatest({since}, {until})))"""

# Only the part of a stretch that lies in the day or the week counts for it; a begun second counts.
HOURS = """
SELECT currency,
       ceil(sum(extract(epoch FROM upper(period) - lower(period))))::bigint,
       ceil(coalesce(sum(extract(epoch FROM upper(period) - greatest(lower(period), %(today)s)))
                     FILTER (WHERE upper(period) > %(today)s), 0))::bigint,
       ceil(coalesce(sum(extract(epoch FROM upper(period) - greatest(lower(period), %(week)s)))
                     FILTER (WHERE upper(period) > %(week)s), 0))::bigint
  FROM payments_workinterval WHERE worker_id = %(worker_id)s GROUP BY currency
"""


# Seconds of each kind in each window: days or weeks where the worker lives.
BY_WINDOW = """
SELECT d.number::int, w.kind,
       ceil(sum(extract(epoch FROM least(upper(w.period), d.ends) - greatest(lower(w.period), d.begins))))::bigint
  FROM unnest(%(begins)s::timestamptz[], %(ends)s::timestamptz[]) WITH ORDINALITY AS d (begins, ends, number)
  JOIN payments_workinterval w ON w.worker_id = %(worker_id)s AND w.period && tstzrange(d.begins, d.ends)
 GROUP BY d.number, w.kind
"""


@dataclass(frozen=True)
class Hours:
    """Seconds credited to a worker for work paid in one currency: ever, today, this week."""

    total: int
    today: int
    week: int


NOTHING = Hours(0, 0, 0)


def record(
    worker_id: UUID, *, kind: str, reference: UUID, periods: Sequence[Period], now: datetime, currency: str = ""
) -> list[WorkInterval]:
    """Credit a worker with these stretches of time. The database refuses a second that is credited already (IntegrityError)."""
    return WorkInterval.objects.bulk_create(
        WorkInterval(
            id=new_id(), worker_id=worker_id, kind=kind, reference=reference, period=period, currency=currency, created_at=now
        )
        for period in periods
    )


def credited_in(worker_id: UUID, *, since: datetime, until: datetime) -> Any:
    """What a worker has been credited between two instants: a multirange, or None."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT " + ALREADY_CREDITED_SQL.format(worker="%(worker)s::uuid", since="%(since)s", until="%(until)s"),
            {"worker": worker_id, "since": since, "until": until},
        )
        return cursor.fetchone()[0]


def seconds_by_kind(worker_id: UUID, windows: Sequence[tuple[datetime, datetime]]) -> list[dict[str, int]]:
    """What a worker was credited in each window, in seconds by kind of work, a begun second counted. One query; windows may overlap."""
    found: list[dict[str, int]] = [{} for _ in windows]
    with connection.cursor() as cursor:
        begins, ends = [begin for begin, _ in windows], [end for _, end in windows]
        cursor.execute(BY_WINDOW, {"worker_id": worker_id, "begins": begins, "ends": ends})
        for number, kind, seconds in cursor.fetchall():
            found[number - 1][kind] = seconds
    return found


def confirm_long_day(worker_id: UUID, *, worked_seconds: int, now: datetime) -> LongDay:
    """Note that a worker goes on after so many seconds of one day."""
    return LongDay.objects.create(id=new_id(), worker_id=worker_id, worked_seconds=worked_seconds, confirmed_at=now)


def long_day_confirmed_at(worker_id: UUID) -> datetime | None:
    """When the worker last said that they go on."""
    rows = LongDay.objects.filter(worker_id=worker_id).order_by("-confirmed_at")
    return rows.values_list("confirmed_at", flat=True).first()


def hours(worker_id: UUID, *, today: datetime, week: datetime) -> dict[str, Hours]:
    """A worker's credited seconds per currency of pay (blank: none), ever, and since the day and the week began."""
    with connection.cursor() as cursor:
        cursor.execute(HOURS, {"worker_id": worker_id, "today": today, "week": week})
        return {row[0]: Hours(*row[1:]) for row in cursor.fetchall()}
