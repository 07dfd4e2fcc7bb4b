"""Kill -9 the web server, the cluster and the replay itself, and crash the database, in the middle of a replay: it resumes, no answer is
lost or doubled, and every invariant holds. In an installation of its own, with its own embedded database.
"""

import csv
import gzip
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from config import embedded_postgres

ROOT = Path(__file__).resolve().parents[2]
TASKS, WORKERS = 40, 8


def manage(*args: str) -> list[str]:
    return [sys.executable, "-W", "ignore", str(ROOT / "manage.py"), *args]


def environment(data: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FAIRHAND_", "DATABASE_URL", "PYTEST"))}
    kept.pop("DJANGO_SETTINGS_MODULE", None)
    return kept | {"FAIRHAND_DEBUG": "1", "FAIRHAND_SIMULATION": "1", "FAIRHAND_DATA_DIR": str(data)}


def history(folder: Path) -> Path:
    chance = random.Random(3)
    folder.mkdir()
    truth = {f"t{n}": chance.choice("ab") for n in range(TASKS)}
    with gzip.open(folder / "labels.csv.gz", "wt", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["task", "worker", "label"])
        for worker in range(WORKERS):
            for task, label in truth.items():
                rows.writerow([task, f"w{worker}", label if chance.random() < 0.8 else chance.choice("ab")])
    with gzip.open(folder / "truth.csv.gz", "wt", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["task", "truth"])
        rows.writerows(truth.items())
    return folder


def connect(data: Path) -> psycopg.Connection:
    lines = (data / "postgres" / "postmaster.pid").read_text().splitlines()
    return psycopg.connect(host=lines[4].strip(), port=lines[3].strip(), user="postgres", dbname="fairhand", autocommit=True)


def answers(data: Path) -> int:
    try:
        with connect(data) as connection:
            return int(connection.execute("SELECT count(*) FROM tasks_answer").fetchone()[0])
    except (OSError, IndexError, psycopg.Error):
        return 0


def descendants(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "stat").read_text()
            except OSError:
                continue
            if int(text[text.rindex(")") + 2 :].split()[1]) == pid:
                found += [int(entry.name), *descendants(int(entry.name))]
    return found


@pytest.mark.timeout(280)
def test_a_replay_survives_kill_9_of_everything(tmp_path):
    data, labels = tmp_path / "data", history(tmp_path / "crowd")
    log = (tmp_path / "log").open("wb")
    replay = manage("replay", str(labels), "--methods", "MajorityVote", "DawidSkene", "--gold", "0.2")
    try:
        for crash_at in (60, 170):
            running = subprocess.Popen(replay, env=environment(data), cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
            deadline = time.monotonic() + 100
            while answers(data) < crash_at and running.poll() is None and time.monotonic() < deadline:
                time.sleep(0.02)
            family = [running.pid, *descendants(running.pid)]
            embedded_postgres.stop(data / "postgres", mode="immediate")
            for pid in family:
                if Path(f"/proc/{pid}").exists():
                    os.kill(pid, signal.SIGKILL)
            running.wait(10)
            assert running.returncode == -signal.SIGKILL, (tmp_path / "log").read_text()
        done = subprocess.run(replay, env=environment(data), cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.count(f"equal, all {TASKS}") == 2
        assert answers(data) == TASKS * WORKERS, "every answer once, whatever was repeated"
        checked = subprocess.run(
            manage("check_invariants"), env=environment(data), cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, checked.stdout
        assert "BROKEN" not in checked.stdout
    finally:
        log.close()
        embedded_postgres.stop(data / "postgres")
