"""Two people decide one appeal; a person is erased while they claim. Each with the control that shows the race without its guard."""

from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import connection

from foundation.errors import Busy, DomainError
from tasks import appealing, assigning, leaving, reviewing
from tasks.errors import NotEligible
from tasks.models import Assignment, Enrolment
from tests import builders
from tests.races.crowd import all_at_once
from tests.tasks import scenes
from workforce import appeals, erasure
from workforce.models import Appeal, Decision, Erasure, Notification, User, Worker

pytestmark = pytest.mark.usefixtures("committed_db")
REASON = "We have read the text again: there is no colour in it, and b is right."


def appealed(now):
    rita, olga, wanda = builders.requester("rita", now=now), builders.operator("olga", now=now), builders.worker("wanda", now=now)
    mona = builders.person("mona", now=now)
    builders.member(rita, "mona@example.org", "manager")
    batch = scenes.opened(rita, olga)
    (answer,) = scenes.answered(wanda, batch)
    reviewing.reject(rita.actor, answer.id, reason="low_effort", comment=scenes.COMMENT, evidence={"text": "t0"}, now=now)
    appeal = appealing.file(wanda.actor, Decision.objects.get().id, text="It is right.", now=now)
    return rita, olga, mona, wanda, batch, appeal


@pytest.mark.parametrize("repeat", range(4))
@pytest.mark.parametrize("verdicts", [("upheld", "overturned"), ("overturned", "overturned"), ("upheld", "upheld")])
def test_of_two_deciders_one_wins(now, repeat, verdicts):
    _rita, olga, mona, wanda, batch, appeal = appealed(now)
    won = []

    def act(n: int) -> None:
        who = (olga, mona)[n]
        with suppress(DomainError):
            appealing.decide(who.actor, appeal.id, verdict=verdicts[n], reason=REASON, now=now + timedelta(seconds=n))
            won.append(n)

    all_at_once(act, 2)
    assert len(won) == 1
    appeal.refresh_from_db()
    assert (appeal.state, appeal.decided_by_id) == (verdicts[won[0]], (olga, mona)[won[0]].user.id)
    overturned = appeal.state == "overturned"
    assert Decision.objects.filter(lifts=appeal.decision).count() == overturned
    assert Assignment.objects.get(batch=batch, worker=wanda.worker).state == ("accepted" if overturned else "rejected")
    assert scenes.money(batch, wanda)["earnings"] == (scenes.PRICE if overturned else 0)
    assert Notification.objects.filter(user=wanda.user, kind="appeal_decided").count() == 1


@pytest.mark.parametrize("repeat", range(3))
def test_a_decider_against_whoever_gives_in_and_the_silent_rule(now, repeat):
    rita, _olga, mona, wanda, batch, appeal = appealed(now)
    answer = Assignment.objects.get(batch=batch, worker=wanda.worker)
    late = now + timedelta(days=8)

    def act(n: int) -> None:
        with suppress(DomainError):
            if n == 0:
                appealing.decide(mona.actor, appeal.id, verdict="overturned", reason=REASON, now=late)
            elif n == 1:
                reviewing.accept(rita.actor, answer.id, now=late)
            else:
                appealing.end_silent(now=late)

    all_at_once(act, 3)
    appeal.refresh_from_db()
    assert appeal.state == "overturned"
    assert Decision.objects.filter(lifts=appeal.decision).count() == 1
    assert scenes.money(batch, wanda)["earnings"] == scenes.PRICE


def test_control_without_the_guard_both_verdicts_are_given(now):
    """What `settle` would do if it looked first and wrote then."""
    *_people, appeal = appealed(now)
    given = []

    def act(n: int) -> None:
        if Appeal.objects.get(id=appeal.id).state == Appeal.State.OPEN:
            looked.wait()
            Appeal.objects.filter(id=appeal.id).update(state="withdrawn", decided_at=now)
            given.append(n)

    import threading

    looked = threading.Barrier(2)
    all_at_once(act, 2)
    assert len(given) == 2
    Appeal.objects.filter(id=appeal.id).update(state="open", decided_at=None)
    assert appeals.settle(appeal.decision_id, state="withdrawn", decided_by=None, rule="", reason="", now=now) is not None
    assert appeals.settle(appeal.decision_id, state="withdrawn", decided_by=None, rule="", reason="", now=now) is None


def leaver(now):
    """wanda, enrolled, whose erasure is due; with the standing that a request of hers read before she asked for it."""
    rita, olga, wanda = builders.requester("rita", now=now), builders.operator("olga", now=now), builders.worker("wanda", now=now)
    batch = scenes.opened(rita, olga, tasks=5)
    (lease,) = scenes.claim(wanda, batch)
    assigning.return_task(lease.id, worker_id=wanda.worker.id, token=lease.token, now=now)
    standing = wanda.actor.standing
    leaving.ask(wanda.actor, gives_up_money=True, now=now)
    # The worst case: the claim read the standing before it moved, and nothing else makes it look again.
    Worker.objects.filter(id=wanda.worker.id).update(standing=standing)
    Enrolment.objects.update(clear_until=now + timedelta(days=30))
    return wanda, batch, standing


def claimed(wanda, batch, standing, now):
    with suppress(NotEligible, Busy):
        assigning.claim_next(wanda.worker.id, standing=standing, batch_id=batch.id, now=now, count=1)


@pytest.mark.parametrize("repeat", range(6))
def test_nobody_erased_holds_a_task(now, repeat):
    wanda, batch, standing = leaver(now)
    due = now + erasure.WAIT

    def act(n: int) -> None:
        if n == 0:
            leaving.erase_due(now=due)
        else:
            claimed(wanda, batch, standing, due)

    all_at_once(act, 4)
    erased = Erasure.objects.get().state == "done"
    leased = Assignment.objects.filter(worker=wanda.worker, state="leased").count()
    assert not (erased and leased)
    assert Erasure.objects.get().put_off_because == ("" if erased else "leases")
    assert User.objects.get(id=wanda.user.id).is_active is not erased


def test_control_without_the_enrolments_a_claim_slips_by(now, monkeypatch):
    """A claim that has not committed is not seen by who does not wait for it."""
    import threading

    wanda, batch, standing = leaver(now)
    due = now + erasure.WAIT
    looked, taken = threading.Event(), threading.Event()
    seen = {}

    def act(n: int) -> None:
        from django.db import transaction

        if n == 0:
            with transaction.atomic():
                claimed(wanda, batch, standing, due)
                taken.set()
                looked.wait(10)
        else:
            taken.wait(10)
            seen["unguarded"] = leaving._leases(wanda.worker.id)
            looked.set()
            with transaction.atomic():
                seen["obstacle"] = leaving._obstacle(Erasure.objects.get(), Worker.objects.get(id=wanda.worker.id))
        connection.close()

    all_at_once(act, 2)
    assert seen == {"unguarded": False, "obstacle": "leases"}
