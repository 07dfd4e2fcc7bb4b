import math
from datetime import timedelta

import pytest

from config.jobs import broken_invariants
from foundation.errors import NotFound
from foundation.models import Event
from payments.errors import MissingFunds
from payments.models import Account, Transfer
from tasks import assigning, exporting, publishing, reviewing
from tasks.errors import NotTooFast, RejectionCap, RejectionUnexplained, ReviewConflict, TooFewChecks
from tasks.models import Assignment, Review, Task
from tests import builders
from tests.tasks import scenes
from tests.tasks.scenes import COMMENT, FEE, FUNDS, PRICE
from workforce.errors import LimitReached, RoleTooLow
from workforce.models import Decision

pytestmark = pytest.mark.django_db
PLACE = PRICE + FEE
EVIDENCE = {"text": "task 0"}


@pytest.fixture(autouse=True)
def _invariants():
    yield
    assert broken_invariants() == {}


@pytest.fixture
def batch(rita, olga):
    return scenes.opened(rita, olga, tasks=6)


@pytest.fixture
def answer(batch, wanda):
    return scenes.answered(wanda, batch)[0]


def reject(someone, answer, *, now=None, **fields):
    given = {"reason": Review.Reason.LOW_EFFORT, "comment": COMMENT, "evidence": EVIDENCE} | fields
    return reviewing.reject(someone.actor, answer.id, now=now or someone.now, **given)


def untouched(answer, wanda):
    before = answer.state
    answer.refresh_from_db()
    return (
        answer.state == before
        and not Review.objects.exists()
        and not Decision.objects.exists()
        and not Transfer.objects.filter(phase__in=["settle", "void"]).exists()
        and not Event.objects.filter(kind__in=["answer.accepted", "answer.rejected"]).exists()
        and scenes.money(answer.batch, wanda)["earnings"] == 0
    )


# ---- accept ----


def test_accepting_pays_the_worker_and_the_fee(rita, batch, answer, wanda):
    reserved = scenes.money(batch)["escrow"]
    assert scenes.money(batch)["held"] == PRICE
    accepted = reviewing.accept(rita.actor, answer.id, now=rita.now, comment="Thank you.")
    assert accepted.state == "accepted"
    assert scenes.money(batch, wanda) == {
        "funds": FUNDS - reserved,
        "escrow": reserved - PLACE,
        "fees": FEE,
        "earnings": PRICE,
        "held": 0,
    }
    review = Review.objects.get(assignment=answer)
    assert (review.verdict, review.reviewer_id, review.number, review.comment) == ("accept", rita.user.id, 1, "Thank you.")


def test_accepting_again_returns_the_same_and_pays_nothing_more(rita, batch, answer, wanda):
    for _ in range(3):
        assert reviewing.accept(rita.actor, answer.id, now=rita.now).state == "accepted"
    assert scenes.money(batch, wanda)["earnings"] == PRICE
    assert Review.objects.count() == Event.objects.filter(kind="answer.accepted").count() == 1


def test_only_answers_that_wait_can_be_accepted(rita, batch, walt):
    (lease,) = scenes.claim(walt, batch)
    with pytest.raises(ReviewConflict) as refused:
        reviewing.accept(rita.actor, lease.id, now=rita.now)
    assert refused.value.details == {"state": "leased"}
    assert not Review.objects.exists()


def test_strangers_and_viewers_give_no_verdicts(rita, rex, answer, wanda, now):
    viewer = builders.person("vera", now=now)
    builders.member(rita, "vera@example.org", "viewer")
    for someone, error in [(rex, NotFound), (wanda, NotFound), (viewer, RoleTooLow)]:
        with pytest.raises(error):
            reviewing.accept(someone.actor, answer.id, now=now)
        with pytest.raises(error):
            reject(someone, answer)
        with pytest.raises(error):
            reviewing.accept_submitted(someone.actor, answer.batch_id, now=now)
    assert untouched(answer, wanda)


