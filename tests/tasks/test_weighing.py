"""Gold is weighed by a job, some time after it was handed in or given back; nothing a worker does or sees tells it from other work."""

import json
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Value
from django.db.models.functions import Concat
from django.test.utils import CaptureQueriesContext

from qualification.models import Estimate, Evidence
from tasks import answering, assigning, exporting, gating, weighing
from tasks.models import Assignment, Enrolment, GoldScore, Look, Tally, Task
from tests.builders import Visitor
from tests.tasks import scenes
from workforce import threads
from workforce.models import Decision, Message

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def batch(rita, olga):
    """Every other task is gold, whose truth is b."""
    return scenes.opened(rita, olga, tasks=60, gold=60, gold_percent=50, accuracy_bar=0.6, lease_size=1, max_leases=60)


def is_gold(lease):
    return Task.objects.get(id=lease.task_id).lane == Task.Lane.GOLD


def claims_of_each(worker, batch):
    """One lease of gold and one of other work."""
    found = {}
    while len(found) < 2:
        (lease,) = scenes.claim(worker, batch)
        found.setdefault(is_gold(lease), lease)
    return found[True], found[False]


def statements(call):
    """What is asked of the database, without the ids and instants in it."""
    with CaptureQueriesContext(connection) as caught:
        assert call().status_code == 200
    return [re.sub(r"'[^']*'::\w+|\"s\d+_x\d+\"|IN \([^()]*\)|\b\d+\b", "?", query["sql"]) for query in caught]


# ---- nothing tells ----


def test_a_hand_in_asks_the_same_whatever_the_task_and_never_of_gold(wanda, batch):
    gold, other = claims_of_each(wanda, batch)
    answering.interface_of_project(batch.project_id)

    def asked(lease):
        body = {"token": str(lease.token), "result": scenes.result("a")}
        return statements(lambda: wanda.post(f"assignments/{lease.id}/submit", body, at=lease.leased_at + MINUTE))

    asked(scenes.claim(wanda, batch)[0])
    scenes.claim(wanda, batch)  # which stays in hand
    of_gold = asked(gold)
    assert of_gold == asked(other)
    assert len(of_gold) == 4, "the token, what is read, the clock of the third task, what is written"
    assert not [sql for sql in of_gold if "tasks_gold" in sql or "lane" in sql or "qualification" in sql]
    assert not Evidence.objects.exists()


def test_triggers_write_as_much_for_gold_as_for_any_other_answer(wanda, batch):
    def tallied(lease):
        before = Tally.objects.filter(batch_id=batch.id).count()
        scenes.submit(wanda, lease)
        return Tally.objects.filter(batch_id=batch.id).count() - before

    gold, other = claims_of_each(wanda, batch)
    assert tallied(gold) == tallied(other) > 0


@pytest.mark.parametrize("verb", ["return", "heartbeat", "begin"])
def test_so_do_returns_and_signs_of_life(wanda, batch, verb):
    gold, other = claims_of_each(wanda, batch)

    def asked(lease):
        body = {"token": str(lease.token)}
        return statements(lambda: wanda.post(f"assignments/{lease.id}/{verb}", body, at=lease.leased_at + MINUTE))

    asked(scenes.claim(wanda, batch)[0])
    assert asked(gold) == asked(other)


def test_no_field_that_a_worker_gets_carries_the_task_or_its_key(wanda, batch):
    Task.objects.filter(batch=batch).update(key=Concat(Value("requesters-own-"), "key"))
    gold, other = (wanda.post(f"batches/{batch.id}/claim").json()["assignments"][0] for _ in range(2))
    flag = wanda.post(f"assignments/{gold['id']}/flag", {"reason": "unclear"})
    wanda.post(f"assignments/{gold['id']}/draft", {"token": gold["token"], "result": scenes.result("a"), "base_revision": 0})
    wanda.post(f"assignments/{other['id']}/submit", {"token": other["token"], "result": scenes.result("a")})
    visitor = Visitor(wanda)
    seen = [json.dumps(gold), json.dumps(other), flag.content.decode()]
    seen += [
        wanda.get(path).content.decode() for path in ("assignments", f"assignments/{gold['id']}", "threads", "jobs", "me/quality")
    ]
    seen += [
        visitor.get(page).content.decode()
        for page in (f"/work/{batch.id}/", "/my/work/", f"/my/work/{gold['id']}/", f"/my/work/{other['id']}/", "/my/quality/")
    ]
    from tasks import personal_data

    parts = personal_data.parts_of(wanda.user.id, wanda.worker.id, now=wanda.now + timedelta(days=2))
    seen += [json.dumps(list(rows()), default=str) for rows in parts.values()]
    assert sum(gold["id"] in text for text in seen) > 4, "the pages are about these tasks"
    rows = Assignment.objects.filter(worker=wanda.worker).select_related("task")
    for row in rows:
        for text in seen:
            assert str(row.task_id) not in text
            assert row.task.key not in text
            assert "gold_try" not in text
            assert "weighed" not in text


