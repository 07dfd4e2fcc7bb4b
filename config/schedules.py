"""What runs by the clock: the whole table, in one place. `sync` makes the queue's own table equal to it, after every `migrate`."""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.db import connection, transaction
from django.db.models import Min
from django.db.models.signals import post_migrate
from django_q.models import OrmQ, Schedule
from django_q.signals import post_execute_in_worker

from foundation import clock
from foundation.models import ScheduledRun

log = logging.getLogger(__name__)

SYNC_LOCK = 7_216_002  # of all processes that may sync, one does at a time
MINUTES = Schedule.MINUTES
TABLE: list[tuple[str, str, int]] = [
    # name, job, every so many minutes
    ("expire leases", "tasks.jobs.expire_leases", 1),
    ("settle lost time", "tasks.jobs.settle_lost_time", 1),
    ("weigh gold", "tasks.jobs.weigh_gold", 1),
    ("put gold right", "tasks.jobs.put_gold_right", 1),
    ("end undecided cases", "tasks.jobs.end_undecided_cases", 10),
    ("credit onboarding", "tasks.jobs.credit_onboarding", 1),
    ("accept what nobody reviewed", "tasks.jobs.accept_due", 5),
    ("continue bulk acceptances", "tasks.jobs.continue_acceptances", 1),
    ("end silent appeals", "tasks.jobs.end_silent_appeals", 10),
    ("requeue lost aggregations", "tasks.jobs.requeue_lost_runs", 1),
    ("requeue lost data copies", "tasks.jobs.requeue_lost_copies", 1),
    ("measure times", "tasks.jobs.measure_times", 10),
    ("end exam sittings", "tasks.jobs.end_sittings", 1),
    ("credit lessons", "tasks.jobs.credit_lessons", 5),
    ("erase people", "tasks.jobs.erase_people", 60),
    ("discard data copies", "tasks.jobs.discard_data_copies", 60),
    ("expire grants", "qualification.jobs.expire_grants", 60),
    ("warn of skills that end", "qualification.jobs.warn_expiring", 12 * 60),
    ("tell of exams to renew", "qualification.jobs.tell_renewable", 12 * 60),
    ("mail notices", "workforce.jobs.send_notices", 1),
    ("forget where tokens were used", "workforce.jobs.forget_networks", 24 * 60),
    ("mail the day's notices", "workforce.jobs.send_daily_notices", 30),
    ("fold balances", "payments.jobs.fold_balances", 10),
    ("credit rest", "payments.jobs.credit_rest", 24 * 60),
    ("finish closing batches", "tasks.jobs.finish_closings", 1),
    ("release closed batches", "tasks.jobs.release_closed", 24 * 60),
    ("discard old drafts", "tasks.jobs.discard_drafts", 24 * 60),
    ("sweep files of cut uploads", "tasks.jobs.sweep_files", 24 * 60),
    ("forget idempotency keys", "foundation.jobs.forget_old_idempotent_requests", 24 * 60),
    ("forget failures of jobs", "foundation.jobs.forget_failures", 24 * 60),
    ("verify the audit chain", "foundation.jobs.verify_audit_chain", 24 * 60),
    ("check invariants", "config.jobs.check_invariants", 24 * 60),
]


def sync() -> None:
    """Make the schedules exactly those of the table; safe to repeat, and for several hosts at once. What is under other names is removed.

    Runs after every `migrate`. A schedule that stays keeps its next run. Takes an advisory lock until its transaction ends.
    """
    names = [name for name, _, _ in TABLE]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SYNC_LOCK])
        first: dict[str, int] = {}
        for number, name in Schedule.objects.filter(name__in=names).order_by("id").values_list("id", "name"):
            first.setdefault(name, number)
        Schedule.objects.exclude(id__in=first.values()).delete()
        for name, job, minutes in TABLE:
            wanted = {"func": job, "schedule_type": MINUTES, "minutes": minutes, "repeats": -1, "cluster": None}
            if name in first:
                Schedule.objects.filter(id=first[name]).exclude(
                    func=job, minutes=minutes, schedule_type=MINUTES, repeats=-1
                ).update(**wanted)
            else:
                Schedule.objects.create(name=name, **wanted)
        ScheduledRun.objects.exclude(name__in=names).delete()
        since = clock.now()
        ScheduledRun.objects.bulk_create((ScheduledRun(name=name, since=since) for name in names), ignore_conflicts=True)


def sync_after_migrating(*, using: str, **signal: Any) -> None:
    """After the last migration; not half way, where a table is still missing."""
    tables = {Schedule._meta.db_table, ScheduledRun._meta.db_table}
    if using == "default" and tables <= set(connection.introspection.table_names()):
        sync()


def note_run(*, task: dict[str, Any], **signal: Any) -> None:
    """Note when a scheduled job succeeded or failed; in the process that ran it."""
    name = task.get("group")
    try:
        at = {"succeeded_at": clock.now()} if task.get("success") else {"failed_at": clock.now()}
        ScheduledRun.objects.filter(name=name).update(**at)
    except Exception:  # the job itself is done: its end is not to be lost over a note
        log.exception("the end of %s could not be noted", name)


def longest_wait(*, now: datetime) -> timedelta:
    """How long the job that waits longest has been waiting for a cluster."""
    oldest = OrmQ.objects.filter(lock__lte=now).aggregate(at=Min("lock"))["at"]
    return now - oldest if oldest else timedelta(0)


def connect() -> None:
    """Sync after migrating, and note each run. Once per process."""
    post_migrate.connect(sync_after_migrating, sender=apps.get_app_config("django_q"), dispatch_uid="sync schedules")
    post_execute_in_worker.connect(note_run, dispatch_uid="note run")
