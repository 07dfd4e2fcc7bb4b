"""Live a real crowd's history through the API: every worker signs up, is onboarded, claims the tasks they really labelled and says
what they really said, in simulated time. It can be stopped at any moment and run again: what is done is done, and the rest follows.
"""

import hashlib
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from simulation import people, voting
from simulation.client import Client, Refused
from simulation.history import History, Label, gold_of

START = datetime(2031, 1, 6, 8, 0, tzinfo=UTC)  # ahead of the cluster's own clock, which so never ends a lease early
PRICE_MICROS = 60_000
ESTIMATE_SECONDS = 15
FLOOR_HOURLY_MICROS = 12_000_000
ACCURACY_BAR = 0.6
LEASE_SECONDS = 1200
HEARTBEAT_SECONDS = 15
BREAK_SECONDS = 3
WHY_NO_PILOT = "A replay: what these people did, and how long it took, is known already."
PAUSE = timedelta(hours=24, minutes=1)
STOPS = {"break_needed", "day_is_full", "week_is_full"}  # of a long day


@dataclass
class Told:
    """What is kept between runs: tokens and ids, so that a second run goes on where the first stopped."""

    path: Path
    facts: dict[str, Any]

    @classmethod
    def of(cls, directory: Path) -> "Told":
        """What an earlier run noted, if there was one."""
        path = directory / "replay.json"
        facts = json.loads(path.read_text()) if path.exists() else {}
        return cls(path, facts)

    def keep(self, **facts: Any) -> None:
        """Note more."""
        self.facts |= facts
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps(self.facts))
        fresh.replace(self.path)


@dataclass
class Life:
    """One worker's part of the history."""

    name: str
    labels: list[Label]
    token: str = ""
    worker_id: str = ""
    pauses: list[dict[str, Any]] = field(default_factory=list)
    requests: int = 0


@dataclass
class Lived:
    """What a replay did."""

    lives: list[Life]
    requests: int
    seconds: float
    answers: int
    batch_id: str
    gold: dict[str, str]


