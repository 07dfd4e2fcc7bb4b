"""Twenty-four annotators at once: every task gets exactly the answers it wants. First the races without the guards, as the control."""

import random
from contextlib import suppress
from datetime import datetime
from uuid import UUID

import pytest
from django.db import connection, transaction

from foundation.errors import Busy
from tasks import answering, assigning
from tasks.errors import LeaseLost, TooManyLeases
from tasks.models import Assignment, Task
from tests.races.crowd import RESULT, Scene, all_at_once, later, scene

THREADS, TASKS, OVERLAP = 24, 300, 3


def claim(place: Scene, worker: UUID, now: datetime) -> list[assigning.Lease]:
    return assigning.claim_next(worker, standing=1, batch_id=place.batch.id, now=now)


def submit(lease: assigning.Lease, worker: UUID, now: datetime) -> answering.Submission:
    return answering.submit(lease.id, worker_id=worker, token=lease.token, result=RESULT, now=now)


def work_until_nothing_is_left(place: Scene, worker: UUID) -> None:
    now, empty = place.now, 0
    while empty < 2:
        try:
            leases = claim(place, worker, now)
        except Busy:
            continue
        empty = 0 if leases else empty + 1
        for lease in leases:
            now = later(now, 7)
            submit(lease, worker, now)


def work_carelessly(place: Scene, worker: UUID, seed: int) -> None:
    """Some leases are returned (a task once: twice, and it is for others), some left to expire and then handed in too late, some twice."""
    chance, now, empty, forgotten, returned = random.Random(seed), place.now, 0, [], set[UUID]()
    while empty < 3:
        try:
            leases = claim(place, worker, now)
        except (Busy, TooManyLeases):
            now = later(now, 700)
            continue
        empty = 0 if leases else empty + 1
        now = later(now, 5 if leases else 700)  # past the lease: what others forgot comes back
        for lease in leases:
            what = chance.random()
            if what < 0.10 and lease.task_id not in returned:
                returned.add(lease.task_id)
                with suppress(LeaseLost):  # someone further on in time may have expired it
                    assigning.return_task(lease.id, worker_id=worker, token=lease.token, now=now)
            elif what < 0.20:
                forgotten.append(lease)
                now = later(now, 700)
            else:
                submit(lease, worker, now)
                if what > 0.9:
                    submit(lease, worker, later(now, 1))
    for lease in forgotten:
        with suppress(LeaseLost):
            submit(lease, worker, later(now, 10))


@pytest.mark.usefixtures("committed_db")
def test_control_counting_before_inserting_hands_out_too_much(now):
    place = scene(tasks=6, overlap=OVERLAP, workers=12, now=now)

    def count_then_insert(n: int) -> None:
        for _ in range(6):
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(
                    "SELECT t.id FROM tasks_task t WHERE t.batch_id = %s AND t.overlap > (SELECT count(*) FROM tasks_assignment a"
                    " WHERE a.task_id = t.id) AND NOT EXISTS (SELECT 1 FROM tasks_assignment a WHERE a.task_id = t.id AND"
                    " a.worker_id = %s) ORDER BY t.position LIMIT 1",
                    [place.batch.id, place.workers[n]],
                )
                found = cursor.fetchone()
                cursor.execute("SELECT pg_sleep(0.01)")
                if found:
                    Assignment.objects.create(
                        task_id=found[0],
                        worker_id=place.workers[n],
                        project_id=place.batch.project_id,
                        batch=place.batch,
                        price_micros=1,
                        fee_micros=0,
                        currency="USD",
                        guideline_id=place.batch.guideline_id,
                        review_seconds=60,
                        leased_at=now,
                        expires_at=later(now, 600),
                    )

    all_at_once(count_then_insert, 12)
    assert place.counts()["over"] > 0, "without the guard the race must show, or the tests below prove nothing"


@pytest.mark.usefixtures("committed_db")
def test_control_a_plain_cursor_starves_tasks(now):
    place = scene(tasks=120, overlap=8, workers=8, now=now)

    def plain_cursor(n: int) -> None:
        position, empty = 0, 0
        while empty < 2:
            with transaction.atomic():
                task = (
                    Task.objects.filter(batch=place.batch, need__gt=0, position__gt=position)
                    .select_for_update(skip_locked=True)
                    .order_by("position")
                    .first()
                )
                if task is None:
                    empty += 1
                    continue
                Task.objects.filter(id=task.id).update(need=task.need - 1)
                position = task.position

    all_at_once(plain_cursor, 8)
    assert place.counts()["need"] > 0, "a cursor that passes busy tasks must starve some, or the test below proves nothing"