def test_everything_submitted_is_accepted_at_once_and_once(rita, batch, wanda, walt):
    answers = scenes.answered(wanda, batch, count=4)
    (lease,) = scenes.claim(walt, batch)
    reject(rita, answers[0])
    assert reviewing.accept_submitted(rita.actor, batch.id, now=rita.now).accepted == 3
    assert reviewing.accept_submitted(rita.actor, batch.id, now=rita.now).accepted == 0
    assert scenes.money(batch, wanda)["earnings"] == 3 * PRICE
    assert Assignment.objects.get(id=lease.id).state == "leased"
    assert Assignment.objects.get(id=answers[0].id).state == "rejected"


def test_more_than_one_chunk_is_accepted(rita, olga, wanda, monkeypatch):
    monkeypatch.setattr(reviewing, "ACCEPT_CHUNK", 2)
    batch = scenes.opened(rita, olga, tasks=5)
    scenes.answered(wanda, batch, count=5)
    assert reviewing.accept_the_rest(reviewing.accept_submitted(rita.actor, batch.id, now=rita.now).id, now=rita.now)
    assert scenes.money(batch, wanda)["earnings"] == 5 * PRICE


# ---- silence is a yes ----


def test_the_deadline_accepts_what_nobody_reviewed(batch, answer, wanda):
    due = answer.review_due_at
    assert due == answer.submitted_at + timedelta(hours=48)
    assert reviewing.accept_due(now=due - timedelta(seconds=1)) == 0
    assert untouched(answer, wanda)
    assert reviewing.accept_due(now=due) == 1
    assert reviewing.accept_due(now=due) == 0
    assert scenes.money(batch, wanda)["earnings"] == PRICE
    review = Review.objects.get(assignment=answer)
    assert (review.verdict, review.reviewer_id) == ("accept", None)


def test_the_deadline_leaves_rejected_answers_alone(rita, batch, answer, wanda):
    reject(rita, answer)
    assert reviewing.accept_due(now=answer.review_due_at + timedelta(days=1)) == 0
    assert scenes.money(batch, wanda)["earnings"] == 0


# ---- reject ----


def test_rejecting_gives_the_pay_back_and_opens_the_place_again(rita, batch, answer, wanda, walt):
    reserved = scenes.money(batch)["escrow"]
    rejected = reject(rita, answer)
    assert rejected.state == "rejected"
    assert scenes.money(batch, wanda) == {"funds": FUNDS - reserved, "escrow": reserved, "fees": 0, "earnings": 0, "held": 0}
    task = Task.objects.get(id=answer.task_id)
    assert (task.state, task.need, task.done) == ("open", 1, 0)
    assert answer.task_id not in {lease.task_id for lease in scenes.claim(walt, batch, count=5)}
    assert [lease.task_id for lease in scenes.claim(walt, batch)] == [answer.task_id]  # at the tail of the queue


def test_a_worker_never_gets_a_task_again_that_was_rejected(rita, batch, answer, wanda):
    reject(rita, answer)
    assert answer.task_id not in [lease.task_id for lease in scenes.claim(wanda, batch, count=10)]


def test_a_rejection_is_a_decision_that_can_be_read_and_appealed(rita, answer, wanda):
    standing = wanda.actor.standing
    reject(rita, answer)
    decision = Decision.objects.get(worker=wanda.worker)
    assert (decision.kind, decision.scope, decision.decided_by_id) == ("reject_work", f"assignment:{answer.id}", rita.user.id)
    assert decision.reason == COMMENT
    assert decision.inputs == {"reason": "low_effort", "evidence": EVIDENCE}
    assert decision.appeal_until == rita.now + timedelta(days=14)
    assert wanda.actor.standing == standing + 1


def test_rejected_answers_are_in_no_export(rita, batch, wanda):
    kept, dropped = scenes.answered(wanda, batch, count=2)
    reject(rita, dropped)
    _, rows = exporting.answers(rita.actor, batch.id)
    assert [row["assignment_id"] for row in rows] == [kept.id]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"reason": "because"}, "reason"),
        ({"comment": "x" * 99}, "comment"),
        ({"comment": " " * 80 + "x" * 99}, "comment"),
        ({"evidence": {}}, "evidence"),
        ({"evidence": None}, "evidence"),
    ],
)
def test_an_unexplained_rejection_is_refused(rita, answer, wanda, fields, field):
    with pytest.raises(RejectionUnexplained) as refused:
        reject(rita, answer, **fields)
    assert refused.value.details["field"] == field
    assert untouched(answer, wanda)


