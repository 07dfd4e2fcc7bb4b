"""A worker's hand-in: signs of life while they work, the answer, and everything that follows from it, in one transaction.

One statement writes assignment, task counter, answer, working time, earning and event, together or not at all. It is the same for
every task: whether one is gold is not even read here, because a hand-in that takes longer would tell. `weighing` follows within a minute.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
import psycopg
from django.db import IntegrityError, transaction
from psycopg.types.range import Range

from foundation import constraints, events
from foundation.errors import Busy, NotFound
from foundation.events import EVENT_CTE
from foundation.ids import new_id
from foundation.statements import Row, rows_of
from payments import timekeeping, worktime
from payments.ledger import EARNING_HOLD_CTE
from payments.models import WorkInterval
from payments.timekeeping import ALREADY_CREDITED_SQL, INTERVALS_CTE
from tasks.errors import RESULT_MAX_BYTES, AnsweredOtherwise, LeaseLost, ResultTooLarge
from tasks.labels import Interface, encoded, interface_of
from tasks.models import Answer, Assignment, Project

BEAT_SECONDS = 10  # signs of life more often than this are answered and not written
LEASE_STRETCH = 3  # signs of life extend a lease to at most this many times its length
SUBMIT_ROUNDS = 3  # two hand-ins of one worker at the same instant may meet in the time book; the later looks again
REPORT_TOLERANCE_SECONDS = 1.0  # a report that much over what can be credited goes to a person


@lru_cache(maxsize=4096)
def interface_of_project(project_id: UUID) -> Interface:
    """The parsed interface of a project; kept, because it never changes. Raises NotFound."""
    text = Project.objects.filter(id=project_id).values_list("interface", flat=True).first()
    if text is None:
        raise NotFound
    return interface_of(text)


# ---- signs of life ----

BEAT = """
UPDATE tasks_assignment a
   SET seen_at = %(now)s,
       active = coalesce(a.active, '{}') + tstzmultirange(tstzrange(coalesce(a.seen_at, a.leased_at),
           least(%(now)s, coalesce(a.seen_at, a.leased_at) + make_interval(secs => b.idle_cap_seconds)))),
       expires_at = greatest(a.expires_at, least(a.leased_at + make_interval(secs => b.lease_seconds * %(stretch)s::int),
                                                 %(now)s + make_interval(secs => b.lease_seconds)))
  FROM tasks_batch b
 WHERE a.id = %(assignment_id)s AND a.worker_id = %(worker_id)s AND a.token = %(token)s AND a.state = 'leased'
   AND b.id = a.batch_id AND %(now)s > coalesce(a.seen_at, a.leased_at) + make_interval(secs => %(beat)s::int)
RETURNING a.id
"""

# A task taken ahead is not worked on until it is opened: from then on its time counts, and all of its time limit lies ahead.
BEGIN = """
UPDATE tasks_assignment a
   SET leased_at = %(now)s, seen_at = %(now)s, expires_at = %(now)s + make_interval(secs => b.lease_seconds)
  FROM tasks_batch b
 WHERE a.id = %(assignment_id)s AND a.worker_id = %(worker_id)s AND a.token = %(token)s AND a.state = 'leased'
   AND a.seen_at IS NULL AND a.expires_at > %(now)s AND b.id = a.batch_id
