"""One answer of many where answers are more than single classes: the label family's own vote, task by task, in the cluster.

Answers are read in one short statement into a file of their own and taken from there a task at a time, so that memory stays with the
largest task. crowd-kit's two methods that fit here, ROVER and Bradley-Terry, are called through `tasks.aggregation`.
"""

import csv
import hashlib
import io
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, groupby
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from uuid import UUID

import orjson
import psycopg
import psycopg.sql
from django.db import connection

from tasks import aggregation
from tasks.aggregation import Aggregate, Conclusion, Skill
from tasks.agreement import Agreement
from tasks.errors import AggregationRefused
from tasks.labels import Interface
from tasks.labels.family import REGION, TASK, Combined, Control
from tasks.labels.objects import Shown
from tasks.labels.order import key_of
from tasks.labels.pairwise import Pairwise
from tasks.labels.text import FreeText
from tasks.models import Assignment, Task

METHODS = (
    *("Medoid", "LabelVote", "Median", "Kemeny", "Borda", "BucketVote"),
    *("CharacterVote", "TimeVote", "PixelVote", "RegionVote", "ROVER", "BradleyTerry"),
)
ANSWERS_MAX = 1_000_000
ANSWERS_OF_A_TASK_MAX = 200  # a medoid compares each with each
IN_MEMORY_BYTES = 64 * 1024 * 1024
CELL_MAX_CHARACTERS = 64 * 1024 * 1024  # a canonical answer may be larger than what was handed in: runs of a mask
KEPT_FOR_CHANCE = 400  # answers, of all tasks, from which chance agreement is estimated
PAIRS_FOR_CHANCE = 2_000
PAIRS_OF_A_TASK = 200
TIE = 1e-9

ANSWERS = """
COPY (SELECT t.key, a.worker_id, (n.canonical -> {control})::text
        FROM tasks_assignment a JOIN tasks_answer n ON n.assignment_id = a.id JOIN tasks_task t ON t.id = a.task_id
       WHERE a.batch_id = {batch} AND a.state = ANY ({counted}) AND n.canonical ? {control}
       ORDER BY t.key COLLATE "C", a.worker_id) TO STDOUT (FORMAT csv)
"""


def methods_of(control: Control) -> list[str]:
    """Which methods can combine the answers to a control, crowd-kit's for single classes included; none for what is given per region."""
    if control.per == REGION:
        return []
    if control.categorical and control.per == TASK:
        return [*aggregation.METHODS, *(["BradleyTerry"] if isinstance(control, Pairwise) else [])]
    texts = ["ROVER"] if isinstance(control, FreeText) and control.per == TASK else []
    return [*texts, *control.consensus]


@dataclass
class Found:
    """What a run over whole answers came to."""

    aggregate: Aggregate
    agreement: Agreement
    digest: str
    answers: int
    tasks: int
    workers: int


@dataclass
class _Tally:
    """What is counted while the tasks go by."""

    sha: Any = field(default_factory=hashlib.sha256)
    answers: int = 0
    similar: dict[str, list[float]] = field(default_factory=dict)  # worker → similarity to each outcome
    apart: list[float] = field(default_factory=list)  # of pairs of answers to one task, weighted as alpha wants it
    comparable: int = 0
    pairs: list[float] = field(default_factory=list)
    kept: list[Any] = field(default_factory=list)  # a sample of all answers, for what chance would give


def run(batch_id: UUID, interface: Interface, name: str, method: str) -> Found:
    """Combine the counted answers of a batch to one control. Raises AggregationRefused with the limit that is passed."""
    control = interface.controls[name]
    chance = random.Random(0)  # noqa: S311 - a sample that is the same every time
    tally, found = _Tally(), []
    with _read(batch_id, name) as file:
        scores = _pair_scores(batch_id, interface, control, file) if method == "BradleyTerry" else {}
        for key, rows in _by_task(file):
            values = [value for _, value in rows]
            _guard(key, len(values), tally.answers)
            combined = _combined(interface, name, values, method, scores.get(key))
            tied = ("left", "right") if method == "BradleyTerry" and abs(combined.confidence - 0.5) < TIE else ()
            found.append(Conclusion(key, combined.value, min(1.0, max(0.0, combined.confidence)), tied, len(values)))
            _count(interface, name, key, rows, combined.value, tally, chance)
    if not found:
        raise AggregationRefused("There are no answers to aggregate yet.", method=method)
    skills = [Skill(worker, math.fsum(ones) / len(ones), len(ones)) for worker, ones in sorted(tally.similar.items())]
    agreed = _agreement(interface, name, tally, chance)
    return Found(Aggregate(found, skills), agreed, tally.sha.hexdigest(), tally.answers, len(found), len(skills))


def _combined(interface: Interface, name: str, values: list[Any], method: str, score: tuple[float, float] | None) -> Combined:
    if method == "BradleyTerry":
        left, right = score or (0.0, 0.0)
        share = left / (left + right) if left + right > 0 else 0.5
        return Combined("left" if share >= 0.5 else "right", max(share, 1.0 - share))
    if method == "ROVER":
        outcome = [aggregation.rover([" ".join(texts) for texts in values])]
        control = interface.controls[name]
        return Combined(outcome, math.fsum(sorted(1.0 - control.distance(one, outcome) for one in values)) / len(values))
    return interface.combine(name, values, method)


