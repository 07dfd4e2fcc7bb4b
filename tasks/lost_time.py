"""Time that was worked and brought no answer: it always counts for the stops of a long day, and what is not the worker's doing is credited.

The rules are those of docs/money.md, "Time that brings no answer":

- given back because something does not work or the guideline does not say: what was seen, up to UNSEEN_FACTOR times what an answer takes;
- ended after the requester closed the batch, or because the site was down (`credit_outage`): what was seen;
- run out with a draft saved: what was seen, up to what an answer takes;
- anything else: nothing.
"""

import logging
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from foundation import audit, constraints
from foundation.statements import rows_of
from payments import timekeeping, worktime
from payments.models import WorkInterval
from payments.worktime import UNSEEN_FACTOR, Period
from tasks.models import Assignment, Draft

log = logging.getLogger(__name__)

CHUNK = 1000  # leases looked at in one run
NOT_THE_WORKERS_FAULT = {Assignment.ReturnReason.BROKEN, Assignment.ReturnReason.UNCLEAR}

# Giving a task back is a sign of life: the time since the last one counts as seen, up to the idle cap.
LAST_SIGN = """
UPDATE tasks_assignment a
   SET seen_at = %(now)s,
       active = coalesce(a.active, '{}')
                + tstzmultirange(tstzrange(a.seen_at, least(%(now)s, a.seen_at + make_interval(secs => b.idle_cap_seconds))))
  FROM tasks_batch b
 WHERE a.id = %(assignment_id)s AND a.token = %(token)s AND a.state = 'leased' AND a.seen_at < %(now)s AND b.id = a.batch_id
RETURNING a.id
"""


def note_last_sign(assignment_id: UUID, *, token: UUID, now: datetime) -> None:
    """Count the time up to `now` as seen, for a task that its worker has begun and gives back. In the caller's transaction."""
    rows_of(LAST_SIGN, {"assignment_id": assignment_id, "token": token, "now": now})


def settle_due(*, now: datetime) -> int:
    """Credit what counts of the leases that ended without an answer, each once; returns how many were credited time. Safe to run twice, at once too.

    Each lease is a transaction of its own, which locks it; one that meets a hand-in of the same worker in the time book waits for the
    next run. A late hand-in of the same task is credited what is left. A lease that fails otherwise is logged, the rest is done all
    the same, and RuntimeError says how many failed.
    """
    due = Assignment.objects.filter(state__in=Assignment.WITHOUT_ANSWER, credited_seconds=None, ended_at__lte=now)
    credited = failed = 0
    for assignment_id in list(due.order_by("ended_at").values_list("id", flat=True)[:CHUNK]):
        try:
            credited += _settle(assignment_id, now)
        except Exception:
            log.exception("the time at assignment %s could not be settled", assignment_id)
            failed += 1
    if failed:
        raise RuntimeError(f"The time of {failed} leases could not be settled; {credited} others were credited.")
    return credited


def _settle(assignment_id: UUID, now: datetime) -> bool:
    try:
        with transaction.atomic():
            row = _locked(assignment_id).filter(credited_seconds=None).first()
            return row is not None and _credit(row, _most(row), now) > 0
    except IntegrityError as error:
        constraints.only(error, "second_credited_once")
        log.info("the time at assignment %s waits for the next run: %s", assignment_id, error)
        return False


def credit_outage(*, since: datetime, until: datetime, reason: str, now: datetime) -> tuple[int, float]:
    """Credit the whole time seen at tasks whose lease ran out while the site was down; returns how many tasks, and the seconds.

    What is credited already stays, so the second time adds nothing. Audited.
    """
    lost = Assignment.objects.filter(state=Assignment.State.EXPIRED, expires_at__gte=since, expires_at__lte=until)
    credited, seconds = 0, 0.0
    for assignment_id in list(lost.order_by("expires_at").values_list("id", flat=True)):
        with transaction.atomic():
            row = _locked(assignment_id).first()
            got = _credit(row, None, now) if row is not None else 0.0
        credited, seconds = credited + (got > 0), seconds + got
    told = {"since": since.isoformat(), "until": until.isoformat(), "tasks": credited, "seconds": round(seconds)}
    audit.append("time.outage_credited", subject="platform", reason=reason, after=told, now=now)
    return credited, seconds


def _locked(assignment_id: UUID) -> "QuerySet[Assignment]":
    rows = Assignment.objects.select_related("batch").filter(id=assignment_id, state__in=Assignment.WITHOUT_ANSWER)
    return rows.select_for_update(skip_locked=True, no_key=True, of=("self",))


def _typical_seconds(row: Assignment) -> int:
    return row.batch.median_seconds or row.batch.estimate_seconds


def _most(row: Assignment) -> float | None:
    """The most seconds of this lease that count; None when all that were seen do."""
    if row.batch.closed_at is not None and row.ended_at is not None and row.batch.closed_at <= row.ended_at:
        return None  # withdrawn by its requester while it was in hand
    if row.return_reason in NOT_THE_WORKERS_FAULT:
        return UNSEEN_FACTOR * _typical_seconds(row)
    if row.state == Assignment.State.EXPIRED and Draft.objects.filter(assignment_id=row.id).exists():
        return _typical_seconds(row)
    return 0.0


def _credit(row: Assignment, most: float | None, now: datetime) -> float:
    """Write it down; returns the seconds credited now. What the lease was credited before counts towards `most`."""
    before = row.credited_seconds or 0.0
    periods = _seen_periods(row) if most is None or most > before else []
    if most is not None:
        periods = worktime.at_most(periods, most - before)
    timekeeping.record(
        row.worker_id,
        kind=WorkInterval.Kind.TASK,
        reference=row.id,
        periods=periods,
        now=now,
        currency=row.currency,
    )
    got = worktime.seconds_of(periods)
    Assignment.objects.filter(id=row.id).update(credited_seconds=before + got)
    return got


def _seen_periods(row: Assignment) -> list[Period]:
    """The stretches in which the worker was seen at it, shared with the other tasks in their hands, and clear of what is credited.

    Where no sign of life came but a draft was saved, the time up to then, within the bound of such time.
    """
    until = row.ended_at or row.expires_at
    if row.seen_at is None:
        saved_at = Draft.objects.filter(assignment_id=row.id).values_list("saved_at", flat=True).first()
        if saved_at is None:
            return []  # a task taken ahead is nobody's time until it is begun
        until = min(until, saved_at)
    if until <= row.leased_at:
        return []
    others = Assignment.objects.filter(worker_id=row.worker_id, state=Assignment.State.LEASED)
    return worktime.credit(
        worktime.Clock(row.leased_at, row.ended_at, row.seen_at, row.active, heartbeats=row.seen_at is not None),
        _clocks(others),
        timekeeping.credited_in(row.worker_id, since=row.leased_at, until=until),
        now=until,
        idle_cap_seconds=row.batch.idle_cap_seconds,
        typical_seconds=_typical_seconds(row),
        self_reported_seconds=None,
    )


def _clocks(rows: "QuerySet[Assignment]") -> list[worktime.Clock]:
    return [worktime.Clock(one.leased_at, None, one.seen_at, one.active, heartbeats=one.seen_at is not None) for one in rows]
