"""Who is given what: keys of claims, what was given back, and statements that read no more than they need, whatever the history."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from foundation.idempotency import KeyReused
from tasks import assigning, publishing
from tasks.errors import TaskTaken
from tasks.models import Assignment, Batch, Enrolment, Task
from tests import builders
from tests.tasks import scenes


def give_back(worker, lease, *, now=None):
    assigning.return_task(lease.id, worker_id=worker.worker.id, token=lease.token, now=now or worker.now)


def of_key(worker, batch, key, count=1):
    return assigning.claim_next(
        worker.worker.id, standing=worker.actor.standing, batch_id=batch.id, now=worker.now, count=count, claim_key=key
    )


def buffers(statement: str, parameters: dict | None = None) -> tuple[int, str]:
    """How many pages a statement touches, and its plan."""
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + statement, parameters)
        [[plan]] = cursor.fetchall()
    top = plan[0]["Plan"]
    return top["Shared Hit Blocks"] + top["Shared Read Blocks"], str(plan)


# ---- what was given back ----


def test_a_task_given_back_goes_to_others_first(rita, olga, wanda, walt):
    batch = scenes.opened(rita, olga, tasks=1, overlap=1)
    scenes.claim(walt, batch, count=1)
    [held] = scenes.claim(walt, batch) or Assignment.objects.filter(batch=batch, state="leased")
    give_back(walt, held)
    [lease] = scenes.claim(wanda, batch)  # wanda takes part from now on
    give_back(wanda, lease)
    Assignment.objects.filter(batch=batch, worker=walt.worker).update(state="expired")  # as if walt had only let it run out
    assert scenes.claim(wanda, batch) == [], "walt may still take it"
    [taken] = scenes.claim(walt, batch)
    assert taken.task_id == lease.task_id


def test_the_last_task_comes_back_once_to_whoever_is_alone(rita, olga, wanda):
    batch = scenes.opened(rita, olga, tasks=1, overlap=1)
    for _ in range(2):
        [lease] = scenes.claim(wanda, batch)
        give_back(wanda, lease)
    assert scenes.claim(wanda, batch) == [], "twice is enough"
    assert Task.objects.get(batch=batch).need == 1, "the place stays open for others"


def test_two_who_both_gave_it_back_do_not_wait_for_each_other(rita, olga, wanda, walt):
    batch = scenes.opened(rita, olga, tasks=1, overlap=1)
    for person in (wanda, walt):
        [lease] = scenes.claim(person, batch)
        give_back(person, lease)
    [lease] = scenes.claim(wanda, batch)
    assert lease.task_id == Task.objects.get(batch=batch).id


def test_what_others_did_not_take_within_a_day_comes_back(rita, olga, wanda, walt):
    batch = scenes.opened(rita, olga, tasks=2, overlap=1)
    [first] = scenes.claim(wanda, batch)
    [second] = scenes.claim(walt, batch)
    scenes.submit(walt, second)
    give_back(wanda, first)
    assert scenes.claim(wanda, batch) == []
    [again] = scenes.claim(wanda, batch, now=wanda.now + timedelta(hours=24))
    assert again.task_id == first.task_id


def test_other_work_comes_before_what_was_given_back(rita, olga, wanda):
    batch = scenes.opened(rita, olga, tasks=4, overlap=1, max_leases=10)
    [first] = scenes.claim(wanda, batch)
    give_back(wanda, first)
    given = [scenes.claim(wanda, batch)[0].task_id for _ in range(4)]
    assert given[-1] == first.task_id
    assert len(set(given)) == 4


def test_a_chosen_task_is_given_to_one_person_twice_at_most(rita, olga, wanda):
    batch = scenes.opened(rita, olga, tasks=2, overlap=1, workers_choose=True)
    task = Task.objects.filter(batch=batch).first()
    for _ in range(2):
        [lease] = assigning.claim_next(
            wanda.worker.id, standing=wanda.actor.standing, batch_id=batch.id, now=wanda.now, task_id=task.id
        )
        give_back(wanda, lease)
    with pytest.raises(TaskTaken):
        assigning.claim_next(wanda.worker.id, standing=wanda.actor.standing, batch_id=batch.id, now=wanda.now, task_id=task.id)


# ---- cursors ----


def test_cursors_run_to_the_tail_where_nothing_is_left_for_somebody_and_what_re_opens_is_behind_it(rita, olga, wanda, walt):
    batch = scenes.opened(rita, olga, tasks=6, overlap=2)
    Task.objects.filter(batch=batch, key__in=["t0", "t1", "t2"]).update(lane=Task.Lane.URGENT)
    held = scenes.claim(walt, batch)
    scenes.answered(wanda, batch, count=6)
    assert scenes.claim(wanda, batch) == []
    enrolment = Enrolment.objects.get(worker=wanda.worker, batch=batch)
    assert (enrolment.cursor, enrolment.urgent_cursor) == (6, 6)
    give_back(walt, held[0])
    task = Task.objects.get(id=held[0].task_id)
    assert (task.lane, task.position) == (Task.Lane.URGENT, 7)


# ---- what is read ----

HISTORY = 3000


def with_history(worker, batch: Batch) -> None:
    """The worker has claimed HISTORY tasks of the batch, each with a key of its own, which all stay open for others."""
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH made AS (
                 INSERT INTO tasks_task (id, project_id, batch_id, key, payload, lane, position, overlap, need, done, state, created_at)
                 SELECT gen_random_uuid(), %(project)s, %(batch)s, 'h' || n, '{"text": "x"}', 1, n, 9, 8, 1, 'open', %(now)s
                   FROM generate_series(1, %(n)s) n RETURNING id, position)
               INSERT INTO tasks_assignment (id, task_id, worker_id, project_id, batch_id, state, token, claim_key, price_micros,
                   fee_micros, currency, guideline_id, review_seconds, leased_at, expires_at, submitted_at, review_due_at)
               SELECT gen_random_uuid(), id, %(worker)s, %(project)s, %(batch)s, 'submitted', gen_random_uuid(),
                      md5(position::text) || ':1:1', 1, 0, 'USD', %(guideline)s, 60, %(now)s, %(now)s::timestamptz + interval '1 hour',
                      %(now)s, %(now)s FROM made""",
            {
                "project": batch.project_id,
                "batch": batch.id,
                "worker": worker.worker.id,
                "guideline": batch.guideline_id,
                "now": worker.now,
                "n": HISTORY,
            },
        )
        cursor.execute("ANALYZE tasks_task, tasks_assignment, tasks_enrolment")


