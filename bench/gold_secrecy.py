"""Can gold be told? An attacker with every field, order, size and latency that a worker sees over HTTP guesses which hand-in was gold.

    make bench name=gold_secrecy                      # 5,000 hand-ins
    make bench name=gold_secrecy args="--hand-ins 1000 --workers 8"

Gold is uploaded last, as requesters do, and so are the files that every other task shows beside its text. Half of the crowd takes tasks
one by one, half in sets; each task is begun, drafted, given a sign of life, read and handed in, while the job weighs gold beside it.
Gradient boosting, cross-validated over workers, then says how probable gold is. `control` is the same attacker with one thing more, which no
worker sees: how late the task's own id was made; `files_control`, how late the stored id of its file was. `chance` is the same with shuffled
truth. The last line is one JSON object: auc, share and n first.
"""

import argparse
import asyncio
import io
import os
import random
import threading
import time
import zlib
from datetime import date
from typing import Any
from uuid import UUID

os.environ.setdefault("FAIRHAND_EMAIL_VERIFICATION", "0")
from bench.hot_path import INTERFACE, crowd, fresh_database  # isort: skip - sets the environment and Django up

import numpy as np
import orjson
from django.db import connection

from bench.load import Annotator
from config.processes import WebServer
from foundation import clock
from payments import funding, pay_floors
from tasks import gating, importing, media, publishing, weighing
from tasks.models import Assignment, Batch, Import, Task
from workforce import accounts, members
from workforce.access import Actor, actor_of_token
from workforce.models import User

GOLD_PERCENT, GOLD_TASKS, SET = 20, 400, 10
FILE_EVERY, PICTURE = 2, b"\x89PNG\r\n\x1a\n"  # what a file is, its first bytes say
FOLDS, SEED = 5, 7
WEIGH_SECONDS = 5.0
Row = dict[str, Any]


def actor(name: str, *, operator: bool = False) -> Actor:
    """Somebody with a token of their own."""
    now = clock.now()
    user = accounts.sign_up(
        email=f"{name}@example.org", password="correct horse battery", display_name=name, as_worker=False, now=now
    )
    User.objects.filter(id=user.id).update(is_staff=operator)
    found = actor_of_token(accounts.issue_token(User.objects.get(id=user.id), name="bench", now=now)[1], now=now)
    assert found is not None
    return found


def open_batch(tasks: int) -> Batch:
    """A published batch of so many tasks, uploaded as a requester does, gold last; its texts are all drawn alike."""
    now, chance = clock.now(), random.Random(SEED)
    olga, rita = actor("olga", operator=True), actor("rita")
    organization = members.create_organization(rita, name="Bench", kind="requester", now=now)
    rita = Actor(id=rita.id)  # who is the owner by now
    pay_floors.set_floor(
        olga, country="", currency="USD", hourly_micros=1, effective_from=date(2026, 1, 1), source="bench", now=now
    )
    funding.deposit(
        olga, organization.id, amount_micros=10**12, currency="USD", reference="wire", reason="bank transfer", now=now
    )
    project = publishing.create_project(
        rita, organization_id=organization.id, name="Bench", description="", interface=INTERFACE, now=now
    )
    publishing.add_guideline(rita, project.id, text="Choose.", now=now)
    batch = publishing.create_batch(
        rita,
        project.id,
        name="Bench",
        overlap=1,
        currency="USD",
        price_micros=50_000,
        estimate_seconds=10,
        lease_size=SET,
        max_leases=SET,
        gold_percent=GOLD_PERCENT,
        accuracy_bar=0.2,
        now=now,
    )

    def shown(kind: str, n: int) -> dict[str, str]:
        payload = {"text": f"Item {chance.randrange(10**9):09}"}
        if n % FILE_EVERY == 0:
            name, picture = f"{kind}_{n}.png", io.BytesIO(PICTURE + chance.randbytes(8))
            payload["file"] = media.address_of(media.receive(rita, organization.id, name=name, stream=picture, now=now))
        return payload

    def upload(kind: str, n: int, **more: Any) -> None:
        lines = [orjson.dumps({"payload": shown(kind, one), **more}) for one in range(n)]
        importing.import_rows(
            rita,
            batch.id,
            kind=kind,
            stream=io.BytesIO(b"\n".join(lines)),
            content_type="application/x-ndjson",
            skip_bad=False,
            key=None,
            now=now,
        )

    upload(Import.Kind.TASKS, tasks)
    upload(Import.Kind.GOLD, GOLD_TASKS, solution={"label": "a"})
    return publishing.publish(rita, batch.id, now=now, skip_pilot_reason="A benchmark knows its tasks.")


