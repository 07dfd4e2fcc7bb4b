"""From answers to results: ask for a run, run it in the cluster, store what it concluded.

A run reads its votes by COPY and writes its results by COPY, in one transaction at the end: a crash leaves none, and the job that is
tried again starts over.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import psycopg.sql
from django.db import connection, transaction
from django.db.models import Q
from psycopg.types.json import Jsonb

from foundation import clock, events
from foundation.errors import DomainError
from foundation.ids import new_id
from foundation.queueing import enqueue
from tasks import aggregation, gold
from tasks.answering import interface_of_project
from tasks.errors import NotCategorical, TooManyRuns
from tasks.models import AggregationRun, Batch
from tasks.publishing import own_batch
from workforce.access import Actor

RUNS_WAITING_MAX = 20  # per batch
ALPHA_MAX_LABELS = 300_000  # above, Krippendorff's alpha by crowd-kit takes longer than the aggregation
ABANDONED = timedelta(seconds=3900)  # a running run this old lost its process: longer than any job may take

VOTES = """
COPY (SELECT t.key, a.worker_id::text, n.canonical ->> {control}
        FROM tasks_assignment a JOIN tasks_answer n ON n.assignment_id = a.id JOIN tasks_task t ON t.id = a.task_id
       WHERE a.batch_id = {batch} AND a.state IN ('submitted', 'accepted') AND n.canonical ? {control}) TO STDOUT
