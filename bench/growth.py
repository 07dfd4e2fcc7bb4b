"""What daily operations cost when a batch and a worker's history have ten thousand rows, and when they have a million.

    make bench name=growth                              # 10,000 and 1,000,000; some minutes
    make bench name=growth args="--sizes 5000 50000"

One batch of so many tasks, each answered once by one of thirteen people, half of them by the worker who is measured, in the urgent lane and in the
ordinary one. Each size has a database of its own. An operation is called a few times, in transactions that are rolled back; the figure is the
median of the wall time in milliseconds. The last line is one JSON object: per operation the milliseconds at both sizes and their ratio (aim:
at most 1.5; where both are below NOISE_MS, a ratio says nothing and `worst` leaves it out).
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ["FAIRHAND_DATABASE"] = "bench_growth"
os.environ["FAIRHAND_DEBUG"] = os.environ["FAIRHAND_SIMULATION"] = "1"

import django

django.setup()

import orjson
from django.core.management import call_command
from django.db import connection, reset_queries, transaction
from django.test.utils import setup_test_environment

from payments.models import Account
from tasks import assigning, counting, earning, exporting, job_list, measuring, my_work, publishing, reviewing
from tasks.errors import NotTooFast
from tasks.models import Assignment, Batch, Enrolment, Task
from tests import builders
from tests.tasks import scenes
from workforce.models import Notification

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
CROWD = 12  # people beside the one who is measured
TAIL = 200  # open tasks behind the history, half of them urgent
CALLS, WARM = 15, 3  # measured; before that
NOISE_MS = 1.0
REJECTED_PERCENT = 1

TASKS = """
INSERT INTO tasks_task (id, project_id, batch_id, key, payload, lane, position, overlap, need, done, state, created_at)
SELECT gen_random_uuid(), %(project)s, %(batch)s, 'h' || n, jsonb_build_object('text', 'This is the text of task number ' || n),
       n %% 2, n, 2, 2, 0, 'open', %(now)s
  FROM generate_series(1, %(n)s) n
"""
# Ids grow with time, as those of real claims do: the newest rows of an index stand together.
ASSIGNMENTS = """
INSERT INTO tasks_assignment (id, task_id, worker_id, project_id, batch_id, state, token, claim_key, price_micros, fee_micros, currency,
                              guideline_id, review_seconds, leased_at, expires_at, submitted_at, review_due_at, ended_at, credited_seconds)
SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7000' || '8000' || lpad(to_hex(n), 12, '0'))::uuid, t.id,
       CASE WHEN n %% 4 < 2 THEN %(worker)s::uuid ELSE (%(crowd)s::uuid[])[1 + n %% cardinality(%(crowd)s::uuid[])] END,
       %(project)s, %(batch)s, CASE WHEN n %% 100 < %(rejected)s THEN 'rejected' ELSE 'accepted' END, gen_random_uuid(),
       gen_random_uuid() || ':1:1', %(price)s, %(fee)s, 'USD', %(guideline)s, 172800, at, at + interval '10 minutes',
       at + interval '10 seconds', at + interval '2 days', at + interval '1 hour', 8 + 4 * random()
  FROM (SELECT id, position AS n, %(now)s::timestamptz - make_interval(secs => 30 * (%(n)s - position)) AS at
          FROM tasks_task WHERE batch_id = %(batch)s AND position <= %(n)s) t
"""
ANSWERS = """
INSERT INTO tasks_answer (assignment_id, result, canonical, digest, created_at)
SELECT id, %(result)s, '{"label": "a"}', sha256('a'), submitted_at
  FROM tasks_assignment WHERE batch_id = %(batch)s AND submitted_at IS NOT NULL
