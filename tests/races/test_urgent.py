"""An urgent task that somebody holds at this instant is busy, not gone: whoever asks for work waits for it. First without, as the control."""

import threading

import pytest
from django.db import connection, transaction

from foundation.errors import Busy
from tasks import assigning
from tasks.models import Assignment, Task
from tests.races.crowd import all_at_once, scene
from tests.races.test_overlap import claim, work_until_nothing_is_left

CREW = 8


def hold(task: Task, held: threading.Event, seconds: float) -> threading.Thread:
    """Hold a task's row for so long, as a claim that has not committed does."""

    def run() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                Task.objects.select_for_update().get(id=task.id)
                held.set()
                cursor.execute("SELECT pg_sleep(%s)", [seconds])
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    held.wait()
    return thread


@pytest.mark.usefixtures("committed_db")
def test_control_skipping_what_is_busy_finds_nothing_though_a_place_is_open(now):
    place = scene(tasks=1, overlap=2, workers=1, now=now, lane=Task.Lane.URGENT)
    task = Task.objects.get(batch=place.batch)
    thread = hold(task, threading.Event(), 0.3)
    with transaction.atomic():
        free = Task.objects.filter(batch=place.batch, need__gt=0).select_for_update(skip_locked=True).first()
    thread.join()
    assert free is None, "without the rule a busy task looks like no work"
    assert Task.objects.get(id=task.id).need == 2


@pytest.mark.usefixtures("committed_db")
def test_a_claim_waits_for_the_one_urgent_task_that_is_busy(now):
    place = scene(tasks=1, overlap=2, workers=1, now=now, lane=Task.Lane.URGENT)
    task = Task.objects.get(batch=place.batch)
    thread = hold(task, threading.Event(), 0.3)
    leases = claim(place, place.workers[0], now)
    thread.join()
    assert [lease.task_id for lease in leases] == [task.id]


@pytest.mark.usefixtures("committed_db")
@pytest.mark.parametrize("repeat", range(3))
def test_everybody_who_may_have_a_place_of_the_one_urgent_task_gets_it(now, repeat):
    place = scene(tasks=1, overlap=CREW, workers=CREW, now=now, lane=Task.Lane.URGENT)
    got: list[int] = []

    def once(n: int) -> None:
        while True:
            try:
                got.append(len(claim(place, place.workers[n], now)))
                return
            except Busy:
                continue  # said as it is, with Retry-After; never "no work"

    all_at_once(once, CREW)
    assert got == [1] * CREW
    assert place.counts()["need"] == 0


@pytest.mark.usefixtures("committed_db")
def test_every_urgent_task_finishes_when_there_are_only_as_many_annotators_as_the_overlap(now):
    place = scene(tasks=40, overlap=CREW, workers=CREW, now=now, lane=Task.Lane.URGENT)
    all_at_once(lambda n: work_until_nothing_is_left(place, place.workers[n]), CREW)
    assert place.counts() == {"handed_out": 40 * CREW, "over": 0, "unfinished": 0, "need": 0}


@pytest.mark.usefixtures("committed_db")
def test_what_re_opens_while_others_claim_is_behind_no_cursor(now):
    """Half the crew gives back what it gets; the other half, whose cursors run to the tail meanwhile, finishes everything."""
    place = scene(tasks=30, overlap=4, workers=CREW, now=now, lane=Task.Lane.URGENT)

    def act(n: int) -> None:
        if n % 2:
            work_until_nothing_is_left(place, place.workers[n])
            return
        empty = False
        while not empty:
            try:
                leases = claim(place, place.workers[n], now)
            except Busy:
                continue
            empty = not leases
            for lease in leases:
                assigning.return_task(lease.id, worker_id=place.workers[n], token=lease.token, now=now)

    all_at_once(act, CREW)
    for worker in place.workers[1::2]:
        work_until_nothing_is_left(place, worker)
    assert place.counts() == {"handed_out": 120, "over": 0, "unfinished": 0, "need": 0}
    again = Assignment.objects.filter(batch=place.batch, state="returned").values_list("task_id", "worker_id")
    assert len(again) == len(set(again)), "nobody was given back what others could take"