@pytest.mark.usefixtures("committed_db")
@pytest.mark.parametrize("repeat", range(5))
def test_exactly_the_overlap_is_handed_out(now, repeat):
    place = scene(tasks=TASKS, overlap=OVERLAP, workers=THREADS, now=now)
    all_at_once(lambda n: work_until_nothing_is_left(place, place.workers[n]), THREADS)
    assert place.counts() == {"handed_out": TASKS * OVERLAP, "over": 0, "unfinished": 0, "need": 0}


@pytest.mark.usefixtures("committed_db")
def test_every_task_finishes_when_there_are_only_as_many_annotators_as_the_overlap(now):
    place = scene(tasks=100, overlap=8, workers=8, now=now)
    all_at_once(lambda n: work_until_nothing_is_left(place, place.workers[n]), 8)
    assert place.counts() == {"handed_out": 800, "over": 0, "unfinished": 0, "need": 0}


@pytest.mark.usefixtures("committed_db")
def test_returns_expiries_and_repeats_lose_no_task_and_collect_none_twice(now):
    place = scene(tasks=60, overlap=3, workers=12, now=now)
    all_at_once(lambda n: work_carelessly(place, place.workers[n], seed=n), 12)
    end = later(now, 40_000_000)
    while assigning.expire_due(now=end):
        pass
    for worker in place.workers:  # whoever is left tidies up
        place.now = end
        work_until_nothing_is_left(place, worker)
    counts = place.counts()
    assert counts == {"handed_out": 180, "over": 0, "unfinished": 0, "need": 0}


@pytest.mark.usefixtures("committed_db")
def test_as_many_annotators_as_the_overlap_who_return_and_forget_still_finish_everything(now):
    place = scene(tasks=40, overlap=4, workers=4, now=now)
    all_at_once(lambda n: work_carelessly(place, place.workers[n], seed=100 + n), 4)
    end = later(now, 40_000_000)
    assigning.expire_due(now=end)
    place.now = end
    for worker in place.workers:
        work_until_nothing_is_left(place, worker)
    counts = place.counts()
    assert counts["over"] == 0
    # A late answer of one's own task fills no place of it twice, so what is late here was answered again by the same person.
    assert counts["unfinished"] == 0


@pytest.mark.usefixtures("committed_db")
def test_fifty_claims_with_one_key_are_one_claim(now):
    place = scene(tasks=60, overlap=1, workers=1, now=now)
    got: list[UUID] = []

    def once(_: int) -> None:
        leases = assigning.claim_next(place.workers[0], standing=1, batch_id=place.batch.id, now=now, claim_key="the same")
        got.extend(lease.id for lease in leases)

    all_at_once(once, 50)
    assert len(got) == 50
    assert len(set(got)) == 1
    assert Assignment.objects.filter(batch=place.batch).count() == 1


@pytest.mark.usefixtures("committed_db")
def test_fifty_submits_of_one_answer_are_one_answer_paid_once(now):
    from payments.models import Transfer

    place = scene(tasks=1, overlap=1, workers=1, now=now)
    [lease] = claim(place, place.workers[0], now)
    outcomes: list[answering.Submission] = []
    all_at_once(lambda _: outcomes.append(submit(lease, place.workers[0], later(now, 9))), 50)
    assert len(set(outcomes)) == 1
    assert Transfer.objects.filter(reference=lease.id).count() == 1
    assert Task.objects.get(id=lease.task_id).done == 1


@pytest.mark.usefixtures("committed_db")
def test_one_worker_never_holds_more_than_allowed_however_many_claims_race(now):
    place = scene(tasks=50, overlap=1, workers=1, now=now)
    refused: list[Exception] = []

    def grab(_: int) -> None:
        try:
            claim(place, place.workers[0], now)
        except (TooManyLeases, Busy) as error:
            refused.append(error)

    all_at_once(grab, 16)
    assert Assignment.objects.filter(batch=place.batch, state="leased").count() == 1
    assert len(refused) == 15


@pytest.mark.usefixtures("committed_db")
def test_a_late_answer_is_used_while_its_place_is_free_and_kept_when_it_is_not(now):
    place = scene(tasks=1, overlap=1, workers=2, now=now)
    first, second = place.workers
    [lease] = claim(place, first, now)
    assigning.expire_due(now=later(now, 601))
    assert submit(lease, first, later(now, 700)).state == "submitted"

    place = scene(tasks=1, overlap=1, workers=2, now=now)
    first, second = place.workers
    [lost] = claim(place, first, now)
    [taken] = claim(place, second, later(now, 601))
    outcome = submit(lost, first, later(now, 650))
    assert (outcome.state, outcome.price_micros) == ("late", 0)
    assert submit(taken, second, later(now, 660)).state == "submitted"
