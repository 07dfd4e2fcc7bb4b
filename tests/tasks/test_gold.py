import pytest

from tasks import gold, publishing
from tasks.models import Task
from tests.tasks import scenes

pytestmark = pytest.mark.django_db


def gold_of(batch):
    return Task.objects.filter(batch=batch, lane=Task.Lane.GOLD).order_by("key")


def test_gold_cannot_be_claimed_before_publishing(rita):
    batch = scenes.draft(rita, tasks=1, gold=2, gold_percent=10)
    assert [(task.overlap, task.need) for task in gold_of(batch)] == [(0, 0), (0, 0)]


def test_places_are_spread_evenly_when_the_batch_opens(rita, olga):
    batch = scenes.opened(rita, olga, tasks=90, gold=4, overlap=1, gold_percent=10)
    assert [(task.overlap, task.need) for task in gold_of(batch)] == [(3, 3)] * 4  # ten planned, rounded up per task


def test_each_gold_task_has_a_place_even_when_there_are_more_than_planned(rita, olga):
    batch = scenes.opened(rita, olga, tasks=9, gold=5, gold_percent=10)
    assert [task.need for task in gold_of(batch)] == [1] * 5


def test_a_wish_of_the_requester_is_kept(rita, olga):
    batch = scenes.draft(rita, tasks=9, gold=1, gold_percent=10)
    scenes.add(batch, "wish", truth="a", overlap=7)
    scenes.floor(olga)
    scenes.funds(olga, rita)
    publishing.publish(rita.actor, batch.id, now=rita.now)
    assert {task.key: task.need for task in gold_of(batch)} == {"g0": 1, "wish": 7}


def test_gold_places_are_paid_for_by_the_reserve(rita, olga):
    batch = scenes.opened(rita, olga, tasks=90, gold=4, gold_percent=10)
    places = 90 + 12
    assert scenes.money(batch)["escrow"] == places * (scenes.PRICE + scenes.FEE) * 5 // 4


def test_a_worker_meets_the_share_of_gold_and_each_gold_once(rita, olga, wanda):
    batch = scenes.opened(rita, olga, tasks=40, gold=5, gold_percent=20)
    seen = [lease.task_id for _ in range(4) for lease in _set_of_ten(wanda, batch)]
    met = [task_id for task_id in seen if gold_of(batch).filter(id=task_id).exists()]
    assert len(met) == len(set(met)) == 5


def test_without_a_policy_gold_has_no_places_and_costs_nothing(rita, olga):
    batch = scenes.opened(rita, olga, tasks=4, gold=2)
    assert [(task.overlap, task.need) for task in gold_of(batch)] == [(0, 0)] * 2
    assert scenes.money(batch)["escrow"] == 4 * (scenes.PRICE + scenes.FEE) * 5 // 4


def test_truth_by_key_is_the_solution_of_each_gold_task(rita):
    batch = scenes.draft(rita, tasks=1, gold=2)
    assert gold.truth_by_key(batch.id) == {"g0": {"label": "b"}, "g1": {"label": "b"}}


def _set_of_ten(worker, batch):
    leases = scenes.claim(worker, batch, count=10)
    for lease in leases:
        scenes.submit(worker, lease)
    return leases
