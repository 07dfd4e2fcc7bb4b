"""Claim and submit over HTTP by 50 annotators, beside the same two statements run bare by pgbench in the same run.

    make bench name=hot_path                      # 20 thousand, 1 and 5 million tasks, and a worker who did the head of the queue
    make bench name=hot_path args="--sizes 20000 --seconds 5"

Milliseconds are CPU time of server processes and PostgreSQL by the kernel's accounting, per pair of one claim and one submit; the
load generator is not counted. The last line is one JSON object.
"""

import argparse
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ["FAIRHAND_DATABASE"] = "bench_hot_path"
os.environ.setdefault("FAIRHAND_DEBUG", "0")
os.environ.setdefault("FAIRHAND_ALLOW_SUPERUSER", "1")  # the embedded database
os.environ.setdefault("FAIRHAND_SECRET_KEY", secrets.token_urlsafe(40))
os.environ.setdefault("FAIRHAND_IDENTITY_KEYS", secrets.token_urlsafe(40))
os.environ.setdefault("FAIRHAND_ALLOWED_HOSTS", "127.0.0.1")
os.environ.setdefault("FAIRHAND_SITE_ADDRESS", "http://127.0.0.1")
os.environ.setdefault("FAIRHAND_SSL_REDIRECT", "0")
os.environ.setdefault("FAIRHAND_EMAIL_VERIFICATION", "0")

import django

django.setup()

import orjson
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from bench.cpu import seconds_of_tree
from bench.load import pairs_over_http
from config.processes import WebServer
from foundation import clock
from foundation.ids import new_id
from payments.models import Account
from tasks import answering, assigning
from tasks.models import Batch, Enrolment, Guideline, Project
from workforce import accounts, onboarding
from workforce.models import Organization, Worker
from workforce.tokens import issue

