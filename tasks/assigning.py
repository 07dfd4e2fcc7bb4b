"""Who gets which task: claim, give back, expire, re-open. The only writer of `Task.need`, `Task.position` and of new leases.

The claim is one statement (design §5). Its rules, in the order in which the statement applies them:

1. The enrolment row is locked: claims of one worker in one batch queue up; claims of different workers never meet here.
2. Gold if it is due, then urgent tasks, then ordinary ones; urgent and ordinary ones each from a cursor of the worker's
   on. Never one the worker has had, never one reserved for others. Rows that others hold are skipped, not waited for. A set is
   handed out in random order. Gold needs another task that is still open to the worker, in a set as one by one: whoever got one
   more after the last would know what it is.
3. What a worker gave back comes last: only when there is nothing else, nobody else may take it, and for the second time at most; gold
   among it only while there is other work among it. Nor is gold chosen where nothing else is open.
4. `need` goes down and the lease is written in the same statement; `CHECK (need >= 0)` and the unique pair of task and worker
   are the last guards.
5. A cursor moves to just before the first open task of its lane that this worker has not had, taken or merely busy, so that no
   task is ever left behind it; with none left, to the tail. What re-opens gets a new position at the tail, handed out in commit
   order under the batch's lock.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import psycopg
from django.db import connection, transaction
from django.db.models import F

from foundation import constraints, events
from foundation.errors import Busy, NotFound
from foundation.idempotency import KeyReused
from foundation.ids import new_id
from foundation.statements import Row, rows_of, waiting_at_most
from tasks import enrolling, lost_time
from tasks.errors import BatchNotOpen, ChoosingNotAllowed, LeaseLost, TaskTaken, TooManyLeases
from tasks.models import Assignment, Batch, Prelabel, Task

CLAIM_WAIT_MS = 2000  # the longest a claim waits for any one lock before it says busy
AGAIN_AT_MOST = 2  # times one person is given the same task, where they gave it back
AGAIN_AFTER = "24 hours"  # for which others who take part have the first go at what somebody gave back
CLAIM_ROUNDS = 8  # how often a claim looks again (a busy row, a twin, access derived afresh) before it says busy
BUSY_WAIT = "200ms"
EXPIRE_CHUNK = 500  # leases ended in one transaction

# Never mine: no live or finished assignment of this task and this worker. A scalar sub-select, because the planner turns
# NOT EXISTS into a hash anti-join over the whole history at bad moments.
NOT_MINE = """(SELECT a.id FROM tasks_assignment a
                 WHERE a.task_id = t.id AND a.worker_id = %(worker_id)s AND NOT (a.state IN ('returned', 'expired'))) IS NULL"""
# Nor given back by me; that is a lane of its own, `again`. One more probe, because the index behind NOT_MINE leaves these rows out.
NOT_GIVEN_BACK = """(SELECT r.id FROM tasks_assignment r
                 WHERE r.worker_id = %(worker_id)s AND r.batch_id = t.batch_id AND r.task_id = t.id AND r.state = 'returned'
                 LIMIT 1) IS NULL"""
# Gold that ran out waits for the end, too, as other work does at the tail of the queue: what comes back sooner would tell.
NOT_LET_GO = """(SELECT r.id FROM tasks_assignment r
                 WHERE r.worker_id = %(worker_id)s AND r.batch_id = t.batch_id AND r.task_id = t.id
                   AND r.state IN ('returned', 'expired') LIMIT 1) IS NULL"""
GIVEN_BACK_TIMES = """(SELECT count(*) FROM tasks_assignment r
                 WHERE r.worker_id = %(worker_id)s AND r.batch_id = t.batch_id AND r.task_id = t.id AND r.state = 'returned')"""
# Somebody else takes part who may take the task and was never given it.
OTHERS_MAY = """EXISTS (SELECT 1 FROM tasks_enrolment o
                 WHERE o.batch_id = t.batch_id AND o.worker_id <> %(worker_id)s
                   AND (o.eligible_until IS NULL OR o.eligible_until > %(now)s)
                   AND (t.reserved_for IS NULL OR o.worker_id = ANY (t.reserved_for))
                   AND (t.unavailable_for IS NULL OR NOT o.worker_id = ANY (t.unavailable_for))
                   AND (SELECT a.id FROM tasks_assignment a WHERE a.task_id = t.id AND a.worker_id = o.worker_id
                           AND NOT (a.state IN ('returned', 'expired'))) IS NULL
                   AND (SELECT r.id FROM tasks_assignment r WHERE r.worker_id = o.worker_id AND r.batch_id = t.batch_id
                           AND r.task_id = t.id AND r.state = 'returned' LIMIT 1) IS NULL)"""
FOR_ME = """(t.reserved_for IS NULL OR %(worker_id)s = ANY (t.reserved_for))
               AND (t.unavailable_for IS NULL OR NOT %(worker_id)s = ANY (t.unavailable_for))"""

NEW_TO_ME = f"{NOT_MINE} AND {NOT_GIVEN_BACK} AND {FOR_ME}"
ANOTHER_IS_NEW_TO_ME = re.sub(r"\bt\.", "o.", NEW_TO_ME)
GOLD_FOR_ME = f"{NOT_MINE} AND {NOT_LET_GO} AND {FOR_ME}"

# One block of `1 / share` tasks holds one gold task, at a place that a hash of enrolment and block decides: an exact share that
# nobody can foresee: enrolment ids are shown to nobody. The first `2 × gold_first` tasks are blocks of two. Gold that was given back
# stays due: a second place of each block is for that.
LARGEST = 2**63 - 1  # masks the sign of a hash
IN_ITS_PLACE = f"""CASE
        WHEN b.gold_first > n / 2
            THEN (hashtextextended(e.id::text || 'first{{salt}}' || n / 2, 0) & {LARGEST}) %% 2 = n %% 2
        WHEN b.gold_percent > 0
            THEN (hashtextextended(e.id::text || '{{salt}}' || (n - 2 * b.gold_first) / greatest(2, 100 / b.gold_percent), 0) & {LARGEST})
                     %% greatest(2, 100 / b.gold_percent) = (n - 2 * b.gold_first) %% greatest(2, 100 / b.gold_percent)
        ELSE false END"""
GOLD_IS_DUE, GOLD_IS_DUE_AGAIN = IN_ITS_PLACE.format(salt=""), IN_ITS_PLACE.format(salt="again")

SEAT = f"""
WITH patience AS MATERIALIZED (  -- this statement's own; joined below, so that it is set before a row is locked
    SELECT set_config('lock_timeout', '{CLAIM_WAIT_MS}ms', true) AS bound
), seen AS MATERIALIZED (
    SELECT claimed FROM tasks_enrolment WHERE worker_id = %(worker_id)s AND batch_id = %(batch_id)s
), seat AS MATERIALIZED (
    SELECT e.id AS enrolment_id, e.standing, e.eligible_until, e.clear_until, e.cursor, e.urgent_cursor, e.claimed,
           e.gold_cursor, e.gold_owed_once, e.gold_owed_twice, b.tail,
           b.id AS batch_id, b.project_id, b.state, b.price_micros, b.fee_micros, b.currency, b.guideline_id, b.review_seconds,
           b.lease_seconds, b.workers_choose, e.meaning_version = g.meaning_version AS knows_guideline,
           -- a claim that waited for its twin reads the leases as they were before: it must start over
           e.claimed = (SELECT claimed FROM seen) AS is_fresh,
           least(%(count)s::int, b.lease_size, b.max_leases - (
               SELECT count(*) FROM tasks_assignment l WHERE l.worker_id = e.worker_id AND l.batch_id = e.batch_id
                  AND l.state = 'leased' AND l.expires_at > %(now)s)) AS wanted
      FROM patience JOIN tasks_enrolment e ON patience.bound IS NOT NULL
      JOIN tasks_batch b ON b.id = e.batch_id JOIN tasks_guideline g ON g.id = b.guideline_id
     WHERE e.worker_id = %(worker_id)s AND e.batch_id = %(batch_id)s
       FOR NO KEY UPDATE OF e
), room AS MATERIALIZED (
    SELECT * FROM seat
     WHERE is_fresh AND wanted > 0 AND state = 'open' AND standing = %(standing)s AND knows_guideline
       AND (eligible_until IS NULL OR eligible_until > %(now)s) AND clear_until > %(now)s
)"""

NEXT_TASKS = f"""
, first_urgent AS MATERIALIZED (
    SELECT t.id, t.position FROM room, LATERAL (
        SELECT t.id, t.position FROM tasks_task t
         WHERE t.project_id = room.project_id AND t.batch_id = room.batch_id AND t.lane = 1 AND t.need > 0
           AND t.position > room.urgent_cursor
           AND {NEW_TO_ME}
         ORDER BY t.position LIMIT coalesce((SELECT wanted FROM room), 0)) t
), first_open AS MATERIALIZED (
    SELECT t.id, t.position FROM room, LATERAL (
        SELECT t.id, t.position FROM tasks_task t
         WHERE t.project_id = room.project_id AND t.batch_id = room.batch_id AND t.lane = 0 AND t.need > 0
           AND t.position > room.cursor
           AND {NEW_TO_ME}
         ORDER BY t.position LIMIT coalesce((SELECT wanted FROM room), 0)) t
), due AS MATERIALIZED (  -- by the places of the set, each while another task would be open there
    SELECT count(*) FILTER (WHERE is_fresh) AS fresh, count(*) AS due
      FROM (SELECT place, is_fresh, row_number() OVER (ORDER BY place) AS gold_before_and_it
              FROM (SELECT n - room.claimed AS place, {GOLD_IS_DUE} AS is_fresh, room.gold_owed_once + room.gold_owed_twice AS owed,
                           count(*) FILTER (WHERE NOT ({GOLD_IS_DUE}) AND {GOLD_IS_DUE_AGAIN}) OVER (ORDER BY n) AS nth_again,
                           {GOLD_IS_DUE_AGAIN} AS is_again
                      FROM room JOIN tasks_enrolment e ON e.id = room.enrolment_id JOIN tasks_batch b ON b.id = e.batch_id,
                           generate_series(room.claimed, room.claimed + room.wanted - 1) n) places
             WHERE is_fresh OR is_again AND nth_again <= owed) gold
     WHERE place - gold_before_and_it + 1 < (SELECT count(*) FROM first_urgent) + (SELECT count(*) FROM first_open)
), gold_ahead AS MATERIALIZED (  -- before what is urgent, or a batch of urgent tasks would check nobody
    SELECT t.id, t.position, t.lane FROM room, LATERAL (
        SELECT t.id, t.position, t.lane FROM tasks_task t
         WHERE t.project_id = room.project_id AND t.batch_id = room.batch_id AND t.lane = 2 AND t.need > 0
           AND t.position > room.gold_cursor
           AND {GOLD_FOR_ME}
         ORDER BY t.position
         LIMIT coalesce((SELECT least((SELECT due FROM due), wanted) FROM room), 0)
           FOR UPDATE SKIP LOCKED) t
), gold_behind AS MATERIALIZED (  -- each worker starts somewhere else in the ring of gold, and goes round once
    SELECT t.id, t.position, t.lane FROM room, LATERAL (
        SELECT t.id, t.position, t.lane FROM tasks_task t
         WHERE t.project_id = room.project_id AND t.batch_id = room.batch_id AND t.lane = 2 AND t.need > 0
           AND t.position <= room.gold_cursor
           AND {GOLD_FOR_ME}
         ORDER BY t.position
         LIMIT coalesce((SELECT least((SELECT due FROM due), wanted) - (SELECT count(*) FROM gold_ahead) FROM room), 0)
           FOR UPDATE SKIP LOCKED) t
), gold AS (SELECT * FROM gold_ahead UNION ALL SELECT * FROM gold_behind
), urgent AS MATERIALIZED (
    SELECT t.id, t.position, t.lane FROM room, LATERAL (
        SELECT t.id, t.position, t.lane FROM tasks_task t
         WHERE t.project_id = room.project_id AND t.batch_id = room.batch_id AND t.lane = 1 AND t.need > 0
           AND t.position > room.urgent_cursor
           AND {NEW_TO_ME}
         ORDER BY t.position LIMIT coalesce((SELECT wanted - (SELECT count(*) FROM gold) FROM room), 0)
           FOR UPDATE SKIP LOCKED) t
), ordinary AS MATERIALIZED (
    SELECT t.id, t.position, t.lane FROM room, LATERAL (
        SELECT t.id, t.position, t.lane FROM tasks_task t
         WHERE t.project_id = room.project_id AND t.batch_id = room.batch_id AND t.lane = 0 AND t.need > 0
           AND t.position > room.cursor
           AND {NEW_TO_ME}
         ORDER BY t.position
         LIMIT coalesce((SELECT wanted - (SELECT count(*) FROM urgent) - (SELECT count(*) FROM gold) FROM room), 0)
           FOR UPDATE SKIP LOCKED) t
), given_back AS MATERIALIZED (  -- what this worker gave back and may have once more, when there is nothing else
    SELECT t.id, t.position, t.lane FROM room, LATERAL (
        SELECT t.id, t.position, t.lane
          FROM (SELECT task_id, max(ended_at) AS ended_at FROM tasks_assignment
                 WHERE worker_id = %(worker_id)s AND batch_id = room.batch_id AND state IN ('returned', 'expired')
                 GROUP BY task_id HAVING count(*) < {AGAIN_AT_MOST}) back
          JOIN tasks_task t ON t.id = back.task_id
         WHERE t.need > 0
           AND {NOT_MINE}
           AND {FOR_ME}
           AND (back.ended_at <= %(now)s - interval '{AGAIN_AFTER}' OR NOT {OTHERS_MAY})) t
     WHERE NOT EXISTS (SELECT 1 FROM first_urgent) AND NOT EXISTS (SELECT 1 FROM first_open)
), first_again AS MATERIALIZED (SELECT id, position FROM given_back WHERE EXISTS (SELECT 1 FROM given_back WHERE lane <> 2) ORDER BY position LIMIT 1
), again AS MATERIALIZED (
    SELECT t.id, t.position, t.lane FROM tasks_task t JOIN first_again f ON f.id = t.id WHERE t.need > 0
       FOR UPDATE OF t SKIP LOCKED
), picked AS MATERIALIZED (
    SELECT * FROM urgent UNION ALL SELECT * FROM gold UNION ALL SELECT * FROM ordinary UNION ALL SELECT * FROM again
), cursors AS (  -- the tail is as this statement's snapshot has it: whatever re-opens later gets a place behind it
    SELECT coalesce((SELECT id FROM first_urgent ORDER BY position LIMIT 1), (SELECT id FROM first_open ORDER BY position LIMIT 1),
                    (SELECT id FROM first_again)) AS first_open_id,
           coalesce((SELECT position - (id NOT IN (SELECT id FROM picked))::int FROM first_open ORDER BY position LIMIT 1), tail) AS ordinary,
           coalesce((SELECT position - (id NOT IN (SELECT id FROM picked))::int FROM first_urgent ORDER BY position LIMIT 1), tail) AS urgent
      FROM room
)"""

CHOSEN_TASK = f"""
, due AS (SELECT 0 AS fresh, 0 AS due), picked AS MATERIALIZED (
    SELECT t.id, t.position, t.lane FROM room, LATERAL (
        SELECT t.id, t.position, t.lane FROM tasks_task t
         WHERE t.id = %(task_id)s AND t.batch_id = room.batch_id AND room.workers_choose AND t.need > 0
           AND {NOT_MINE}
           AND {GIVEN_BACK_TIMES} < {AGAIN_AT_MOST}
           AND {FOR_ME}
           AND (t.lane <> 2 OR EXISTS (SELECT 1 FROM tasks_task o  -- as in a set: never where nothing else is open
                    WHERE o.project_id = room.project_id AND o.batch_id = room.batch_id AND o.lane IN (0, 1) AND o.need > 0
                      AND {ANOTHER_IS_NEW_TO_ME}))
           FOR UPDATE) t
), cursors AS (
    SELECT NULL::uuid AS first_open_id, cursor AS ordinary, urgent_cursor AS urgent FROM room
)"""

LEASE = """
, taken AS (
    UPDATE tasks_task t SET need = t.need - 1 FROM picked WHERE t.id = picked.id
    RETURNING t.id, t.payload, picked.lane, picked.position
), numbered AS (
    SELECT taken.*, row_number() OVER (ORDER BY random())::int AS n, row_number() OVER (PARTITION BY taken.lane ORDER BY taken.id) AS nth
      FROM taken
), leased AS (
    INSERT INTO tasks_assignment (id, task_id, worker_id, project_id, batch_id, state, token, claim_key, price_micros, fee_micros,
                                  currency, guideline_id, review_seconds, leased_at, expires_at, gold_try)
    SELECT (%(ids)s::uuid[])[n], numbered.id, %(worker_id)s, room.project_id, room.batch_id, 'leased', (%(tokens)s::uuid[])[n],
           %(claim_key)s || ':' || %(count)s::int || ':' || n, room.price_micros, room.fee_micros, room.currency,
           room.guideline_id, room.review_seconds, %(now)s, %(now)s + make_interval(secs => room.lease_seconds),
           CASE WHEN numbered.lane <> 2 THEN 0
                WHEN nth <= due.fresh THEN 1
                WHEN nth <= due.fresh + gold_owed_once THEN 2
                WHEN nth <= due.fresh + gold_owed_once + gold_owed_twice THEN 3
                ELSE 1 END
      FROM numbered, room, due
    RETURNING id, task_id, token, project_id, guideline_id, price_micros, currency, leased_at, expires_at, gold_try
), moved AS (
    UPDATE tasks_enrolment e
       SET claimed = e.claimed + (SELECT count(*) FROM taken),
           gold_given = e.gold_given + (SELECT count(*) FROM leased WHERE gold_try > 0),
           gold_owed_once = e.gold_owed_once - (SELECT count(*) FROM leased WHERE gold_try = 2),
           gold_owed_twice = e.gold_owed_twice - (SELECT count(*) FROM leased WHERE gold_try = 3),
           gold_cursor = coalesce((SELECT max(position) FROM picked WHERE lane = 2), e.gold_cursor),
           cursor = greatest(e.cursor, cursors.ordinary), urgent_cursor = greatest(e.urgent_cursor, cursors.urgent)
      FROM room, cursors
     WHERE e.id = room.enrolment_id
       AND (EXISTS (SELECT 1 FROM taken) OR cursors.ordinary > e.cursor OR cursors.urgent > e.urgent_cursor)
)
SELECT seat.is_fresh, seat.state, seat.standing, seat.eligible_until, seat.clear_until, seat.wanted, seat.workers_choose,
       seat.knows_guideline,
       (SELECT first_open_id FROM cursors) AS first_open_id, leased.id, leased.task_id, leased.token, leased.project_id,
       leased.guideline_id, leased.price_micros, leased.currency, leased.leased_at, leased.expires_at, numbered.payload,
       p.result AS prelabel
  FROM seat LEFT JOIN leased ON true LEFT JOIN numbered ON numbered.id = leased.task_id
  LEFT JOIN tasks_prelabel p ON p.task_id = leased.task_id
 ORDER BY numbered.n
