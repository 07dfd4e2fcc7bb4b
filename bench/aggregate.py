"""From answers in the database to stored results, beside crowd-kit called directly on a ready DataFrame of the same votes.

    make bench name=aggregate                                      # 10⁴, 10⁵, 10⁶ labels, and a real million where it lies beside
    make bench name=aggregate args="--sizes 10000 --methods Wawa"

The made votes: five per task, five classes, √labels workers, each right with a chance of their own between 0.5 and 0.95 and else any
other class with equal chance, seed 1. Every figure is from a process of its own that has loaded what it needs: wall seconds, and the
peak of resident memory above what it had then (the ready DataFrame included in the direct ones). Both must come to the same labels.
The last line is one JSON object.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ["FAIRHAND_DATABASE"] = "bench_aggregate"
os.environ.setdefault("FAIRHAND_DEBUG", "1")

import django

django.setup()

import numpy as np
import orjson
import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from foundation import clock
from foundation.ids import new_id
from tasks import aggregation, results
from tasks.models import AggregationRun, Batch, Guideline, Project, Result
from workforce.models import Organization, User, Worker

VOTES_PER_TASK, CLASSES, SEED = 5, 5, 1
REAL = settings.BASE_DIR.parent / "shared" / "data" / "openre_binary_1m" / "labels.csv.gz"
INTERFACE = '<View><Text name="text" value="$text"/><Choices name="label" toName="text"><Choice value="a"/></Choices></View>'
Columns = tuple[list[str], list[str], list[str]]


def fresh_database() -> None:
    """An empty database of this benchmark's own."""
    drop_database()
    with connection._nodb_cursor() as cursor:
        cursor.execute("CREATE DATABASE bench_aggregate")
    call_command("migrate", verbosity=0)


def drop_database() -> None:
    """Leave nothing behind."""
    connection.close()
    connection.close_pool()
    with connection._nodb_cursor() as cursor:
        cursor.execute("DROP DATABASE IF EXISTS bench_aggregate WITH (FORCE)")