def test_a_flag_names_the_task_to_its_requester_and_something_else_to_the_worker(rita, wanda, batch):
    (lease,) = scenes.claim(wanda, batch)
    wanda.post(f"assignments/{lease.id}/flag", {"reason": "unclear"})
    thread = threads.Thread.objects.get()
    assert threads.subject_for(Message.Side.ORGANIZATION, thread) == f"task:{lease.task_id}"
    shown = threads.subject_for(Message.Side.WORKER, thread).removeprefix("task:")
    from tasks import framing

    assert shown != str(lease.task_id)
    assert str(framing.public_id_of(lease.task_id)) == shown
    assert str(framing.task_id_of(framing.public_id_of(lease.task_id))) == str(lease.task_id)


def test_public_ids_are_in_no_order(rita, batch):
    rows = rita.get(f"batches/{batch.id}/tasks", page_size=500).json()["results"]
    by_id = sorted(rows, key=lambda row: row["id"])
    by_public = sorted(rows, key=lambda row: row["public_id"])
    assert [row["is_gold"] for row in by_id] == sorted(row["is_gold"] for row in by_id), "our own ids tell"
    assert len({row["public_id"] for row in rows}) == len(rows) == 120
    halves = [sum(row["is_gold"] for row in by_public[:60]), sum(row["is_gold"] for row in by_public[60:])]
    assert min(halves) > 10, halves  # fewer happens once in 10^12


def test_who_chooses_claims_by_the_public_id(rita, olga, wanda):
    batch = scenes.opened(rita, olga, tasks=2, workers_choose=True)
    row = rita.get(f"batches/{batch.id}/tasks").json()["results"][1]
    assert wanda.post(f"batches/{batch.id}/claim", {"task_id": row["id"]}).status_code == 404
    [lease] = wanda.post(f"batches/{batch.id}/claim", {"task_id": row["public_id"]}).json()["assignments"]
    assert str(Assignment.objects.get(id=lease["id"]).task_id) == row["id"]


def test_a_set_is_handed_out_in_random_order_with_ids_in_that_order(rita, olga, wanda):
    batch = scenes.opened(rita, olga, tasks=41, gold=40, gold_percent=50, lease_size=20, max_leases=80)
    places, orders = [], set()  # one task more than is asked for: gold is never the last
    for _ in range(4):
        leases = scenes.claim(wanda, batch, count=20)
        assert [lease.id for lease in leases] == sorted(lease.id for lease in leases)
        lanes = [is_gold(lease) for lease in leases]
        orders.add(tuple(lanes))
        places += [n for n, gold in enumerate(lanes) if gold]
    assert len(orders) == 4
    assert lanes.count(True) == 10
    assert 4 < sum(places) / len(places) < 15, "neither first nor last"


# ---- what is given back ----


def owed(worker, batch):
    row = Enrolment.objects.get(worker=worker.worker, batch=batch)
    return row.gold_owed_once, row.gold_owed_twice


def give_back(worker, lease, *, at):
    assigning.return_task(lease.id, worker_id=worker.worker.id, token=lease.token, now=at)


def next_gold(worker, batch, *, answer="b"):
    """The next gold that comes, everything before it answered."""
    for _ in range(40):
        (lease,) = scenes.claim(worker, batch)
        if is_gold(lease):
            return lease
        scenes.submit(worker, lease, choice=answer)
    raise AssertionError("no gold came")


def next_owed(worker, batch, tries):
    for _ in range(40):
        lease = next_gold(worker, batch)
        if Assignment.objects.get(id=lease.id).gold_try == tries:
            return lease
        scenes.submit(worker, lease, choice="b")
    raise AssertionError("what was given back did not come again")


