"""From answers to results: ask for a run, run it in the cluster, store what it concluded.

A run reads its votes by COPY and writes its results by COPY, in one transaction at the end: a crash leaves none, and the job that
is tried again starts over.
"""

import io
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import psycopg
import psycopg.sql
from django.db import connection, transaction
from django.db.models import Max, Min, Q

from foundation import events
from foundation.errors import DomainError
from foundation.ids import new_id
from foundation.liveness import LOST_AFTER, SignsOfLife, Stopwatch
from foundation.queueing import enqueue
from tasks import aggregation, agreement, consensus, gold
from tasks.answering import interface_of_project
from tasks.errors import BadParameter, MethodUnfit, RunLost, TooManyRuns
from tasks.models import AggregationRun, Assignment, Batch, Guideline
from tasks.publishing import own_batch
from workforce import access, limits
from workforce.access import Actor

RUNS_WAITING_MAX = 20  # per batch
ATTEMPTS_MAX = 3  # a run that kills its process each time (out of memory, say) is given up
GIVEN_UP = {
    "code": "failed",
    "message": "The process running it was lost each time; the cluster's log may say why.",
    "details": {"attempts": ATTEMPTS_MAX},
}
UNSEEN = timedelta(minutes=2)  # a queued run this old may have lost its job
RESTED = timedelta(minutes=10)  # between two jobs for one run: where the queue is merely long, more of them would not help
REQUEUED_MAX = 100  # in one go; the next one sees the rest

VOTES = """
COPY (SELECT t.key, a.worker_id, n.canonical ->> {control}
        FROM tasks_assignment a JOIN tasks_answer n ON n.assignment_id = a.id JOIN tasks_task t ON t.id = a.task_id
       WHERE a.batch_id = {batch} AND a.state = ANY ({counted}) AND n.canonical ? {control}
         AND ({meaning}::int IS NULL
              OR a.guideline_id IN (SELECT g.id FROM tasks_guideline g
                                     WHERE g.project_id = a.project_id AND g.meaning_version = {meaning}))) TO STDOUT (FORMAT csv)
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
    """Ask for one aggregation; the cluster runs it, and the run is the operation to poll. Twice asked is run twice.

    `control` may be left out where the method fits one control only. Locks the batch, so that the limit on waiting
    runs holds. Raises BadParameter, MethodUnfit, TooManyRuns.
    """
    batch = own_batch(actor, batch_id)
    checked = _checked(method, parameters or {})
    name = _control(batch, control, method)
    with transaction.atomic():
        access.require_open(batch.organization_id)
        Batch.objects.select_for_update(no_key=True).get(id=batch.id)
        if AggregationRun.objects.filter(batch=batch, state__in=AggregationRun.WAITING).count() >= RUNS_WAITING_MAX:
            raise TooManyRuns(limit=RUNS_WAITING_MAX)
        limits.hold("runs_per_batch", batch.id, AggregationRun.objects.filter(batch=batch))
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


def _checked(method: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """All parameters of the run. Raises BadParameter; of the methods for whole answers none has any."""
    if method not in aggregation.METHODS and method not in consensus.METHODS:
        every = [*aggregation.METHODS, *consensus.METHODS]
        raise BadParameter("There is no such method.", field="method", known=every, got=method)
    if method in aggregation.METHODS:
        return aggregation.check_parameters(method, parameters)
    if parameters:
        raise BadParameter("The method has no such parameter.", field=f"parameters.{min(parameters)}", known=[])
    return {}


def _control(batch: Batch, control: str | None, method: str) -> str:
    methods = _methods(batch)
    fitting = [name for name, known in methods.items() if method in known]
    if control is None and len(fitting) == 1:
        return fitting[0]
    if control not in fitting:
        raise MethodUnfit(field="control", known=fitting, methods=methods.get(control or "", []), got=control)
    return control


def _methods(batch: Batch) -> dict[str, list[str]]:
    return consensus.known(interface_of_project(batch.project_id).controls)


def execute_run(run_id: UUID, *, now: datetime) -> AggregationRun:
    """Run a queued aggregation to its end: done, refused (the method cannot take it) or failed (our mistake, raised again).

    Does nothing to a run that has ended or that another process is running. A run whose process was lost is taken over and starts
    anew, ATTEMPTS_MAX times in all; should the lost process still be alive, it finds its run taken and stores nothing.
    """
    taken = _take(run_id, now=now)
    run = AggregationRun.objects.select_related("batch").get(id=run_id)
    if not taken:
        return run
    watch = Stopwatch(now)
    if run.attempts > ATTEMPTS_MAX:
        _end(run, AggregationRun.State.FAILED, watch, refusal=GIVEN_UP)
    else:
        with SignsOfLife(lambda: _note(run, seen_at=watch.now())):
            _attempt(run, watch)
    run.refresh_from_db()
    return run


@transaction.atomic
def _take(run_id: UUID, *, now: datetime) -> bool:
    """Make a queued or lost run ours. A row that its process holds at this moment, storing results, is not lost: nobody waits for it."""
    free = Q(state=AggregationRun.State.QUEUED) | _lost(now)
    found = AggregationRun.objects.select_for_update(skip_locked=True, no_key=True).filter(free, id=run_id).first()
    if found is None:
        return False
    found.state, found.started_at, found.seen_at = AggregationRun.State.RUNNING, now, now
    found.attempts, found.progress = found.attempts + 1, "reading answers"
    found.save(update_fields=["state", "started_at", "seen_at", "attempts", "progress"])
    return True


def _lost(now: datetime) -> Q:
    """Running, and its process has not been seen for LOST_AFTER."""
    unseen = Q(seen_at__lt=now - LOST_AFTER) | Q(seen_at=None, started_at__lt=now - LOST_AFTER)
    return unseen & Q(state=AggregationRun.State.RUNNING)


def _attempt(run: AggregationRun, watch: Stopwatch) -> None:
    try:
        _run(run, watch)
    except RunLost:
        return
    except DomainError as error:
        _end(run, AggregationRun.State.REFUSED, watch, refusal=error.kept())
    except Exception as error:
        _end(run, AggregationRun.State.FAILED, watch, refusal={"code": "failed", "message": repr(error)[:2000], "details": {}})
        raise


def _run(run: AggregationRun, watch: Stopwatch) -> None:
    found = _over_whole_answers(run) if run.method in consensus.METHODS else _over_votes(run)
    _note(run, "storing results")
    with transaction.atomic():
        if not _end(run, AggregationRun.State.DONE, watch, ties=found.ties):
            raise RunLost
        _store(run, found)


def _over_whole_answers(run: AggregationRun) -> aggregation.Aggregate:
    """The family's own vote."""
    interface = interface_of_project(run.batch.project_id)
    _note(run, "comparing answers", versions=aggregation.versions())
    found = consensus.run(run.batch_id, interface, run.parameters["control"], run.method)
    _note(
        run,
        f"{run.method} over {found.answers} answers",
        input_digest=found.digest,
        labels=found.answers,
        tasks=found.tasks,
        workers=found.workers,
        agreement=found.agreement.alpha,
        pairwise_agreement=found.agreement.pairwise,
    )
    return found.aggregate


