"""Publishing and reviewing at once: one reserve, one verdict, one payment."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import Sum

from config.jobs import broken_invariants
from foundation.models import Event
from payments import ledger
from payments.errors import MissingFunds
from payments.models import Account, Transfer
from tasks import answering, assigning, publishing, reserving, reviewing
from tasks.errors import RejectionCap, ReviewConflict
from tasks.models import Answer, Assignment, Batch, Review, Task
from tests import builders
from tests.races.crowd import all_at_once
from tests.tasks import scenes
from workforce.errors import LimitReached

pytestmark = pytest.mark.usefixtures("committed_db")
PLACE = scenes.PRICE + scenes.FEE


def people(now):
    return builders.requester("rita", now=now), builders.operator("olga", now=now)


def handed_in(now, *, answers=1):
    rita, olga = people(now)
    batch = scenes.opened(rita, olga, tasks=answers)
    wanda = builders.worker("wanda", now=now)
    return rita, batch, scenes.answered(wanda, batch, count=answers), wanda


def test_control_deciding_on_what_was_read_reserves_twice(now):
    rita, olga = people(now)
    scenes.floor(olga)
    scenes.funds(olga, rita)
    batch = scenes.draft(rita)
    funds = Account.objects.get(kind="funds")
    escrow = ledger.account("escrow", owner_id=batch.id, currency="USD", now=now, unit_cap_micros=scenes.PRICE)
    everyone_has_read = threading.Barrier(4)

    def read_then_reserve(n):
        state = Batch.objects.get(id=batch.id).state
        everyone_has_read.wait()
        if state == Batch.State.DRAFT:
            ledger.post(
                key=f"naive:{n}",
                debit_id=funds.id,
                credit_id=escrow.id,
                amount_micros=PLACE,
                currency="USD",
                reason="reserve",
                now=now,
            )

    all_at_once(read_then_reserve, 4)
    assert Transfer.objects.filter(reason="reserve").count() == 4


def test_two_threads_publish_once(now):
    rita, olga = people(now)
    scenes.floor(olga)
    scenes.funds(olga, rita)
    batch = scenes.draft(rita, tasks=3, gold=1, gold_percent=10)
    actor = rita.actor
    all_at_once(lambda n: publishing.publish(actor, batch.id, now=now), 4)
    assert Transfer.objects.filter(reason="reserve").count() == 1
    assert Event.objects.filter(kind="batch.published").count() == 1
    assert scenes.money(batch)["funds"] + scenes.money(batch)["escrow"] == scenes.FUNDS


def test_two_batches_that_together_cost_too_much_open_once(now):
    rita, olga = people(now)
    scenes.floor(olga)
    scenes.funds(olga, rita, 3 * PLACE)
    of = scenes.project(rita)
    batches = [scenes.draft(rita, of=of, tasks=2) for _ in range(2)]
    actor, refused = rita.actor, []

    def publish(n):
        try:
            publishing.publish(actor, batches[n].id, now=now)
        except MissingFunds as error:
            refused.append(error)

    all_at_once(publish, 2)
    assert len(refused) == 1
    assert sorted(Batch.objects.values_list("state", flat=True)) == ["draft", "open"]
    assert Transfer.objects.filter(reason="reserve").aggregate(n=Sum("amount_micros"))["n"] == 2 * PLACE * 5 // 4


def test_of_accept_and_reject_at_once_one_wins(now):
    rita, batch, (answer,), wanda = handed_in(now)
    actor, lost = rita.actor, []

    def judge(n):
        try:
            if n % 2:
                reviewing.reject(actor, answer.id, reason="low_effort", comment=scenes.COMMENT, evidence={"task": "t0"}, now=now)
            else:
                reviewing.accept(actor, answer.id, now=now)
        except ReviewConflict as error:
            lost.append(error)

    all_at_once(judge, 6)
    answer.refresh_from_db()
    first = Review.objects.get(assignment=answer, number=1)
    if first.verdict == Review.Verdict.ACCEPT:
        assert (answer.state, len(lost), Review.objects.count()) == ("accepted", 3, 1)
    else:  # an accept that came after the rejection overturned it
        assert answer.state in ("rejected", "accepted")
        assert Review.objects.count() == (1 if answer.state == "rejected" else 2)
    paid = scenes.PRICE if answer.state == "accepted" else 0
    assert scenes.money(batch, wanda)["earnings"] == paid
    assert broken_invariants() == {}


def test_auto_accept_by_several_clusters_pays_once(now):
    _, batch, answers, wanda = handed_in(now, answers=20)
    later = now + timedelta(days=3)
    all_at_once(lambda n: reviewing.accept_due(now=later), 4)
    assert set(Assignment.objects.values_list("state", flat=True)) == {"accepted"}
    assert Review.objects.count() == len(answers)
    assert scenes.money(batch, wanda)["earnings"] == 20 * scenes.PRICE
    assert scenes.money(batch, wanda)["fees"] == 20 * scenes.FEE
    assert broken_invariants() == {}


def test_an_overturn_asked_for_twice_at_once_pays_once(now):
    rita, batch, (answer,), wanda = handed_in(now)
    actor = rita.actor
    reviewing.reject(actor, answer.id, reason="low_effort", comment=scenes.COMMENT, evidence={"task": "t0"}, now=now)
    all_at_once(lambda n: reviewing.accept(actor, answer.id, now=now), 4)
    assert Review.objects.filter(assignment=answer).count() == 2
    assert scenes.money(batch, wanda)["earnings"] == scenes.PRICE
    assert broken_invariants() == {}


def test_rejections_at_once_do_not_pass_the_cap(now):
    rita, _, answers, _ = handed_in(now, answers=6)
    actor, refused = rita.actor, []

    def reject(n):
        try:
            reviewing.reject(
                actor, answers[n].id, reason="low_effort", comment=scenes.COMMENT, evidence={"task": f"t{n}"}, now=now
            )
        except RejectionCap as error:
            refused.append(error)

    all_at_once(reject, 6)
    assert Assignment.objects.filter(state="rejected").count() == reviewing.REJECTIONS_FREE
    assert len(refused) == 3
    assert broken_invariants() == {}


def test_rejections_at_once_in_many_batches_share_the_three(now):
    rita, _, answers, wanda = handed_in(now)
    for n in range(5):
        batch = publishing.publish(rita.actor, scenes.draft(rita, tasks=1, name=f"batch {n}").id, now=now)
        answers += scenes.answered(wanda, batch)
    actor, refused = rita.actor, []

    def reject(n):
        try:
            reviewing.reject(
                actor, answers[n].id, reason="low_effort", comment=scenes.COMMENT, evidence={"task": f"t{n}"}, now=now
            )
        except LimitReached as error:
            refused.append(error)

    all_at_once(reject, 6)
    assert Assignment.objects.filter(state="rejected").count() == reviewing.REJECTIONS_FREE
    assert len(refused) == 3
    assert broken_invariants() == {}


# A late hand-in as it was: it took the place by what it had read of its own assignment before it waited for the task.
PLACE_TAKEN_BY_WHAT_WAS_READ = """
WITH place AS (
    UPDATE tasks_task t
       SET need = t.need - 1, done = t.done + 1, state = CASE WHEN t.done + 1 = t.overlap THEN 'complete' ELSE t.state END
      FROM tasks_assignment a
     WHERE a.id = %(assignment_id)s AND a.worker_id = %(worker_id)s AND a.token = %(token)s AND a.state = 'expired'
       AND t.id = a.task_id AND t.need > 0
    RETURNING t.id
"""
UNGUARDED = PLACE_TAKEN_BY_WHAT_WAS_READ + answering.SUBMIT_LATE[answering.SUBMIT_LATE.index("), ended AS (") :]


@pytest.mark.parametrize("statement", [UNGUARDED, answering.SUBMIT_LATE], ids=["control", "guarded"])
def test_a_late_hand_in_sent_twice_takes_one_place(now, monkeypatch, statement):
    monkeypatch.setattr(answering, "SUBMIT_LATE", statement)
    rita, olga = people(now)
    batch = scenes.opened(rita, olga, tasks=1, overlap=2)
    wanda = builders.worker("wanda", now=now)
    (lease,) = scenes.claim(wanda, batch)
    late = lease.expires_at + timedelta(minutes=1)
    assert assigning.expire_due(now=late) == 1
    first_has_written = threading.Event()

    def hand_in(n):
        if n == 0:
            with transaction.atomic():
                scenes.submit(wanda, lease, now=late)
                first_has_written.set()
                wait_until_somebody_waits()
        else:
            first_has_written.wait(30)
            scenes.submit(wanda, lease, now=late)

    all_at_once(hand_in, 2)
    task = Task.objects.get(batch=batch)
    taken = 2 if statement == UNGUARDED else 1
    assert (task.done, task.need, Answer.objects.count()) == (taken, 2 - taken, 1)
    assert bool(broken_invariants()) is (statement == UNGUARDED)


def wait_until_somebody_waits():
    """Until another connection to this database waits for a lock."""
    for _ in range(1000):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
            if cursor.fetchone():
                return
        time.sleep(0.01)
    raise AssertionError("nobody came to wait")


def test_control_two_counts_miss_the_place_that_is_claimed_between_them(now):
    rita, olga = people(now)
    batch = scenes.opened(rita, olga, tasks=3)
    wanda = builders.worker("wanda", now=now)
    leased = Assignment.objects.filter(batch=batch, state="leased").count()
    scenes.claim(wanda, batch)
    still_open = Task.objects.filter(batch=batch).aggregate(n=Sum("need"))["n"]
    assert leased + still_open == 2  # of three


def test_what_is_outstanding_counts_every_place_once_whatever_moves_meanwhile(now):
    rita, olga = people(now)
    batch = scenes.opened(rita, olga, tasks=3)
    batch.refresh_from_db()
    crew = [builders.worker(f"w{n}", now=now) for n in range(3)]
    seen, working = set(), [True] * len(crew)

    def act(n):
        if n == len(crew):
            while any(working):
                seen.add(reserving.look(batch, now=now).outstanding_micros)
            return
        try:
            for _ in range(15):
                for lease in scenes.claim(crew[n], batch):
                    assigning.return_task(lease.id, worker_id=crew[n].worker.id, token=lease.token, now=now)
        finally:
            working[n] = False

    all_at_once(act, len(crew) + 1)
    assert seen == {3 * PLACE}