def test_accepted_work_cannot_be_rejected(rita, batch, answer, wanda):
    reviewing.accept(rita.actor, answer.id, now=rita.now)
    with pytest.raises(ReviewConflict):
        reject(rita, answer)
    assert scenes.money(batch, wanda)["earnings"] == PRICE
    assert Review.objects.count() == 1
    assert not Decision.objects.exists()


def test_a_second_rejection_is_a_conflict(rita, batch, answer):
    reject(rita, answer)
    with pytest.raises(ReviewConflict):
        reject(rita, answer)
    assert Review.objects.count() == Decision.objects.count() == 1
    assert Task.objects.get(id=answer.task_id).need == 1


# ---- the cap ----


@pytest.mark.parametrize(
    "wrong",
    [
        {"comment": "x" * 100},
        {"comment": "no no no " * 20},
        {"evidence": {"": ""}},
        {"evidence": {"task": ""}},
        {"evidence": {"task": None}},
        {"evidence": {"task": "t0", " ": "x"}},
        {"evidence": {"tasks": []}},
    ],
)
def test_an_explanation_that_says_nothing_is_none(rita, answer, wanda, wrong):
    with pytest.raises(RejectionUnexplained):
        reject(rita, answer, **wrong)
    assert untouched(answer, wanda)


def test_three_rejections_are_free_and_the_fourth_needs_an_operator(rita, olga, batch, wanda):
    answers = scenes.answered(wanda, batch, count=5)
    for row in answers[:3]:
        reject(rita, row)
    with pytest.raises(RejectionCap) as refused:
        reject(rita, answers[3])
    assert refused.value.details == {"limit": 3, "rejected": 3, "handed_in": 5}
    assert Assignment.objects.get(id=answers[3].id).state == "submitted"
    assert Review.objects.count() == 3
    assert reject(olga, answers[3]).state == "rejected"


def test_the_cap_is_five_percent_of_what_was_handed_in(rita, olga, wanda):
    batch = scenes.opened(rita, olga, tasks=80)
    answers = scenes.answered(wanda, batch, count=80)
    for row in answers[:4]:
        reject(rita, row)
    with pytest.raises(RejectionCap) as refused:
        reject(rita, answers[4])
    assert refused.value.details["limit"] == 4


def of_three(rita, worker, name):
    """A batch of three, answered."""
    batch = publishing.publish(rita.actor, scenes.draft(rita, tasks=3, name=name).id, now=rita.now)
    return scenes.answered(worker, batch, count=3)


def test_the_three_are_shared_by_all_batches_of_an_organisation_for_thirty_days(rita, olga, batch, wanda):
    rex = builders.requester("rex", now=rita.now)
    scenes.funds(olga, rex, reference="wire 2")
    first, second = of_three(rita, wanda, "one"), of_three(rita, wanda, "two")
    theirs = of_three(rex, wanda, "theirs")
    for row in first[:2]:
        reject(rita, row)
    reject(rita, second[0])
    with pytest.raises(LimitReached) as refused:
        reject(rita, second[1])
    assert refused.value.details == {"kind": "rejections_beyond_share", "limit": 3, "got": 3}
    assert Assignment.objects.get(id=second[1].id).state == "submitted"
    reject(rex, theirs[0])  # another organisation has its own

    reviewing.accept(rita.actor, first[0].id, now=rita.now)  # overturned: no longer counted
    reject(rita, second[1])
    with pytest.raises(LimitReached):
        reject(rita, first[2])
    assert reject(olga, first[2]).state == "rejected"  # an operator goes beyond, and it counts

    later = rita.now + reviewing.FREE_AGAIN_AFTER + timedelta(days=1)
    assert reject(rita, second[2], now=later).state == "rejected"