def _over_votes(run: AggregationRun) -> aggregation.Aggregate:
    """One of crowd-kit's methods for single classes."""
    control = run.parameters["control"]
    parameters = {name: value for name, value in run.parameters.items() if name != "control"}
    votes = votes_of(run.batch_id, control)
    truth = _truth(run.batch_id, control) if run.use_gold else {}
    oldest, newest = _meanings(run.batch_id)
    # How far people agree is said of one window: answers under a guideline of another meaning are answers to another question.
    agreed = agreement.of(votes if oldest == newest else votes_of(run.batch_id, control, meaning=newest))
    _note(
        run,
        f"{run.method} over {len(votes)} answers",
        versions=aggregation.versions(),
        input_digest=aggregation.digest(votes, truth),
        labels=len(votes),
        tasks=len(votes.tasks),
        workers=len(votes.workers),
        meaning_version=newest,
        agreement=agreed.alpha,
        pairwise_agreement=agreed.pairwise,
    )
    return aggregation.aggregate(run.method, votes, parameters=parameters, truth=truth)


def _meanings(batch_id: UUID) -> tuple[int | None, int | None]:
    """The oldest and the newest meaning of the guidelines under which a batch's counted answers were given."""
    answered = Assignment.objects.filter(batch_id=batch_id, state__in=Assignment.COUNTED).values("guideline_id").distinct()
    found = Guideline.objects.filter(id__in=answered).aggregate(oldest=Min("meaning_version"), newest=Max("meaning_version"))
    return found["oldest"], found["newest"]


