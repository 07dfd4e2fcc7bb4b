"""Publishing and reviewing at once: one reserve, one verdict, one payment."""

import threading
from datetime import timedelta

import pytest
from django.db.models import Sum

from config.jobs import broken_invariants
from foundation.models import Event
from payments import ledger
from payments.errors import MissingFunds
from payments.models import Account, Transfer
from tasks import publishing, reviewing
from tasks.errors import RejectionCap, ReviewConflict
from tasks.models import Assignment, Batch, Review
from tests import builders
from tests.races.crowd import all_at_once
from tests.tasks import scenes

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
