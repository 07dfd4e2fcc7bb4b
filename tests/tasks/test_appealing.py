"""Appeals: filed once and in time, decided by somebody else, ended by silence; what falls is lifted and paid."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from foundation import audit
from foundation.errors import NotFound
from foundation.ids import new_id
from payments import funding
from payments.errors import MissingFunds
from tasks import appealing, publishing, reserving, reviewing
from tasks.models import Assignment, Review
from tests import builders
from tests.tasks import scenes
from workforce import appeals, decisions, threads
from workforce.errors import (
    AppealEnded,
    AppealExists,
    AppealTooLate,
    AppealUnexplained,
    NotAnOperator,
    NothingToAppeal,
    RoleTooLow,
    SamePerson,
    ThreadEnded,
)
from workforce.models import Appeal, Decision, Notification

pytestmark = pytest.mark.django_db
WHY = "The text names no colour at all, so b is right."
REASON = "We have read the text again: there is no colour in it, and b is right."


@pytest.fixture
def batch(rita, olga):
    return scenes.opened(rita, olga)


@pytest.fixture
def rejection(rita, wanda, batch, now):
    (answer,) = scenes.answered(wanda, batch)
    reviewing.reject(rita.actor, answer.id, reason="low_effort", comment=scenes.COMMENT, evidence={"text": "t0"}, now=now)
    return Decision.objects.get(kind="reject_work")


@pytest.fixture
def mona(rita, now):
    """Another manager of rita's organisation."""
    someone = builders.person("mona", now=now)
    builders.member(rita, "mona@example.org", "manager")
    return someone


def filed(wanda, decision, now):
    return appealing.file(wanda.actor, decision.id, text=WHY, now=now)


def pause(wanda, now, **fields):
    settings = {"kind": "pause", "scope": "project:00000000-0000-0000-0000-000000000000", "reason": "Too many mistakes."}
    return decisions.record(wanda.worker.id, now=now, **(settings | fields))


def told(person):
    return list(Notification.objects.filter(user=person.user).order_by("id").values_list("kind", flat=True))


def test_an_appeal_starts_its_clocks_and_tells_the_other_side(rita, wanda, rejection, now):
    appeal = filed(wanda, rejection, now)
    assert (appeal.state, appeal.made_by_id) == ("open", rita.user.id)
    assert appeal.answer_due_at == now + timedelta(hours=72)
    assert appeal.decide_due_at == now + timedelta(days=7)
    assert (appeal.thread.about, appeal.thread.about_in_full) == ("First", "First: t0")
    assert [message.text for message in threads.messages_of(appeal.thread)] == [WHY]
    assert told(rita) == ["appeal_filed"]
    assert told(wanda) == ["work_rejected"]


def test_somebody_else_overturns_it_and_the_work_is_paid_and_the_decision_lifted(rita, wanda, mona, rejection, batch, now):
    appeal = filed(wanda, rejection, now)
    done = appealing.decide(mona.actor, appeal.id, verdict="overturned", reason=REASON, now=now + timedelta(hours=1))
    assert (done.state, done.decided_by_id, done.reason) == ("overturned", mona.user.id, REASON)
    assert Assignment.objects.get(batch=batch).state == "accepted"
    assert scenes.money(batch, wanda)["earnings"] == scenes.PRICE
    lift = Decision.objects.get(lifts=rejection)
    assert (lift.decided_by_id, lift.reason) == (mona.user.id, REASON)
    assert [(one.verdict, one.reviewer_id) for one in Review.objects.order_by("number")] == [
        ("reject", rita.user.id),
        ("accept", mona.user.id),
    ]
    assert told(wanda) == ["work_rejected", "appeal_decided"]
    with pytest.raises(AppealEnded):
        appealing.decide(mona.actor, appeal.id, verdict="upheld", reason=REASON, now=now)
    assert audit.verify() is None


def test_upheld_it_stands_and_nothing_is_paid(wanda, olga, rejection, batch, now):
    appeal = filed(wanda, rejection, now)
    appealing.decide(olga.actor, appeal.id, verdict="upheld", reason=REASON, now=now)
    assert Assignment.objects.get(batch=batch).state == "rejected"
    assert scenes.money(batch, wanda)["earnings"] == 0
    assert not Decision.objects.filter(lifts=rejection).exists()
    appeal.thread.refresh_from_db()
    assert appeal.thread.state == "closed"
    with pytest.raises(ThreadEnded):
        threads.write(wanda.actor, appeal.thread_id, text="But!", now=now)
    with pytest.raises(AppealExists):
        filed(wanda, rejection, now)


