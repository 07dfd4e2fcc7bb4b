"""The only wrapper round django-q2: put a job on the queue, in the transaction of its cause.

The broker is a table of the same database, so the job exists exactly if its cause was committed: the queue is the outbox.
A job may run twice (a cluster killed half way is retried) and must not care. Jobs are named by dotted path; `tests/repo`
imports every one that is enqueued or scheduled.
"""

from django_q.tasks import async_task


def enqueue(job: str, *args: str | int, timeout_seconds: int | None = None) -> None:
    """Run `job` (a dotted path in some `jobs.py`) in the cluster soon, with plain ids as arguments.

    Rolls back with the caller's transaction. Enqueueing twice runs it twice.
    """
    options = {"timeout": timeout_seconds} if timeout_seconds else {}
    async_task(job, *args, q_options=options)
