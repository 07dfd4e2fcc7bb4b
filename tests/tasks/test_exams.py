"""What exams do beside asking and grading: keep answers, end by the clock, renew, look at labels, show errors, tell which questions are bad."""

from datetime import timedelta

import pytest

from foundation.errors import NotFound
from payments.models import WorkInterval
from qualification import examining, granting
from qualification.errors import AttemptEnded, BadExam, BadScoring, NoAttemptsLeft, ReviewNotAllowed
from qualification.models import Exam, ExamAttempt, Grant
from tasks import sitting
from tasks.labels import InterfaceInvalid
from tests import builders
from tests.races.crowd import all_at_once
from tests.tasks import learning_scenes as learning
from tests.tasks import scenes
from workforce.models import Notification

db = pytest.mark.django_db
TRUTH = {"q0": "a", "q1": "b", "q2": "a", "q3": "b"}
DAY = timedelta(days=1)


def create(rita, **fields):
    skill_id = fields.pop("skill_id", None) or learning.skill(rita).id
    settings = {
        "title": "Colours",
        "instructions": "",
        "interface": scenes.INTERFACE,
        "questions": learning.tasks(TRUTH),
        "questions_per_attempt": 4,
        "pass_percent": 75,
        "time_limit_seconds": 600,
        "max_attempts": 2,
        "retry_delay_seconds": 0,
    }
    return sitting.create_exam(
        rita.actor, organization_id=rita.organization.id, skill_id=skill_id, now=rita.now, **(settings | fields)
    )


def given(*right):
    """Answers, right to these questions and wrong to the others."""
    return {name: scenes.result(truth if name in right else "ab"[truth == "a"]) for name, truth in TRUTH.items()}


def sat(worker, exam, *right, at):
    attempt = sitting.start(worker.worker.id, exam.id, now=at)
    return sitting.submit(attempt.id, worker_id=worker.worker.id, answers=given(*right), now=at + timedelta(seconds=60))


# ---- answers kept as they are made ----


@db
def test_saved_answers_count_where_no_other_is_handed_in(rita, wanda, walt, now):
    attempt = sitting.start(wanda.worker.id, create(rita).id, now=now)

    def save(name, result, worker=wanda, at=now):
        return sitting.save(attempt.id, worker_id=worker.worker.id, question_id=name, result=result, now=at)

    save("q0", scenes.result("b"))
    save("q0", scenes.result("a"))
    save("q1", scenes.result("b"))
    save("q1", [])
    for bad in (lambda: save("q0", [], walt), lambda: save("q9", scenes.result("a"))):
        with pytest.raises(NotFound):
            bad()
    with pytest.raises(AttemptEnded):
        save("q0", scenes.result("b"), at=now + timedelta(seconds=606))
    attempt.refresh_from_db()
    assert attempt.saved == {"q0": scenes.result("a")}
    done = sitting.submit(attempt.id, worker_id=wanda.worker.id, answers={"q1": scenes.result("b")}, now=now)
    assert (done.scores, float(done.score_percent)) == ({"q0": 1.0, "q1": 1.0}, 50.0)
    with pytest.raises(AttemptEnded):
        save("q2", scenes.result("a"))


@db
@pytest.mark.parametrize("how", ["job", "late hand-in", "next start"])
def test_when_the_time_is_over_what_was_saved_is_graded_and_credited(rita, wanda, now, how):
    exam = create(rita)
    attempt = sitting.start(wanda.worker.id, exam.id, now=now)
    for name in ("q0", "q1", "q2"):
        sitting.save(attempt.id, worker_id=wanda.worker.id, question_id=name, result=scenes.result(TRUTH[name]), now=now)
    sitting.save(attempt.id, worker_id=wanda.worker.id, question_id="q3", result=[{"from_name": "x"}], now=now)
    later = now + timedelta(seconds=900)
    if how == "job":
        assert sitting.end_due(now=now + timedelta(seconds=604)) == 0
        assert (sitting.end_due(now=later), sitting.end_due(now=later)) == (1, 0)
    elif how == "late hand-in":
        sitting.submit(attempt.id, worker_id=wanda.worker.id, answers=given("q0", "q1", "q2", "q3"), now=later)
    else:
        sitting.start(wanda.worker.id, exam.id, now=later)
    attempt.refresh_from_db()
    assert (attempt.state, float(attempt.score_percent)) == ("passed", 75.0)
    assert attempt.submitted_at == attempt.expires_at
    [interval] = WorkInterval.objects.all()
    assert interval.period.upper - interval.period.lower == timedelta(seconds=600)