"""

CLAIM_NEXT = SEAT + NEXT_TASKS + LEASE
CLAIM_CHOSEN = SEAT + CHOSEN_TASK + LEASE


@dataclass(frozen=True)
class Lease:
    """A task in a worker's hands: what the claim answers."""

    id: UUID
    token: UUID
    task_id: UUID
    project_id: UUID
    payload: Any
    prelabel: Any  # a result list to start from, or None
    guideline_id: UUID
    price_micros: int
    currency: str
    leased_at: datetime
    expires_at: datetime


def claim_next(
    worker_id: UUID,
    *,
    standing: int,
    batch_id: UUID,
    now: datetime,
    count: int = 1,
    task_id: UUID | None = None,
    claim_key: str | None = None,
) -> list[Lease]:
    """Lease up to `count` tasks of a batch to a worker, or the one task they chose where the batch lets workers choose.

    Returns fewer, or none, when there is nothing left for this worker now. Locks the enrolment, then the tasks it takes. The same
    `claim_key` again returns the leases of the first time. Raises NotEligible (with what is missing), BreakNeeded, DayIsFull,
    WeekIsFull (until when), BatchNotOpen, TooManyLeases, TaskTaken, ChoosingNotAllowed, and Busy when others hold everything that is left.
    """
    parameters = {
        "worker_id": worker_id,
        "batch_id": batch_id,
        "standing": standing,
        "now": now,
        "count": count,
        "ids": sorted(new_id() for _ in range(count)),
        "tokens": [new_id() for _ in range(count)],
        "claim_key": claim_key,
    } | ({"task_id": task_id} if task_id else {})
    if first := _leases_of_key(worker_id, parameters, task_id):
        return first
    swept = False
    for _ in range(CLAIM_ROUNDS):
        rows = _try_to_claim(CLAIM_CHOSEN if task_id else CLAIM_NEXT, parameters)
        if rows and rows[0].get("id"):
            return [_lease(row) for row in rows]
        if first := _leases_of_key(worker_id, parameters, task_id):
            return first  # a twin of this request was quicker
        if not rows or _access_is_stale(rows[0], parameters):
            parameters["standing"] = _enrol(worker_id, batch_id, now=now)
        elif rows[0]["is_fresh"]:
            _refuse_if_not_open(rows[0], batch_id, task_id)
            if rows[0]["first_open_id"] is not None:
                _wait_for(rows[0]["first_open_id"])
            elif not swept and _expire_within_bound(batch_id, now=now):
                swept = True  # leases that had run out are back in the queue
            elif task_id is not None:
                raise _why_not_this(task_id, batch_id)
            else:
                return []
    raise Busy(batch_id=batch_id)


