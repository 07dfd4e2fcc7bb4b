"""The only wrapper round django-q2: put a job on the queue, in the transaction of its cause, and try it again when it fails.

The broker is a table of the same database, so the job exists exactly if its cause was committed: the queue is the outbox.
A job may run twice (a cluster killed half way is retried) and must not care. Jobs are named by dotted path; `tests/repo`
imports every one that is enqueued or scheduled.

A job that raises stays on the queue and is offered again after PAUSES, one after the other; after the last it is given up, logged as
an error, and told by `/api/readyz` and the admin until an operator runs it again or lets it go. One that takes its process down with it
is offered again after JOB_RETRY_SECONDS, and is given up likewise: tries are counted as they begin. What the clock repeats is not
kept: its next run is its next try.
"""

import logging
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django_q.models import Failure, OrmQ
from django_q.signals import post_execute_in_worker, pre_execute
from django_q.tasks import async_task

from foundation import audit, clock
from foundation.models import TRIES_MAX, FailedJob

log = logging.getLogger(__name__)

# Before the second try, the third…; TRIES_MAX - 1 of them.
PAUSES = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=4))
LOST = "ProcessLost"  # the error of a job whose process ended before it did
LONG_OVER = timedelta(days=1)  # after a next try that nobody made: whatever is on the queue is offered long before
FAILURES_KEPT = timedelta(days=30)  # the queue's own record of each failure, with its traceback


def enqueue(job: str, *args: str | int, timeout_seconds: int | None = None) -> None:
    """Run `job` (a dotted path in some `jobs.py`) in the cluster soon, with plain ids as arguments; TRIES_MAX times while it raises.

    Rolls back with the caller's transaction. Enqueueing twice runs it twice.
    """
    options = {"timeout": timeout_seconds} if timeout_seconds else {}
    async_task(job, *args, q_options=options)


def note_start(*, task: dict[str, Any], **signal: Any) -> None:
    """A job begins, in the process that runs it: count the try. With the last one the job leaves the queue, whatever becomes of it."""
    if not _is_kept(task):
        return
    try:
        _count_try(task, now=clock.now())
    except Exception:
        log.exception("the start of %s could not be noted", task["func"])


@transaction.atomic
def _count_try(task: dict[str, Any], *, now: datetime) -> None:
    retry = timedelta(seconds=settings.JOB_RETRY_SECONDS)
    row, is_first = FailedJob.objects.select_for_update().get_or_create(
        id=task["id"],
        defaults={"job": task["func"], "args": list(task["args"]), "tries": 1, "failed_at": now, "next_at": now + retry},
    )
    if is_first:
        return
    row.tries, row.error, row.next_at = row.tries + 1, row.error or LOST, now + retry
    row.save(update_fields=["tries", "error", "next_at"])
    if row.tries >= TRIES_MAX:
        OrmQ.objects.filter(id=task["ack_id"]).delete()


def _is_kept(task: dict[str, Any]) -> bool:
    """Neither of the clock nor run on the spot."""
    return not task.get("group") and bool(task.get("ack_id"))


def note_end(*, task: dict[str, Any], **signal: Any) -> None:
    """A job has ended, in the process that ran it: one that failed stays on the queue until its last try.

    The queue takes a job off when the monitor hears of its end; that is called off first, so that whatever fails here, the job is
    offered again after the queue's own `retry`.
    """
    if not _is_kept(task):
        return
    if not task["success"]:
        task["ack_failure"] = False
    try:
        if task["success"]:
            FailedJob.objects.filter(id=task["id"]).delete()
        else:
            task["ack_failure"] = _note_failure(task, now=clock.now())
    except Exception:
        log.exception("the end of %s could not be noted", task["func"])


@transaction.atomic
def _note_failure(task: dict[str, Any], *, now: datetime) -> bool:
    """Write the failure down and put the next try off; True when that was the last. Locks the failure's row."""
    row = FailedJob.objects.select_for_update().filter(id=task["id"]).first()
    if row is None:
        if not OrmQ.objects.filter(id=task["ack_id"]).exists():
            return True  # another copy of it succeeded, or an operator took it in hand
        row = FailedJob(id=task["id"], job=task["func"], args=list(task["args"]), tries=1)  # its start could not be noted
    row.failed_at, row.error = now, _kind_of(str(task["result"]))
    row.next_at = now + PAUSES[row.tries - 1] if row.tries < TRIES_MAX else None
    row.save()
    if row.next_at is None:
        log.error("%s%s failed %s times and is given up: %s", row.job, tuple(row.args), row.tries, row.error)
        return True
    OrmQ.objects.filter(id=task["ack_id"]).update(lock=row.next_at)
    return False


def _kind_of(told: str) -> str:
    """The class of the error, from below the last traceback: its words may name people."""
    _, _, below = told.rpartition("Traceback (most recent call last):\n")
    said = next((line for line in below.splitlines() if line and not line[0].isspace()), "")
    return said.split(":")[0].strip()[:200]


@transaction.atomic
def run_again(job_id: str, *, actor_id: UUID, now: datetime) -> bool:
    """Enqueue a job that was given up, with all its tries; False when somebody else has, or has let it go. Audited."""
    row = FailedJob.objects.select_for_update().given_up(now=clock.now()).filter(id=job_id).first()
    if row is None:
        return False
    row.delete()
    enqueue(row.job, *row.args)
    audit.append("job.run_again", subject=f"job:{job_id}", actor_id=actor_id, now=now, after={"job": row.job, "args": row.args})
    return True


@transaction.atomic
def let_go(job_id: str, *, actor_id: UUID, now: datetime) -> bool:
    """Forget a job that was given up: it will never run. False when it is gone already. Audited."""
    row = FailedJob.objects.select_for_update().given_up(now=clock.now()).filter(id=job_id).first()
    if row is None:
        return False
    row.delete()
    audit.append("job.let_go", subject=f"job:{job_id}", actor_id=actor_id, now=now, before={"job": row.job, "args": row.args})
    return True


def failing() -> dict[str, int]:
    """How many jobs wait for another try after a failure, and how many were given up."""
    if FailedJob._meta.db_table not in connection.introspection.table_names():
        return {"waiting": 0, "given_up": 0}  # not migrated yet
    given_up = FailedJob.objects.given_up(now=clock.now()).count()
    return {"waiting": FailedJob.objects.failed().count() - given_up, "given_up": given_up}


def forget_failures(*, now: datetime) -> int:
    """Delete the queue's own record of failures that are FAILURES_KEPT ago; returns how many.

    And what is kept of jobs whose next try is a day over: they ended well as the database was away, and nobody will try them again.
    """
    FailedJob.objects.filter(next_at__lt=clock.now() - LONG_OVER, tries__lt=TRIES_MAX).delete()
    deleted, _ = Failure.objects.filter(stopped__lt=now - FAILURES_KEPT).delete()
    return int(deleted)


def connect() -> None:
    """Hear of the start and the end of each job. Once per process."""
    pre_execute.connect(note_start, dispatch_uid="note start")
    post_execute_in_worker.connect(note_end, dispatch_uid="note end")
