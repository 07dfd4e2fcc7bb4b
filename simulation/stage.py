"""What a showcase is played on: postings put up over the API, and players who work on them at instants of the simulation's own."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from simulation import voting
from simulation.client import Client
from simulation.postings import Item, Posting

REVIEW_SECONDS = 5 * 86_400  # longer than the history, so that nothing of it is accepted by the deadline
IDLE_SECONDS = 100  # the longest stretch without a sign of life
SPREAD = 0.3  # sigma of the log-normal time per task


@dataclass
class Player:
    """Somebody who works, and how."""

    name: str
    email: str
    password: str
    client: Client
    chance: random.Random
    accuracy: float
    pace: float  # their time per task, as a multiple of the usual
    done: list[dict[str, Any]] = field(default_factory=list)  # what they handed in: slug, key, wrong, and what became of it


@dataclass
class Stage:
    """What has been set up so far."""

    address: str
    first_day: datetime  # its midnight (UTC)
    operator: Client
    requester: Client
    organization_id: str
    postings: dict[str, Posting]
    projects: dict[str, str] = field(default_factory=dict)  # slug → project
    guidelines: dict[str, str] = field(default_factory=dict)
    batches: dict[str, str] = field(default_factory=dict)

    def at(self, day: int, hour: int, minute: int = 0) -> datetime:
        """That time (UTC) of that day; the first is day 0."""
        return self.first_day + timedelta(days=day, hours=hour, minutes=minute)


def post(stage: Stage, posting: Posting, **settings: Any) -> None:
    """Project, files, guideline, batch, tasks and gold, and open it."""
    requester = stage.requester
    project = requester.post(
        "projects",
        {
            "organization_id": stage.organization_id,
            "name": posting.project,
            "description": posting.description,
            "interface": posting.interface,
        },
    )["id"]
    guideline = {"text": posting.guideline, "entries": [entry.body() for entry in posting.entries]}
    stage.guidelines[posting.slug] = requester.post(f"projects/{project}/guidelines", guideline)["id"]
    batch = requester.post(f"projects/{project}/batches", settings_of(posting) | settings)["id"]
    fill(stage, posting, batch)
    requester.post(f"batches/{batch}/publish", key=f"publish {batch}")
    stage.projects[posting.slug], stage.batches[posting.slug] = project, batch


def settings_of(posting: Posting) -> dict[str, Any]:
    """A posting's batch, as the API takes it."""
    return {
        "name": posting.name,
        "overlap": posting.overlap,
        "currency": "USD",
        "price_micros": posting.cents * 10_000,
        "estimate_seconds": posting.seconds,
        "lease_seconds": max(900, 10 * posting.seconds),
        "review_seconds": REVIEW_SECONDS,
        "gold_percent": posting.gold_percent,
        "sensitive": list(posting.sensitive),
        **posting.settings,
    }


def fill(stage: Stage, posting: Posting, batch_id: str) -> None:
    """Upload files, tasks and gold into a draft."""
    addresses = {name: _file(stage, name, body) for name, body in posting.files.items()}
    for kind, items in (("tasks", posting.ordinary), ("gold", posting.gold)):
        if items:
            rows = voting.ndjson([_row(item, addresses) for item in items])
            stage.requester.upload(f"batches/{batch_id}/{kind}", rows, key=f"{kind} {batch_id}")


def _file(stage: Stage, name: str, body: bytes) -> str:
    kept = stage.requester.upload(f"organizations/{stage.organization_id}/files?name={name}", body, content_type="*/*")
    return str(kept["address"])


def _row(item: Item, addresses: dict[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {"key": item.key, "payload": _addressed(item.payload, addresses)}
    if item.suggestion:
        row["prelabel"] = {"result": item.suggestion, "model_version": "meadow-vision-2", "score": 0.74}
    if item.gold:
        row |= {"solution": item.truth, "explanation": item.explanation}
    return row


def _addressed(payload: dict[str, Any], addresses: dict[str, str]) -> dict[str, Any]:
    named = {name: value.removeprefix("file:") for name, value in payload.items() if isinstance(value, str)}
    return payload | {name: addresses[file] for name, file in named.items() if file in addresses}


# ---- work ----


def work(
    stage: Stage, player: Player, slug: str, *, count: int, at: datetime, mistakes: Sequence[str] = ()
) -> tuple[datetime, list[dict[str, Any]]]:
    """Do so many tasks of a posting, one after the other, with likely mistakes in the tasks of those keys and by chance.

    Answers with when it ended and what was handed in; fewer when there are no more.
    """
    known = {_recognised(item.payload): item for item in stage.postings[slug].items}
    done: list[dict[str, Any]] = []
    for _ in range(count):
        player.client.at = at
        leases = player.client.post(f"batches/{stage.batches[slug]}/claim")["assignments"]
        if not leases:
            break
        [lease] = leases
        item = known[_recognised(_as_posted(player.client, stage.postings[slug], lease["payload"]))]
        wrong = item.mistake is not None and (item.key in mistakes or player.chance.random() > player.accuracy)
        seconds = player.chance.lognormvariate(math.log(stage.postings[slug].seconds * player.pace), SPREAD)
        at = _take_time(player, lease, at, seconds)
        result = item.mistake if wrong else item.truth
        outcome = player.client.post(f"assignments/{lease['id']}/submit", {"token": lease["token"], "result": result})
        done.append({"slug": slug, "key": item.key, "wrong": wrong, **outcome})
        at += timedelta(seconds=player.chance.uniform(1, 4))
    player.done += done
    return at, done


def _take_time(player: Player, lease: dict[str, Any], at: datetime, seconds: float) -> datetime:
    while seconds > IDLE_SECONDS:
        at += timedelta(seconds=IDLE_SECONDS)
        seconds -= IDLE_SECONDS
        player.client.at = at
        player.client.post(f"assignments/{lease['id']}/heartbeat", {"token": lease["token"]})
    player.client.at = at + timedelta(seconds=seconds)
    return player.client.at


def read(stage: Stage, player: Player, slug: str, *, at: datetime, seconds: float = 70) -> datetime:
    """Read the guideline of a posting; answers with when that ended."""
    guideline = stage.guidelines[slug]
    for verb, instant in (("begin", at), ("finish", at + timedelta(seconds=seconds))):
        player.client.at = instant
        player.client.post(f"guidelines/{guideline}/{verb}-reading")
    return at + timedelta(seconds=seconds + 2)


def _recognised(payload: dict[str, Any]) -> bytes:
    return orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)


def _as_posted(client: Client, posting: Posting, payload: dict[str, Any]) -> dict[str, Any]:
    """A payload as it was before files had addresses. A worker is not told which file is which: they know it by looking at it."""
    names = {body: name for name, body in posting.files.items()}
    return {
        name: f"file:{names[client.download(value)]}" if isinstance(value, str) and value.startswith("/files/") else value
        for name, value in payload.items()
    }