def _expire_within_bound(batch_id: UUID, *, now: datetime) -> int:
    with waiting_at_most(CLAIM_WAIT_MS):
        return expire_due(now=now, batch_id=batch_id)


def _try_to_claim(statement: str, parameters: dict[str, Any]) -> list[Row]:
    try:
        return rows_of(statement, parameters)
    except psycopg.errors.UniqueViolation as error:
        constraints.only(error, "worker_has_task_once", "claim_once_per_key")
        return [{"is_fresh": False}]  # a twin of this claim, or a late hand-in of the same task, was quicker: look again
    except psycopg.errors.LockNotAvailable as error:
        raise Busy from error  # CLAIM_WAIT_MS are over: an import, a closing or a twin that takes long


def _access_is_stale(row: Row, parameters: dict[str, Any]) -> bool:
    if not row["is_fresh"] or row["state"] != Batch.State.OPEN:
        return False
    now = parameters["now"]
    until, clear_until = row["eligible_until"], row["clear_until"]
    expired = until is not None and until <= now
    by_clock = clear_until is None or clear_until <= now  # a long day may have begun
    return row["standing"] != parameters["standing"] or not row["knows_guideline"] or expired or by_clock


def _enrol(worker_id: UUID, batch_id: UUID, *, now: datetime) -> int:
    """Derive access afresh; returns the standing it was derived at, which is what the next round compares with."""
    batch = Batch.objects.filter(id=batch_id).exclude(state=Batch.State.DRAFT).first()
    if batch is None:
        raise NotFound
    if batch.state != Batch.State.OPEN:
        raise BatchNotOpen(state=batch.state)
    return enrolling.enrol(worker_id, batch, now=now).standing