"""
NOTICES = """
INSERT INTO workforce_notification (id, user_id, kind, key, data, link, count, on_site, mail, mail_tries, created_at, read_at)
SELECT (lpad(to_hex((extract(epoch FROM %(now)s::timestamptz) * 1000)::bigint - n), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid,
       %(user)s, 'work_accepted', 'n' || n, '{"about": "x", "amount_micros": 1, "currency": "USD"}', '/', 1, true, 'none', 0, %(now)s, %(now)s
  FROM generate_series(1, %(n)s) n
"""


EMPTY = "bench_growth_empty"


def fresh_database() -> None:
    """An empty database of this benchmark's own: migrated the first time, then copied."""
    connection.close()
    connection.close_pool()
    with connection._nodb_cursor() as cursor:
        cursor.execute("DROP DATABASE IF EXISTS bench_growth WITH (FORCE)")
        cursor.execute("SELECT count(*) FROM pg_database WHERE datname = %s", [EMPTY])
        is_copied = bool(cursor.fetchone()[0])
        cursor.execute(f"CREATE DATABASE bench_growth{f' TEMPLATE {EMPTY}' if is_copied else ''}")
    if is_copied:
        return
    call_command("migrate", verbosity=0)
    connection.close()
    connection.close_pool()
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {EMPTY} TEMPLATE bench_growth")


def drop(name: str) -> None:
    """Forget a database of an earlier run."""
    connection.close()
    connection.close_pool()
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


class World:
    """A batch of `n` tasks, and who has to do with it."""

    def __init__(self, n: int) -> None:
        """Lay a draft with its tasks; `answered` opens it and lays the history."""
        self.n = n
        self.rita, self.olga = builders.requester("rita", now=NOW), builders.operator("olga", now=NOW)
        self.wanda = builders.worker("wanda", now=NOW)
        self.crew = [builders.worker(f"w{i}", now=NOW) for i in range(CROWD)]
        scenes.floor(self.olga)
        scenes.funds(self.olga, self.rita, amount_micros=(n + TAIL) * 2 * (scenes.PRICE + scenes.FEE) * 2)
        self.batch = scenes.draft(self.rita, tasks=0, overlap=2, lease_size=10, max_leases=50)
        self.run(TASKS, n=n + TAIL)
        Batch.objects.filter(id=self.batch.id).update(tail=n + TAIL)
        self.vacuum()

    def answered(self) -> None:
        """Publish it and let the crowd have answered it."""
        publishing.publish(self.rita.actor, self.batch.id, now=NOW, skip_pilot_reason="a benchmark of what it costs")
        self.batch = Batch.objects.get(id=self.batch.id)
        for person in (self.wanda, *self.crew):
            scenes.claim(person, self.batch)
        Assignment.objects.filter(batch=self.batch).update(state="returned", ended_at=NOW)
        Task.objects.filter(batch=self.batch).exclude(need=2).update(need=2)
        with transaction.atomic():
            self.run("SET LOCAL session_replication_role = replica")  # no triggers: the tally is written below
            self.run(ASSIGNMENTS)
            self.run(ANSWERS, result='[{"type": "choices"}]')
            self.run("UPDATE tasks_task SET need = 1, done = 1 WHERE batch_id = %(batch)s AND position <= %(n)s")
        self.run(
            """INSERT INTO tasks_tally (batch_id, answered, need, accepted, rejected)
               SELECT %(batch)s, %(n)s, -%(n)s::bigint, count(*) FILTER (WHERE state = 'accepted'), count(*) FILTER (WHERE state = 'rejected')
                 FROM tasks_assignment WHERE batch_id = %(batch)s AND state IN ('accepted', 'rejected')"""
        )
        self.run("SELECT tasks_fold_tally(%(batch)s)")
        self.run(NOTICES, n=self.n)
        # Where their claims would have left the cursors.
        Enrolment.objects.filter(batch=self.batch).update(cursor=self.n, urgent_cursor=self.n, claimed=self.n // 2)
        self.vacuum()

    def run(self, statement: str, **more: Any) -> None:
        """One statement about this batch."""
        assert self.wanda.worker
        values = {
            "project": self.batch.project_id,
            "batch": self.batch.id,
            "guideline": self.batch.guideline_id,
            "worker": self.wanda.worker.id,
            "user": self.wanda.user.id,
            "crowd": [person.worker.id for person in self.crew if person.worker],
            "price": scenes.PRICE,
            "fee": scenes.FEE,
            "rejected": REJECTED_PERCENT,
            "now": NOW,
            "n": self.n,
        }
        with connection.cursor() as cursor:
            cursor.execute(statement, values | more)

    def vacuum(self) -> None:
        """What autovacuum has long done in a database that grew."""
        for table in ("tasks_task", "tasks_assignment", "tasks_answer", "tasks_tally", "workforce_notification"):
            self.run(f"VACUUM ANALYZE {table}")
        self.run("CHECKPOINT")


def got(answer: Any) -> Any:
    """An answer over HTTP that is one."""
    assert answer.status_code == 200, (answer.status_code, answer.content[:300])
    return answer


def median_ms(act: Callable[[], Any], calls: int) -> float:
    """Median wall time of an act whose effects are rolled back."""
    times = []
    for _ in range(WARM + calls):
        reset_queries()
        with transaction.atomic():
            began = time.perf_counter()
            act()
            times.append((time.perf_counter() - began) * 1000)
            transaction.set_rollback(True)
    return round(statistics.median(times[WARM:]), 2)


def operations(world: World) -> dict[str, Callable[[], Any]]:
    """What people do all day, and what requesters and jobs do to a batch that has run for long."""
    assert world.wanda.worker
    worker_id, batch, rita = world.wanda.worker.id, world.batch, world.rita.actor
    waiting = scenes.answered(world.wanda, batch, count=2)
    evidence = {"text": "x"}

    def hasty() -> None:
        with suppress(NotTooFast):
            reviewing.reject(
                rita, waiting[0].id, reason="too_fast", comment=scenes.COMMENT, evidence=evidence, now=NOW + timedelta(hours=1)
            )

    def claim(**more: Any) -> None:
        assert assigning.claim_next(worker_id, standing=world.wanda.actor.standing or 0, batch_id=batch.id, now=NOW, **more)

    return {
        "claim_with_key": lambda: claim(claim_key="a key"),
        "claim": claim,
        "claim_and_submit": lambda: scenes.submit(world.wanda, scenes.claim(world.wanda, batch)[0]),
        "reject": lambda: reviewing.reject(
            rita, waiting[0].id, reason="low_effort", comment=scenes.COMMENT, evidence=evidence, now=NOW + timedelta(hours=1)
        ),
        "reject_too_fast": hasty,
        "get_batch": lambda: (publishing.progress(batch), publishing.escrow_micros(batch)),
        "quote_open": lambda: publishing.quote(batch, now=NOW),
        "accept_submitted": lambda: reviewing.accept_submitted(rita, batch.id, now=NOW),
        "close": lambda: publishing.close(rita, batch.id, now=NOW),
        "expire_leases": lambda: assigning.expire_due(now=NOW + timedelta(seconds=1), batch_id=batch.id),
        "release_spare": lambda: publishing.release_spare(batch, now=NOW),
        "jobs": lambda: job_list.jobs_for(worker_id, now=NOW),
        "measure_times": measuring.measure_open_batches,
        "my_work_first_page": lambda: list(my_work.of_worker(worker_id).order_by("-id")[:50]),
        "my_assignments": lambda: got(world.wanda.get("assignments")),
        "earned_today": lambda: job_list.earned_today(world.wanda.worker, now=NOW),  # type: ignore[arg-type]
        "my_earnings_by_job": lambda: earning.by_job(worker_id),
        "held_until": lambda: earning.held_until(world.wanda.worker),  # type: ignore[arg-type]
        "notices": lambda: list(Notification.objects.filter(user=world.wanda.user).order_by("-id")[:50]),
        "assignments_waiting": lambda: got(world.rita.get(f"batches/{batch.id}/assignments", state="submitted")),
        "export_first_rows": lambda: next(exporting.answers(rita, batch.id)[1]),
        "counts": lambda: counting.of_batch(batch.id),
    }


def measure(size: int, calls: int) -> dict[str, float]:
    """Every operation at one size."""
    began = time.perf_counter()
    fresh_database()
    world = World(size)
    figures = {"quote_draft": median_ms(lambda: publishing.quote(world.batch, now=NOW), calls)}
    world.answered()
    assert Account.objects.filter(id=world.batch.escrow_id).exists()
    print(f"{size} rows laid in {time.perf_counter() - began:.0f} s", flush=True)
    for name, act in operations(world).items():
        figures[name] = median_ms(act, calls)
        print(f"{size:>9} {name:<24}{figures[name]:>10.2f} ms", flush=True)
    return figures


def main() -> None:
    """Measure both sizes and set them side by side."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs=2, default=[10_000, 1_000_000], metavar=("SMALL", "LARGE"))
    parser.add_argument("--calls", type=int, default=CALLS, help="of each operation, measured")
    options = parser.parse_args()
    if not 100 <= options.sizes[0] < options.sizes[1]:
        sys.exit("--sizes: two numbers, the smaller first, at least 100.")
    setup_test_environment(debug=True)
    drop(EMPTY)  # of an earlier state of the migrations
    small, large = (measure(size, options.calls) for size in options.sizes)
    drop(EMPTY)
    rows = {
        name: {"small_ms": small[name], "large_ms": large[name], "ratio": round(large[name] / max(small[name], 0.01), 2)}
        for name in small
    }
    telling = {name: row["ratio"] for name, row in rows.items() if row["large_ms"] >= NOISE_MS}
    worst = max(telling, key=lambda name: telling[name], default=None)
    print(
        orjson.dumps(
            {
                "sizes": options.sizes,
                "operations": rows,
                "worst": worst,
                "worst_ratio": telling[worst] if worst else None,
                "over_1_5": sorted(name for name, ratio in telling.items() if ratio > 1.5),
            }
        ).decode()
    )


if __name__ == "__main__":
    main()
