"""What runs by the clock: the whole table, in one place. `sync` makes the queue's own table equal to it."""

from django_q.models import Schedule

MINUTES = Schedule.MINUTES
TABLE: list[tuple[str, str, int]] = [
    # name, job, every so many minutes
    ("expire leases", "tasks.jobs.expire_leases", 1),
    ("settle lost time", "tasks.jobs.settle_lost_time", 1),
    ("weigh gold", "tasks.jobs.weigh_gold", 1),
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
    ("mail the day's notices", "workforce.jobs.send_daily_notices", 30),
    ("fold balances", "payments.jobs.fold_balances", 10),
    ("credit rest", "payments.jobs.credit_rest", 24 * 60),
    ("finish closing batches", "tasks.jobs.finish_closings", 1),
    ("release closed batches", "tasks.jobs.release_closed", 24 * 60),
    ("discard old drafts", "tasks.jobs.discard_drafts", 24 * 60),
    ("forget idempotency keys", "foundation.jobs.forget_old_idempotent_requests", 24 * 60),
    ("verify the audit chain", "foundation.jobs.verify_audit_chain", 24 * 60),
    ("check invariants", "config.jobs.check_invariants", 24 * 60),
]


def sync() -> None:
    """Make the schedules exactly those of the table; safe to repeat. Rows under other names are removed."""
    for name, job, minutes in TABLE:
        Schedule.objects.update_or_create(
            name=name, defaults={"func": job, "schedule_type": MINUTES, "minutes": minutes, "repeats": -1}
        )
    Schedule.objects.exclude(name__in=[name for name, _, _ in TABLE]).delete()