def test_what_a_large_batch_may_reject_is_not_counted_for_the_organisation(rita, olga, wanda):
    batch = scenes.opened(rita, olga, tasks=80)
    for row in scenes.answered(wanda, batch, count=80)[:4]:
        reject(rita, row)
    assert not Review.objects.filter(beyond_share=True).exists()
    reject(rita, of_three(rita, wanda, "small")[0])
    assert Review.objects.filter(beyond_share=True).count() == 1


# ---- too fast, failed checks ----


def test_too_fast_needs_thirty_answers_to_compare_with(rita, answer, wanda):
    with pytest.raises(NotTooFast) as refused:
        reject(rita, answer, reason="too_fast")
    assert refused.value.details == {"limit": 30, "got": 1}
    assert untouched(answer, wanda)


def test_only_what_is_far_below_the_median_of_log_times_is_too_fast(rita, olga, wanda, walt):
    batch = scenes.opened(rita, olga, tasks=32)
    for row, seconds in zip(scenes.answered(wanda, batch, count=30), range(10, 40), strict=True):
        Assignment.objects.filter(id=row.id).update(credited_seconds=seconds)
    slow, fast = scenes.answered(walt, batch, count=2)
    logs = sorted(math.log(seconds) for seconds in range(10, 40))
    middle = (logs[14] + logs[15]) / 2
    deviations = sorted(abs(log - middle) for log in logs)
    bar = math.exp(middle - 3 * 1.4826 * (deviations[14] + deviations[15]) / 2)  # 4.8 s; two more answers move it a little
    Assignment.objects.filter(id=slow.id).update(credited_seconds=bar * 1.5)
    Assignment.objects.filter(id=fast.id).update(credited_seconds=bar / 2)
    with pytest.raises(NotTooFast) as refused:
        reject(rita, slow, reason="too_fast")
    assert refused.value.details["limit_seconds"] == pytest.approx(bar, rel=0.2)
    assert Assignment.objects.get(id=slow.id).state == "submitted"
    assert reject(rita, fast, reason="too_fast").state == "rejected"


def test_failed_checks_are_no_reason_before_five_known_answers(rita, olga, wanda):
    batch = scenes.opened(rita, olga, tasks=20, gold=6, gold_percent=50)
    answers = scenes.answered(wanda, batch, count=4, choice="a")
    scenes.weighed(wanda.now)
    with pytest.raises(TooFewChecks) as refused:
        reject(rita, answers[0], reason="failed_checks")
    assert refused.value.details == {"field": "reason", "limit": 5, "got": 2}
    assert untouched(answers[0], wanda)
    scenes.answered(wanda, batch, count=6, choice="a")
    scenes.weighed(wanda.now)
    assert reject(rita, answers[0], reason="failed_checks").state == "rejected"


# ---- overturned ----


def test_an_overturned_answer_takes_its_place_back_while_it_is_free(rita, batch, answer, wanda):
    reserved = scenes.money(batch)["escrow"]
    reject(rita, answer)
    assert reviewing.accept(rita.actor, answer.id, now=rita.now, comment="We were wrong.").state == "accepted"
    task = Task.objects.get(id=answer.task_id)
    assert (task.state, task.need, task.done) == ("complete", 0, 1)
    money = scenes.money(batch, wanda)
    assert (money["earnings"], money["fees"], money["escrow"]) == (PRICE, FEE, reserved - PLACE)
    assert list(Review.objects.order_by("number").values_list("number", "verdict")) == [(1, "reject"), (2, "accept")]
    _, rows = exporting.answers(rita.actor, batch.id)
    assert [row["assignment_id"] for row in rows] == [answer.id]