WORKERS = 50
OVERLAP = 3
GOLD = 200
HEAD = 10_000  # open tasks at the head of the queue that one worker has already done
INTERFACE = (
    '<View><Text name="text" value="$text"/><Choices name="label" toName="text">'
    '<Choice value="a"/><Choice value="b"/><Choice value="c"/></Choices></View>'
)
RESULT = [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": ["a"]}}]


def fresh_database() -> None:
    """An empty database of this benchmark's own."""
    connection.close()
    connection.close_pool()
    with connection._nodb_cursor() as cursor:
        cursor.execute("DROP DATABASE IF EXISTS bench_hot_path WITH (FORCE)")
        cursor.execute("CREATE DATABASE bench_hot_path")
    call_command("migrate", verbosity=0)


def crowd(n: int) -> tuple[list[str], list[Worker]]:
    """Workers who may start, and their tokens."""
    now, tokens, workers = clock.now(), [], []
    for i in range(n):
        user = accounts.sign_up(
            email=f"w{i}@example.org", password="correct horse battery", display_name=f"w{i}", as_worker=True, now=now
        )
        worker = Worker.objects.get(user=user)
        onboarding.update_profile(worker.id, now=now, country="DE", languages=["en"])
        tokens.append(issue(user, name="bench", now=now)[1])
        workers.append(Worker.objects.get(id=worker.id))
    return tokens, workers


def open_batch(tasks: int, workers: list[Worker]) -> Batch:
    """An open batch of so many ordinary tasks and GOLD gold ones, everybody enrolled."""
    now = clock.now()
    organization = Organization.objects.create(name=f"bench {tasks}", created_at=now)
    project = Project.objects.create(organization=organization, name="bench", interface=INTERFACE, created_at=now)
    guideline = Guideline.objects.create(project=project, version=1, text="Choose.", created_at=now)
    escrow = Account.objects.create(
        kind="escrow", owner_id=new_id(), currency="USD", guard="places", unit_cap_micros=50_000, created_at=now
    )
    batch = Batch.objects.create(
        project=project,
        organization=organization,
        name="bench",
        state="open",
        overlap=OVERLAP,
        lease_seconds=600,
        currency="USD",
        price_micros=50_000,
        fee_micros=10_000,
        estimate_seconds=10,
        review_seconds=172_800,
        escrow_id=escrow.id,
        guideline=guideline,
        gold_percent=10,
        accuracy_bar=0.05,
        tail=tasks + GOLD,
        created_at=now,
        published_at=now,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO tasks_task (id, project_id, batch_id, key, payload, lane, position, overlap, need, done, state, created_at)
               SELECT gen_random_uuid(), %s, %s, 't' || n, jsonb_build_object('text', 'This is the text of task number ' || n),
                      CASE WHEN n > %s THEN 2 ELSE 0 END, n, o, o, 0, 'open', %s
                 FROM generate_series(1, %s) n, LATERAL (SELECT CASE WHEN n > %s THEN 100000 ELSE %s END AS o) c""",
            [project.id, batch.id, tasks, now, tasks + GOLD, tasks, OVERLAP],
        )
        cursor.execute(
            "INSERT INTO tasks_gold (task_id, solution, explanation, created_at) "
            """SELECT id, '{"label": "a"}', '', %s FROM tasks_task WHERE batch_id = %s AND lane = 2""",
            [now, batch.id],
        )
        cursor.execute("VACUUM ANALYZE tasks_task")
        cursor.execute("CHECKPOINT")
    for worker in workers:
        earnings, _ = Account.objects.get_or_create(
            kind="earnings", owner_id=worker.id, currency="USD", defaults={"guard": "balance", "created_at": now}
        )
        until = {"clear_until": now + timedelta(hours=8)}  # as the first claim leaves it
        Enrolment.objects.create(
            worker=worker, batch=batch, standing=worker.standing, earnings_id=earnings.id, created_at=now, **until
        )
    return batch


def postmaster() -> int:
    """The process every PostgreSQL backend descends from."""
    return int((settings.EMBEDDED_POSTGRES_DIR / "postmaster.pid").read_text().split()[0])


def over_http(server: WebServer, tokens: list[str], batch: Batch, seconds: float) -> dict[str, Any]:
    """Run the load; CPU of server and PostgreSQL per pair in milliseconds, pairs a second, and latencies."""
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
    server_before, postgres_before = seconds_of_tree(server.pid), seconds_of_tree(postmaster())
    tally = pairs_over_http("127.0.0.1", server.port, tokens=tokens, batch_id=str(batch.id), result=RESULT, seconds=seconds)
    server_ms = (seconds_of_tree(server.pid) - server_before) * 1000 / tally.pairs
    postgres_ms = (seconds_of_tree(postmaster()) - postgres_before) * 1000 / tally.pairs
    claims = sorted(tally.claim_seconds)
    return {
        "server_ms": round(server_ms, 2),
        "postgres_ms": round(postgres_ms, 2),
        "ms": round(server_ms + postgres_ms, 2),
        "pairs": tally.pairs,
        "pairs_per_s": round(tally.pairs / tally.seconds, 1),
        "claim_p50_ms": round(claims[len(claims) // 2] * 1000, 1),
        "claim_p99_ms": round(claims[int(len(claims) * 0.99)] * 1000, 1),
    }


def as_pgbench(statement: str, values: dict[str, str]) -> str:
    """Our statement with pgbench's variables, or constants, in the place of our parameters."""
    return re.sub(r"%\((\w+)\)s", lambda m: values[m.group(1)], statement).replace("%%", "%").strip().rstrip(";")


def bare_sql(batch: Batch, workers: list[Worker], seconds: float) -> dict[str, Any]:
    """The same claim, read and submit statements, prepared, run by pgbench with as many clients; PostgreSQL's CPU per pair."""
    from embedded_postgres._commands import POSTGRES_BIN_PATH

    with connection.cursor() as cursor:
        cursor.execute(
            "DROP TABLE IF EXISTS bench_crowd; CREATE TABLE bench_crowd (n int PRIMARY KEY, worker_id uuid, standing int)"
        )
        for n, worker in enumerate(workers):
            cursor.execute("INSERT INTO bench_crowd VALUES (%s, %s, %s)", [n, worker.id, worker.standing])
    claim = {
        "worker_id": ":worker_id::uuid",
        "batch_id": f"'{batch.id}'::uuid",
        "standing": ":standing::int",
        "now": "clock_timestamp()",
        "count": "1",
        "ids": "ARRAY[gen_random_uuid()]",
        "tokens": "ARRAY[gen_random_uuid()]",
        "claim_key": "NULL::text",
    }
    submit = {
        "assignment_id": ":id::uuid",
        "worker_id": ":worker_id::uuid",
        "token": ":token::uuid",
        "now": "clock_timestamp()",
        "escrow_id": ":escrow_id::uuid",
        "earnings_id": ":earnings_id::uuid",
        "organization_id": ":organization_id::uuid",
        "periods": "ARRAY[]::tstzrange[]",
        "interval_ids": "ARRAY[]::uuid[]",
        "credited_seconds": "10.0",
        "transfer_id": "gen_random_uuid()",
        "event_id": "gen_random_uuid()",
        "event_kind": "'answer.submitted'",
        "event_data": "'{}'::jsonb",
        "actor_id": ":worker_id::uuid",
        "result": "'[]'",
        "canonical": "'[]'",
        "digest": "'\\\\x00'::bytea",
    }
    script = (
        "SELECT worker_id, standing FROM bench_crowd WHERE n = :client_id \\gset\n"
        f"{as_pgbench(assigning.CLAIM_NEXT, claim)} \\gset\n"
        f"{as_pgbench(answering.READ, submit)} \\gset\n"
        f"{as_pgbench(answering.SUBMIT, submit)};\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pair.sql"
        path.write_text(re.sub(r"--[^\n]*", "", script))
        database = settings.DATABASES["default"]
        before = seconds_of_tree(postmaster())
        done = subprocess.run(
            [str(POSTGRES_BIN_PATH / "pgbench"), "-n", "-M", "prepared", "-c", str(WORKERS), "-j", "2", "-T", str(int(seconds)),
             "-f", str(path), "-h", database["HOST"], "-p", str(database["PORT"]), "-U", database["USER"], "bench_hot_path"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    pairs = re.search(r"number of transactions actually processed: (\d+)", done.stdout)
    rate = re.search(r"tps = ([\d.]+)", done.stdout)
    if done.returncode or not pairs or not rate:
        sys.exit(f"pgbench failed:\n{done.stdout}\n{done.stderr[:3000]}")
    return {
        "ms": round((seconds_of_tree(postmaster()) - before) * 1000 / int(pairs.group(1)), 2),
        "pairs_per_s": round(float(rate.group(1)), 1),
    }


def head_is_done(batch: Batch, worker: Worker) -> None:
    """Let one worker have answered the first HEAD open tasks, which stay open for others."""
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO tasks_assignment (id, task_id, worker_id, project_id, batch_id, state, token, price_micros, fee_micros,
                                             currency, guideline_id, review_seconds, leased_at, expires_at, submitted_at)
               SELECT gen_random_uuid(), t.id, %s, t.project_id, t.batch_id, 'submitted', gen_random_uuid(), 1, 0, 'USD', %s, 60,
                      %s::timestamptz - interval '1 day', %s, %s
                 FROM (SELECT * FROM tasks_task WHERE batch_id = %s AND lane = 0 AND need > 1 ORDER BY position LIMIT %s) t
                WHERE NOT EXISTS (SELECT 1 FROM tasks_assignment a WHERE a.task_id = t.id AND a.worker_id = %s)""",
            [worker.id, batch.guideline_id, now, now, now, batch.id, HEAD, worker.id],
        )
        cursor.execute("ANALYZE tasks_assignment")
    Enrolment.objects.filter(worker=worker, batch=batch).update(cursor=0)


def main() -> None:
    """Measure each size, then the worker who did the head of the queue."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[20_000, 1_000_000, 5_000_000])
    parser.add_argument("--seconds", type=float, default=15)
    options = parser.parse_args()
    fresh_database()
    tokens, workers = crowd(WORKERS)
    figures: dict[int, dict[str, Any]] = {}
    with WebServer(workers=2, threads=4) as server:
        for size in options.sizes:
            started = time.perf_counter()
            batch = open_batch(size, workers)
            print(f"{size} tasks laid in {time.perf_counter() - started:.0f} s", flush=True)
            over_http(server, tokens, batch, min(3.0, options.seconds))  # warm up: connections, plans, caches
            http = over_http(server, tokens, batch, options.seconds)
            bare = bare_sql(batch, workers, min(options.seconds, 8))
            figures[size] = {"http": http, "bare": bare}
            print(f"{size} tasks: over HTTP {http}; bare SQL {bare}; ratio {http['ms'] / bare['ms']:.2f}", flush=True)
        small = figures[options.sizes[0]]
        alone_batch = open_batch(max(options.sizes[0], 2 * HEAD), workers)
        alone = over_http(server, tokens[:1], alone_batch, options.seconds / 2)
        head_is_done(alone_batch, workers[0])
        head = over_http(server, tokens[:1], alone_batch, options.seconds / 2)
        print(f"one worker alone {alone}; the same who has done the first {HEAD} open tasks {head}", flush=True)
    last = figures[options.sizes[-1]]
    summary = {
        "ms_cpu_per_pair": small["http"]["ms"],
        "server_ms": small["http"]["server_ms"],
        "postgres_ms": small["http"]["postgres_ms"],
        "bare_sql_ms": small["bare"]["ms"],
        "ratio_to_bare_sql": round(small["http"]["ms"] / small["bare"]["ms"], 2),
        f"growth_{_short(options.sizes[0])}_to_{_short(options.sizes[-1])}": round(last["http"]["ms"] / small["http"]["ms"], 2),
        "head_done_ms": head["ms"],
        "head_not_done_ms": alone["ms"],
        "pairs_per_s": small["http"]["pairs_per_s"],
        "sizes": {str(size): row for size, row in figures.items()},
    }
    connection.close()
    print(orjson.dumps(summary).decode())


def _short(size: int) -> str:
    return f"{size // 1_000_000}m" if size >= 1_000_000 else f"{size // 1000}k"


if __name__ == "__main__":
    main()
