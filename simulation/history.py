"""A real crowd's labels as files tell them: who said what about which task, and what is known to be true."""

import csv
import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TYPICAL_SECONDS = 15.0  # where a set does not say how long a label took


@dataclass(frozen=True)
class Label:
    """One label: the last that a worker gave a task, and how long it took."""

    task: str
    worker: str
    label: str
    seconds: float
    timed: bool


@dataclass(frozen=True)
class History:
    """A crowd's labels, in the order of the file, and the truth."""

    name: str
    labels: list[Label]
    truth: dict[str, str]
    repeated: int  # labels that a later one of the same worker for the same task replaced

    @property
    def classes(self) -> list[str]:
        """Every label that occurs, in answers or in the truth."""
        return sorted({label.label for label in self.labels} | set(self.truth.values()))


def read(directory: Path, *, limit: int | None = None) -> History:
    """Read labels.csv.gz and truth.csv.gz (which may be missing); the first `limit` labels where given.

    Where a person answered one task twice, the last answer stands, at the place of the first. Raises ValueError for a set that is
    not categorical or not there.
    """
    source = directory / "labels.csv.gz"
    if not source.exists():
        raise ValueError(f"There is no labels.csv.gz in {directory}.")
    last: dict[tuple[str, str], Label] = {}
    read_so_far = 0
    with gzip.open(source, "rt", newline="") as file:
        for row in csv.DictReader(file):
            if limit is not None and read_so_far == limit:
                break
            read_so_far += 1
            seconds, timed = _seconds(row)
            last[(row["task"], row["worker"])] = Label(row["task"], row["worker"], row["label"], seconds, timed)
    history = History(directory.name, list(last.values()), _truth(directory), read_so_far - len(last))
    if not 2 <= len(history.classes) <= 200:
        raise ValueError(f"{directory.name} has {len(history.classes)} different labels: not a categorical set.")
    return history


def _seconds(row: dict[str, Any]) -> tuple[float, bool]:
    for column in ("seconds", "duration"):
        try:
            return max(1.0, min(float(row[column]), 600.0)), True
        except (KeyError, TypeError, ValueError):
            continue
    return TYPICAL_SECONDS, False


def _truth(directory: Path) -> dict[str, str]:
    source = directory / "truth.csv.gz"
    if not source.exists():
        return {}
    with gzip.open(source, "rt", newline="") as file:
        return {row["task"]: row["truth"] for row in csv.DictReader(file)}


def gold_of(history: History, share: float) -> dict[str, str]:
    """The share of the known truth that is used as gold: every n-th answered task with truth, in the order of their names."""
    answered = {label.task for label in history.labels}
    known = sorted(task for task in history.truth if task in answered)
    if share <= 0 or not known:
        return {}
    every = max(1, round(1 / share))
    return {task: history.truth[task] for task in known[::every]}