def test_nobody_decides_on_their_own_decision_or_from_outside(rita, rex, walt, wanda, mona, rejection, now):
    appeal = filed(wanda, rejection, now)
    with pytest.raises(SamePerson):
        appealing.decide(rita.actor, appeal.id, verdict="upheld", reason=REASON, now=now)
    for stranger in (rex, walt, wanda):
        with pytest.raises(NotFound):
            appealing.decide(stranger.actor, appeal.id, verdict="overturned", reason=REASON, now=now)
    vera = builders.person("vera", now=now)
    builders.member(rita, "vera@example.org", "viewer")
    with pytest.raises(RoleTooLow):
        appealing.decide(vera.actor, appeal.id, verdict="overturned", reason=REASON, now=now)
    for verdict, reason in (("open", REASON), ("upheld", "No."), ("overturned", " " * 80)):
        with pytest.raises(AppealUnexplained):
            appealing.decide(mona.actor, appeal.id, verdict=verdict, reason=reason, now=now)
    assert Appeal.objects.get().state == "open"


def test_the_database_too_says_that_nobody_upholds_their_own_decision(rita, wanda, rejection, now):
    appeal = filed(wanda, rejection, now)
    for change in (
        {"state": "upheld", "decided_at": now, "decided_by": rita.user, "reason": REASON},
        {"state": "upheld", "decided_at": now, "rule": "x/1", "reason": REASON},
        {"state": "overturned", "decided_at": now, "rule": "x/1", "reason": ""},
        {"state": "overturned", "decided_at": now, "reason": REASON},
        {"state": "gone"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Appeal.objects.filter(id=appeal.id).update(**change)


def test_what_cannot_be_appealed(wanda, walt, olga, rejection, now):
    with pytest.raises(NotFound):
        filed(walt, rejection, now)
    with pytest.raises(AppealTooLate):
        filed(wanda, rejection, now + timedelta(days=14, seconds=1))
    lifted = pause(wanda, now, decided_by=olga.user.id, effective_until=now + timedelta(hours=5))
    lift = decisions.lift(olga.actor, lifted.id, reason="A mistake", now=now)
    for decision in (lifted, lift):
        with pytest.raises(NothingToAppeal):
            filed(wanda, decision, now)
    assert not Appeal.objects.exists()


def test_a_rules_pause_is_appealed_to_any_operator_and_lifted(wanda, olga, rita, now):
    decision = pause(wanda, now, rule="gold-accuracy/1", effective_until=now + timedelta(hours=20))
    appeal = filed(wanda, decision, now)
    assert told(olga) == ["appeal_filed"]
    with pytest.raises(NotFound):
        appealing.decide(rita.actor, appeal.id, verdict="overturned", reason=REASON, now=now)
    appealing.decide(olga.actor, appeal.id, verdict="overturned", reason=REASON, now=now)
    assert decisions.in_force(wanda.worker.id, scopes=[decision.scope], now=now) == []


def test_a_pause_that_is_over_can_still_be_cleared(wanda, olga, now):
    decision = pause(wanda, now, rule="gold-accuracy/1", effective_until=now + timedelta(hours=1))
    appeal = filed(wanda, decision, now + timedelta(hours=2))
    appealing.decide(olga.actor, appeal.id, verdict="overturned", reason=REASON, now=now + timedelta(hours=3))
    assert Decision.objects.filter(lifts=decision).exists()


def test_taken_back_it_is_over_for_good(wanda, walt, rejection, now):
    appeal = filed(wanda, rejection, now)
    with pytest.raises(NotFound):
        appeals.withdraw(walt.actor, appeal.id, now=now)
    assert appeals.withdraw(wanda.actor, appeal.id, now=now).state == "withdrawn"
    assert appeals.withdraw(wanda.actor, appeal.id, now=now + timedelta(days=1)).decided_at == now
    with pytest.raises(AppealExists):
        filed(wanda, rejection, now)


def test_unanswered_for_72_hours_it_falls(wanda, rejection, batch, now):
    appeal = filed(wanda, rejection, now)
    assert appealing.end_silent(now=now + timedelta(hours=71, minutes=59)) == 0
    assert appealing.end_silent(now=now + timedelta(hours=72)) == 1
    appeal.refresh_from_db()
    assert (appeal.state, appeal.decided_by_id, appeal.rule) == ("overturned", None, "silent-appeal/1")
    lift = Decision.objects.get(lifts=rejection)
    assert (lift.decided_by_id, lift.rule) == (None, "silent-appeal/1")
    assert scenes.money(batch, wanda)["earnings"] == scenes.PRICE
    assert appealing.end_silent(now=now + timedelta(days=30)) == 0


def test_answered_and_undecided_for_seven_days_it_falls(rita, wanda, rejection, now):
    appeal = filed(wanda, rejection, now)
    threads.write(rita.actor, appeal.thread_id, text="We look at it.", now=now + timedelta(hours=70))
    assert appealing.end_silent(now=now + timedelta(days=6, hours=23)) == 0
    assert appealing.end_silent(now=now + timedelta(days=7)) == 1


def test_whoever_decided_may_give_in(rita, wanda, rejection, now):
    appeal = filed(wanda, rejection, now)
    answer = Assignment.objects.get(state="rejected")
    reviewing.accept(rita.actor, answer.id, now=now, comment="You are right.")
    appeal.refresh_from_db()
    assert (appeal.state, appeal.decided_by_id, appeal.reason) == ("overturned", rita.user.id, "You are right.")
    assert Decision.objects.filter(lifts=rejection).exists()


def test_an_overturn_without_an_appeal_lifts_the_decision_too(rita, wanda, rejection, now):
    reviewing.accept(rita.actor, Assignment.objects.get(state="rejected").id, now=now)
    assert Decision.objects.get(lifts=rejection).reason == reviewing.REVERSED
    assert told(wanda) == ["work_rejected", "decided"]


def test_the_money_stays_while_an_appeal_is_open(rita, wanda, mona, rejection, batch, now):
    publishing.close(rita.actor, batch.id, now=now)
    appeal = filed(wanda, rejection, now + timedelta(days=13))
    later = now + timedelta(days=15)
    assert publishing.release_closed(now=later) == 0
    appealing.decide(mona.actor, appeal.id, verdict="overturned", reason=REASON, now=later)
    assert scenes.money(batch, wanda)["earnings"] == scenes.PRICE


def drain(rita, now):
    """Reserve all of a requester's funds for something else."""
    (row,) = funding.funds_of(rita.organization.id)
    if row["available_micros"]:
        other = {"amount_micros": row["available_micros"], "unit_cap_micros": 1, "currency": "USD"}
        funding.reserve(rita.organization.id, new_id(), now=now, **other)


@pytest.mark.parametrize("how", ["decided", "silence", "given in"])
def test_an_appeal_that_outlasts_the_window_is_paid_once_and_out_of_the_escrow(rita, wanda, mona, rejection, batch, now, how):
    publishing.close(rita.actor, batch.id, now=now)
    appeal = filed(wanda, rejection, now + timedelta(days=12))
    publishing.release_closed(now=now + timedelta(days=14))
    publishing.release_closed(now=now + timedelta(days=16))
    place = scenes.PRICE + scenes.FEE
    assert scenes.money(batch)["escrow"] == place
    drain(rita, now)
    then = now + timedelta(days=18)
    if how == "decided":
        appealing.decide(mona.actor, appeal.id, verdict="overturned", reason=REASON, now=then)
    elif how == "silence":
        assert appealing.end_silent(now=then) == 1
    else:
        reviewing.accept(rita.actor, UUID(rejection.scope.removeprefix("assignment:")), now=then)
    assert scenes.money(batch, wanda) == {"funds": 0, "escrow": 0, "fees": scenes.FEE, "earnings": scenes.PRICE, "held": 0}
    assert publishing.release_closed(now=then) == 0


def test_an_appeal_at_the_last_instant_finds_its_money(rita, wanda, mona, rejection, batch, now):
    publishing.close(rita.actor, batch.id, now=now)
    last = rejection.appeal_until
    publishing.release_closed(now=last)  # the appeal is on its way, and not to be seen yet
    publishing.release_closed(now=last + timedelta(hours=1))
    drain(rita, now)
    appeal = filed(wanda, rejection, last)
    appealing.decide(mona.actor, appeal.id, verdict="overturned", reason=REASON, now=last + timedelta(days=2))
    assert scenes.money(batch, wanda)["earnings"] == scenes.PRICE


def test_missing_money_changes_nothing_and_holds_up_nobody(wanda, walt, mona, rita, rejection, batch, now, monkeypatch):
    appeal = filed(wanda, rejection, now)
    other = filed(walt, pause(walt, now, rule="r/1", effective_until=now + timedelta(hours=1)), now)

    def short(*args, **kwargs):
        raise MissingFunds(shortfall_micros=1)

    monkeypatch.setattr(reserving, "cover", short)
    with pytest.raises(MissingFunds):
        appealing.decide(mona.actor, appeal.id, verdict="overturned", reason=REASON, now=now)
    assert appealing.end_silent(now=now + timedelta(days=8)) == 1
    assert {one.id: one.state for one in Appeal.objects.all()} == {appeal.id: "open", other.id: "overturned"}
    assert not Decision.objects.filter(lifts=rejection).exists()


def test_the_requester_without_an_operator_cannot_decide_for_the_platform(wanda, rita, now):
    appeal = filed(wanda, pause(wanda, now, rule="r/1", effective_until=now + timedelta(hours=1)), now)
    assert not appealing.may_decide(rita.actor, appeal)
    with pytest.raises(NotAnOperator):
        threads.side_of(rita.actor, appeal.thread)