def test_gold_given_back_stays_due_and_counts_the_third_time(wanda, batch, now):
    give_back(wanda, next_gold(wanda, batch), at=now)
    assert owed(wanda, batch) == (0, 0), "nothing happens at once"
    weighing.weigh_due(now=now + MINUTE)
    assert owed(wanda, batch) == (1, 0)
    give_back(wanda, next_owed(wanda, batch, 2), at=now)
    assert owed(wanda, batch) == (0, 0), "it has come again"
    weighing.weigh_due(now=now + MINUTE)
    assert owed(wanda, batch) == (0, 1)
    third = next_owed(wanda, batch, 3)
    assert not GoldScore.objects.filter(kind="given_back").exists()
    give_back(wanda, third, at=now)
    weighing.weigh_due(now=now + MINUTE)
    assert owed(wanda, batch) == (0, 0)
    found = GoldScore.objects.get(kind="given_back")
    assert (found.assignment_id, found.score, found.evidence.score) == (third.id, 0.0, 0.0)
    assert Look.objects.filter(worker=wanda.worker).count() == 1
    weighing.weigh_due(now=now + 2 * MINUTE)
    assert GoldScore.objects.filter(kind="given_back").count() == 1, "once"


def test_a_whole_set_given_back_is_no_observation(rita, olga, wanda, now):
    batch = scenes.opened(rita, olga, tasks=40, gold=40, gold_percent=50, lease_size=20, max_leases=20)
    leases = scenes.claim(wanda, batch, count=20)
    for lease in leases:
        give_back(wanda, lease, at=now)
    weighing.weigh_due(now=now + MINUTE)
    assert owed(wanda, batch) == (10, 0)
    assert not GoldScore.objects.exists()


def test_where_no_other_gold_is_left_the_third_given_back_counts_too(rita, olga, wanda, now):
    batch = scenes.opened(rita, olga, tasks=60, gold=3, gold_percent=50, lease_size=1, max_leases=60)
    for _ in range(3):
        give_back(wanda, next_gold(wanda, batch), at=now)
        if GoldScore.objects.exists():
            raise AssertionError("too early")
    weighing.weigh_due(now=now + MINUTE)
    assert GoldScore.objects.filter(kind="given_back").count() >= 1
    assert sum(owed(wanda, batch)) == 0


def test_gold_let_go_comes_again_no_sooner_than_other_work(rita, olga, wanda, now):
    batch = scenes.opened(rita, olga, tasks=12, gold=12, gold_percent=50, lease_size=1, max_leases=60)
    gold, other = claims_of_each(wanda, batch)
    for lease in (gold, other):
        give_back(wanda, lease, at=now)
    weighing.weigh_due(now=now + MINUTE)
    seen = []
    while leases := scenes.claim(wanda, batch):
        seen.append(leases[0].task_id)
        scenes.submit(wanda, leases[0])
    assert {gold.task_id, other.task_id} & set(seen[:-2]) == set(), "neither before everything else is done"
    assert other.task_id in seen


def test_what_ran_out_stays_due_too_and_a_late_answer_to_it_is_weighed(wanda, batch, now):
    lease = next_gold(wanda, batch)
    late = lease.expires_at + MINUTE
    assigning.expire_due(now=late)
    weighing.weigh_due(now=late)
    assert owed(wanda, batch) == (1, 0)
    scenes.submit(wanda, lease, choice="b", now=late)
    weighing.weigh_due(now=late + MINUTE)
    assert GoldScore.objects.get(assignment_id=lease.id).score == 1.0


def test_without_returns_the_share_is_exact_and_with_them_nothing_comes_sooner_than_a_block(wanda, batch, now):
    for n in range(30):
        (lease,) = scenes.claim(wanda, batch)
        if is_gold(lease) and n < 10:
            give_back(wanda, lease, at=now)
        else:
            scenes.submit(wanda, lease, choice="b")
        weighing.weigh_due(now=now)
    rows = Assignment.objects.filter(worker=wanda.worker).order_by("id").values_list("gold_try", flat=True)
    for start in range(0, 30, 2):
        assert list(rows[start : start + 2]).count(1) == 1, "what is due afresh is one in two, whatever was given back"
    assert 2 in list(rows)


# ---- weighing ----


def test_an_answer_is_weighed_once_and_moves_the_estimate(wanda, rita, batch, now):
    gold, other = claims_of_each(wanda, batch)
    scenes.submit(wanda, gold, choice="b")
    scenes.submit(wanda, other, choice="b")
    assert weighing.weigh_due(now=now + MINUTE) == 1
    assert weighing.weigh_due(now=now + MINUTE) == 0
    found = Estimate.objects.get(worker=wanda.worker)
    assert (found.alpha, found.beta, found.observations) == (2.0, 1.0, 1)
    row = Evidence.objects.get()
    assert (row.observed_at, row.happened_at) == (now + MINUTE, gold.leased_at + timedelta(seconds=10))
    _, rows = exporting.answers(rita.actor, batch.id)
    assert {str(one["assignment_id"]): one["gold_score"] for one in rows} == {str(gold.id): 1.0, str(other.id): None}