RETURNING a.id
"""


def begin(assignment_id: UUID, *, worker_id: UUID, token: UUID, now: datetime) -> Assignment:
    """Note that a worker opens a task they hold: its clock and its time limit start now. Once; later this is a mere look at the lease.

    Raises NotFound and LeaseLost.
    """
    rows_of(BEGIN, {"assignment_id": assignment_id, "worker_id": worker_id, "token": token, "now": now})
    return _held(assignment_id, worker_id=worker_id, token=token)


def heartbeat(assignment_id: UUID, *, worker_id: UUID, token: UUID, now: datetime) -> Assignment:
    """Note that the worker is at it: the time since the last sign counts as work, up to the idle cap, and the lease is extended.

    At most one in BEAT_SECONDS is written; more are answered all the same. Raises NotFound and LeaseLost.
    """
    rows_of(
        BEAT,
        {
            "assignment_id": assignment_id,
            "worker_id": worker_id,
            "token": token,
            "now": now,
            "beat": BEAT_SECONDS - 1,
            "stretch": LEASE_STRETCH,
        },
    )
    return _held(assignment_id, worker_id=worker_id, token=token)


def _held(assignment_id: UUID, *, worker_id: UUID, token: UUID) -> Assignment:
    assignment = Assignment.objects.filter(id=assignment_id, worker_id=worker_id).first()
    if assignment is None:
        raise NotFound
    if assignment.token != token or assignment.state != Assignment.State.LEASED:
        raise LeaseLost(state=assignment.state)
    return assignment


# ---- handing in ----

READ = f"""
SELECT a.state, a.token, a.task_id, a.project_id, a.batch_id, a.leased_at, a.seen_at, a.active, a.price_micros, a.currency,
       coalesce(a.credited_seconds, 0) AS credited_before,
       t.payload, b.organization_id, b.idle_cap_seconds, b.escrow_id, e.earnings_id,
       coalesce(b.median_seconds, b.estimate_seconds) AS typical_seconds,
       {ALREADY_CREDITED_SQL.format(worker="a.worker_id", since="a.leased_at", until="%(now)s")} AS already,
       (SELECT array_agg(o.id) FROM tasks_assignment o
         WHERE o.worker_id = a.worker_id AND o.state = 'leased' AND o.id <> a.id) AS others
  FROM tasks_assignment a
  JOIN tasks_task t ON t.id = a.task_id
  JOIN tasks_batch b ON b.id = a.batch_id
  JOIN tasks_enrolment e ON e.worker_id = a.worker_id AND e.batch_id = a.batch_id
 WHERE a.id = %(assignment_id)s AND a.worker_id = %(worker_id)s
