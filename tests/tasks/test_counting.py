"""The tally of a batch is exact whatever happens, and what rests on it reads no row per task or answer."""

import random
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from config.jobs import broken_invariants
from tasks import assigning, counting, job_list, publishing, reserving, reviewing
from tasks.errors import NotTooFast
from tasks.invariants import CHECKS
from tasks.models import Assignment, Batch, Enrolment, Tally, Task
from tests import builders
from tests.races.crowd import all_at_once
from tests.tasks import scenes
from tests.tasks.test_assigning import buffers

TALLY = next(name for name in CHECKS if name.startswith("the tally"))


def true_counts(batch: Batch) -> dict[str, int]:
    tasks = list(Task.objects.filter(batch=batch))
    ordinary = [task for task in tasks if task.lane != Task.Lane.GOLD]
    states = list(Assignment.objects.filter(batch=batch).values_list("state", flat=True))
    return {
        "tasks": len(ordinary),
        "complete": sum(task.state == "complete" for task in ordinary),
        "places": sum(task.overlap for task in ordinary),
        "answered": sum(task.done for task in ordinary),
        "gold_wished": sum(task.overlap for task in tasks if task.lane == Task.Lane.GOLD),
        "gold_others": sum(task.lane == Task.Lane.GOLD and not task.overlap for task in tasks),
        "gold_answered": sum(task.done for task in tasks if task.lane == Task.Lane.GOLD),
        "need": sum(task.need for task in tasks),
        **{state: states.count(state) for state in Assignment.State.values},
    }


def test_a_life_of_a_batch_is_counted_as_it_happens(rita, olga, wanda, walt, now):
    batch = scenes.opened(rita, olga, tasks=12, gold=4, overlap=2, gold_percent=10)
    chance, at = random.Random(1), now
    for n in range(60):
        at += timedelta(minutes=1)
        who = chance.choice([wanda, walt])
        for lease in scenes.claim(who, batch, count=chance.choice([1, 3]), now=at):
            what = chance.random()
            if what < 0.2:
                assigning.return_task(lease.id, worker_id=who.worker.id, token=lease.token, now=at)
            elif what < 0.8:
                row = scenes.submit(who, lease, now=at)
                if what < 0.3 and n < 20:
                    reviewing.reject(olga.actor, row.id, reason="low_effort", comment=scenes.COMMENT, evidence={"x": 1}, now=at)
                    if what < 0.25:
                        reviewing.accept(rita.actor, row.id, now=at)
        if n % 10 == 9:
            at += timedelta(hours=2)
            assigning.expire_due(now=at)
            assert counting.of_batch(batch.id) == true_counts(batch)
    reviewing.accept_submitted(rita.actor, batch.id, now=at)
    publishing.close(rita.actor, batch.id, now=at)
    assert counting.of_batch(batch.id) == true_counts(batch)
    assert TALLY not in broken_invariants()


def test_progress_and_quote_say_what_the_rows_say(rita):
    batch = scenes.draft(rita, tasks=5, gold=2, overlap=3)
    told = rita.get(f"batches/{batch.id}").json()["progress"]
    assert (told["tasks"], told["places"], told["complete"], told["leased"]) == (5, 15, 0, 0)


@pytest.mark.usefixtures("committed_db")
def test_many_at_once_lose_no_count_and_folding_keeps_the_rows_few(now):
    rita, olga = builders.requester("rita", now=now), builders.operator("olga", now=now)
    batch = scenes.opened(rita, olga, tasks=100, overlap=6)
    crew = [builders.worker(f"w{n}", now=now) for n in range(6)]
    all_at_once(lambda n: scenes.answered(crew[n], batch, count=40), 6)
    assert counting.of_batch(batch.id) == true_counts(batch)
    assert Tally.objects.filter(batch_id=batch.id).count() < 6 * 40 * 4 * 0.8, "every 256th row folds those before it"
    all_at_once(lambda _: fold(batch), 6)
    assert counting.of_batch(batch.id) == true_counts(batch)
    fold(batch)
    assert Tally.objects.filter(batch_id=batch.id).count() == 1


def fold(batch: Batch) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tasks_fold_tally(%s)", [batch.id])