@db
def test_a_sitting_with_nothing_saved_expires(rita, wanda, now):
    attempt = sitting.start(wanda.worker.id, create(rita).id, now=now)
    assert sitting.end_due(now=now + timedelta(seconds=900)) == 1
    attempt.refresh_from_db()
    assert (attempt.state, attempt.score_percent) == ("expired", None)


# ---- labels, keys ----


@db
def test_every_label_has_its_least_share(rita, wanda, now):
    exam = create(rita, pass_percent=50, label_minimums={"every": 50})
    done = sat(wanda, exam, "q0", "q2", at=now)
    assert (done.state, float(done.score_percent), done.short_labels) == ("failed", 50.0, ["b"])
    assert not Grant.objects.exists()
    assert sat(wanda, exam, "q0", "q1", "q2", at=now + DAY).state == "passed"


@db
def test_a_stratified_draw_has_every_label(rita, now):
    many = learning.tasks({f"a{n}": "a" for n in range(9)} | {"b0": "b"})
    exam = create(rita, questions=many, questions_per_attempt=2, stratified=True)
    for n in range(5):
        worker = builders.worker(f"w{n}", now=now)
        assert "b0" in sitting.start(worker.worker.id, exam.id, now=now).question_ids
    for bad in ({"questions_per_attempt": 1, "stratified": True}, {"valid_days": 7, "renewal_days": 7}, {"renewal_days": 1}):
        with pytest.raises(BadExam):
            create(rita, skill_id=exam.skill_id, **bad)


KEY = (
    "<AnswerKey><Question><QuestionIdentifier>q0</QuestionIdentifier><AnswerOption><SelectionIdentifier>a</SelectionIdentifier>"
    "<AnswerScore>8</AnswerScore></AnswerOption></Question><Question><QuestionIdentifier>q1</QuestionIdentifier><AnswerOption>"
    "<SelectionIdentifier>b</SelectionIdentifier><AnswerScore>2</AnswerScore></AnswerOption></Question><QualificationValueMapping>"
    "<PercentageMapping><MaximumSummedScore>10</MaximumSummedScore></PercentageMapping></QualificationValueMapping></AnswerKey>"
)


@db
def test_an_answer_key_decides_the_value(rita, wanda, now):
    exam = create(rita, answer_key=KEY)
    done = sat(wanda, exam, "q0", at=now)
    assert (done.state, float(done.score_percent)) == ("passed", 80.0)
    assert Grant.objects.get().value == 80
    with pytest.raises(BadExam):
        create(rita, skill_id=exam.skill_id, answer_key=KEY, scoring={"questions": {}, "mapping": {"kind": "sum"}})
    with pytest.raises(BadScoring):
        create(rita, skill_id=exam.skill_id, answer_key=KEY.replace("q1", "q9"))


@db
def test_a_page_of_html_is_no_exam(rita):
    page = (
        '<HTMLQuestion xmlns="http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2011-11-11/HTMLQuestion.xsd">'
        "<HTMLContent><![CDATA[<html><body><form><input name='a'></form></body></html>]]></HTMLContent>"
        "<FrameHeight>400</FrameHeight></HTMLQuestion>"
    )
    with pytest.raises(InterfaceInvalid, match="solution"):
        create(rita, interface=page)
    assert not Exam.objects.exists()


# ---- renewal ----


@db
def test_a_skill_is_renewed_before_it_ends_and_not_lost_meanwhile(rita, wanda, now):
    exam = create(rita, max_attempts=1, valid_days=30, renewal_days=7)
    sat(wanda, exam, *TRUTH, at=now)
    ends = Grant.objects.get().expires_at
    with pytest.raises(NoAttemptsLeft) as refused:
        sitting.start(wanda.worker.id, exam.id, now=now + 22 * DAY)
    assert refused.value.details["renewable_at"] == (ends - 7 * DAY).isoformat()
    assert examining.tell_renewable(now=now + 22 * DAY) == 0
    opened = ends - 6 * DAY
    for _ in range(2):
        examining.tell_renewable(now=opened)
    assert Notification.objects.get(kind="skill_renewable").link == f"/exams/{exam.id}/"
    assert sat(wanda, exam, at=opened).state == "failed"
    assert granting.facts_of(wanda.worker.id, now=opened).skills[exam.skill_id].value == 100
    with pytest.raises(NoAttemptsLeft):
        sitting.start(wanda.worker.id, exam.id, now=opened + DAY)