def test_one_that_cannot_be_weighed_holds_up_no_other(wanda, batch, now, caplog):
    first, second = next_gold(wanda, batch), None
    scenes.submit(wanda, first, choice="b")
    second = next_gold(wanda, batch)
    scenes.submit(wanda, second, choice="b")
    Task.objects.filter(id=first.task_id).update(project_id=batch.project_id)
    from tasks.models import Gold

    Gold.objects.filter(task_id=first.task_id).update(solution={"label": ["not", {"a": "label"}]})
    real = weighing.score_of

    def breaks(row):
        if row.id == first.id:
            raise RuntimeError("cannot be read")
        return real(row)

    weighing.score_of = breaks
    try:
        assert weighing.weigh_due(now=now) == 1
    finally:
        weighing.score_of = real
    assert "could not be weighed" in caplog.text
    Gold.objects.filter(task_id=first.task_id).update(solution={"label": "b"})
    assert weighing.weigh_due(now=now) == 1, "the next run tries again"


# ---- the gate looks later ----


def all_wrong(worker, batch, *, count):
    for _ in range(count):
        (lease,) = scenes.claim(worker, batch)
        scenes.submit(worker, lease, choice="a" if is_gold(lease) else "b")


def test_a_pause_comes_minutes_later_at_a_random_instant(wanda, walt, batch, now):
    for worker in (wanda, walt):
        all_wrong(worker, batch, count=16)
    assert not Decision.objects.exists()
    weighing.weigh_due(now=now)
    assert not Decision.objects.exists()
    first, second = Look.objects.order_by("due_at").values_list("due_at", flat=True)
    low, high = (timedelta(seconds=s) for s in gating.LOOK_AFTER_SECONDS)
    assert now + low <= first < second <= now + high
    assert gating.look_due(now=now + low - timedelta(seconds=1)) == 0
    assert gating.look_due(now=first) == 1
    assert Decision.objects.filter(kind="pause").count() == 1
    assert gating.look_due(now=now + high) == 1
    assert gating.look_due(now=now + high) == 0
    assert set(Decision.objects.values_list("worker_id", flat=True)) == {wanda.worker.id, walt.worker.id}


def test_a_pause_comes_some_tasks_later_to_whoever_is_faster_than_the_minutes(wanda, batch, now):
    fewest, most = gating.LOOK_AFTER_TASKS
    all_wrong(wanda, batch, count=16)
    weighing.weigh_due(now=now)
    all_wrong(wanda, batch, count=fewest - 1)
    assert gating.look_due(now=now) == 0
    all_wrong(wanda, batch, count=most - fewest + 1)
    assert gating.look_due(now=now) == 1
    assert Decision.objects.filter(kind="pause").count() == 1
    assert not Look.objects.exists()


def test_in_a_simulation_a_look_waits_for_the_clock_of_whoever_is_looked_at(wanda, batch, now):
    all_wrong(wanda, batch, count=16)
    weighing.weigh_due(now=now)
    Look.objects.update(due_claimed=1000)
    assert gating.look_due(now=now - timedelta(days=1), simulated=True) == 0
    [due_at] = Look.objects.values_list("due_at", flat=True)
    (lease,) = scenes.claim(wanda, batch, now=due_at)
    scenes.submit(wanda, lease, choice="a", now=due_at)
    assert gating.look_due(now=now - timedelta(days=1), simulated=True) == 1
    assert Decision.objects.get(kind="pause").created_at == due_at


def test_wrong_answers_until_then_are_one_look(wanda, batch, now):
    all_wrong(wanda, batch, count=6)
    weighing.weigh_due(now=now)
    due = Look.objects.get().due_at
    all_wrong(wanda, batch, count=6)
    weighing.weigh_due(now=now + MINUTE)
    assert Look.objects.get().due_at == due


def test_what_was_right_under_an_earlier_meaning_pauses_nobody(rita, wanda, batch, now):
    from tasks import publishing

    all_wrong(wanda, batch, count=16)
    publishing.add_guideline(rita.actor, batch.project_id, text="Choose b for colours.", now=now)
    scenes.weighed(now + MINUTE)
    assert Estimate.objects.get(worker=wanda.worker, window=1).observations == 8
    assert not Decision.objects.exists()
    assert not Look.objects.exists()
