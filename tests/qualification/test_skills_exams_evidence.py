"""Skills are granted and end, exams are sat by their rules, evidence is taken once."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from foundation.errors import NotFound
from qualification import evidence, examining, granting
from qualification.errors import AttemptEnded, BadExam, ExamClosed, NoAttemptsLeft, RetryTooEarly, SkillNameTaken
from qualification.models import Estimate, Evidence, ExamAttempt, Grant, Skill
from tests import builders
from tests.builders import known
from tests.journeys.world import ok
from tests.races.crowd import all_at_once
from workforce import aliases
from workforce.models import Worker

QUESTIONS = [{"id": f"q{n}", "payload": {"text": str(n)}, "solution": {"label": "a"}} for n in range(5)]


def skill(rita):
    return granting.create_skill(rita.actor, organization_id=rita.organization.id, name="S", description="", now=rita.now)


def exam(rita, made, **fields):
    settings = {
        "title": "E",
        "instructions": "",
        "interface": "<View/>",
        "questions": QUESTIONS,
        "questions_per_attempt": 3,
        "pass_percent": 60,
        "time_limit_seconds": 100,
        "max_attempts": 2,
        "retry_delay_seconds": 3600,
        "valid_days": 30,
    }
    return examining.create_exam(
        rita.actor, organization_id=rita.organization.id, skill_id=made.id, now=rita.now, **(settings | fields)
    )


@pytest.mark.django_db
def test_a_grant_replaces_the_one_before_and_moves_the_standing(rita, wanda, now):
    made = skill(rita)
    standing = Worker.objects.get(id=wanda.worker.id).standing
    granting.grant(wanda.worker.id, skill_id=made.id, value=40, source="x", now=now)
    granting.grant(wanda.worker.id, skill_id=made.id, value=80, source="x", now=now)
    assert granting.facts_of(wanda.worker.id, now=now).skills[made.id].value == 80
    assert Grant.objects.filter(revoked_at=None).count() == 1
    assert Worker.objects.get(id=wanda.worker.id).standing == standing + 2
    with pytest.raises(SkillNameTaken):
        skill(rita)


@pytest.mark.django_db
def test_only_managers_of_the_skills_organisation_grant_and_revoke(rita, rex, wanda, now):
    made = skill(rita)
    with pytest.raises(NotFound):
        granting.grant_by_hand(rex.actor, made.id, worker=known(wanda, rex), value=50, now=now)
    stranger = aliases.alias_of(wanda.worker.id, rita.organization.id)
    for nobody in (stranger, aliases.alias_of(wanda.worker.id, rex.organization.id), str(wanda.worker.id)):
        assert rita.post(f"skills/{made.id}/grants", {"worker": nobody, "value": 50}).status_code == 404
    assert rita.post(f"skills/{made.id}/grants", {"worker_id": str(wanda.worker.id), "value": 50}).status_code == 400
    assert known(wanda, rita) == stranger
    given = ok(rita.post(f"skills/{made.id}/grants", {"worker": stranger, "value": 50}), 201)
    assert (given["worker"], given["source"]) == (stranger, "person")
    assert rex.post(f"grants/{given['id']}/revoke").status_code == 404
    ok(rita.post(f"grants/{given['id']}/revoke"))
    assert granting.facts_of(wanda.worker.id, now=now).skills == {}
    refused = rita.post(f"skills/{made.id}/grants", {"worker": stranger, "value": 101})
    assert refused.status_code == 400


@pytest.mark.django_db
def test_grants_expire_by_the_clock_and_by_the_job(rita, wanda, now):
    made = skill(rita)
    granting.grant(wanda.worker.id, skill_id=made.id, value=50, source="x", now=now, expires_at=now + timedelta(hours=1))
    later = now + timedelta(hours=2)
    assert granting.facts_of(wanda.worker.id, now=later).skills == {}
    assert granting.expire_due(now=later) == 1
    assert granting.expire_due(now=later) == 0


@pytest.mark.django_db
def test_passing_grants_the_skill_for_as_long_as_it_lasts(rita, wanda, now):
    made = skill(rita)
    attempt = examining.start(wanda.worker.id, exam(rita, made).id, now=now)
    assert len(set(attempt.question_ids)) == 3
    scores = dict.fromkeys(attempt.question_ids[:2], 1.0)
    graded = examining.grade(attempt.id, worker_id=wanda.worker.id, answers={}, scores=scores, now=now + timedelta(seconds=50))
    assert (graded.state, float(graded.score_percent)) == ("passed", 66.67)
    held = Grant.objects.get(worker=wanda.worker)
    assert (held.value, held.expires_at) == (66, now + timedelta(days=30, seconds=50))


@pytest.mark.django_db
def test_failing_grants_nothing_and_the_next_try_waits(rita, wanda, now):
    set_exam = exam(rita, skill(rita))
    attempt = examining.start(wanda.worker.id, set_exam.id, now=now)
    assert examining.start(wanda.worker.id, set_exam.id, now=now).id == attempt.id, "a running sitting is the sitting"
    failed = examining.grade(attempt.id, worker_id=wanda.worker.id, answers={}, scores={}, now=now)
    assert failed.state == "failed"
    assert not Grant.objects.exists()
    with pytest.raises(AttemptEnded):
        examining.grade(attempt.id, worker_id=wanda.worker.id, answers={}, scores={}, now=now)
    with pytest.raises(RetryTooEarly):
        examining.start(wanda.worker.id, set_exam.id, now=now + timedelta(minutes=59))
    second = examining.start(wanda.worker.id, set_exam.id, now=now + timedelta(minutes=60))
    assert second.number == 2
    examining.grade(second.id, worker_id=wanda.worker.id, answers={}, scores={}, now=now + timedelta(minutes=61))
    with pytest.raises(NoAttemptsLeft):
        examining.start(wanda.worker.id, set_exam.id, now=now + timedelta(days=9))


@pytest.mark.django_db
def test_a_sitting_over_time_is_expired_whatever_its_scores(rita, wanda, walt, now):
    set_exam = exam(rita, skill(rita))
    attempt = examining.start(wanda.worker.id, set_exam.id, now=now)
    scores = dict.fromkeys(attempt.question_ids, 1.0)
    late = examining.grade(attempt.id, worker_id=wanda.worker.id, answers={}, scores=scores, now=now + timedelta(seconds=106))
    assert late.state == "expired"
    assert not Grant.objects.exists()
    left = examining.start(walt.worker.id, set_exam.id, now=now)
    assert examining.expire_due(now=now + timedelta(seconds=106)) == 1
    assert ExamAttempt.objects.get(id=left.id).state == "expired"
    with pytest.raises(NotFound):
        examining.grade(left.id, worker_id=wanda.worker.id, answers={}, scores={}, now=now)


@pytest.mark.django_db
def test_an_exam_nobody_could_sit_is_refused_and_a_closed_one_takes_nobody(rita, wanda, rex, now):
    made = skill(rita)
    for fields in ({"questions": []}, {"questions": [QUESTIONS[0]] * 2}, {"questions_per_attempt": 6}):
        with pytest.raises(BadExam):
            exam(rita, made, **fields)
    set_exam = exam(rita, made)
    with pytest.raises(NotFound):
        examining.close(rex.actor, set_exam.id, now=now)
    examining.close(rita.actor, set_exam.id, now=now)
    with pytest.raises(ExamClosed):
        examining.start(wanda.worker.id, set_exam.id, now=now)


@pytest.mark.usefixtures("committed_db")
def test_starting_at_the_same_moment_is_one_sitting(now):
    rita, wanda = builders.requester("rita", now=now), builders.worker("wanda", now=now)
    set_exam = exam(rita, skill(rita))
    started = []
    all_at_once(lambda _: started.append(examining.start(wanda.worker.id, set_exam.id, now=now).id), 16)
    assert len(set(started)) == 1
    assert ExamAttempt.objects.count() == 1


# ---- evidence ----


@pytest.mark.django_db
def test_evidence_moves_the_estimate_once_per_source(wanda, now):
    for n, score in enumerate([1.0, 0.0, 0.5, 1.0, 0.0]):
        evidence.record(wanda.worker.id, scope="project:x", score=score, source=f"a:{n}", now=now)
    again = evidence.record(wanda.worker.id, scope="project:x", score=1.0, source="a:1", now=now)
    assert (again.alpha, again.beta, again.observations) == (3.5, 3.5, 5)
    assert ok(wanda.get("me/quality"))["results"] == [], "shown after midnight, so that nobody learns which task was a test"
    wanda.now = now + timedelta(days=1)
    body = ok(wanda.get("me/quality"))["results"][0]
    assert body["accuracy"] == 0.5
    assert body["lower_bound"] < 0.5 < body["upper_bound"]


@pytest.mark.django_db
def test_evidence_is_written_once_and_within_its_range(wanda, now):
    evidence.record(wanda.worker.id, scope="s", score=1.0, source="a", now=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        evidence.record(wanda.worker.id, scope="s", score=1.5, source="b", now=now)
    for change in (
        "UPDATE qualification_evidence SET score = 0",
        "DELETE FROM qualification_evidence",
        "TRUNCATE qualification_evidence CASCADE",
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(change)
    assert Evidence.objects.get().score == 1.0


@pytest.mark.usefixtures("committed_db")
def test_twenty_reports_of_one_observation_are_one(now):
    wanda = builders.worker("wanda", now=now)
    all_at_once(lambda _: evidence.record(wanda.worker.id, scope="s", score=1.0, source="one", now=now), 20)
    all_at_once(lambda n: evidence.record(wanda.worker.id, scope="s", score=0.0, source=f"many:{n}", now=now), 20)
    assert Evidence.objects.count() == 21
    estimate = Estimate.objects.get()
    assert (estimate.alpha, estimate.beta, estimate.observations) == (2.0, 21.0, 21)


@pytest.mark.django_db
def test_workers_see_what_skills_there_are_and_strangers_only_the_platforms(rita, rex, wanda, now):
    made = skill(rita)
    platform = Skill.objects.create(name="Platform", created_at=now)
    assert {row["id"] for row in ok(wanda.get("skills"))["results"]} == {str(made.id), str(platform.id)}
    assert {row["id"] for row in ok(rex.get("skills"))["results"]} == {str(platform.id)}
