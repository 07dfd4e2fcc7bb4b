"""What the hot verbs may ask of the database, authentication included; and that their statements do what plain ORM code would."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tasks import answering
from tasks.models import Assignment, Enrolment, Task
from tests.tasks import scenes

CLAIM_BUDGET, SUBMIT_BUDGET, BEAT_BUDGET = 6, 9, 3


def statements(call) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert call().status_code == 200
    return len([query for query in captured if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))])


@pytest.fixture
def batch(rita, olga, wanda):
    made = scenes.opened(rita, olga, tasks=6, overlap=2, lease_size=1)
    wanda.get("me")  # notes the day the token is used, once a day
    return made


def test_claim_and_submit_stay_within_their_budgets(batch, wanda):
    wanda.post(f"batches/{batch.id}/claim")  # the first one enrols
    path = f"batches/{batch.id}/claim"
    assert statements(lambda: wanda.post(path)) <= CLAIM_BUDGET
    lease = Assignment.objects.filter(worker_id=wanda.worker.id).order_by("id").last()
    body = {"token": str(lease.token), "result": scenes.result("a")}
    later = wanda.now + timedelta(seconds=20)
    beat = f"assignments/{lease.id}/heartbeat"
    assert statements(lambda: wanda.post(beat, {"token": str(lease.token)}, at=later)) <= BEAT_BUDGET
    submit = f"assignments/{lease.id}/submit"
    assert statements(lambda: wanda.post(submit, body, at=later)) <= SUBMIT_BUDGET


def test_a_warm_claim_is_two_statements_and_an_ordinary_submit_three(batch, wanda):
    """The token, then one statement to claim; the token, one to read and one to write to submit."""
    answering.interface_of_project(batch.project_id)  # kept by every process that has seen the project
    [first] = wanda.post(f"batches/{batch.id}/claim").json()["assignments"]
    wanda.post(f"assignments/{first['id']}/return", {"token": first["token"]})
    assert statements(lambda: wanda.post(f"batches/{batch.id}/claim")) == 2
    lease = Assignment.objects.filter(worker_id=wanda.worker.id).order_by("id").last()
    body = {"token": str(lease.token), "result": scenes.result("a")}
    assert statements(lambda: wanda.post(f"assignments/{lease.id}/submit", body)) == 3


def plain_next(worker_id, batch_id) -> Task | None:
    """What the claim should pick, said plainly: the first open task by lane and position that the worker has not had."""
    had = Assignment.objects.filter(worker_id=worker_id).exclude(state__in=["returned", "expired"]).values("task_id")
    open_tasks = Task.objects.filter(batch_id=batch_id, need__gt=0).exclude(id__in=had)
    mine = [t for t in open_tasks if t.reserved_for is None or worker_id in t.reserved_for]
    mine = [t for t in mine if t.unavailable_for is None or worker_id not in t.unavailable_for]
    return min(mine, key=lambda t: (t.lane != Task.Lane.URGENT, t.position), default=None)


def test_the_claim_picks_what_plain_code_would(rita, olga, wanda, walt):
    batch = scenes.draft(rita, tasks=5, overlap=1)
    scenes.add(batch, "for walt", reserved_for=[walt.worker.id])
    scenes.add(batch, "not for wanda", unavailable_for=[wanda.worker.id])
    urgent = scenes.add(batch, "urgent")
    Task.objects.filter(id=urgent.id).update(lane=Task.Lane.URGENT)
    scenes.floor(olga)
    scenes.funds(olga, rita)
    from tasks import publishing

    publishing.publish(rita.actor, batch.id, now=rita.now)
    for _ in range(8):
        for worker in (wanda, walt):
            expected = plain_next(worker.worker.id, batch.id)
            leases = scenes.claim(worker, batch)
            assert [lease.task_id for lease in leases] == ([expected.id] if expected else [])
    assert Task.objects.filter(batch=batch, need__gt=0).count() == 0


def test_gold_is_given_at_the_stated_share_and_never_twice(rita, olga, wanda):
    batch = scenes.opened(rita, olga, tasks=60, gold=12, overlap=1, gold_percent=10, max_leases=100, lease_size=1)
    lanes = []
    while leases := scenes.claim(wanda, batch):
        lanes.append(Task.objects.get(id=leases[0].task_id).lane)
    for start in range(0, 60, 10):
        assert lanes[start : start + 10].count(Task.Lane.GOLD) == 1, "one in every ten, at a place nobody can foresee"
    enrolment = Enrolment.objects.get(worker=wanda.worker, batch=batch)
    assert enrolment.gold_given == lanes.count(Task.Lane.GOLD)
    assert Assignment.objects.filter(worker=wanda.worker).values("task_id").distinct().count() == len(lanes)


def test_a_small_set_is_leased_at_once_and_each_task_is_handed_in_by_itself(rita, olga, wanda):
    batch = scenes.opened(rita, olga, tasks=12, overlap=1, lease_size=5, max_leases=7)
    first = scenes.claim(wanda, batch, count=5)
    assert len(first) == 5
    assert len(scenes.claim(wanda, batch, count=5)) == 2, "no more than the batch lets one person hold"
    for lease in first:
        assert scenes.submit(wanda, lease).state == "submitted"
    assert len(scenes.claim(wanda, batch, count=5)) == 5