@pytest.fixture
def busy_past(rita, olga, wanda):
    batch = scenes.opened(rita, olga, tasks=3, overlap=1)
    Task.objects.filter(batch=batch).update(position=HISTORY + 1 + F("position"))
    Batch.objects.filter(id=batch.id).update(tail=HISTORY + 10)
    scenes.claim(wanda, batch)
    with_history(wanda, batch)
    Enrolment.objects.filter(worker=wanda.worker).update(urgent_cursor=HISTORY)  # where its claims would have left it
    return batch


def test_a_claim_with_a_key_reads_its_own_rows_and_not_the_workers_history(busy_past, wanda):
    with CaptureQueriesContext(connection) as captured:
        assigning._leases_of_key(
            wanda.worker.id, {"claim_key": "a new one", "count": 1, "batch_id": busy_past.id, "standing": 1}, None
        )
    [query] = captured.captured_queries
    touched, plan = buffers(query["sql"])
    assert "claim_once_per_key" in plan
    assert touched < 30


def test_keys_that_begin_alike_or_hold_wildcards_are_told_apart(rita, olga, wanda):
    batch = scenes.opened(rita, olga, tasks=8, overlap=1, lease_size=2, max_leases=10)
    plain, longer, wild = of_key(wanda, batch, "k"), of_key(wanda, batch, "k:1", count=2), of_key(wanda, batch, "k%_\\")
    assert len({lease.id for lease in [*plain, *longer, *wild]}) == 4
    assert of_key(wanda, batch, "k") == plain
    assert sorted(lease.id for lease in of_key(wanda, batch, "k:1", count=2)) == sorted(lease.id for lease in longer)
    assert of_key(wanda, batch, "k%_\\") == wild
    with pytest.raises(KeyReused):
        of_key(wanda, batch, "k", count=2)


def test_a_claim_reads_no_urgent_tasks_that_the_worker_has_done(busy_past, wanda):
    parameters = {
        "worker_id": wanda.worker.id,
        "batch_id": busy_past.id,
        "standing": wanda.actor.standing,
        "now": wanda.now,
        "count": 1,
        "ids": [Task.objects.first().id],
        "tokens": [Task.objects.first().id],
        "claim_key": None,
    }
    touched, plan = buffers(assigning.CLAIM_NEXT, parameters)
    assert "Seq Scan on tasks_task" not in plan
    assert "Seq Scan on tasks_assignment" not in plan
    assert touched < HISTORY / 5, "the rows of its history are more"


def test_a_closed_door_is_said_at_once(rita, olga, wanda):
    batch = scenes.opened(rita, olga, tasks=2)
    scenes.claim(wanda, batch)
    publishing.close(rita.actor, batch.id, now=rita.now)
    answer = wanda.post(f"batches/{batch.id}/claim")
    assert (answer.status_code, answer.json()["code"]) == (409, "batch_not_open")


def test_somebody_new_is_told_the_same(rita, olga, wanda):
    batch = scenes.opened(rita, olga, tasks=2)
    publishing.close(rita.actor, batch.id, now=rita.now)
    assert builders.worker("late", now=wanda.now).post(f"batches/{batch.id}/claim").json()["code"] == "batch_not_open"