def votes_of(batch_id: UUID, control: str, *, meaning: int | None = None) -> aggregation.Votes:
    """The counted answers of a batch to one control: task key, worker id, label. Read by COPY in one short statement.

    With `meaning`, those given under guidelines of that meaning version alone.
    """
    statement = psycopg.sql.SQL(VOTES).format(
        control=psycopg.sql.Literal(control),
        batch=psycopg.sql.Literal(batch_id),
        meaning=psycopg.sql.Literal(meaning),
        counted=psycopg.sql.Literal([str(state) for state in Assignment.COUNTED]),
    )
    file = io.BytesIO()
    connection.ensure_connection()
    raw: psycopg.Connection[Any] = connection.connection
    with psycopg.Cursor(raw).copy(statement) as copy:
        file.writelines(copy)
    file.seek(0)
    return aggregation.votes_of_csv(file)


def _truth(batch_id: UUID, control: str) -> dict[str, str]:
    return {key: solution[control] for key, solution in gold.truth_by_key(batch_id).items() if control in solution}


def _store(run: AggregationRun, found: aggregation.Aggregate) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT key, id::text FROM tasks_task WHERE batch_id = %s", [run.batch_id])
        ids = dict(cursor.fetchall())
    raw: psycopg.Connection[Any] = connection.connection
    run_id = str(run.id)
    json = {
        label: orjson.dumps(label).decode() for label in {one.label for one in found.conclusions if isinstance(one.label, str)}
    }
    with psycopg.Cursor(raw).copy(
        "COPY tasks_result (id, run_id, task_id, label, confidence, is_tie, tied, answers) FROM STDIN"
    ) as copy:
        for task, label, confidence, tied, answers in found.conclusions:
            listed = orjson.dumps(tied).decode() if tied else None
            written = json[label] if isinstance(label, str) else orjson.dumps(label).decode()
            copy.write_row((str(new_id()), run_id, ids[task], written, confidence, bool(tied), listed, answers))
    with psycopg.Cursor(raw).copy("COPY tasks_runskill (id, run_id, worker_id, skill, answers) FROM STDIN") as copy:
        for worker, skill, answers in found.skills:
            if skill is not None:
                copy.write_row((str(new_id()), run_id, worker, skill, answers))


def _note(run: AggregationRun, progress: str | None = None, **facts: Any) -> None:
    if progress is not None:
        facts["progress"] = progress
    AggregationRun.objects.filter(id=run.id, attempts=run.attempts, state=AggregationRun.State.RUNNING).update(**facts)


@transaction.atomic
def _end(run: AggregationRun, state: str, watch: Stopwatch, **facts: Any) -> bool:
    """Close the run and tell of it; False, and nothing happens, when another process has taken it over."""
    at = watch.now()
    mine = AggregationRun.objects.filter(id=run.id, state=AggregationRun.State.RUNNING, attempts=run.attempts)
    if not mine.update(state=state, ended_at=at, progress="", **facts):
        return False
    events.record(f"aggregation.{state}", subject_id=run.id, organization_id=run.batch.organization_id, now=at)
    return True


@transaction.atomic
def due_again(*, now: datetime) -> int:
    """Enqueue the runs whose job or process was lost, each at most once in RESTED; returns how many.

    However many jobs a run has, one process runs it.
    """
    lost = Q(state=AggregationRun.State.QUEUED, created_at__lt=now - UNSEEN) | _lost(now)
    rested = Q(requeued_at=None) | Q(requeued_at__lt=now - RESTED)
    rows = AggregationRun.objects.select_for_update(skip_locked=True, no_key=True).filter(lost & rested)
    ids = list(rows.order_by("created_at").values_list("id", flat=True)[:REQUEUED_MAX])
    AggregationRun.objects.filter(id__in=ids).update(requeued_at=now)
    for run_id in ids:
        enqueue("tasks.jobs.aggregate", str(run_id))
    return len(ids)


def newest_of_each_control(batch: Batch) -> list[AggregationRun]:
    """The run that last read the answers to each control: what is known of how far people agree."""
    ended = AggregationRun.objects.filter(batch=batch, state__in=AggregationRun.READ, labels__gt=0)
    found = [ended.filter(parameters__control=name).order_by("-ended_at").first() for name in _methods(batch)]
    return [run for run in found if run is not None]