@db
def test_a_renewal_counts_as_measured_and_another_try_before_it_harms_nobody(rita, wanda, now):
    exam = create(rita, max_attempts=3, valid_days=30, renewal_days=7)
    sat(wanda, exam, *TRUTH, at=now)
    sat(wanda, exam, "q0", "q1", "q2", at=now + DAY)
    held = Grant.objects.get(revoked_at=None)
    assert (held.value, Grant.objects.count()) == (100, 1), "a lower value before the renewal changes nothing"
    sat(wanda, exam, "q0", "q1", "q2", at=now + 25 * DAY)
    held = Grant.objects.get(revoked_at=None)
    assert (held.value, held.expires_at) == (75, now + 55 * DAY + timedelta(seconds=60))


# ---- afterwards ----


@db
@pytest.mark.parametrize(
    ("allowed", "passed", "failed"), [("never", False, False), ("after_pass", True, False), ("always", True, True)]
)
def test_errors_are_shown_as_far_as_the_owner_allows(rita, wanda, walt, now, allowed, passed, failed):
    exam = create(rita, review_allowed=allowed)
    for worker, right, shown in ((wanda, list(TRUTH), passed), (walt, ["q0"], failed)):
        running = sitting.start(worker.worker.id, exam.id, now=now)
        with pytest.raises(ReviewNotAllowed):
            sitting.review(running.id, worker_id=worker.worker.id)
        sitting.submit(running.id, worker_id=worker.worker.id, answers=given(*right), now=now)
        if not shown:
            with pytest.raises(ReviewNotAllowed):
                sitting.review(running.id, worker_id=worker.worker.id)
            continue
        by_id = {one["id"]: one for one in sitting.review(running.id, worker_id=worker.worker.id)}
        assert by_id["q0"] == {
            "id": "q0",
            "payload": {"text": "Text q0"},
            "answer": scenes.result("a"),
            "score": 1.0,
            "solution": scenes.result("a"),
            "explanation": "It is **a**.",
        }
        with pytest.raises(NotFound):
            sitting.review(running.id, worker_id=(walt if worker is wanda else wanda).worker.id)


@db
def test_the_owner_learns_which_questions_are_bad(rita, rex, now):
    exam = create(rita)
    for n in range(20):
        worker = builders.worker(f"w{n}", now=now)
        good = n % 2 == 0
        sat(worker, exam, "q3", *(["q0", "q1"] if good else []), at=now)  # q2 nobody, q3 everybody
    items = {row["question_id"]: row for row in rita.get(f"exams/{exam.id}/items").json()["items"]}
    assert {name: row["flags"] for name, row in items.items()} == {"q0": [], "q1": [], "q2": ["too_hard"], "q3": ["too_easy"]}
    assert (items["q0"]["seen"], items["q0"]["difficulty"], items["q0"]["labels"]) == (20, 0.5, {"a": 10, "b": 10})
    assert items["q0"]["discrimination"] == pytest.approx(1.0)
    assert rex.get(f"exams/{exam.id}/items").status_code == 404


@pytest.mark.usefixtures("committed_db")
def test_handed_in_sixteen_times_at_once_it_is_graded_once(now):
    rita, wanda = builders.requester("rita", now=now), builders.worker("wanda", now=now)
    exam = create(rita)
    attempt = sitting.start(wanda.worker.id, exam.id, now=now)
    sitting.save(attempt.id, worker_id=wanda.worker.id, question_id="q0", result=scenes.result("a"), now=now)
    later = now + timedelta(seconds=700)
    refused = []

    def hand_in(n):
        try:
            if n % 2:
                sitting.end_due(now=later)
            else:
                sitting.submit(attempt.id, worker_id=wanda.worker.id, answers=given(*TRUTH), now=now + timedelta(seconds=60))
        except AttemptEnded:
            refused.append(n)

    all_at_once(hand_in, 16)
    attempt.refresh_from_db()
    assert ExamAttempt.objects.count() == WorkInterval.objects.count() == 1
    assert attempt.state in {"passed", "failed"}
    assert Grant.objects.count() == (attempt.state == "passed")
    assert len(refused) >= 7
