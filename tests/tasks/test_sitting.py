from datetime import timedelta

import pytest

from foundation.errors import NotFound
from payments.models import WorkInterval
from qualification import examining, granting
from qualification.errors import AttemptEnded, BadExam
from qualification.models import Exam, ExamAttempt, Grant
from tasks import answering, sitting
from tasks.errors import BadQuestion
from tasks.labels import AnswerInvalid, InterfaceInvalid, effort
from tests import builders
from tests.tasks import scenes
from workforce.errors import RoleTooLow

pytestmark = pytest.mark.django_db
TRUTH = {"q0": "a", "q1": "b", "q2": "a", "q3": "b"}


@pytest.fixture
def skill(rita, now):
    return granting.create_skill(rita.actor, organization_id=rita.organization.id, name="Colours", description="", now=now)


def settings(rita, skill, **fields):
    return {
        "organization_id": rita.organization.id,
        "skill_id": skill.id,
        "title": "Colours",
        "instructions": "Choose.",
        "interface": scenes.INTERFACE,
        "questions": [{"id": name, "payload": {"text": name}, "solution": {"label": truth}} for name, truth in TRUTH.items()],
        "questions_per_attempt": 4,
        "pass_percent": 75,
        "time_limit_seconds": 600,
        "max_attempts": 2,
        "retry_delay_seconds": 3600,
        "valid_days": 30,
    } | fields


def create(rita, skill, **fields):
    return sitting.create_exam(rita.actor, now=rita.now, **settings(rita, skill, **fields))


@pytest.fixture
def exam(rita, skill):
    return create(rita, skill)


def answers(right=4):
    given = {name: truth if n < right else "ab"[truth == "a"] for n, (name, truth) in enumerate(TRUTH.items())}
    return {name: scenes.result(choice) for name, choice in given.items()}


def hand_in(worker, attempt, given, *, at):
    return sitting.submit(attempt.id, worker_id=worker.worker.id, answers=given, now=at)


def untouched(attempt):
    attempt.refresh_from_db()
    return (
        attempt.state == "started"
        and attempt.answers is None
        and not Grant.objects.exists()
        and not WorkInterval.objects.exists()
    )


# ---- setting one ----


def test_solutions_are_kept_in_canonical_form(rita, skill):
    questions = [{"id": "q", "payload": {"text": "x"}, "solution": scenes.result("a")}]
    made = create(rita, skill, questions=questions, questions_per_attempt=1)
    assert made.questions == [
        {
            "id": "q",
            "payload": {"text": "x"},
            "solution": {"label": "a"},
            "result": scenes.result("a"),
            "labels": ["a"],
            "explanation": "",
        }
    ]


@pytest.mark.parametrize(
    "question",
    [
        {"id": "q", "payload": {"text": "x"}},
        {"id": "q", "payload": {"text": "x"}, "solution": {"label": "c"}},
        {"id": "q", "payload": {"text": "x"}, "solution": {"colour": "a"}},
        {"id": "q", "payload": {}, "solution": {"label": "a"}},
        {"id": 1, "payload": {"text": "x"}, "solution": {"label": "a"}},
        "q",
    ],
)
def test_a_question_that_does_not_fit_is_named(rita, skill, question):
    good = {"id": "good", "payload": {"text": "x"}, "solution": {"label": "a"}}
    with pytest.raises(BadQuestion) as refused:
        create(rita, skill, questions=[good, question], questions_per_attempt=1)
    assert refused.value.details["field"].startswith("questions[1]")
    assert not Exam.objects.exists()


def test_other_bad_exams_are_refused(rita, skill):
    with pytest.raises(InterfaceInvalid):
        create(rita, skill, interface="<View/>")
    with pytest.raises(BadExam):
        create(rita, skill, questions_per_attempt=5)
    assert not Exam.objects.exists()


def test_only_managers_set_exams_for_skills_of_their_own(rita, rex, skill, now):
    viewer = builders.person("vera", now=now)
    builders.member(rita, "vera@example.org", "viewer")
    for someone, error in [(rex, NotFound), (viewer, RoleTooLow)]:
        with pytest.raises(error):
            sitting.create_exam(someone.actor, now=now, **settings(rita, skill))
    with pytest.raises(NotFound):  # rita's skill, rex's organisation
        sitting.create_exam(rex.actor, now=now, **settings(rita, skill, organization_id=rex.organization.id))
    assert not Exam.objects.exists()


# ---- sitting one ----


def test_passing_grants_the_skill_and_the_time_counts_as_work(exam, skill, wanda, now):
    attempt = examining.start(wanda.worker.id, exam.id, now=now)
    done = hand_in(wanda, attempt, answers(right=3), at=now + timedelta(seconds=90))
    assert (done.state, float(done.score_percent)) == ("passed", 75.0)
    assert done.scores == {"q0": 1.0, "q1": 1.0, "q2": 1.0, "q3": 0.0}
    grant = Grant.objects.get(worker=wanda.worker)
    assert (grant.skill_id, grant.value, grant.expires_at) == (skill.id, 75, now + timedelta(seconds=90, days=30))
    interval = WorkInterval.objects.get(worker_id=wanda.worker.id)
    assert (interval.kind, interval.reference) == ("exam", attempt.id)
    assert interval.period.upper - interval.period.lower == timedelta(seconds=90)


def test_failing_grants_nothing_and_the_time_counts_all_the_same(exam, wanda, now):
    attempt = examining.start(wanda.worker.id, exam.id, now=now)
    done = hand_in(wanda, attempt, answers(right=2), at=now + timedelta(seconds=60))
    assert (done.state, float(done.score_percent)) == ("failed", 50.0)
    assert not Grant.objects.exists()
    assert WorkInterval.objects.count() == 1