def test_an_overturned_answer_whose_place_was_filled_is_paid_and_stays_out(rita, olga, wanda, walt):
    batch = scenes.opened(rita, olga, tasks=1)
    (first,) = scenes.answered(wanda, batch)
    reject(rita, first)
    (second,) = scenes.answered(walt, batch)
    for _ in range(2):  # the second time changes nothing
        assert reviewing.accept(rita.actor, first.id, now=rita.now).state == "late"
    reviewing.accept(rita.actor, second.id, now=rita.now)
    task = Task.objects.get(id=first.task_id)
    assert (task.state, task.need, task.done) == ("complete", 0, 1)
    assert scenes.money(batch, wanda)["earnings"] == scenes.money(batch, walt)["earnings"] == PRICE
    assert scenes.money(batch)["fees"] == 2 * FEE
    assert scenes.money(batch)["escrow"] >= 0
    _, rows = exporting.answers(rita.actor, batch.id)
    assert [row["assignment_id"] for row in rows] == [second.id]


def test_rejecting_keeps_the_money_to_overturn_it(rita, olga, wanda):
    batch = scenes.opened(rita, olga, tasks=1)
    (answer,) = scenes.answered(wanda, batch)
    reserved = scenes.money(batch)["escrow"]
    assert reserved == PLACE * 5 // 4
    reject(rita, answer)  # one place to collect again, one that may be overturned
    assert scenes.money(batch) == {"funds": FUNDS - 2 * PLACE, "escrow": 2 * PLACE, "fees": 0, "held": 0}