"""

# What every hand-in writes. `place` is the task row whose place the answer fills: held all along by a live lease, or taken
# again by a late one, if it is still free.
PLACE_HELD = """
WITH ended AS (
    UPDATE tasks_assignment a
       SET state = 'submitted', submitted_at = %(now)s, ended_at = %(now)s, credited_seconds = %(credited_seconds)s,
           review_due_at = %(now)s + make_interval(secs => a.review_seconds)
     WHERE a.id = %(assignment_id)s AND a.worker_id = %(worker_id)s AND a.token = %(token)s AND a.state = 'leased'
    RETURNING a.id AS assignment_id, a.id AS subject_id, a.task_id, a.worker_id, a.price_micros, a.currency,
              %(escrow_id)s::uuid AS escrow_id, %(earnings_id)s::uuid AS earnings_id, %(organization_id)s::uuid AS organization_id
), place AS (
    UPDATE tasks_task t
       SET done = t.done + 1, state = CASE WHEN t.done + 1 = t.overlap THEN 'complete' ELSE t.state END
      FROM ended WHERE t.id = ended.task_id
    RETURNING t.id
)"""

PLACE_TAKEN_AGAIN = """
WITH mine AS (
    SELECT a.id, a.task_id FROM tasks_assignment a
     WHERE a.id = %(assignment_id)s AND a.worker_id = %(worker_id)s AND a.token = %(token)s AND a.state = 'expired'
       FOR NO KEY UPDATE  -- a twin of this request waits here, and then finds it handed in: it must not take a second place
), place AS (
    UPDATE tasks_task t
       SET need = t.need - 1, done = t.done + 1, state = CASE WHEN t.done + 1 = t.overlap THEN 'complete' ELSE t.state END
      FROM mine WHERE t.id = mine.task_id AND t.need > 0
    RETURNING t.id
), ended AS (
    UPDATE tasks_assignment a
       SET state = 'submitted', submitted_at = %(now)s, ended_at = %(now)s, credited_seconds = %(credited_seconds)s,
           review_due_at = %(now)s + make_interval(secs => a.review_seconds), weighed_at = NULL
      FROM place
     WHERE a.id = %(assignment_id)s AND a.worker_id = %(worker_id)s AND a.token = %(token)s AND a.state = 'expired'
    RETURNING a.id AS assignment_id, a.id AS subject_id, a.task_id, a.worker_id, a.price_micros, a.currency,
              %(escrow_id)s::uuid AS escrow_id, %(earnings_id)s::uuid AS earnings_id, %(organization_id)s::uuid AS organization_id
)"""

WRITE = f"""
, answer AS (
    INSERT INTO tasks_answer (assignment_id, result, canonical, digest, created_at)
    SELECT ended.assignment_id, %(result)s::jsonb, %(canonical)s::jsonb, %(digest)s, %(now)s FROM ended
), interval AS (
    {INTERVALS_CTE.format(source="ended")}
), earning AS (
    {EARNING_HOLD_CTE.format(source="ended")}
), event AS (
    {EVENT_CTE.format(source="ended")}
)
SELECT ended.assignment_id FROM ended
"""

SUBMIT = PLACE_HELD + WRITE
SUBMIT_LATE = PLACE_TAKEN_AGAIN + WRITE


@dataclass(frozen=True)
class Submission:
    """What became of a hand-in."""

    assignment_id: UUID
    state: str
    credited_seconds: float
    price_micros: int  # 0 when it is not paid
    currency: str


def submit(
    assignment_id: UUID,
    *,
    worker_id: UUID,
    token: UUID,
    result: Any,
    now: datetime,
    self_reported_seconds: float | None = None,
) -> Submission:
    """Hand in the answer to a leased task: it is validated, stored and timed, and its pay is held.

    The same content again returns the first outcome; other content raises AnsweredOtherwise. After the lease has run out the
    answer is used and paid if its place is still free, and kept as `late` otherwise. Locks assignment, then task. Raises
    NotFound, LeaseLost, AnswerInvalid (nothing is written), ResultTooLarge.
    """
    written = encoded(result)
    if len(written) > RESULT_MAX_BYTES:
        raise ResultTooLarge(field="result", limit=RESULT_MAX_BYTES, got=len(written))
    digest = hashlib.sha256(written).digest()
    for _ in range(SUBMIT_ROUNDS):
        held = _read(assignment_id, worker_id=worker_id, now=now)
        if held["token"] != token or held["state"] == Assignment.State.RETURNED:
            raise LeaseLost(state=held["state"])
        if held["state"] not in (Assignment.State.LEASED, Assignment.State.EXPIRED):
            return _repeated(assignment_id, digest)
        interface = interface_of_project(held["project_id"])
        canonical = interface.canonical(result, orjson.loads(held["payload"]))
        parameters = _parameters(held, assignment_id, worker_id, token, now, self_reported_seconds) | {
            "result": written.decode(),
            "canonical": orjson.dumps(canonical).decode(),
            "digest": digest,
        }
        if held["state"] == Assignment.State.EXPIRED:
            _refuse_if_taken_anew(assignment_id, worker_id, held["task_id"])
        try:
            submission = _hand_in(held, parameters)
        except (psycopg.IntegrityError, IntegrityError) as error:
            # Another hand-in of this worker, or their new claim of this task, committed meanwhile: decide on what is there now.
            constraints.only(error, "second_credited_once", "worker_has_task_once")
            continue
        if submission is not None:
            return submission
    raise Busy(assignment_id=assignment_id)


def _read(assignment_id: UUID, *, worker_id: UUID, now: datetime) -> Row:
    rows = rows_of(READ, {"assignment_id": assignment_id, "worker_id": worker_id, "now": now})
    if not rows:
        raise NotFound
    return rows[0]


def _refuse_if_taken_anew(assignment_id: UUID, worker_id: UUID, task_id: UUID) -> None:
    """A worker who let a lease run out and then took the same task again answers under the new lease."""
    newer = Assignment.objects.filter(task_id=task_id, worker_id=worker_id).exclude(id=assignment_id)
    if newer.exclude(state__in=[Assignment.State.RETURNED, Assignment.State.EXPIRED]).exists():
        raise LeaseLost("You have taken this task again; hand it in under the new lease.", state=Assignment.State.EXPIRED)


def _hand_in(held: Row, parameters: dict[str, Any]) -> Submission | None:
    """Write it all; None when the assignment changed since it was read."""
    short = (parameters["reported_seconds"] or 0.0) - parameters["credited_seconds"]
    if held["state"] == Assignment.State.LEASED and short < REPORT_TOLERANCE_SECONDS:
        written = rows_of(SUBMIT, parameters)
    else:
        with transaction.atomic():
            written = rows_of(SUBMIT if held["state"] == Assignment.State.LEASED else SUBMIT_LATE, parameters)
            if not written and held["state"] == Assignment.State.EXPIRED:
                return _keep_late(held, parameters)
            if written and short >= REPORT_TOLERANCE_SECONDS:
                _ask_a_person(held, parameters)
    if not written:
        return None
    return _submission(held, parameters, Assignment.State.SUBMITTED, held["price_micros"])


def _ask_a_person(held: Row, parameters: dict[str, Any]) -> None:
    """A worker says it took longer than the rules may credit: never silently cut, told to whoever looks after time instead."""
    events.record(
        "time.reported_beyond_bound",
        subject_id=parameters["assignment_id"],
        organization_id=held["organization_id"],
        actor_id=parameters["worker_id"],
        now=parameters["now"],
        data={"reported_seconds": parameters["reported_seconds"], "credited_seconds": parameters["credited_seconds"]},
    )


def _submission(held: Row, parameters: dict[str, Any], state: str, price_micros: int) -> Submission:
    return Submission(parameters["assignment_id"], state, parameters["credited_seconds"], price_micros, held["currency"])


def _repeated(assignment_id: UUID, digest: bytes) -> Submission:
    first = Answer.objects.select_related("assignment").get(assignment_id=assignment_id)
    if bytes(first.digest) != digest:
        raise AnsweredOtherwise(assignment_id=assignment_id)
    row = first.assignment
    paid = 0 if row.state in (Assignment.State.LATE, Assignment.State.REJECTED) else row.price_micros
    return Submission(row.id, row.state, row.credited_seconds or 0.0, paid, row.currency)


def _parameters(
    held: Row, assignment_id: UUID, worker_id: UUID, token: UUID, now: datetime, self_reported_seconds: float | None
) -> dict[str, Any]:
    periods = _credited_periods(held, now, self_reported_seconds)
    return {
        "assignment_id": assignment_id,
        "worker_id": worker_id,
        "token": token,
        "now": now,
        "escrow_id": held["escrow_id"],
        "earnings_id": held["earnings_id"],
        "organization_id": held["organization_id"],
        "periods": periods,
        "interval_ids": [new_id() for _ in periods],
        "credited_seconds": held["credited_before"]
        + worktime.seconds_of(periods),  # before: when its lease ran out, if it was late
        "reported_seconds": self_reported_seconds,
        "transfer_id": new_id(),
        "event_id": new_id(),
        "event_kind": "answer.submitted",
        "event_data": orjson.dumps({"task_id": held["task_id"], "batch_id": held["batch_id"]}).decode(),
        "actor_id": worker_id,
    }


def _credited_periods(held: Row, now: datetime, self_reported_seconds: float | None) -> "list[Range[datetime]]":
    """The stretches of time this hand-in is credited for, by the rules in `payments.worktime`."""
    cap = held["idle_cap_seconds"]
    last = held["seen_at"] or held["leased_at"]
    lease = worktime.Clock(
        started_at=held["leased_at"],
        ended_at=None,
        seen_at=held["seen_at"],
        active=worktime.extended(held["active"], since=last, now=now, idle_cap_seconds=cap),
        heartbeats=held["seen_at"] is not None,
    )
    return worktime.credit(
        lease,
        other_clocks(held["others"], cap=cap, now=now) if held["others"] else [],
        held["already"],
        now=now,
        idle_cap_seconds=cap,
        typical_seconds=held["typical_seconds"],
        self_reported_seconds=None if self_reported_seconds is None else self_reported_seconds - held["credited_before"],
    )


def other_clocks(ids: list[UUID], *, cap: int, now: datetime) -> list[worktime.Clock]:
    """The other tasks in the worker's hands: those they have looked at share the seconds in which both were active."""
    return [
        worktime.Clock(
            started_at=row.leased_at,
            ended_at=None,
            seen_at=row.seen_at,
            active=worktime.extended(row.active, since=row.seen_at or row.leased_at, now=now, idle_cap_seconds=cap),
            heartbeats=row.seen_at is not None,
        )
        for row in Assignment.objects.filter(id__in=ids)
    ]