class Replay:
    """One history against one site."""

    def __init__(
        self, address: str, operator_token: str, history: History, told: Told, *, gold_share: float, threads: int
    ) -> None:
        self.address, self.operator_token, self.history, self.told = address, operator_token, history, told
        self.gold = gold_of(history, gold_share)
        self.threads = threads
        rows = f"{history.name} {len(history.labels)} {len(self.gold)}".encode()
        self.run = told.facts.get("run") or hashlib.sha256(rows + datetime.now(UTC).isoformat().encode()).hexdigest()[:10]
        told.keep(run=self.run)
        self.task_ids: dict[str, str] = {}
        self.lock = threading.Lock()

    # ---- the requester's part ----

    def prepare(self) -> tuple[Client, str]:
        """Set the job up, or find it set up; the requester's client and the batch id."""
        operator = Client(self.address, token=self.operator_token)
        _prepare_platform(operator)
        requester, organization_id = people.requester(
            self.address, email=f"requester.{self.run}@replay.example", organization=f"Replay {self.run}", at=START
        )
        batch_id = self.told.facts.get("batch_id") or self._post(requester, operator, organization_id)
        self.told.keep(batch_id=batch_id)
        for row in requester.every(f"batches/{batch_id}/tasks"):
            self.task_ids[row["key"]] = row["public_id"]
        return requester, batch_id

    def _post(self, requester: Client, operator: Client, organization_id: str) -> str:
        """Project, guideline, batch, tasks, gold, money: each under a key, so that a second run finds what the first made."""
        project = requester.post(
            "projects",
            {
                "organization_id": organization_id,
                "name": self.history.name,
                "description": "A replay of real labels.",
                "interface": voting.interface(self.history.classes),
            },
            key="project",
        )
        requester.post(f"projects/{project['id']}/guidelines", {"text": "Choose the label."}, key="guideline")
        batch = requester.post(
            f"projects/{project['id']}/batches",
            {
                "name": self.history.name,
                "overlap": 1,
                "currency": "USD",
                "price_micros": PRICE_MICROS,
                "estimate_seconds": ESTIMATE_SECONDS,
                "lease_seconds": LEASE_SECONDS,
                "workers_choose": True,
                "accuracy_bar": ACCURACY_BAR,
                "gold_percent": 0,
            },
            key="batch",
        )
        path = f"batches/{batch['id']}"
        if requester.get(path)["state"] == "draft":
            ordinary, gold = self._rows()
            if ordinary:
                requester.upload(f"{path}/tasks", voting.ndjson(ordinary), key="tasks")
            if gold:
                requester.upload(f"{path}/gold", voting.ndjson(gold), key="gold")
            reserve = requester.get(f"{path}/quote")["reserve_micros"]
            operator.post(
                f"organizations/{organization_id}/deposits",
                {"amount_micros": reserve, "currency": "USD", "reference": self.run, "reason": "Replay"},
                key=f"deposit {self.run}",
            )
            requester.post(f"{path}/publish", {"skip_pilot_reason": WHY_NO_PILOT}, key="publish")
        return str(batch["id"])

    def _rows(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """One task per item, wanting as many answers as it really has labels."""
        wanted: dict[str, int] = {}
        for label in self.history.labels:
            wanted[label.task] = wanted.get(label.task, 0) + 1
        ordinary: list[dict[str, Any]] = []
        gold: list[dict[str, Any]] = []
        for task, overlap in wanted.items():
            row: dict[str, Any] = {"key": task, "payload": {"text": f"Item {task} of {self.history.name}"}, "overlap": overlap}
            if task in self.gold:
                gold.append(row | {"solution": {voting.CONTROL: self.gold[task]}})
            else:
                ordinary.append(row)
        return ordinary, gold

    # ---- the workers' part ----

    def live(self, batch_id: str, *, progress: Callable[[int], None]) -> Lived:
        """Let every worker live their part; `progress` is told of each answer. Safe to run again."""
        began = time.monotonic()
        by_worker: dict[str, list[Label]] = {}
        for label in self.history.labels:
            by_worker.setdefault(label.worker, []).append(label)
        lives = [Life(name, labels) for name, labels in by_worker.items()]
        waiting = list(lives)
        errors: list[BaseException] = []

        def crew() -> None:
            while not errors:
                with self.lock:
                    if not waiting:
                        return
                    life = waiting.pop(0)
                try:
                    self._live_one(life, batch_id, progress)
                except BaseException as error:
                    errors.append(error)

        threads = [threading.Thread(target=crew, daemon=True) for _ in range(self.threads)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]
        requests = sum(life.requests for life in lives)
        return Lived(lives, requests, time.monotonic() - began, len(self.history.labels), batch_id, self.gold)

    def _live_one(self, life: Life, batch_id: str, progress: Callable[[int], None]) -> None:
        tokens = self.told.facts.setdefault("workers", {})
        client = people.worker(self.address, email=f"{life.name}.{self.run}@replay.example", name=life.name, at=START)
        life.token = client.token or ""
        life.worker_id = client.get("me")["worker"]["id"]
        with self.lock:
            tokens[life.name] = life.worker_id
        # One after the other, in the order of the history: so many are done, so many are the first ones.
        done = sum(row["state"] in ("submitted", "accepted") for row in client.every("assignments", batch_id=batch_id))
        now = START
        for n, label in enumerate(life.labels):
            task_id = self.task_ids[label.task]
            now += timedelta(seconds=BREAK_SECONDS)
            if n >= done:
                now = self._answer(client, life, batch_id, task_id, label, now)
            else:
                now += timedelta(seconds=label.seconds)
            progress(1)
        life.requests = client.requests
        client.close()

    def _answer(self, client: Client, life: Life, batch_id: str, task_id: str, label: Label, now: datetime) -> datetime:
        """Claim, work and hand in one task; a paused worker comes back a day later, a tired one rested. Returns when they were done."""
        while True:
            client.at = now
            try:
                [lease] = client.post(f"batches/{batch_id}/claim", {"task_id": task_id}, key=f"{task_id}")["assignments"]
                break
            except Refused as refusal:
                if refusal.code in STOPS:  # they go home, and come back when there are tasks again
                    now = datetime.fromisoformat(refusal.details["until"])
                    continue
                if refusal.code != "not_eligible":
                    raise
                life.pauses.extend(refusal.details["missing"])
                now += PAUSE
        end = now + timedelta(seconds=label.seconds)
        if label.timed:
            while end - now > timedelta(seconds=HEARTBEAT_SECONDS):
                now += timedelta(seconds=HEARTBEAT_SECONDS)
                client.at = now
                client.post(f"assignments/{lease['id']}/heartbeat", {"token": lease["token"]})
        client.at = end
        client.post(f"assignments/{lease['id']}/submit", {"token": lease["token"], "result": voting.result(label.label)})
        return end


def _prepare_platform(operator: Client) -> None:
    if not operator.get("agreements")["results"]:
        operator.post("agreements", {"slug": "terms", "title": "Terms of work", "text": "Fair work, fairly paid."}, key="terms")
    if not operator.get("pay-floors", currency="USD", country="")["results"]:
        floor = {"country": "", "currency": "USD", "hourly_micros": FLOOR_HOURLY_MICROS, "effective_from": "2026-01-01"}
        operator.post("pay-floors", floor | {"source": "the replay's own figure"})