# ---- a worker with a stopwatch ----


def file_features(address: str) -> Row:
    """What the address of a file tells: its id byte by byte and as an instant, its name, and whether there is one."""
    _, _, shown, name = address.partition("?")[0].split("/") if address else ("", "", "", "")
    id_ = UUID(shown) if shown else UUID(int=0)
    row: Row = {f"file_{n}": byte for n, byte in enumerate(id_.bytes)}
    return row | {
        "file": bool(address),
        "file_made_at": id_.int >> 80,
        "file_name": zlib.crc32(name.encode()),
        "file_named": len(name),
    }


class Attacker(Annotator):
    """One worker who writes down everything they see of each task."""

    def __init__(self, host: str, port: int, token: str, *, batch_id: UUID, in_sets: bool, seed: int) -> None:
        super().__init__(host, port, token)
        self.batch_id, self.in_sets, self.chance = batch_id, in_sets, random.Random(seed)
        self.seen: list[Row] = []

    async def timed(self, path: str, body: Any) -> tuple[Any, float, int]:
        """The answer to a request, the seconds it took, and its size."""
        began = time.perf_counter()
        status, answer = await self.post(f"/api/v1/{path}", body)
        took = time.perf_counter() - began
        assert status == 200, (path, status, answer)
        return answer, took, len(orjson.dumps(answer))

    async def live(self, hand_ins: int) -> None:
        """Do so many tasks."""
        await self.connect()
        while len(self.seen) < hand_ins:
            count = SET if self.in_sets else 1
            answer, took, size = await self.timed(f"batches/{self.batch_id}/claim", {"count": count})
            leases = answer["assignments"]
            assert leases, "the queue ran dry: give the benchmark more tasks"
            for place, lease in enumerate(leases):
                row = {"claim": took, "claim_size": size, "place": place, "set": len(leases), "n": len(self.seen)}
                self.seen.append(row | await self._do(lease))
        self.writer.close()

    async def _do(self, lease: Row) -> Row:
        path, token = f"assignments/{lease['id']}", {"token": lease["token"]}
        result = [
            {
                "from_name": "label",
                "to_name": "text",
                "type": "choices",
                "value": {"choices": [self.chance.choice("aaab")]},
            }
        ]
        row: Row = {"lease_size": len(orjson.dumps(lease)), "fields": len(lease), "prelabel": lease["prelabel"] is not None}
        for name, body in (
            ("begin", token),
            ("draft", token | {"result": [], "base_revision": 0}),
            ("heartbeat", token),
            ("submit", token | {"result": result}),
            ("again", token | {"result": result}),
        ):
            answer, row[name], row[f"{name}_size"] = await self.timed(f"{path}/{name.replace('again', 'submit')}", body)
        row["state"], row["paid"] = answer["state"] == "submitted", answer["price_micros"]
        row |= {f"id_{n}": byte for n, byte in enumerate(UUID(lease["id"]).bytes)}
        row |= {f"token_{n}": byte for n, byte in enumerate(UUID(lease["token"]).bytes)}
        row |= file_features(lease["payload"].get("file", ""))
        row["price"], row["id"] = lease["price_micros"], lease["id"]
        row["phase"] = row["seconds"] = time.time() % 60  # where in the minute of the job it was handed in
        return row