"""


def request_run(
    actor: Actor,
    batch_id: UUID,
    *,
    method: str,
    now: datetime,
    control: str | None = None,
    parameters: dict[str, Any] | None = None,
    use_gold: bool = True,
) -> AggregationRun:
    """Ask for one aggregation; the cluster runs it, and the run is the operation to poll.

    `control` may be left out where the interface has one single-choice control. Raises BadParameter, NotCategorical, TooManyRuns.
    """
    batch = own_batch(actor, batch_id)
    checked = aggregation.check_parameters(method, parameters or {})
    name = _control(batch, control)
    waiting = AggregationRun.objects.filter(batch=batch, state__in=[AggregationRun.State.QUEUED, AggregationRun.State.RUNNING])
    if waiting.count() >= RUNS_WAITING_MAX:
        raise TooManyRuns(limit=RUNS_WAITING_MAX)
    with transaction.atomic():
        run = AggregationRun.objects.create(
            batch=batch,
            method=method,
            parameters={"control": name} | checked,
            use_gold=use_gold,
            requested_by_id=actor.id,
            created_at=now,
        )
        enqueue("tasks.jobs.aggregate", str(run.id))
    return run


def _control(batch: Batch, control: str | None) -> str:
    controls = interface_of_project(batch.project_id).controls
    categorical = [name for name, one in controls.items() if one.categorical]
    if control is None and len(categorical) == 1:
        return categorical[0]
    if control not in categorical:
        raise NotCategorical(field="control", known=categorical, got=control)
    return control


def execute_run(run_id: UUID, *, now: datetime) -> AggregationRun:
    """Run a queued aggregation to its end: done, refused (the method cannot take it) or failed (our mistake, raised again).

    Does nothing to a run that has ended, or that another process is running.
    """
    abandoned = Q(state=AggregationRun.State.RUNNING, started_at__lt=now - ABANDONED)
    taken = AggregationRun.objects.filter(Q(state=AggregationRun.State.QUEUED) | abandoned, id=run_id).update(
        state=AggregationRun.State.RUNNING, started_at=now, progress="reading answers"
    )
    run = AggregationRun.objects.select_related("batch").get(id=run_id)
    if not taken:
        return run
    try:
        _run(run)
    except DomainError as error:
        _end(run, AggregationRun.State.REFUSED, refusal={"code": error.code, "message": error.message, "details": error.details})
    except Exception as error:
        _end(run, AggregationRun.State.FAILED, refusal={"code": "failed", "message": repr(error)[:2000], "details": {}})
        raise
    run.refresh_from_db()
    return run


def votes_of(batch_id: UUID, control: str) -> tuple[list[str], list[str], list[str]]:
    """The counted answers of a batch to one control, as columns: task key, worker id, label. Read by COPY in one short statement."""
    tasks: list[str] = []
    workers: list[str] = []
    labels: list[str] = []
    statement = psycopg.sql.SQL(VOTES).format(control=psycopg.sql.Literal(control), batch=psycopg.sql.Literal(batch_id))
    connection.ensure_connection()
    raw: psycopg.Connection[Any] = connection.connection
    with psycopg.Cursor(raw).copy(statement) as copy:
        copy.set_types(["text", "text", "text"])
        for task, worker, label in copy.rows():
            tasks.append(task)
            workers.append(worker)
            labels.append(label)
    return tasks, workers, labels


def _run(run: AggregationRun) -> None:
    control = run.parameters["control"]
    tasks, workers, labels = votes_of(run.batch_id, control)
    _note(run, f"{run.method} over {len(labels)} answers")
    parameters = {name: value for name, value in run.parameters.items() if name != "control"}
    truth = _truth(run.batch_id, control) if run.use_gold else {}
    found = aggregation.aggregate(run.method, tasks, workers, labels, parameters=parameters, truth=truth)
    alpha = aggregation.krippendorff_alpha(tasks, workers, labels) if len(labels) <= ALPHA_MAX_LABELS else None
    _note(run, "storing results")
    with transaction.atomic():
        _store(run, found)
        _end(
            run,
            AggregationRun.State.DONE,
            versions=aggregation.versions(),
            input_digest=found.input_digest,
            labels=len(labels),
            tasks=len(found.conclusions),
            workers=len(found.answers_by_worker),
            ties=sum(bool(conclusion.tied) for conclusion in found.conclusions.values()),
            agreement=alpha,
        )
        events.record("aggregation.done", subject_id=run.id, organization_id=run.batch.organization_id, now=clock.now())


def _truth(batch_id: UUID, control: str) -> dict[str, str]:
    return {key: solution[control] for key, solution in gold.truth_by_key(batch_id).items() if control in solution}


def _store(run: AggregationRun, found: aggregation.Aggregate) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT key, id FROM tasks_task WHERE batch_id = %s", [run.batch_id])
        ids = dict(cursor.fetchall())
    raw: psycopg.Connection[Any] = connection.connection
    columns = "(id, run_id, task_id, label, confidence, is_tie, tied, answers)"
    with psycopg.Cursor(raw).copy(f"COPY tasks_result {columns} FROM STDIN") as copy:
        copy.set_types(["uuid", "uuid", "uuid", "jsonb", "float8", "bool", "jsonb", "int4"])
        for key, one in found.conclusions.items():
            tied = Jsonb(list(one.tied)) if one.tied else None
            copy.write_row(
                (new_id(), run.id, ids[key], Jsonb(one.label), one.confidence, bool(one.tied), tied, one.answers)
            )
    with psycopg.Cursor(raw).copy("COPY tasks_runskill (id, run_id, worker_id, skill, answers) FROM STDIN") as copy:
        copy.set_types(["uuid", "uuid", "uuid", "float8", "int4"])
        for worker, skill in found.skills.items():
            copy.write_row((new_id(), run.id, UUID(worker), skill, found.answers_by_worker[worker]))


def _note(run: AggregationRun, progress: str) -> None:
    AggregationRun.objects.filter(id=run.id).update(progress=progress)


def _end(run: AggregationRun, state: str, **fields: Any) -> None:
    AggregationRun.objects.filter(id=run.id, state=AggregationRun.State.RUNNING).update(
        state=state, ended_at=clock.now(), progress="", **fields
    )


def due_again(*, now: datetime) -> int:
    """Enqueue the runs that wait for a job nobody has, or whose process was lost; returns how many. A run is never run twice at once."""
    lost = AggregationRun.objects.filter(
        Q(state=AggregationRun.State.QUEUED, created_at__lt=now - timedelta(minutes=10))
        | Q(state=AggregationRun.State.RUNNING, started_at__lt=now - ABANDONED)
    )
    ids = list(lost.values_list("id", flat=True)[:100])
    for run_id in ids:
        enqueue("tasks.jobs.aggregate", str(run_id))
    return len(ids)