def _refuse_if_not_open(row: Row, batch_id: UUID, task_id: UUID | None) -> None:
    if row["state"] != Batch.State.OPEN:
        raise BatchNotOpen(state=row["state"])
    if row["wanted"] <= 0:
        raise TooManyLeases(limit=Batch.objects.values_list("max_leases", flat=True).get(id=batch_id))
    if task_id is not None and not row["workers_choose"]:
        raise ChoosingNotAllowed(field="task_id")


def _why_not_this(task_id: UUID, batch_id: UUID) -> NotFound | TaskTaken:
    exists = Task.objects.filter(id=task_id, batch_id=batch_id).exists()
    return TaskTaken(field="task_id") if exists else NotFound()


def _wait_for(task_id: UUID) -> None:
    """Wait, bounded, until whoever holds the row has finished: "nothing free this instant" is not "no more work"."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{BUSY_WAIT}'")
            cursor.execute("SELECT 1 FROM tasks_task WHERE id = %s FOR SHARE", [task_id])
    except Exception as error:
        if not isinstance(error.__cause__, psycopg.errors.LockNotAvailable | psycopg.errors.DeadlockDetected):
            raise


def _leases_of_key(worker_id: UUID, parameters: dict[str, Any], task_id: UUID | None) -> list[Lease]:
    """What the claim with this key got the first time, empty when there was none. Raises KeyReused when it asked for something else."""
    key, count = parameters["claim_key"], parameters["count"]
    if key is None:
        return []
    of_key = Assignment.objects.filter(worker_id=worker_id, claim_key__startswith=f"{key}:").select_related("task")
    # Sorted here: asked to sort, the planner may read all of the worker's rows in order instead of the few of the key.
    rows = [row for row in sorted(of_key, key=lambda row: row.id) if (row.claim_key or "").rsplit(":", 2)[0] == key]
    if not rows:
        return []
    asked = int((rows[0].claim_key or "").rsplit(":", 2)[1])
    if asked != count or rows[0].batch_id != parameters["batch_id"] or task_id not in (None, rows[0].task_id):
        raise KeyReused(key=key)
    return [_lease_of(row) for row in rows]


def held_leases(worker_id: UUID, batch_id: UUID) -> list[Lease]:
    """The tasks of a batch that a worker holds: the one last worked on first, those included whose time has just run out."""
    rows = Assignment.objects.filter(worker_id=worker_id, batch_id=batch_id, state=Assignment.State.LEASED)
    return [_lease_of(row) for row in rows.select_related("task").order_by(F("seen_at").desc(nulls_last=True), "id")]


def _lease_of(row: Assignment) -> Lease:
    prelabel = Prelabel.objects.filter(task_id=row.task_id).values_list("result", flat=True).first()
    own = {name: getattr(row, name) for name in Lease.__dataclass_fields__ if name not in ("payload", "prelabel")}
    return Lease(**own, payload=row.task.payload, prelabel=prelabel)


def _lease(row: Row) -> Lease:
    own = {name: row[name] for name in Lease.__dataclass_fields__ if name not in ("payload", "prelabel")}
    prelabel = orjson.loads(row["prelabel"]) if row["prelabel"] is not None else None
    return Lease(**own, payload=orjson.loads(row["payload"]), prelabel=prelabel)


def return_task(
    assignment_id: UUID, *, worker_id: UUID, token: UUID, now: datetime, reason: str = "", comment: str = ""
) -> Assignment:
    """Give a leased task back, saying why or not: its place re-opens for others, and last of all for this worker, once more at most.

    The second time returns the same row.

    The time they were seen at it stays on their clock (`lost_time`).
    Locks batch, assignment, task. Raises NotFound for another's assignment and LeaseLost when it has ended otherwise.
    """
    assignment = Assignment.objects.filter(id=assignment_id, worker_id=worker_id).first()
    if assignment is None:
        raise NotFound
    with transaction.atomic():
        _lock_batch(assignment.batch_id)
        lost_time.note_last_sign(assignment_id, token=token, now=now)
        ended = Assignment.objects.filter(id=assignment_id, token=token, state=Assignment.State.LEASED).update(
            state=Assignment.State.RETURNED, ended_at=now, return_reason=reason, return_comment=comment
        )
        if ended:
            reopen([assignment.task_id], batch_id=assignment.batch_id)
    assignment.refresh_from_db()
    if assignment.state != Assignment.State.RETURNED or assignment.token != token:
        raise LeaseLost(state=assignment.state)
    return assignment


def expire_due(*, now: datetime, batch_id: UUID | None = None) -> int:
    """End the leases that have run out, at most EXPIRE_CHUNK per batch, and re-open their places; returns how many.

    One short transaction per batch, which locks the batch, then the leases nobody is handing in at this moment, then tasks.
    """
    due = Assignment.objects.filter(state=Assignment.State.LEASED, expires_at__lte=now)
    batches = [batch_id] if batch_id else list(due.values_list("batch_id", flat=True).distinct())
    return sum(_expire_in(batch, now=now) for batch in batches)


@transaction.atomic
def _expire_in(batch_id: UUID, *, now: datetime) -> int:
    due = Assignment.objects.filter(batch_id=batch_id, state=Assignment.State.LEASED, expires_at__lte=now)
    if not due.exists():
        return 0  # most often so; without a lock
    organization_id = _lock_batch(batch_id).organization_id
    rows = list(due.select_for_update(skip_locked=True, of=("self",)).only("id", "task_id", "worker_id")[:EXPIRE_CHUNK])
    Assignment.objects.filter(id__in=[row.id for row in rows]).update(state=Assignment.State.EXPIRED, ended_at=now)
    reopen([row.task_id for row in rows], batch_id=batch_id)
    for row in rows:
        events.record(
            "assignment.expired", subject_id=row.id, organization_id=organization_id, now=now, data={"task_id": str(row.task_id)}
        )
    return len(rows)


def reopen(task_ids: Sequence[UUID], *, batch_id: UUID, collected: bool = False) -> None:
    """Offer one more place of each task again, at the tail of the queue; `collected` when the place had an answer that no longer counts.

    Call it inside the transaction that ended the assignments. Takes the batch's lock, so that positions grow in commit order and no
    worker's cursor can have passed them. A task may be listed several times. Nothing re-opens in a closed batch.
    """
    assert connection.in_atomic_block, "the place and the assignment that gives it up change together"
    batch = _lock_batch(batch_id)
    places: dict[UUID, int] = {}
    for task_id in task_ids:
        places[task_id] = places.get(task_id, 0) + 1
    Batch.objects.filter(id=batch_id).update(tail=F("tail") + len(places))
    closed = batch.state == Batch.State.CLOSED
    for offset, (task_id, n) in enumerate(sorted(places.items()), start=1):  # in id order: two re-openings cannot deadlock
        again = {"need": F("need") + n, "state": Task.State.OPEN, "position": batch.tail + offset}
        Task.objects.filter(id=task_id).exclude(state=Task.State.CANCELLED).update(
            **({"state": Task.State.CANCELLED, "need": 0} if closed else again), done=F("done") - (n if collected else 0)
        )


def _lock_batch(batch_id: UUID) -> Batch:
    return Batch.objects.select_for_update(no_key=True).get(id=batch_id)