def test_what_is_rolled_back_is_not_counted(rita, olga, wanda):
    batch = scenes.opened(rita, olga, tasks=2)
    before = counting.of_batch(batch.id)
    with pytest.raises(RuntimeError), transaction.atomic():
        scenes.claim(wanda, batch)
        assert counting.of_batch(batch.id)["leased"] == 1
        raise RuntimeError
    assert counting.of_batch(batch.id) == before


def test_the_nightly_check_finds_a_tally_that_is_wrong(rita, olga):
    batch = scenes.opened(rita, olga)
    Tally.objects.create(batch_id=batch.id, submitted=1)
    assert broken_invariants()[TALLY] == [f"batch {batch.id}"]


# ---- what is read ----

HISTORY = 4000


@pytest.fixture
def long_batch(rita, olga, wanda):
    """An open batch with HISTORY tasks, each answered and waiting for review."""
    batch = scenes.opened(rita, olga, tasks=2, overlap=2)
    scenes.answered(wanda, batch)
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH made AS (
                 INSERT INTO tasks_task (id, project_id, batch_id, key, payload, lane, position, overlap, need, done, state, created_at)
                 SELECT gen_random_uuid(), %(project)s, %(batch)s, 'h' || n, '{"text": "x"}', 0, 10 + n, 2, 1, 1, 'open', %(now)s
                   FROM generate_series(1, %(n)s) n RETURNING id)
               INSERT INTO tasks_assignment (id, task_id, worker_id, project_id, batch_id, state, token, price_micros, fee_micros,
                   currency, guideline_id, review_seconds, leased_at, expires_at, submitted_at, review_due_at, credited_seconds)
               SELECT gen_random_uuid(), id, %(worker)s, %(project)s, %(batch)s, 'submitted', gen_random_uuid(), 1, 0, 'USD',
                      %(guideline)s, 60, %(now)s, %(now)s::timestamptz + interval '1 hour', %(now)s, %(now)s, 9 + random() FROM made""",
            {
                "project": batch.project_id,
                "batch": batch.id,
                "worker": wanda.worker.id,
                "guideline": batch.guideline_id,
                "now": wanda.now,
                "n": HISTORY,
            },
        )
        cursor.execute("SELECT tasks_fold_tally(%s)", [batch.id])
        cursor.execute("ANALYZE tasks_task, tasks_assignment, tasks_answer, tasks_tally")
    return batch


def pages_read(act) -> int:
    """The pages that the statements of an act touch, each explained once more after it."""
    with CaptureQueriesContext(connection) as captured:
        act()
    reads = [query["sql"] for query in captured if query["sql"].startswith("SELECT") and "%(" not in query["sql"]]
    assert reads
    total = 0
    for sql in reads:
        touched, plan = buffers(sql)
        total += touched
        for table in ("tasks_task", "tasks_assignment"):
            assert (
                f"'Node Type': 'Seq Scan', 'Parallel Aware': False, 'Async Capable': False, 'Relation Name': '{table}'"
                not in plan
            ), sql
    return total


def test_progress_and_quote_read_no_row_per_task(long_batch, now):
    assert pages_read(lambda: publishing.progress(long_batch)) < 20
    assert pages_read(lambda: publishing.quote(long_batch, now=now)) < 60


def test_what_is_outstanding_reads_no_row_per_answer(long_batch, now):
    statement, values = reserving.OUTSTANDING, {"batch_id": long_batch.id, "escrow_id": long_batch.escrow_id, "place_micros": 1}
    touched, plan = buffers(statement, values | {"kept_since": now})
    assert "Seq Scan on tasks_assignment" not in plan
    assert touched < 60


def test_the_cap_on_rejections_and_the_check_of_haste_read_no_more_with_every_answer(rita, long_batch, monkeypatch):
    answer = Assignment.objects.filter(batch=long_batch).first()
    assert pages_read(lambda: reviewing._check_cap(rita.actor, long_batch, rita.now)) < 20
    monkeypatch.setattr(reviewing, "TOO_FAST_NEWEST", 50)

    def hasty() -> None:
        with pytest.raises(NotTooFast):
            reviewing._check_too_fast(answer)

    assert pages_read(hasty) < 200, "fifty rows and their pages"


# ---- accepting everything ----


def test_accepting_everything_is_an_operation_that_goes_on_where_it_was(rita, rex, olga, wanda, monkeypatch):
    monkeypatch.setattr(reviewing, "ACCEPT_CHUNK", 2)
    batch = scenes.opened(rita, olga, tasks=7, max_leases=10)
    scenes.answered(wanda, batch, count=7)
    begun = rita.post(f"batches/{batch.id}/accept-submitted", key="all").json()
    assert (begun["state"], begun["waiting"], begun["accepted"]) == ("running", 7, 2)
    assert rita.post(f"batches/{batch.id}/accept-submitted", key="all").json() == begun, "the same key, the same answer"
    assert rita.post(f"batches/{batch.id}/accept-submitted").json()["id"] == begun["id"], "one at a time"
    assert rex.get(f"acceptances/{begun['id']}").status_code == 404
    assert wanda.get(f"acceptances/{begun['id']}").status_code == 404
    assert reviewing._accept_chunk(begun["id"], now=rita.now) is False
    assert rita.get(f"acceptances/{begun['id']}").json()["accepted"] == 4
    # Its process is lost; a minute later somebody looks.
    assert reviewing.continue_acceptances(now=rita.now) == 0
    assert reviewing.continue_acceptances(now=rita.now + timedelta(minutes=3)) == 1
    assert reviewing.continue_acceptances(now=rita.now + timedelta(minutes=9)) == 0
    done = rita.get(f"acceptances/{begun['id']}").json()
    assert (done["state"], done["accepted"]) == ("done", 7)
    assert reviewing.accept_the_rest(begun["id"], now=rita.now) is True
    assert scenes.money(batch, wanda)["earnings"] == 7 * scenes.PRICE


@pytest.mark.usefixtures("committed_db")
def test_two_runs_of_one_acceptance_accept_everything_once(now, monkeypatch):
    monkeypatch.setattr(reviewing, "ACCEPT_CHUNK", 3)
    rita, olga = builders.requester("rita", now=now), builders.operator("olga", now=now)
    batch = scenes.opened(rita, olga, tasks=20, max_leases=10)
    wanda = builders.worker("wanda", now=now)
    scenes.answered(wanda, batch, count=20)
    begun: list = []
    all_at_once(lambda _: begun.append(reviewing.accept_submitted(rita.actor, batch.id, now=now).id), 4)
    assert len(set(begun)) == 1
    all_at_once(lambda _: reviewing.accept_the_rest(begun[0], now=now), 4)
    reviewing.accept_the_rest(begun[0], now=now)
    assert scenes.money(batch, wanda)["earnings"] == 20 * scenes.PRICE
    assert not broken_invariants()


# ---- the list of jobs ----


def test_older_jobs_are_not_hidden_behind_newer_ones_that_are_not_for_them(rita, olga, wanda, now, monkeypatch):
    monkeypatch.setattr(job_list, "JOBS_MAX", 2)
    monkeypatch.setattr(job_list, "LOOKED_AT_ONCE", 2)
    mine = scenes.opened(rita, olga, tasks=1)
    only_french = [{"subject": "language", "comparator": "in", "values": ["fr"]}]
    closed_to_her = [scenes.draft(rita, tasks=1, requirements=only_french) for _ in range(4)]
    for n, batch in enumerate(closed_to_her, start=1):
        publishing.publish(rita.actor, batch.id, now=now + timedelta(minutes=n))
    for eligible_only in (True, False):
        listed = job_list.jobs_for(wanda.worker.id, now=now, eligible_only=eligible_only)
        assert listed[0]["batch_id"] == mine.id
        assert len(listed) == (1 if eligible_only else 2)


def test_a_job_with_a_task_in_hand_is_always_listed(rita, olga, wanda, now):
    batch = scenes.opened(rita, olga, tasks=2)
    scenes.claim(wanda, batch)
    Enrolment.objects.filter(worker=wanda.worker).update(eligible_until=now)
    publishing.pause(rita.actor, batch.id, now=now)
    [job] = job_list.jobs_for(wanda.worker.id, now=now, eligible_only=True)
    assert (job["batch_id"], job["held"], job["state"]) == (batch.id, 1, "paused")