def _keep_late(held: Row, parameters: dict[str, Any]) -> Submission | None:
    """The place went to someone else: the answer is kept, unused and unpaid; the time it took counts as worked."""
    kept = Assignment.objects.filter(
        id=parameters["assignment_id"], token=parameters["token"], state=Assignment.State.EXPIRED
    ).update(
        state=Assignment.State.LATE,
        submitted_at=parameters["now"],
        credited_seconds=parameters["credited_seconds"],
        weighed_at=None,
    )
    if not kept:
        return None
    Answer.objects.create(
        assignment_id=parameters["assignment_id"],
        result=orjson.loads(parameters["result"]),
        canonical=orjson.loads(parameters["canonical"]),
        digest=parameters["digest"],
        created_at=parameters["now"],
    )
    timekeeping.record(
        parameters["worker_id"],
        kind=WorkInterval.Kind.TASK,
        reference=parameters["assignment_id"],
        periods=parameters["periods"],
        now=parameters["now"],
        currency=held["currency"],
    )
    events.record(
        "answer.late",
        subject_id=parameters["assignment_id"],
        organization_id=held["organization_id"],
        actor_id=parameters["worker_id"],
        now=parameters["now"],
        data={"task_id": str(held["task_id"])},
    )
    return _submission(held, parameters, Assignment.State.LATE, 0)