def test_a_question_left_out_scores_nothing(exam, wanda, now):
    attempt = examining.start(wanda.worker.id, exam.id, now=now)
    done = hand_in(wanda, attempt, {"q0": scenes.result("a")}, at=now + timedelta(seconds=60))
    assert float(done.score_percent) == 25.0


@pytest.mark.parametrize(
    "given", [{"q0": scenes.result("c")}, {"q0": []}, {"q0": [{"from_name": "x"}]}, {"q9": scenes.result("a")}]
)
def test_an_answer_that_does_not_fit_is_refused_and_may_be_corrected(exam, wanda, now, given):
    attempt = examining.start(wanda.worker.id, exam.id, now=now)
    with pytest.raises(AnswerInvalid):
        hand_in(wanda, attempt, answers() | given, at=now + timedelta(seconds=60))
    assert untouched(attempt)
    assert hand_in(wanda, attempt, answers(), at=now + timedelta(seconds=70)).state == "passed"


def test_the_answers_of_a_sitting_are_read_at_a_bounded_cost_together(exam, wanda, now, monkeypatch):
    """Each alone may cost what an answer may; a sitting of many questions may not cost that many times as much."""
    attempt = examining.start(wanda.worker.id, exam.id, now=now)
    monkeypatch.setattr(effort, "STEPS_MAX", effort.ENTRY)
    with pytest.raises(AnswerInvalid) as refused:
        hand_in(wanda, attempt, answers(), at=now + timedelta(seconds=60))
    assert refused.value.details["question_id"] == "q3"
    assert refused.value.details["limit"] == sitting.ANSWERS_TOGETHER * effort.ENTRY
    assert untouched(attempt)
    monkeypatch.undo()
    assert hand_in(wanda, attempt, answers(), at=now + timedelta(seconds=70)).state == "passed"


def test_a_sitting_is_handed_in_once(exam, wanda, now):
    attempt = examining.start(wanda.worker.id, exam.id, now=now)
    hand_in(wanda, attempt, answers(right=0), at=now + timedelta(seconds=60))
    with pytest.raises(AttemptEnded):
        hand_in(wanda, attempt, answers(), at=now + timedelta(seconds=61))
    attempt.refresh_from_db()
    assert attempt.state == "failed"
    assert not Grant.objects.exists()
    assert WorkInterval.objects.count() == 1


def test_handed_in_too_late_it_grants_nothing_and_is_credited_to_its_limit(exam, wanda, now):
    attempt = examining.start(wanda.worker.id, exam.id, now=now)
    done = hand_in(wanda, attempt, answers(), at=now + timedelta(seconds=700))
    assert done.state == "expired"
    assert not Grant.objects.exists()
    interval = WorkInterval.objects.get(worker_id=wanda.worker.id)
    assert interval.period.upper - interval.period.lower == timedelta(seconds=600)


def test_nobody_hands_in_for_another(exam, wanda, walt, now):
    attempt = examining.start(wanda.worker.id, exam.id, now=now)
    with pytest.raises(NotFound):
        hand_in(walt, attempt, answers(), at=now + timedelta(seconds=60))
    assert untouched(attempt)


def test_a_second_at_a_task_is_not_credited_to_the_exam_too(rita, olga, exam, wanda, now):
    batch = scenes.opened(rita, olga)
    attempt = examining.start(wanda.worker.id, exam.id, now=now)
    (lease,) = scenes.claim(wanda, batch, now=now + timedelta(seconds=20))
    answering.submit(
        lease.id, worker_id=wanda.worker.id, token=lease.token, result=scenes.result("a"), now=now + timedelta(seconds=40)
    )
    hand_in(wanda, attempt, answers(), at=now + timedelta(seconds=60))
    seconds = sum((row.period.upper - row.period.lower).total_seconds() for row in WorkInterval.objects.all())
    assert seconds == 60


# ---- over HTTP ----


def test_an_exam_over_http(rita, rex, skill, wanda, walt, now):
    body = settings(rita, skill) | {"organization_id": str(rita.organization.id), "skill_id": str(skill.id)}
    assert rex.post("exams", body).status_code == 404
    made = rita.post("exams", body)
    assert made.status_code == 201, made.content
    exam_id = made.json()["id"]
    assert "solution" not in wanda.get(f"exams/{exam_id}").content.decode()
    assert "solution" in rita.get(f"exams/{exam_id}").content.decode()
    assert rita.post(f"exams/{exam_id}/attempts").status_code == 403
    started = wanda.post(f"exams/{exam_id}/attempts", key="s1")
    assert started.status_code == 201, started.content
    assert "solution" not in started.content.decode()
    assert sorted(question["id"] for question in started.json()["questions"]) == sorted(TRUTH)
    attempt_id = started.json()["id"]
    assert wanda.post(f"exams/{exam_id}/attempts").json()["id"] == attempt_id
    assert walt.get(f"attempts/{attempt_id}").status_code == 404
    assert walt.post(f"attempts/{attempt_id}/submit", {"answers": answers()}).status_code == 404
    done = wanda.post(f"attempts/{attempt_id}/submit", {"answers": answers()}, at=now + timedelta(seconds=30))
    assert (done.status_code, done.json()["state"]) == (200, "passed"), done.content
    assert wanda.post(f"attempts/{attempt_id}/submit", {"answers": answers()}).status_code == 409
    assert ExamAttempt.objects.count() == 1