def test_who_cannot_pay_for_being_wrong_may_not_reject(rita, olga, wanda):
    scenes.floor(olga)
    scenes.funds(olga, rita, PLACE * 5 // 4)
    batch = publishing.publish(rita.actor, scenes.draft(rita, tasks=1).id, now=rita.now)
    (answer,) = scenes.answered(wanda, batch)
    with pytest.raises(MissingFunds) as refused:
        reject(rita, answer)
    assert refused.value.details["shortfall_micros"] == PLACE * 3 // 4
    assert untouched(answer, wanda)
    assert reviewing.accept(rita.actor, answer.id, now=rita.now).state == "accepted"


def test_rejecting_and_overturning_for_ever_costs_the_requester_and_never_the_escrow(rita, olga, wanda, walt, now):
    batch = scenes.opened(rita, olga, tasks=1)
    crowd = [wanda, walt, *(builders.worker(f"w{n}", now=now) for n in range(4))]
    for worker in crowd:
        (answer,) = scenes.answered(worker, batch)
        reject(olga, answer)  # an operator: the cap does not stop them
    # every place was collected again; now all of the earlier ones are overturned
    for row in Assignment.objects.filter(batch=batch, state="rejected").order_by("id"):
        reviewing.accept(rita.actor, row.id, now=now)
    money = scenes.money(batch)
    assert money["fees"] == len(crowd) * FEE
    assert money["escrow"] >= 0
    assert sum(scenes.money(batch, worker)["earnings"] for worker in crowd) == len(crowd) * PRICE


# ---- closed batches ----


def test_a_rejection_in_a_closed_batch_opens_nothing_and_no_longer_counts(rita, olga, wanda):
    batch = scenes.opened(rita, olga, tasks=1, overlap=3)
    (answer,) = scenes.answered(wanda, batch)
    publishing.close(rita.actor, batch.id, now=rita.now)
    assert Task.objects.get(id=answer.task_id).done == 1
    reject(rita, answer)
    task = Task.objects.get(id=answer.task_id)
    assert (task.state, task.need, task.done) == ("cancelled", 0, 0)


def test_overturned_in_a_closed_batch_it_counts_while_its_place_is_free(rita, olga, wanda, walt, now):
    batch = scenes.opened(rita, olga, tasks=1, overlap=2)
    (answer,) = scenes.answered(wanda, batch)
    (lease,) = scenes.claim(walt, batch)
    publishing.close(rita.actor, batch.id, now=now)
    reject(rita, answer)
    assert reviewing.accept(rita.actor, answer.id, now=now).state == "accepted"
    task = Task.objects.get(id=answer.task_id)
    assert (task.state, task.need, task.done) == ("cancelled", 0, 1)
    scenes.submit(walt, lease)
    task.refresh_from_db()
    assert task.done == task.overlap == 2
    assert [row.id for row in Assignment.objects.filter(batch=batch, state="accepted")] == [answer.id]
    assert scenes.money(batch, wanda)["earnings"] == PRICE


def test_nobody_loses_a_place_they_hold_to_an_overturned_answer_of_a_closed_batch(rita, olga, wanda, walt, now):
    batch = scenes.opened(rita, olga, tasks=1, overlap=1)
    (answer,) = scenes.answered(wanda, batch)
    reject(rita, answer)  # its place opens again
    (lease,) = scenes.claim(walt, batch)
    publishing.close(rita.actor, batch.id, now=now)
    assert reviewing.accept(rita.actor, answer.id, now=now).state == "late"
    assert scenes.submit(walt, lease).state == "submitted"
    assert Task.objects.get(id=answer.task_id).done == 1


def test_the_money_of_a_rejection_goes_back_when_it_can_no_longer_be_appealed(rita, olga, wanda, now):
    batch = scenes.opened(rita, olga, tasks=1)
    (answer,) = scenes.answered(wanda, batch)
    publishing.close(rita.actor, batch.id, now=now)
    reject(rita, answer)
    publishing.release_spare(batch, now=now + timedelta(days=13))
    assert scenes.money(batch)["escrow"] == PLACE
    publishing.release_spare(batch, now=now + timedelta(days=15))
    assert scenes.money(batch) == {"funds": FUNDS, "escrow": 0, "fees": 0, "held": 0}
    assert reviewing.accept(rita.actor, answer.id, now=now + timedelta(days=16)).state == "accepted"  # out of the funds then
    assert scenes.money(batch, wanda)["earnings"] == PRICE
    assert scenes.money(batch)["funds"] == FUNDS - PLACE


def test_a_returned_task_has_no_verdict(rita, batch, wanda):
    (lease,) = scenes.claim(wanda, batch)
    assigning.return_task(lease.id, worker_id=wanda.worker.id, token=lease.token, now=rita.now)
    with pytest.raises(ReviewConflict):
        reject(rita, Assignment.objects.get(id=lease.id))
    assert not Review.objects.exists()


# ---- over HTTP ----


def test_a_rejected_answer_is_no_longer_shown_to_who_did_not_pay_for_it(rita, olga, batch, wanda, walt):
    kept, dropped = scenes.answered(wanda, batch, count=2)
    scenes.claim(walt, batch)
    reject(rita, dropped)

    def shown(someone):
        rows = someone.get(f"batches/{batch.id}/assignments").json()["results"]
        return {row["id"]: row["label"] for row in rows if row["state"] != "leased"}

    assert shown(rita) == {str(kept.id): {"label": "b"}, str(dropped.id): None}
    assert shown(olga) == {str(kept.id): {"label": "b"}, str(dropped.id): {"label": "b"}}


def test_verdicts_over_http(rita, rex, batch, wanda):
    first, second, third = scenes.answered(wanda, batch, count=3)
    listed = rita.get(f"batches/{batch.id}/assignments", state="submitted").json()["results"]
    assert {row["id"] for row in listed} == {str(row.id) for row in (first, second, third)}
    assert str(wanda.worker.id) not in str(listed)  # an alias
    assert rita.post(f"assignments/{first.id}/accept", key="a1").json()["state"] == "accepted"
    assert rita.post(f"assignments/{first.id}/accept", key="a1").status_code == 200
    body = {"reason": "low_effort", "comment": COMMENT, "evidence": EVIDENCE}
    assert rita.post(f"assignments/{second.id}/reject", body | {"comment": "bad"}).status_code == 400
    assert rex.post(f"assignments/{second.id}/reject", body).status_code == 404
    assert wanda.post(f"assignments/{second.id}/accept").status_code == 404
    assert rita.post(f"assignments/{second.id}/reject", body).json()["state"] == "rejected"
    assert rita.post(f"assignments/{second.id}/reject", body).status_code == 409
    assert rita.post(f"batches/{batch.id}/accept-submitted").json()["accepted"] == 1
    assert rex.post(f"batches/{batch.id}/accept-submitted").status_code == 404
    assert rex.get(f"batches/{batch.id}/assignments").status_code == 404
    assert scenes.money(batch, wanda)["earnings"] == 2 * PRICE
    assert Account.objects.filter(kind="fees").count() == 1