def attack(server: WebServer, tokens: list[str], batch: Batch, hand_ins: int) -> list[list[Row]]:
    """Everything each worker saw, worker by worker; gold is weighed meanwhile as the clock does it."""
    over = threading.Event()

    def weigh() -> None:
        while not over.wait(WEIGH_SECONDS):
            weighing.weigh_due(now=clock.now())
            gating.look_due(now=clock.now())
        connection.close()

    async def run() -> list[list[Row]]:
        crew = [
            Attacker("127.0.0.1", server.port, token, batch_id=batch.id, in_sets=bool(n % 2), seed=n)
            for n, token in enumerate(tokens)
        ]
        await asyncio.gather(*(one.live(-(-hand_ins // len(crew))) for one in crew))
        return [one.seen for one in crew]

    job = threading.Thread(target=weigh)
    job.start()
    try:
        return asyncio.run(run())
    finally:
        over.set()
        job.join()


# ---- what can be made of it ----


def with_neighbours(rows: list[Row]) -> list[Row]:
    """What came before and after, too: the latencies of a task beside those of its neighbours, and beside the worker's usual."""
    latencies = ("begin", "draft", "heartbeat", "submit", "again")
    usual = {name: float(np.median([row[name] for row in rows])) for name in latencies}
    found = []
    for n, row in enumerate(rows):
        before, after = rows[max(n - 1, 0)], rows[min(n + 1, len(rows) - 1)]
        more = {f"{name}_over_usual": row[name] / usual[name] for name in latencies}
        more |= {f"{name}_before": before[name] for name in latencies} | {f"{name}_after": after[name] for name in latencies}
        more |= {"claim_before": before["claim"], "claim_after": after["claim"], "in_block": row["n"] % (100 // GOLD_PERCENT)}
        found.append(row | more)
    return found


def guessed(features: Any, truth: Any, groups: Any) -> float:
    """The area under the ROC curve of a cross-validated attacker: 0.5 knows nothing, 1 everything."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold, cross_val_predict

    model = HistGradientBoostingClassifier(max_iter=150, learning_rate=0.05, min_samples_leaf=20, random_state=SEED)
    folds = GroupKFold(n_splits=FOLDS)
    chances = cross_val_predict(model, features, truth, groups=groups, cv=folds, method="predict_proba")[:, 1]
    return float(roc_auc_score(truth, chances))


def one_by_one(features: Any, names: list[str], truth: Any) -> list[tuple[str, float]]:
    """The three single things seen that tell most, and how much each tells alone."""
    from sklearn.metrics import roc_auc_score

    told = [(name, float(roc_auc_score(truth, features[:, n]))) for n, name in enumerate(names)]
    return sorted(told, key=lambda one: -abs(one[1] - 0.5))[:3]


def stored_file_at(task_id: UUID) -> float:
    """When the file of a task was uploaded, by its stored id; 0 without one. No worker sees it."""
    address = Task.objects.values_list("payload", flat=True).get(id=task_id).get("file")
    return float(UUID(address.split("/")[2]).int >> 80) if address else 0.0


def main() -> None:
    """Live, attack, and say how well it went."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hand-ins", type=int, default=5000)
    parser.add_argument("--workers", type=int, default=20)
    options = parser.parse_args()
    assert options.workers >= FOLDS, "the attacker is tested on workers it has not seen"
    fresh_database()
    tokens, _ = crowd(options.workers)
    batch = open_batch(options.hand_ins + 20 * options.workers)
    began = time.perf_counter()
    with WebServer(workers=2, threads=4) as server:
        seen = attack(server, tokens, batch, options.hand_ins)
    print(f"{sum(map(len, seen))} hand-ins in {time.perf_counter() - began:.0f} s", flush=True)
    lives = [with_neighbours(rows) for rows in seen]
    rows = [row for life in lives for row in life]
    groups = np.array([n for n, life in enumerate(lives) for _ in life])
    facts = {str(row.id): row for row in Assignment.objects.filter(batch=batch).select_related("task").defer("task__payload")}
    truth = np.array([facts[row["id"]].task.lane == Task.Lane.GOLD for row in rows])
    names = sorted(set(rows[0]) - {"id"})
    features = np.array([[float(row[name]) for name in names] for row in rows])
    made_at = np.array([[float(facts[row["id"]].task_id.int >> 80)] for row in rows])
    stored_at = np.array([[stored_file_at(facts[row["id"]].task_id)] for row in rows])
    shuffled = np.random.default_rng(SEED).permutation(truth)
    summary = {
        "auc": round(guessed(features, truth, groups), 3),
        "share": round(float(truth.mean()), 3),
        "n": len(rows),
        "chance": round(guessed(features, shuffled, groups), 3),
        "control": round(guessed(np.hstack([features, made_at]), truth, groups), 3),
        "files_control": round(guessed(np.hstack([features, stored_at]), truth, groups), 3),
        "most_telling": {name: round(auc, 3) for name, auc in one_by_one(features, names, truth)},
        "features": len(names),
    }
    connection.close()
    print(orjson.dumps(summary).decode())


if __name__ == "__main__":
    main()