def made(labels: int) -> Columns:
    """Votes by the generator that the module's docstring states."""
    chance = np.random.default_rng(SEED)
    tasks, workers = labels // VOTES_PER_TASK, int(labels**0.5)
    accuracy = chance.uniform(0.5, 0.95, workers)
    task = np.repeat(np.arange(tasks), VOTES_PER_TASK)
    first = chance.integers(0, workers, tasks)
    step = chance.integers(1, workers // VOTES_PER_TASK, tasks)  # five different workers, evenly spaced round the circle of all
    worker = (
        np.repeat(first, VOTES_PER_TASK) + np.repeat(step, VOTES_PER_TASK) * np.tile(np.arange(VOTES_PER_TASK), tasks)
    ) % workers
    truth = np.repeat(chance.integers(0, CLASSES, tasks), VOTES_PER_TASK)
    wrong = (truth + chance.integers(1, CLASSES, len(task))) % CLASSES
    label = np.where(chance.random(len(task)) < accuracy[worker], truth, wrong)
    return [f"t{n:07d}" for n in task], [f"w{n}" for n in worker], ["abcde"[n] for n in label]


def real() -> Columns:
    """A real crowd: 1.16 million yes-or-no answers about relations in sentences."""
    import pandas as pd

    frame = pd.read_csv(REAL, dtype=str, keep_default_na=False).drop_duplicates(["task", "worker"], keep="last")
    return list(frame["task"]), list(frame["worker"]), list(frame["label"])


def lay(votes: Columns) -> Batch:
    """A closed batch whose answers are these votes, written by COPY."""
    now = clock.now()
    organization = Organization.objects.create(name="bench", created_at=now)
    project = Project.objects.create(organization=organization, name="bench", interface=INTERFACE, created_at=now)
    guideline = Guideline.objects.create(project=project, version=1, text="Choose.", created_at=now)
    batch = Batch.objects.create(
        project=project,
        organization=organization,
        name="bench",
        state="closed",
        overlap=1,
        lease_seconds=600,
        currency="USD",
        price_micros=50_000,
        estimate_seconds=10,
        review_seconds=172_800,
        guideline=guideline,
        created_at=now,
    )
    tag = new_id().hex
    users = User.objects.bulk_create([User(email=f"{name}-{tag}@example.org") for name in sorted(set(votes[1]))])
    workers = {
        row.user.email.split("-")[0]: row.id
        for row in Worker.objects.bulk_create([Worker(user=user, display_name="bench", created_at=now) for user in users])
    }
    tasks = {key: new_id() for key in dict.fromkeys(votes[0])}
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # spares the benchmark, not what it measures, the triggers
    copy_in(
        "tasks_task (id, project_id, batch_id, key, payload, lane, position, overlap, need, done, state, created_at)",
        (
            (id, project.id, batch.id, key, '{"text": "x"}', 0, n, 1, 0, 1, "complete", now)
            for n, (key, id) in enumerate(tasks.items())
        ),
    )
    ids = [new_id() for _ in votes[0]]
    copy_in(
        "tasks_assignment (id, task_id, worker_id, project_id, batch_id, state, token, price_micros, fee_micros, currency,"
        " guideline_id, review_seconds, leased_at, expires_at, submitted_at)",
        (
            (id, tasks[task], workers[worker], project.id, batch.id, "accepted", id, 50_000, 0, "USD", guideline.id, 60, now,
             "infinity", now)
            for id, task, worker in zip(ids, votes[0], votes[1], strict=True)
        ),
    )  # fmt: skip
    copy_in(
        "tasks_answer (assignment_id, result, canonical, digest, created_at)",
        ((id, "[]", f'{{"label": "{label}"}}', "\\x00", now) for id, label in zip(ids, votes[2], strict=True)),
    )
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("VACUUM ANALYZE tasks_task, tasks_assignment, tasks_answer")
        cursor.execute("CHECKPOINT")
    return batch


def copy_in(target: str, rows: Iterator[tuple[Any, ...]]) -> None:
    """Write rows by COPY."""
    connection.ensure_connection()
    with psycopg.Cursor(connection.connection).copy(f"COPY {target} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


# ---- what runs in a process of its own ----


def memory_mb(field: str) -> float:
    """A field of this process's status: VmRSS now, VmHWM at its peak."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{field}:")[1].split()[0]) / 1024


class Measured:
    """Wall seconds of a block, and how far memory rose in it."""

    def __enter__(self) -> "Measured":
        Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from here
        self.before, self.started = memory_mb("VmRSS"), time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self.started
        self.rise_mb = memory_mb("VmHWM") - self.before

    def tell(self) -> None:
        """One line of JSON for the parent."""
        print(orjson.dumps({"seconds": round(self.seconds, 3), "peak_mb": round(self.rise_mb)}).decode())


def measure_run(run_id: str) -> None:
    """Execute a run, crowd-kit loaded."""
    import crowdkit.aggregation  # noqa: F401

    connection.ensure_connection()
    with Measured() as measured:
        run = results.execute_run(run_id, now=clock.now())  # type: ignore[arg-type]
    assert run.state == "done", run.refusal
    measured.tell()


def measure_direct(method: str, csv: str) -> None:
    """Call crowd-kit on a DataFrame of text columns; its labels go into a file beside."""
    import pandas as pd
    from crowdkit import aggregation as crowdkit

    before = memory_mb("VmRSS")
    frame = pd.read_csv(csv, dtype=str, keep_default_na=False)
    ready_mb = memory_mb("VmRSS") - before
    with Measured() as measured:
        labels = getattr(crowdkit, method)().fit_predict(frame)
    measured.rise_mb += ready_mb
    labels.sort_index().to_csv(f"{csv}.{method}", header=False)
    measured.tell()


def in_a_process(*arguments: str) -> dict[str, float]:
    """The figures a fresh process of this module tells."""
    command = [sys.executable, "-W", "ignore", "-m", "bench.aggregate", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(arguments)} failed:\n{done.stdout}\n{done.stderr[-3000:]}")
    figures: dict[str, float] = orjson.loads(done.stdout.splitlines()[-1])
    return figures


# ---- the benchmark ----


def compare(batch: Batch, method: str, csv: str) -> dict[str, Any]:
    """Our run and crowd-kit's own on the same votes."""
    run = AggregationRun.objects.create(
        batch=batch,
        method=method,
        parameters={"control": "label"} | aggregation.check_parameters(method, {}),
        created_at=clock.now(),
    )
    ours, direct = in_a_process("--run", str(run.id)), in_a_process("--direct", method, csv)
    stored = dict(Result.objects.filter(run=run).values_list("task__key", "label"))
    theirs = dict(line.split(",") for line in Path(f"{csv}.{method}").read_text().splitlines())
    return {
        "seconds": ours["seconds"],
        "crowdkit_seconds": direct["seconds"],
        "ratio": round(ours["seconds"] / direct["seconds"], 2),
        "peak_mb": ours["peak_mb"],
        "crowdkit_peak_mb": direct["peak_mb"],
        "tasks": len(stored),
        "other_labels": sum(theirs.get(key) != label for key, label in stored.items()) + abs(len(theirs) - len(stored)),
    }


def as_csv(batch: Batch, path: str) -> int:
    """The votes of the batch as a run reads them, as the file crowd-kit is given; returns how many."""
    votes = results.votes_of(batch.id, "label")
    with Path(path).open("w") as file:
        file.write("task,worker,label\n")
        file.writelines(f"{task},{worker},{label}\n" for task, worker, label in aggregation.rows_of(votes))
    return len(votes)


def main() -> None:
    """Measure each size and method."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--methods", nargs="+", default=["MajorityVote", "Wawa", "DawidSkene"], choices=list(aggregation.METHODS))
    parser.add_argument("--real", action=argparse.BooleanOptionalAction, default=REAL.exists())
    parser.add_argument("--run", help=argparse.SUPPRESS)
    parser.add_argument("--direct", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        return measure_run(options.run)
    if options.direct:
        return measure_direct(*options.direct)
    fresh_database()
    summary: dict[str, Any] = {}
    sources = [(f"made_{size}", size) for size in options.sizes] + ([("openre_binary_1m", 0)] if options.real else [])
    with tempfile.TemporaryDirectory() as folder:
        for name, size in sources:
            started = time.perf_counter()
            batch = lay(made(size) if size else real())
            csv = f"{folder}/{name}.csv"
            labels = as_csv(batch, csv)
            print(f"{name}: {labels} labels laid in {time.perf_counter() - started:.0f} s", flush=True)
            summary[name] = {"labels": labels}
            for method in options.methods:
                summary[name][method] = compare(batch, method, csv)
                print(f"{name} {method}: {summary[name][method]}", flush=True)
    drop_database()
    print(orjson.dumps(summary).decode())
    return None


if __name__ == "__main__":
    main()
