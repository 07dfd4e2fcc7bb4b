"""Is everything as it should be, beyond this process answering? For monitors; a load balancer asks `/api/healthz`, which is cheaper.

It tells names of schedules, counts and instants: nothing of people, hosts, versions or errors.
"""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db import InterfaceError, OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from config import schedules
from foundation import clock, queueing
from foundation.models import ScheduledRun

SILENT_AFTER = timedelta(minutes=5)  # without any scheduled job done: something runs every minute


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """What is late, as JSON: 200 when nothing is, 503 otherwise."""
    try:
        found = report(clock.now())
    except (OperationalError, InterfaceError):
        found = {"status": "not_ready", "database": "unreachable"}
    answer = JsonResponse(found, status=200 if found["status"] == "ready" else 503)
    answer["Cache-Control"] = "no-store"
    return answer


def report(now: datetime) -> dict[str, Any]:
    """The state of the clockwork: schedules against their intervals, the cluster, the queue, jobs given up, migrations. Five small queries."""
    runs = {row.name: row for row in ScheduledRun.objects.all()} if _has_table() else {}
    late = [told for name, _, minutes in schedules.TABLE if (told := _late(name, minutes, runs.get(name), now))]
    seen_at = max((at for row in runs.values() for at in (row.succeeded_at, row.failed_at) if at), default=None)
    begun = seen_at or min((row.since for row in runs.values()), default=None)
    silent = begun is None or now - begun > SILENT_AFTER
    unapplied = len(_on_disk() - set(MigrationRecorder(connection).applied_migrations()))
    waits = schedules.longest_wait(now=now)
    is_queue_late = waits > SILENT_AFTER
    failing = queueing.failing()
    return {
        "status": "not_ready" if late or silent or unapplied or is_queue_late or failing["given_up"] else "ready",
        "database": "ok",
        "migrations": {"unapplied": unapplied},
        "cluster": {"status": "silent" if silent else "ok", "last_done_at": seen_at},
        "queue": {"status": "late" if is_queue_late else "ok", "longest_wait_seconds": round(waits.total_seconds())},
        "schedules": {"late": late},
        "failed_jobs": failing,
    }


def _late(name: str, minutes: int, run: ScheduledRun | None, now: datetime) -> dict[str, Any] | None:
    """A schedule whose last success, or whose beginning if it never succeeded, is longer ago than its interval and some patience."""
    patience = timedelta(minutes=minutes + max(5, minutes / 4))
    if run is not None and now - (run.succeeded_at or run.since) <= patience:
        return None
    last, failed = (run.succeeded_at, run.failed_at) if run else (None, None)
    return {"name": name, "every_minutes": minutes, "last_succeeded_at": last, "last_failed_at": failed}


def _has_table() -> bool:
    return ScheduledRun._meta.db_table in connection.introspection.table_names()


@lru_cache(maxsize=1)
def _on_disk() -> frozenset[tuple[str, str]]:
    """Every migration this code has."""
    return frozenset(MigrationLoader(None).disk_migrations)
