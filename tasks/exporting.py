"""Raw answers and results as streams of NDJSON or CSV, in constant memory, while the job runs or after.

Short keyset pages, never one long statement. Only answers that count leave the house: rejected, late, returned and expired ones never
do. A requester knows each worker by an alias of their own, the same in every export, and different for every requester.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from foundation import values
from foundation.errors import NotFound
from foundation.paging import in_chunks
from tasks import weighing
from tasks.labels import Interface
from tasks.labels.family import TASK, Control
from tasks.models import AggregationRun, Assignment, Batch, Result, Task
from tasks.publishing import own_batch
from workforce import aliases
from workforce.access import Actor
from workforce.models import Membership

Row = dict[str, Any]
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
FLUSH_ROWS = 500


def answers(actor: Actor, batch_id: UUID) -> tuple[list[str], Iterator[Row]]:
    """The counted answers of a batch: column names, and the rows as they are read. Raises NotFound for a foreign batch."""
    from tasks.answering import interface_of_project

    batch = own_batch(actor, batch_id, at_least=Membership.Role.VIEWER)
    interface = interface_of_project(batch.project_id)
    columns = ["assignment_id", "task_id", "task_key", "worker", "state"]
    columns += [f"label.{name}{column}" for name in interface.answered for column in columns_of(interface.controls[name])]
    columns += ["is_gold", "gold_score", "price_micros", "currency", "credited_seconds", "leased_at", "submitted_at"]
    return columns, _answer_rows(batch, interface)


def columns_of(control: Control) -> list[str]:
    """The columns that answers to a control fill: the answer itself, and what its family says of it in cells."""
    return ["", *(f".{column}" for column in control.cells if control.per == TASK)]


def cells_of(control: Control, canonical: Any) -> Row:
    """What those columns hold for an answer; of no answer, nothing."""
    if control.per != TASK or not control.cells or canonical is None:
        return {"": canonical} | {f".{column}": None for column in control.cells if control.per == TASK}
    flat = control.flat(canonical)
    return {"": flat[""]} | {f".{column}": flat[column] for column in control.cells}


def _answer_rows(batch: Batch, interface: Interface) -> Iterator[Row]:
    counted = Assignment.objects.filter(batch=batch, state__in=Assignment.COUNTED).select_related("task", "answer")
    for chunk in in_chunks(counted.defer("task__payload", "answer__result"), by="id"):
        scores = weighing.scores_of([row.id for row in chunk if row.gold_try])
        for row in chunk:
            yield {
                "assignment_id": row.id,
                "task_id": row.task_id,
                "task_key": row.task.key,
                "worker": aliases.alias_of(row.worker_id, batch.organization_id),
                "state": row.state,
                **{
                    f"label.{name}{column}": value
                    for name in interface.answered
                    for column, value in cells_of(interface.controls[name], row.answer.canonical.get(name)).items()
                },
                "is_gold": row.task.lane == Task.Lane.GOLD,
                "gold_score": scores.get(row.id),
                "price_micros": row.price_micros,
                "currency": row.currency,
                "credited_seconds": row.credited_seconds,
                "leased_at": _instant(row.leased_at),
                "submitted_at": _instant(row.submitted_at),
            }


def results(actor: Actor, run_id: UUID) -> tuple[list[str], Iterator[Row]]:
    """The results of a run: column names, and the rows as they are read. Raises NotFound for a foreign run."""
    run = AggregationRun.objects.select_related("batch").filter(id=run_id).first()
    if run is None:
        raise NotFound
    own_batch(actor, run.batch_id, at_least=Membership.Role.VIEWER)
    from tasks.answering import interface_of_project

    control = interface_of_project(run.batch.project_id).controls[run.parameters["control"]]
    columns = ["task_id", "task_key", *(f"label{column}" for column in columns_of(control))]
    columns += ["confidence", "is_tie", "tied", "answers", "method", "run_id"]
    return columns, _result_rows(run, control)


def _result_rows(run: AggregationRun, control: Control) -> Iterator[Row]:
    for chunk in in_chunks(Result.objects.filter(run=run).select_related("task").defer("task__payload"), by="task_id"):
        for row in chunk:
            yield {
                "task_id": row.task_id,
                "task_key": row.task.key,
                **{f"label{column}": value for column, value in cells_of(control, row.label).items()},
                "confidence": row.confidence,
                "is_tie": row.is_tie,
                "tied": row.tied,
                "answers": row.answers,
                "method": run.method,
                "run_id": run.id,
            }


def as_ndjson(rows: Iterable[Row]) -> Iterator[bytes]:
    """One JSON object a line, a few hundred lines at a time."""
    buffer: list[bytes] = []
    for row in rows:
        buffer.append(values.encode(row, option=orjson.OPT_APPEND_NEWLINE))
        if len(buffer) == FLUSH_ROWS:
            yield b"".join(buffer)
            buffer.clear()
    yield b"".join(buffer)


def as_csv(columns: list[str], rows: Iterable[Row]) -> Iterator[bytes]:
    """CSV by RFC 4180 with a header. A text that a spreadsheet would run as a formula gets a leading apostrophe (ASVS 1.2.10)."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([_cell(name) for name in columns])
    for n, row in enumerate(rows, start=1):
        writer.writerow([_cell(row[name]) for name in columns])
        if n % FLUSH_ROWS == 0:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, list | dict):
        value = json.dumps(value, ensure_ascii=False, separators=(",", ":"))  # of whatever size a number kept long ago may be
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value


def _instant(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
