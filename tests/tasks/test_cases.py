"""Never two pauses by machine running: the second waits for a named human. And gold that was wrong is put right, with all that rested on it."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from payments import ledger
from payments.models import Transfer
from qualification import evidence
from qualification.models import Estimate, Training, Withdrawal
from tasks import appealing, casework, correcting, gating, practising, weighing
from tasks.errors import CaseEnded, CaseUnexplained, GoldUnchanged, GoldUnexplained, NotEligible
from tasks.models import Case, Gold, GoldChange, GoldScore, Task
from tests.builders import known
from tests.tasks import learning_scenes as learning
from tests.tasks import scenes
from workforce import aliases, decisions
from workforce.models import Decision, Notification

pytestmark = pytest.mark.django_db
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
REASON = "I have looked at ten answers: the words are read with care, and gold g3 was hard."
TEXT = "I did what the guideline says; please look at the tasks again, because I think that some of them are wrong."


@pytest.fixture
def batch(rita, olga):
    return scenes.opened(rita, olga, tasks=60, gold=40, gold_percent=50, accuracy_bar=0.6, lease_size=1, max_leases=90, overlap=2)


def is_gold(lease):
    return Task.objects.get(id=lease.task_id).lane == Task.Lane.GOLD


def gold_answered(worker, batch, *, count, right=False, now):
    """So many of the gold tasks answered, and all that comes between them; then weighed and looked at."""
    done = []
    while len(done) < count:
        (lease,) = scenes.claim(worker, batch, now=now)
        if gold := is_gold(lease):
            done.append(lease)
        scenes.submit(worker, lease, choice="b" if right or not gold else "a", now=now, seconds=1)
    scenes.weighed(now + MINUTE)
    return done


def paused_once(worker, batch, now):
    gold_answered(worker, batch, count=6, now=now)
    return Decision.objects.get(worker=worker.worker, kind="pause")


# ---- the second time ----


def test_a_second_pause_running_is_a_case_and_the_worker_works_on(wanda, rita, batch, now):
    paused_once(wanda, batch, now)
    with pytest.raises(NotEligible):
        scenes.claim(wanda, batch, now=now + timedelta(hours=2))
    later = now + 2 * DAY
    gold_answered(wanda, batch, count=4, now=later)
    assert not Case.objects.exists(), "five answers anew before it looks again"
    gold_answered(wanda, batch, count=1, now=later)
    row = Case.objects.get()
    assert (row.state, row.waiting, row.worker_id, row.inputs["gold_answers"]) == ("open", "work", wanda.worker.id, 11)
    assert Decision.objects.filter(kind="pause").count() == 1
    assert Notification.objects.filter(user=wanda.user, kind="decided", key__startswith="case:").count() == 1
    assert Notification.objects.filter(user=rita.user, kind="case_opened").count() == 1
    gold_answered(wanda, batch, count=8, now=later + DAY)
    assert (Case.objects.count(), Decision.objects.filter(kind="pause").count()) == (1, 1), "and it stays one"


def test_weeks_of_wrong_answers_are_one_pause_by_machine(wanda, batch, now):
    for day in range(0, 36, 3):
        gold_answered(wanda, batch, count=3, now=now + day * DAY)
    pauses = Decision.objects.filter(worker=wanda.worker, kind="pause", decided_by=None)
    assert pauses.count() == 1
    assert Case.objects.count() == 1


@pytest.fixture
def case(wanda, batch, now):
    paused_once(wanda, batch, now)
    gold_answered(wanda, batch, count=5, now=now + 2 * DAY)
    return Case.objects.get()


def test_a_named_human_decides_nothing_and_accuracy_is_measured_afresh(rita, wanda, batch, case, now):
    at = now + 2 * DAY + MINUTE
    decided = casework.decide(rita.actor, case.id, verdict="nothing", reason=REASON, now=at)
    assert (decided.state, decided.decided_by_id, decided.decision_id) == ("decided", rita.user.id, None)
    found = Estimate.objects.get(worker=wanda.worker)
    assert (found.alpha, found.beta, found.observations) == (1, 1, 0)
    with pytest.raises(CaseEnded):
        casework.decide(rita.actor, case.id, verdict="nothing", reason=REASON, now=at)
    gold_answered(wanda, batch, count=6, now=now + 4 * DAY)
    assert Decision.objects.filter(kind="pause").count() == 2, "a person has looked, so the machine may once more"


def test_a_named_human_pauses_with_a_reason_and_an_end(rita, wanda, batch, case, now):
    at = now + 2 * DAY + MINUTE
    for bad in ({"verdict": "pause"}, {"verdict": "nothing", "until": at + DAY}, {"verdict": "pause", "until": at + 91 * DAY}):
        with pytest.raises(CaseUnexplained):
            casework.decide(rita.actor, case.id, reason=REASON, now=at, **bad)
    with pytest.raises(CaseUnexplained):
        casework.decide(rita.actor, case.id, verdict="nothing", reason="short", now=at)
    assert Case.objects.get().state == "open"
    decided = casework.decide(rita.actor, case.id, verdict="pause", reason=REASON, until=at + 3 * DAY, now=at)
    assert (decided.decision.decided_by_id, decided.decision.effective_until) == (rita.user.id, at + 3 * DAY)
    with pytest.raises(NotEligible):
        scenes.claim(wanda, batch, now=at + DAY)
    assert appealing.file(wanda.actor, decided.decision_id, text=TEXT, now=at).state == "open"


def test_nobody_decides_in_time_and_nothing_happens(wanda, batch, case, now):
    assert casework.lapse_due(now=case.decide_due_at - MINUTE) == 0
    assert casework.lapse_due(now=case.decide_due_at) == 1
    assert casework.lapse_due(now=case.decide_due_at) == 0
    case.refresh_from_db()
    assert (case.state, case.decided_by_id) == ("lapsed", None)
    assert Estimate.objects.get(worker=wanda.worker).observations == 0
    assert scenes.claim(wanda, batch, now=case.decide_due_at)


def test_the_database_refuses_a_case_decided_by_nobody(case):
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.filter(id=case.id).update(state="decided", verdict="pause", reason="x")


def test_who_waits_is_paid_where_the_owner_chose_so(rita, wanda, batch, now):
    type(batch).objects.filter(id=batch.id).update(case_waiting="paid")
    paused_once(wanda, batch, now)
    gold_answered(wanda, batch, count=5, now=now + 2 * DAY)
    case = Case.objects.get()
    with pytest.raises(NotEligible) as kept:
        scenes.claim(wanda, batch, now=now + 2 * DAY + MINUTE)
    assert [step["step"] for step in kept.value.details["missing"]] == ["case"]
    earned = scenes.PRICE * wanda.worker.assignment_set.filter(submitted_at__isnull=False).count()
    assert case.daily_micros == -(-earned // 28)
    held = Transfer.objects.get(id=case.hold_id)
    assert (held.phase, held.reason, held.amount_micros) == ("hold", "waiting", 3 * case.daily_micros)
    decided = casework.decide(rita.actor, case.id, verdict="nothing", reason=REASON, now=case.opened_at + timedelta(hours=36))
    assert decided.paid_micros == -(-case.daily_micros * 3 // 2)
    paid = Transfer.objects.get(hold_id=case.hold_id)
    assert (paid.phase, paid.amount_micros) == ("settle", decided.paid_micros)
    assert ledger.balance(paid.credit_id).posted == decided.paid_micros
    assert scenes.claim(wanda, batch, now=now + 4 * DAY)


def test_without_the_money_nobody_is_made_to_wait(rita, olga, wanda, now):
    scenes.floor(olga)
    made = scenes.draft(
        rita, tasks=60, gold=40, gold_percent=50, accuracy_bar=0.6, lease_size=1, max_leases=90, case_waiting="paid"
    )
    from tasks import publishing

    scenes.funds(olga, rita, publishing.quote(made, now=now)["reserve_micros"])
    batch = publishing.publish(rita.actor, made.id, now=now)
    paused_once(wanda, batch, now)
    gold_answered(wanda, batch, count=5, now=now + 2 * DAY)
    assert Case.objects.get().waiting == "work"
    assert scenes.claim(wanda, batch, now=now + 2 * DAY + MINUTE)


def test_over_http_both_sides_see_it_and_a_repeat_is_one(rita, wanda, walt, rex, case, now):
    assert [row["id"] for row in rita.get("cases").json()["results"]] == [str(case.id)]
    [mine] = wanda.get("cases").json()["results"]
    assert mine["worker"] == aliases.alias_of(wanda.worker.id, rita.organization.id)
    for stranger in (walt, rex):
        assert stranger.get(f"cases/{case.id}").status_code == 404
        assert stranger.post(f"cases/{case.id}/resolve", {"verdict": "nothing", "reason": REASON}).status_code == 404
    assert wanda.post(f"cases/{case.id}/resolve", {"verdict": "nothing", "reason": REASON}).status_code == 404
    body = {"verdict": "nothing", "reason": REASON}
    first, again = (rita.post(f"cases/{case.id}/resolve", body, key="k", at=now + 3 * DAY) for _ in range(2))
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert rita.post(f"cases/{case.id}/resolve", body | {"verdict": "exclude"}, key="k").status_code == 409


# ---- an overturned pause ----


def test_overturning_a_pause_cleans_the_record(wanda, rita, olga, batch, now):
    pause = paused_once(wanda, batch, now)
    appeal = appealing.file(wanda.actor, pause.id, text=TEXT, now=now + timedelta(hours=1))
    appealing.decide(olga.actor, appeal.id, verdict="overturned", reason=REASON, now=now + timedelta(hours=2))
    found = Estimate.objects.get(worker=wanda.worker)
    assert (found.alpha, found.beta, found.observations) == (1, 1, 0)
    assert set(Withdrawal.objects.values_list("reason", flat=True)) == {f"decision:{pause.id}"}
    gold_answered(wanda, batch, count=4, now=now + timedelta(hours=3))
    assert Decision.objects.filter(kind="pause").count() == 1, "one more wrong answer does not bring it back"
    assert not Case.objects.exists()


def test_withdrawn_evidence_stays_and_is_written_once(wanda, now):
    row = evidence.record(wanda.worker.id, scope="project:x", score=0.0, source="a", now=now)
    observed = evidence.of_source("a")
    for _ in range(2):
        row = evidence.withdraw(wanda.worker.id, scope="project:x", window=1, evidence_ids=[observed.id], reason="r", now=now)
    assert (row.alpha, row.beta, row.observations) == (1, 1, 0)
    with pytest.raises(IntegrityError), transaction.atomic():
        Withdrawal.objects.update(reason="other")


# ---- gold that was wrong ----


def wrong(rita, task_id, now, **fields):
    return correcting.correct(rita.actor, task_id, solution={"label": "a"}, reason="The truth is a, not b.", now=now, **fields)


def test_corrected_gold_is_weighed_anew_and_the_pause_it_made_is_lifted(rita, wanda, walt, batch, now):
    golds = [lease.task_id for lease in gold_answered(wanda, batch, count=6, now=now)]
    pause = Decision.objects.get(kind="pause")
    other = gold_answered(walt, batch, count=3, right=True, now=now)
    at = now + timedelta(hours=1)
    for task_id in golds[:5]:
        wrong(rita, task_id, at)
    assert correcting.apply_due(now=at) == 5
    assert correcting.apply_due(now=at) == 0
    found = Estimate.objects.get(worker=wanda.worker)
    assert (found.alpha, found.beta, found.observations) == (6.0, 2.0, 6), "answers a are right by now, but one"
    lifting = Decision.objects.get(lifts=pause)
    assert lifting.decided_by_id == rita.user.id
    assert scenes.claim(wanda, batch, now=at + MINUTE)
    told = Notification.objects.filter(user=wanda.user, key__startswith="gold_change:")
    assert told.count() == 5
    assert not [one for one in told if str(golds[0]) in str(one.data)], "not which task it was"
    shared = set(golds[:5]) & {lease.task_id for lease in other}
    assert Estimate.objects.get(worker=walt.worker).beta == 1.0 + len(shared)
    receipt = GoldChange.objects.order_by("created_at").first()
    assert (receipt.kind, receipt.solution_before, receipt.solution) == ("corrected", {"label": "b"}, {"label": "a"})
    assert sum(GoldChange.objects.values_list("lifted", flat=True)) == 1
    assert all(one.applied_at == at and one.answers >= 1 for one in GoldChange.objects.all())


def test_a_pause_that_would_have_happened_all_the_same_stays(rita, wanda, batch, now):
    golds = gold_answered(wanda, batch, count=9, now=now)
    wrong(rita, golds[0].task_id, now)
    correcting.apply_due(now=now + MINUTE)
    assert not Decision.objects.filter(kind="lift").exists()


def test_retired_gold_counts_for_nobody_and_is_handed_out_no_more(rita, wanda, batch, now):
    (held,) = [lease for lease in [scenes.claim(wanda, batch, now=now)[0] for _ in range(2)] if is_gold(lease)]
    (first,) = gold_answered(wanda, batch, count=1, now=now)
    assert Estimate.objects.get().observations == 1
    for task_id in (first.task_id, held.task_id):
        correcting.retire(rita.actor, task_id, reason="Nobody can tell.", now=now)
    correcting.apply_due(now=now + MINUTE)
    assert Estimate.objects.get().observations == 0
    assert (Task.objects.get(id=held.task_id).need, Task.objects.get(id=held.task_id).state) == (0, "cancelled")
    assert scenes.submit(wanda, held, choice="a").state == "submitted", "handed in as ever, and paid"
    weighing.weigh_due(now=now + MINUTE)
    assert not GoldScore.objects.filter(assignment_id=held.id).exists()
    assert weighing.scores_of([first.id]) == {}
    with pytest.raises(GoldUnchanged):
        correcting.retire(rita.actor, first.task_id, reason="Nobody can tell.", now=now)
    with pytest.raises(GoldUnchanged):
        wrong(rita, first.task_id, now)


def test_a_case_that_would_not_have_been_opened_ends(rita, wanda, batch, case, now):
    tasks = GoldScore.objects.filter(assignment__worker=wanda.worker).values_list("task_id", flat=True)
    for task_id in list(tasks):
        wrong(rita, task_id, now + 2 * DAY)
    correcting.apply_due(now=now + 2 * DAY + MINUTE)
    case.refresh_from_db()
    assert case.state == "moot"


def test_corrections_over_http_say_what_is_wrong_with_them_and_repeat_as_one(rita, rex, wanda, batch, now):
    gold = Gold.objects.filter(task__batch=batch).first()
    path = f"tasks/{gold.task_id}/correct-gold"
    body = {"solution": {"label": "a"}, "reason": "The truth is a, not b."}
    assert rita.post(path, body | {"solution": {"label": "z"}}).status_code == 400
    assert rita.post(path, body | {"reason": "no"}).json()["details"]["field"] == "reason"
    assert not GoldChange.objects.exists()
    for stranger in (rex, wanda):
        assert stranger.post(path, body).status_code == 404
    first, again = (rita.post(path, body, key="k") for _ in range(2))
    assert (first.status_code, first.json()) == (201, again.json())
    assert rita.post(path, body | {"reason": "Something else."}, key="k").status_code == 409
    retire = f"tasks/{gold.task_id}/retire-gold"
    first, again = (rita.post(retire, {"reason": "Nobody can tell."}, key="r") for _ in range(2))
    assert (first.status_code, first.json()) == (201, again.json())
    assert [row["kind"] for row in rita.get(f"batches/{batch.id}/gold-changes").json()["results"]] == ["retired", "corrected"]
    ordinary = Task.objects.filter(batch=batch, lane=0).first()
    assert rita.post(f"tasks/{ordinary.id}/retire-gold", {"reason": "Nobody can tell."}).status_code == 404


# ---- with a course ----


def test_finishing_the_course_ends_a_second_pause_too(rita, olga, wanda, now):
    made = learning.course(rita, reading=False)
    batch = scenes.opened(rita, olga)
    due = now + timedelta(days=9)
    given = {"worker": known(wanda, rita), "project_id": batch.project_id, "note": "Colours.", "blocks": True}
    [row] = practising.assign(rita.actor, made.id, due_at=now + DAY, now=now, **given)
    later = now + 2 * DAY
    assert not decisions.in_force(wanda.worker.id, scopes=[row.scope], now=later), "the first is over"
    practising.assign(rita.actor, made.id, due_at=due, now=later, **given)
    [second] = decisions.in_force(wanda.worker.id, scopes=[row.scope], now=later)
    for _ in range(2):
        learning.answer(wanda, learning.lessons(made)[0], at=later + MINUTE)
    assert Training.objects.get().finished_at == later + MINUTE
    assert Training.objects.get().decision_id == second.id
    assert not decisions.in_force(wanda.worker.id, scopes=[row.scope], now=later + MINUTE)


def test_counted_from_is_in_the_receipt(wanda, batch, now):
    pause = paused_once(wanda, batch, now)
    assert pause.inputs["counted_from"] is None
    assert pause.rule == gating.GATE_RULE


def test_gold_is_corrected_and_retired_with_a_reason(rita, batch, now):
    gold = Gold.objects.filter(task__batch=batch).first()
    for refused in (
        lambda: correcting.retire(rita.actor, gold.task_id, reason="Too bad.", now=now),
        lambda: correcting.correct(rita.actor, gold.task_id, solution="a", reason=" " * 20, now=now),
    ):
        with pytest.raises(GoldUnexplained) as refusal:
            refused()
        assert (refusal.value.code, refusal.value.details["field"], refusal.value.details["least"]) == (
            "gold_unexplained",
            "reason",
            10,
        )
    assert not GoldChange.objects.exists()