def _guard(key: str, count: int, before: int) -> None:
    if count > ANSWERS_OF_A_TASK_MAX:
        message = "A task has more answers than this method can compare with each other."
        raise AggregationRefused(message, task=key, limit=ANSWERS_OF_A_TASK_MAX, got=count)
    if before + count > ANSWERS_MAX:
        raise AggregationRefused("There are more answers than this method can take.", limit=ANSWERS_MAX)


# ---- reading ----


def _read(batch_id: UUID, name: str) -> IO[bytes]:
    """The answers as CSV, task by task, in a file that is gone when it is closed."""
    statement = psycopg.sql.SQL(ANSWERS).format(
        control=psycopg.sql.Literal(name),
        batch=psycopg.sql.Literal(batch_id),
        counted=psycopg.sql.Literal([str(state) for state in Assignment.COUNTED]),
    )
    file: IO[bytes] = SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115 - the caller closes it
    connection.ensure_connection()
    raw: psycopg.Connection[Any] = connection.connection
    with psycopg.Cursor(raw).copy(statement) as copy:
        file.writelines(bytes(part) for part in copy)
    return file


def _rows(file: IO[bytes]) -> Iterator[tuple[str, str, Any]]:
    file.seek(0)
    csv.field_size_limit(CELL_MAX_CHARACTERS)
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    try:
        for key, worker, canonical in csv.reader(text):
            yield key, worker, orjson.loads(canonical)
    finally:
        text.detach()


def _by_task(file: IO[bytes]) -> Iterator[tuple[str, list[tuple[str, Any]]]]:
    for key, rows in groupby(_rows(file), key=lambda row: row[0]):
        yield key, [(worker, value) for _, worker, value in rows]


def _pair_scores(batch_id: UUID, interface: Interface, control: Control, file: IO[bytes]) -> dict[str, tuple[float, float]]:
    """Per task, how strong its left and right thing are, from the comparisons of all tasks: the same content is the same thing."""
    names = _shown_by(batch_id, [interface.objects[one] for one in control.to_names])
    contests = [(*names[key], value) for key, _, value in _rows(file) if key in names and names[key][0] != names[key][1]]
    strength = aggregation.pair_scores(contests)
    return {key: (strength.get(left, 0.0), strength.get(right, 0.0)) for key, (left, right) in names.items()}


def _shown_by(batch_id: UUID, shown: Sequence[Shown]) -> dict[str, tuple[str, str]]:
    """Task key → what stands left and what right, each by the digest of its content."""
    found = {}
    for key, payload in Task.objects.filter(batch_id=batch_id).values_list("key", "payload").iterator(chunk_size=500):
        sides = [hashlib.sha256(key_of(payload.get(one.variable or ""))).hexdigest() for one in shown]
        found[key] = (sides[0], sides[1])
    return found


# ---- how far people agree ----


def _count(
    interface: Interface, name: str, key: str, rows: list[tuple[str, Any]], outcome: Any, tally: _Tally, chance: random.Random
) -> None:
    """Take a task into the digest, the workers' similarity to its outcome, and how far its answers are apart."""

    def apart(a: Any, b: Any) -> float:
        return interface.distance({name: a}, {name: b})

    for worker, value in rows:
        tally.sha.update(f"{key}\0{worker}\0".encode() + key_of(value) + b"\0")
        tally.similar.setdefault(worker, []).append(1.0 - apart(value, outcome))
        tally.answers += 1
        if len(tally.kept) < KEPT_FOR_CHANCE:
            tally.kept.append(value)
        elif (place := chance.randrange(tally.answers)) < KEPT_FOR_CHANCE:
            tally.kept[place] = value
    if len(rows) > 1:
        pairs = list(combinations([value for _, value in rows], 2))
        if len(pairs) > PAIRS_OF_A_TASK:
            pairs = chance.sample(pairs, PAIRS_OF_A_TASK)
        found = [apart(a, b) for a, b in pairs]
        tally.pairs += found
        tally.comparable += len(rows)
        tally.apart.append(len(rows) * math.fsum(found) / len(found))


def _agreement(interface: Interface, name: str, tally: _Tally, chance: random.Random) -> Agreement:
    """Krippendorff's alpha with the family's distance, 1 − D_o / D_e (2011, section C): D_o the mean distance within tasks, each weighted
    by its answers; D_e what chance would give, estimated from PAIRS_FOR_CHANCE pairs of a sample of all answers. And the mean
    similarity of two answers to one task.
    """
    if not tally.pairs:
        return Agreement(None, None)
    pairwise = 1.0 - math.fsum(tally.pairs) / len(tally.pairs)
    every = list(combinations(range(len(tally.kept)), 2))
    drawn = every if len(every) <= PAIRS_FOR_CHANCE else chance.sample(every, PAIRS_FOR_CHANCE)
    expected = math.fsum(interface.distance({name: tally.kept[i]}, {name: tally.kept[j]}) for i, j in drawn) / len(drawn)
    observed = math.fsum(tally.apart) / tally.comparable
    return Agreement(1.0 - observed / expected if expected > 0 else None, min(1.0, max(0.0, pairwise)))


def known(names: Mapping[str, Control]) -> dict[str, list[str]]:
    """The methods that fit each control that any fits."""
    return {name: fitting for name, control in names.items() if (fitting := methods_of(control))}
