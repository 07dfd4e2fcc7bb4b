"""The end of a batch tells no gold: who is handed one more task after the last other one would know what it is."""

import pytest

from tasks import assigning, job_list, publishing
from tasks.errors import TaskTaken
from tasks.models import Assignment, Task
from tests.tasks import scenes

pytestmark = pytest.mark.django_db

GOLD = Task.Lane.GOLD


def _lanes(leases) -> list[int]:
    lane_of = dict(Task.objects.filter(id__in=[lease.task_id for lease in leases]).values_list("id", "lane"))
    return [lane_of[lease.task_id] for lease in leases]


def _has_places(worker, batch) -> bool:
    (job,) = job_list.jobs_for(worker.worker.id, now=worker.now, batch_id=batch.id)
    return bool(job["has_places"])


def _gold_left(batch) -> bool:
    return Task.objects.filter(batch=batch, lane=GOLD, need__gt=0).exists()


def test_what_is_claimed_was_listed_as_having_places(rita, olga, wanda, walt):
    batch = scenes.opened(rita, olga, tasks=6, gold=8, gold_percent=50, max_leases=1, lease_size=1, overlap=2)
    met = []
    for worker in (wanda, walt):
        while leases := [_has_places(worker, batch), *scenes.claim(worker, batch)][1:]:
            met += _lanes(leases)
            scenes.submit(worker, leases[0])
    assert met.count(GOLD) >= 4, "gold is mixed in as before"
    assert met.count(Task.Lane.ORDINARY) == 12
    assert _gold_left(batch)


@pytest.mark.parametrize("tasks", [1, 4])
def test_the_last_a_worker_gets_is_no_gold_and_the_list_says_so(rita, olga, wanda, tasks):
    batch = scenes.opened(rita, olga, tasks=tasks, gold=8, gold_percent=50, max_leases=1, lease_size=1)
    lane = None
    while True:
        listed, leases = _has_places(wanda, batch), scenes.claim(wanda, batch)
        assert bool(leases) == listed
        if not leases:
            break
        (lane,) = _lanes(leases)
        scenes.submit(wanda, leases[0])
    assert lane == Task.Lane.ORDINARY
    assert _gold_left(batch)


def test_a_short_set_holds_no_more_gold_than_one_by_one(rita, olga, wanda, walt):
    """Gold is due by places of the set: those that the set does not come to bring none."""
    batch = scenes.opened(rita, olga, tasks=2, gold=20, gold_percent=50, max_leases=20, lease_size=20, overlap=2)
    for worker in (wanda, walt):
        leases = scenes.claim(worker, batch, count=20)
        lanes = _lanes(leases)
        assert lanes.count(Task.Lane.ORDINARY) == 2
        assert lanes.count(GOLD) <= 3  # blocks of two: at most two before the first other task, and one before the second
        assert scenes.claim(worker, batch) == []


def test_gold_given_back_does_not_come_alone(rita, olga, wanda):
    batch = scenes.opened(rita, olga, tasks=3, gold=6, gold_percent=50, max_leases=1, lease_size=1)
    met, returned = [], 0
    for _ in range(40):
        leases = scenes.claim(wanda, batch)
        if not leases:
            break
        (lane,) = _lanes(leases)
        met.append(lane)
        if lane == GOLD:
            returned += 1
            assigning.return_task(leases[0].id, worker_id=wanda.worker.id, token=leases[0].token, now=wanda.now)
        else:
            scenes.submit(wanda, leases[0])
    assert returned
    assert met[-1] == Task.Lane.ORDINARY
    assert not _has_places(wanda, batch)
    assert scenes.claim(wanda, batch) == []


def test_what_was_given_back_comes_again_with_gold_among_it_only_beside_other_work(rita, olga, wanda):
    batch = scenes.opened(rita, olga, tasks=2, gold=2, gold_percent=50, max_leases=4, lease_size=4)
    leases = scenes.claim(wanda, batch, count=4)
    assert GOLD in _lanes(leases)
    for lease in leases:
        assigning.return_task(lease.id, worker_id=wanda.worker.id, token=lease.token, now=wanda.now)
    again = []
    while leases := scenes.claim(wanda, batch):
        again += _lanes(leases)
        scenes.submit(wanda, leases[0])
    assert again.count(Task.Lane.ORDINARY) == 2
    assert again[-1] == Task.Lane.ORDINARY
    assert not Assignment.objects.filter(batch=batch, state="leased").exists()


def choose(worker, batch, task) -> list[assigning.Lease]:
    return assigning.claim_next(
        worker.worker.id, standing=worker.actor.standing or 0, batch_id=batch.id, now=worker.now, task_id=task.id
    )


def test_gold_keeps_its_share_among_urgent_tasks(rita, olga, wanda):
    batch = scenes.draft(rita, tasks=0, gold=12, gold_percent=50, max_leases=1, lease_size=1)
    rows = b"\n".join(b'{"key": "u%d", "payload": {"text": "x"}, "priority": "urgent"}' % n for n in range(10))
    assert rita.upload(f"batches/{batch.id}/tasks", rows).status_code < 300
    scenes.floor(olga)
    scenes.funds(olga, rita)
    batch = publishing.publish(rita.actor, batch.id, now=rita.now)
    met = []
    while leases := scenes.claim(wanda, batch):
        met += _lanes(leases)
        scenes.submit(wanda, leases[0])
    assert met.count(Task.Lane.URGENT) == 10
    assert 8 <= met.count(GOLD) <= 10
    assert met[-1] == Task.Lane.URGENT


def test_gold_cannot_be_chosen_when_nothing_else_is_open(rita, olga, wanda, walt):
    batch = scenes.opened(rita, olga, tasks=2, gold=4, gold_percent=50, max_leases=10, lease_size=10, workers_choose=True)
    gold = Task.objects.filter(batch=batch, lane=GOLD).first()
    (first, *rest) = choose(wanda, batch, gold)
    assert (_lanes([first]), rest) == ([GOLD], [])
    while leases := scenes.claim(walt, batch):
        scenes.submit(walt, leases[0])
    other = Task.objects.filter(batch=batch, lane=GOLD).exclude(id=gold.id).first()
    for task in (other, Task.objects.filter(batch=batch, lane=Task.Lane.ORDINARY).first()):
        with pytest.raises(TaskTaken):
            choose(wanda, batch, task)
