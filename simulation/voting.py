"""The jobs a simulation posts: one single-choice question per task, and the results and figures read back."""

import time
from typing import Any
from xml.sax.saxutils import quoteattr

import orjson

from simulation.client import Client

CONTROL = "label"
POLL_SECONDS = 0.3
PATIENCE_SECONDS = 3600


def interface(labels: list[str], *, shows: str = "Text") -> str:
    """A single-choice question over these labels, about a Text or an Image."""
    choices = "".join(f"<Choice value={quoteattr(label)}/>" for label in labels)
    thing = shows.lower()
    return (
        f'<View><{shows} name="{thing}" value="${thing}"/>'
        f'<Choices name="{CONTROL}" toName="{thing}" choice="single" required="true">{choices}</Choices></View>'
    )


def result(label: str, *, shows: str = "Text") -> list[dict[str, Any]]:
    """That label, in Label Studio's result format."""
    return [{"from_name": CONTROL, "to_name": shows.lower(), "type": "choices", "value": {"choices": [label]}}]


def ndjson(rows: list[dict[str, Any]]) -> bytes:
    """Rows as an upload takes them."""
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def lines(raw: bytes) -> list[dict[str, Any]]:
    """Rows as an export gives them."""
    return [orjson.loads(line) for line in raw.splitlines() if line]


def aggregate(requester: Client, batch_id: str, methods: list[str], *, key: str = "") -> dict[str, dict[str, Any]]:
    """Ask for one aggregation per method and wait until all have ended; the runs by method."""
    runs = {
        method: requester.post(
            f"batches/{batch_id}/aggregations",
            {"method": method, "use_gold": method == "GoldMajorityVote"},
            key=f"{key}{method}" if key else None,
        )["id"]
        for method in methods
    }
    ended: dict[str, dict[str, Any]] = {}
    give_up = time.monotonic() + PATIENCE_SECONDS
    while len(ended) < len(runs):
        for method, run_id in runs.items():
            if method not in ended:
                run = requester.get(f"aggregations/{run_id}")
                if run["state"] in ("done", "refused", "failed"):
                    ended[method] = run
        if time.monotonic() > give_up:
            raise TimeoutError("The cluster did not finish the aggregations; is it running?")
        time.sleep(POLL_SECONDS)
    return {method: ended[method] for method in methods}


def labels_of(requester: Client, run_id: str) -> dict[str, str]:
    """The results of a run: task key → label."""
    return {row["task_key"]: row["label"] for row in lines(requester.download(f"aggregations/{run_id}/export"))}


def accuracy(labels: dict[str, str], truth: dict[str, str]) -> tuple[int, int]:
    """How many of the tasks with known truth are labelled right, of how many."""
    known = [key for key in truth if key in labels]
    return sum(labels[key] == truth[key] for key in known), len(known)
