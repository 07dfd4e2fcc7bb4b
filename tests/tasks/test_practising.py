from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from foundation.errors import NotFound
from payments.models import WorkInterval
from qualification import evidence, training
from qualification.errors import BadCourse, CourseConflict, PracticeMoved, PracticeUsedUp, TrainingFinished
from qualification.models import Course, Estimate, Grant, Lesson, LessonProgress, PracticeAnswer, Training
from tasks import answering, enrolling, gating, practising, publishing
from tasks.errors import BadBatch, BadQuestion
from tasks.labels import AnswerInvalid, InterfaceInvalid
from tasks.models import Study
from tests import builders
from tests.builders import known
from tests.races.crowd import all_at_once
from tests.tasks import learning_scenes as learning
from tests.tasks import scenes
from workforce import aliases, decisions
from workforce.errors import BadNote, LimitReached, RoleTooLow
from workforce.models import Decision, Notification

db = pytest.mark.django_db


def seconds_of(person):
    return sum(
        (row.period.upper - row.period.lower).total_seconds() for row in WorkInterval.objects.filter(worker_id=person.worker.id)
    )


# ---- writing a course ----


@db
def test_a_lesson_is_kept_with_its_solutions_in_canonical_form(rita):
    reading, practice = learning.lessons(learning.course(rita))
    assert (reading.position, practice.position) == (1, 2)
    assert (reading.mastery_right, practice.mastery_right, practice.mastery_window, practice.right_percent) == (0, 2, 3, 80)
    assert practice.practice[0] == {
        "id": "p0",
        "payload": {"text": "Text p0"},
        "solution": {"label": "a"},
        "result": scenes.result("a"),
        "labels": ["a"],
        "explanation": "It is **a**.",
    }


@db
@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"practice": learning.tasks({"p0": "a"})}, BadCourse),  # one task: what was just shown does not count
        ({"mastery_right": 5, "mastery_window": 9}, BadCourse),
        ({"mastery_right": 3, "mastery_window": 2}, BadCourse),
        ({"mastery_right": 0, "mastery_window": 2}, BadCourse),
        ({"mastery_right": 1, "mastery_window": 51}, BadCourse),
        ({"practice": [*learning.tasks(), learning.tasks()[0]]}, BadCourse),
        ({"practice": [], "mastery_right": 1, "mastery_window": 1}, BadCourse),
        ({"practice": [], "text": "", "mastery_right": 0, "mastery_window": 0}, BadCourse),
        ({"interface": "", "mastery_right": 0, "mastery_window": 0}, BadCourse),
        ({"interface": "<View/>"}, InterfaceInvalid),
        ({"practice": learning.tasks({"p0": "c", "p1": "b"})}, BadQuestion),
        ({"examples": [{"id": "e", "payload": {}, "solution": {"label": "a"}}]}, BadQuestion),
    ],
)
def test_a_lesson_nobody_could_do_is_refused(rita, change, error):
    made = learning.course(rita, reading=False, published=False)
    fields = {
        "title": "L",
        "text": "T",
        "interface": scenes.INTERFACE,
        "practice": learning.tasks(),
        "mastery_right": 2,
        "mastery_window": 3,
    } | change
    with pytest.raises(error):
        practising.add_lesson(rita.actor, made.id, **fields)
    assert Lesson.objects.count() == 1


@db
def test_only_managers_write_courses_and_a_published_one_is_not_changed(rita, rex, now):
    viewer = builders.person("vera", now=now)
    builders.member(rita, "vera@example.org", "viewer")
    made = learning.course(rita, published=False)
    for someone, error in [(rex, NotFound), (viewer, RoleTooLow)]:
        with pytest.raises(error):
            practising.add_lesson(someone.actor, made.id, title="x", text="x")
        with pytest.raises(error):
            training.publish_course(someone.actor, made.id, now=now)
        with pytest.raises(error):
            training.create_course(someone.actor, organization_id=rita.organization.id, title="x", now=now)
    training.publish_course(rita.actor, made.id, now=now)
    first = Course.objects.get().published_at
    training.publish_course(rita.actor, made.id, now=now + timedelta(days=1))
    assert Course.objects.get().published_at == first
    with pytest.raises(CourseConflict):
        practising.add_lesson(rita.actor, made.id, title="x", text="x")
    empty = training.create_course(rita.actor, organization_id=rita.organization.id, title="Empty", now=now)
    with pytest.raises(BadCourse):
        training.publish_course(rita.actor, empty.id, now=now)
    with pytest.raises(BadCourse):
        training.create_course(
            rita.actor, organization_id=rita.organization.id, title="x", skill_id=learning.skill(rita).id, now=now
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        Course.objects.filter(id=empty.id).update(skill_value=5)


# ---- practising ----


@db
def test_mastering_every_lesson_finishes_the_course_and_grants_its_skill(rita, wanda, now):
    made = learning.course(rita, grants=learning.skill(rita))
    reading, lesson = learning.lessons(made)
    row = training.start(wanda.worker.id, made.id, now=now)
    assert practising.read(wanda.worker.id, reading.id, now=now).mastered_at == now
    wrong = learning.answer(wanda, lesson, right=False)
    assert (wrong.outcome.verdict, wrong.outcome.answer.score, wrong.question["solution"]) == ("wrong", 0.0, scenes.result("a"))
    assert wrong.question["explanation"] == "It is **a**."
    assert wrong.standing.recent == [False]
    assert learning.answer(wanda, lesson).outcome.verdict == "right"
    assert not Grant.objects.exists()
    last = learning.answer(wanda, lesson, at=now + timedelta(seconds=60))
    assert (last.standing.recent, last.standing.mastered_at) == ([False, True, True], now + timedelta(seconds=60))
    row.refresh_from_db()
    assert row.finished_at == now + timedelta(seconds=60)
    grant = Grant.objects.get()
    assert (grant.value, grant.source, grant.expires_at) == (70, f"training:{row.id}", now + timedelta(days=30, seconds=60))
    with pytest.raises(TrainingFinished):
        learning.answer(wanda, lesson, name="p3")
    assert PracticeAnswer.objects.count() == 3


@db
def test_trying_again_after_the_solution_was_shown_does_not_count(rita, wanda, now):
    made = learning.course(rita, reading=False)
    [lesson] = learning.lessons(made)
    training.start(wanda.worker.id, made.id, now=now)
    learning.answer(wanda, lesson, right=False, name="p0")
    for _ in range(3):
        again = learning.answer(wanda, lesson, name="p0")
        assert (again.outcome.answer.right, again.outcome.answer.counts, again.standing.recent) == (True, False, [False])
    assert not LessonProgress.objects.get().mastered_at


@db
def test_an_answer_to_another_task_or_out_of_turn_is_refused_and_a_repeat_is_answered_as_before(rita, wanda, now):
    made = learning.course(rita, reading=False)
    [lesson] = learning.lessons(made)

    def practise(number, name, label):
        return practising.practise(
            wanda.worker.id, lesson.id, number=number, question_id=name, result=scenes.result(label), now=now
        )

    with pytest.raises(NotFound):
        practise(1, "p0", "a")  # not begun
    training.start(wanda.worker.id, made.id, now=now)
    for number, name in [(1, "p1"), (2, "p0")]:
        with pytest.raises(PracticeMoved) as refused:
            practise(number, name, "a")
        assert refused.value.details == {"number": 1, "question_id": "p0"}
    for bad in (lambda: practise(1, "p9", "a"), lambda: practise(1, "p0", "c")):
        with pytest.raises(AnswerInvalid):
            bad()
    assert not PracticeAnswer.objects.exists()
    first = practise(1, "p0", "a")
    assert practise(1, "p0", "a").outcome.answer.id == first.outcome.answer.id
    with pytest.raises(PracticeMoved):
        practise(1, "p0", "b")
    assert PracticeAnswer.objects.count() == 1


@db
def test_practice_has_a_bound(rita, wanda, now, monkeypatch):
    monkeypatch.setattr(training, "ANSWERS_MAX", 2)
    [lesson] = learning.lessons(made := learning.course(rita, reading=False))
    training.start(wanda.worker.id, made.id, now=now)
    for _ in range(2):
        learning.answer(wanda, lesson, right=False)
    with pytest.raises(PracticeUsedUp) as refused:
        learning.answer(wanda, lesson)
    assert PracticeAnswer.objects.count() == 2
    assert Training.objects.get().used_up_at is not None
    with pytest.raises(PracticeUsedUp):
        training.start(wanda.worker.id, made.id, now=now + timedelta(hours=23))
    tomorrow = datetime.fromisoformat(refused.value.details["again_from"])
    again = training.start(wanda.worker.id, made.id, now=tomorrow)
    assert (again.number, training.standing(wanda.worker.id, lesson.id).answered) == (2, 0)
    for _ in range(2):
        learning.answer(wanda, lesson, at=tomorrow)
    assert Training.objects.get(number=2).finished_at == tomorrow


@db
def test_an_assigned_course_whose_practice_is_used_up_still_ends_the_pause(rita, olga, wanda, now, monkeypatch):
    monkeypatch.setattr(training, "ANSWERS_MAX", 2)
    [lesson] = learning.lessons(made := learning.course(rita, reading=False))
    batch, later = scenes.opened(rita, olga), now + timedelta(days=2)
    [first] = practising.assign(
        rita.actor,
        made.id,
        worker=known(wanda, rita),
        project_id=batch.project_id,
        note="Colours.",
        due_at=now + timedelta(days=9),
        blocks=True,
        now=now,
    )
    for _ in range(2):
        learning.answer(wanda, lesson, right=False)
    again = training.start(wanda.worker.id, made.id, now=later)
    assert (again.reason, again.decision_id) == (first.reason, first.decision_id)
    for _ in range(2):
        learning.answer(wanda, lesson, at=later)
    assert not decisions.in_force(wanda.worker.id, scopes=[first.scope], now=later)


@db
def test_practice_answers_are_written_once(rita, wanda, now):
    [lesson] = learning.lessons(made := learning.course(rita, reading=False))
    training.start(wanda.worker.id, made.id, now=now)
    learning.answer(wanda, lesson)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE qualification_practiceanswer SET score = 1")


@db
def test_a_course_is_taken_once_unless_what_it_gave_has_ended(rita, wanda, now):
    made = learning.course(rita, reading=False, grants=learning.skill(rita))
    [lesson] = learning.lessons(made)
    first = training.start(wanda.worker.id, made.id, now=now)
    assert training.start(wanda.worker.id, made.id, now=now).id == first.id
    for _ in range(2):
        learning.answer(wanda, lesson)
    assert training.start(wanda.worker.id, made.id, now=now + timedelta(days=29)).id == first.id
    again = training.start(wanda.worker.id, made.id, now=now + timedelta(days=31))
    assert (again.number, training.standing(wanda.worker.id, lesson.id).answered) == (2, 0)
    training.close_course(rita.actor, made.id, now=now)
    assert training.start(wanda.worker.id, made.id, now=now + timedelta(days=31)).id == again.id
    walt = builders.worker("walt", now=now)
    with pytest.raises(CourseConflict):
        training.start(walt.worker.id, made.id, now=now)


@db
def test_finishing_never_lowers_what_one_holds(rita, wanda, now):
    from qualification import granting

    skill = learning.skill(rita)
    granting.grant(wanda.worker.id, skill_id=skill.id, value=90, source="x", now=now)
    made = learning.course(rita, reading=False, grants=skill)
    training.start(wanda.worker.id, made.id, now=now)
    for _ in range(2):
        learning.answer(wanda, learning.lessons(made)[0])
    assert granting.facts_of(wanda.worker.id, now=now).skills[skill.id].value == 90


# ---- time ----


@db
def test_time_in_a_lesson_is_work_by_the_servers_clock_up_to_the_idle_cap(rita, wanda, now):
    [lesson] = learning.lessons(made := learning.course(rita, reading=False))
    training.start(wanda.worker.id, made.id, now=now)
    beats = [0, 15, 16, 30, 400, 415]  # 16 is too soon to be written; from 30 to 400 only the cap counts
    for beat in beats:
        practising.at_work(wanda.worker.id, lesson.id, now=now + timedelta(seconds=beat))
    assert Study.objects.count() == 1
    assert practising.credit_left(now=now + timedelta(seconds=500)) == 0
    assert practising.credit_left(now=now + timedelta(seconds=1100)) == 1
    assert practising.credit_left(now=now + timedelta(seconds=1100)) == 0
    assert seconds_of(wanda) == 30 + practising.IDLE_CAP_SECONDS + 15
    assert {row.kind for row in WorkInterval.objects.all()} == {"training"}


@db
def test_another_lesson_and_mastery_credit_the_one_before(rita, wanda, now):
    reading, lesson = learning.lessons(made := learning.course(rita))
    training.start(wanda.worker.id, made.id, now=now)
    practising.at_work(wanda.worker.id, lesson.id, now=now)
    practising.at_work(wanda.worker.id, lesson.id, now=now + timedelta(seconds=20))
    practising.at_work(wanda.worker.id, reading.id, now=now + timedelta(seconds=40))
    assert seconds_of(wanda) == 20
    practising.read(wanda.worker.id, reading.id, now=now + timedelta(seconds=70))
    assert seconds_of(wanda) == 50
    assert not Study.objects.filter(ended_at=None).exists()


@db
def test_a_second_credited_elsewhere_is_not_credited_to_a_lesson(rita, olga, wanda, now):
    [lesson] = learning.lessons(made := learning.course(rita, reading=False))
    batch = scenes.opened(rita, olga)
    training.start(wanda.worker.id, made.id, now=now)
    practising.at_work(wanda.worker.id, lesson.id, now=now)
    (lease,) = scenes.claim(wanda, batch, now=now + timedelta(seconds=10))
    answering.submit(
        lease.id, worker_id=wanda.worker.id, token=lease.token, result=scenes.result("a"), now=now + timedelta(seconds=30)
    )
    practising.at_work(wanda.worker.id, lesson.id, now=now + timedelta(seconds=60))
    practising.leave(wanda.worker.id, now=now + timedelta(seconds=60))
    practising.leave(wanda.worker.id, now=now + timedelta(seconds=90))
    assert seconds_of(wanda) == 60


# ---- retraining ----


def failed_gold(worker, batch, *, count, now):
    """Gold answered wrong, as the evidence of the batch's project."""
    scope = Decision.scope_of_project(batch.project_id)
    for n in range(count):
        row = evidence.record(worker.worker.id, scope=scope, score=0.0, source=f"{worker.worker.id}:{now}:{n}", now=now)
    return row


def gate(batch, estimate, now):
    batch.accuracy_bar = 0.7
    return gating.pause_if_below(estimate, batch, now=now)


@db
@pytest.mark.parametrize("blocks", [True, False])
def test_a_batch_may_send_to_a_course_instead_of_a_plain_pause(rita, olga, wanda, now, blocks):
    made = learning.course(rita, reading=False)
    batch = scenes.opened(rita, olga, retrain_course_id=made.id, retrain_blocks=blocks)
    estimate = failed_gold(wanda, batch, count=6, now=now)
    decision = gate(batch, estimate, now)
    row = Training.objects.get()
    assert (row.worker_id, row.course_id, row.rule, row.scope) == (wanda.worker.id, made.id, "gold-accuracy/1", estimate.scope)
    assert row.inputs["gold_answers"] == 6
    assert row.threshold["accuracy_bar"] == 0.7
    assert "Even the upper" in row.reason
    assert Notification.objects.filter(user=wanda.user, kind="training_assigned").count() == 1
    assert (decision is not None) is blocks
    facts = enrolling.granting.facts_of(wanda.worker.id, now=now)
    missing = enrolling.missing(wanda.worker.id, batch, facts=facts, now=now)
    assert [gap["step"] for gap in missing] == (["decision"] if blocks else [])
    if blocks:
        assert decision.effective_until == now + timedelta(hours=24)
        assert row.decision_id == decision.id
        assert missing[0]["href"] == f"/training/{made.id}/"
    gate(batch, estimate, now)
    assert Training.objects.count() == 1
    training.start(wanda.worker.id, made.id, now=now)
    for _ in range(2):
        learning.answer(wanda, learning.lessons(made)[0], at=now + timedelta(minutes=9))
    row.refresh_from_db()
    assert row.finished_at == now + timedelta(minutes=9)
    assert not decisions.in_force(wanda.worker.id, scopes=[estimate.scope], now=now + timedelta(minutes=9))
    fresh = Estimate.objects.get(worker=wanda.worker)
    assert (fresh.alpha, fresh.beta, fresh.observations) == (1, 1, 0)
    assert enrolling.missing(wanda.worker.id, batch, facts=facts, now=now + timedelta(minutes=9)) == []


@db
def test_a_batch_sends_only_to_an_open_course_of_its_own(rita, rex, now):
    foreign, draft = learning.course(rex), learning.course(rita, published=False)
    project = scenes.project(rita)
    for course in (foreign, draft):
        with pytest.raises(BadBatch):
            publishing.create_batch(
                rita.actor,
                project.id,
                name="B",
                overlap=1,
                price_micros=50_000,
                currency="USD",
                estimate_seconds=10,
                retrain_course_id=course.id,
                now=now,
            )


@db
def test_a_manager_sends_one_worker_or_everyone_in_a_project(rita, rex, olga, wanda, walt, now):
    made = learning.course(rita, reading=False)
    batch = scenes.opened(rita, olga)
    scenes.claim(walt, batch, now=now)
    due = now + timedelta(days=3)
    with pytest.raises(NotFound):
        practising.assign(rex.actor, made.id, worker=known(wanda, rex), now=now)
    stranger = aliases.alias_of(wanda.worker.id, rita.organization.id)
    with pytest.raises(NotFound) as refused:
        practising.assign(rita.actor, made.id, worker=stranger, now=now)
    assert refused.value.details == {"field": "worker", "got": stranger}
    hers = known(wanda, rita)
    foreign = scenes.project(rex)
    for bad, error in [
        ({"project_id": foreign.id}, NotFound),
        ({}, BadCourse),
        ({"worker": hers, "due_at": now}, BadCourse),
        ({"worker": hers, "blocks": True}, BadCourse),
    ]:
        with pytest.raises(error):
            practising.assign(rita.actor, made.id, now=now, **bad)
    assert not Training.objects.exists()
    [everyone] = practising.assign(rita.actor, made.id, project_id=batch.project_id, note="The guideline is new.", now=now)
    assert (everyone.worker_id, everyone.assigned_by_id) == (walt.worker.id, rita.user.id)
    assert practising.assign(rita.actor, made.id, project_id=batch.project_id, note="Again.", now=now)[0].id == everyone.id
    [one] = practising.assign(
        rita.actor,
        made.id,
        worker=hers,
        project_id=batch.project_id,
        note="Colours.",
        due_at=due,
        blocks=True,
        now=now,
    )
    assert (one.decision.decided_by_id, one.decision.effective_until) == (rita.user.id, due)
    assert decisions.in_force(wanda.worker.id, scopes=[one.scope], now=now)
    training.start(wanda.worker.id, made.id, now=now)
    for _ in range(2):
        learning.answer(wanda, learning.lessons(made)[0])
    assert not decisions.in_force(wanda.worker.id, scopes=[one.scope], now=now)


@db
def test_a_course_begun_by_choice_becomes_the_assigned_one(rita, wanda, now):
    made = learning.course(rita, reading=False)
    own = training.start(wanda.worker.id, made.id, now=now)
    learning.answer(wanda, learning.lessons(made)[0])
    [given] = practising.assign(rita.actor, made.id, worker=known(wanda, rita), note="Please.", now=now)
    assert given.id == own.id
    assert given.reason == "Rita asks you to take the course “Colours for beginners”. They write: “Please.”"
    assert training.standing(wanda.worker.id, learning.lessons(made)[0].id).answered == 1


@db
def test_people_are_told_in_our_words_with_theirs_as_a_quotation(rita, wanda, olga, now):
    made, batch, hers = learning.course(rita, reading=False), scenes.opened(rita, olga), known(wanda, rita)
    note = "First line.\nYou are “fired”. \u202eSee\u200b below."
    due = now + timedelta(days=1)
    [row] = practising.assign(
        rita.actor, made.id, worker=hers, project_id=batch.project_id, note=note, due_at=due, blocks=True, now=now
    )
    quoted = "They write: “First line. You are 'fired'. See below.”"
    assert row.reason == f"Rita asks you to take the course “Colours for beginners” for the project “Colours”. {quoted}"
    assert row.decision.reason == (
        "Rita gives you no new tasks of the project “Colours” until you have finished the course “Colours for beginners”, at the "
        f"latest until 2026-03-03 09:00 UTC. {quoted}"
    )
    for bad in ("x" * 301, "see https://evil.example", "www.evil.example", "write to x@evil.example", "ｈttps：／／evil.example"):
        with pytest.raises(BadNote):
            practising.assign(rita.actor, made.id, worker=hers, note=bad, now=now)


@db
def test_so_many_courses_in_a_week_for_one_and_in_a_day_for_all(rita, wanda, walt, olga, now, settings):
    hers, batch = known(wanda, rita), scenes.opened(rita, olga)
    scenes.claim(wanda, batch)
    scenes.claim(walt, batch)
    made = [learning.course(rita, reading=False) for _ in range(5)]
    for course in made[:3]:
        practising.assign(rita.actor, course.id, worker=hers, now=now)
    with pytest.raises(LimitReached) as refused:
        practising.assign(rita.actor, made[3].id, worker=hers, now=now)
    assert (refused.value.details["kind"], refused.value.details["limit"]) == ("assigned_per_week_and_worker", 3)
    [only] = practising.assign(rita.actor, made[3].id, project_id=batch.project_id, now=now)
    assert only.worker_id == walt.worker.id, "who has had enough is left out of a group"
    settings.LIMITS = settings.LIMITS | {"assigned_per_day": 5}
    with pytest.raises(LimitReached) as refused:
        practising.assign(rita.actor, made[4].id, project_id=batch.project_id, now=now)
    assert refused.value.details["kind"] == "assigned_per_day"
    later = now + timedelta(days=8)
    assert practising.assign(rita.actor, made[4].id, worker=hers, now=later)


@db
def test_a_pause_is_not_set_again_and_again(rita, wanda, olga, now):
    made, batch, hers = learning.course(rita, reading=False), scenes.opened(rita, olga), known(wanda, rita)
    for n in range(4):
        at = now + timedelta(hours=n)
        pausing = {"worker": hers, "project_id": batch.project_id, "due_at": at + timedelta(minutes=1), "blocks": True, "now": at}
        if n < 3:
            practising.assign(rita.actor, made.id, **pausing)
    with pytest.raises(LimitReached):
        practising.assign(rita.actor, made.id, **pausing)
    assert Decision.objects.count() == 3


@db
def test_an_assigned_training_says_why(rita, wanda, now):
    made = learning.course(rita)
    with pytest.raises(IntegrityError), transaction.atomic():
        Training.objects.create(worker=wanda.worker, course=made, number=1, rule="r/1", created_at=now)


# ---- at the same moment ----


@pytest.mark.usefixtures("committed_db")
def test_sixteen_starts_and_sixteen_answers_are_one(now):
    rita, wanda = builders.requester("rita", now=now), builders.worker("wanda", now=now)
    made = learning.course(rita, reading=False)
    [lesson] = learning.lessons(made)
    started = []
    all_at_once(lambda _: started.append(training.start(wanda.worker.id, made.id, now=now).id), 16)
    assert len(set(started)) == 1
    told, refused = [], []

    def practise(n):
        try:
            label = "a" if n % 2 else "b"  # two different answers to the first task, eight times each
            done = practising.practise(
                wanda.worker.id, lesson.id, number=1, question_id="p0", result=scenes.result(label), now=now
            )
            told.append(done.outcome.answer.id)
        except PracticeMoved:
            refused.append(n)

    all_at_once(practise, 16)
    assert len(set(told)) == 1
    assert (len(told), len(refused)) == (8, 8)
    assert PracticeAnswer.objects.count() == 1
    assert LessonProgress.objects.get().answered == 1


@pytest.mark.usefixtures("committed_db")
def test_the_last_two_lessons_mastered_at_the_same_moment_finish_the_course_once(now):
    rita, wanda = builders.requester("rita", now=now), builders.worker("wanda", now=now)
    skill = learning.skill(rita)
    made = learning.course(rita, reading=False, published=False, grants=skill)
    for n in range(3):
        practising.add_lesson(rita.actor, made.id, title=f"L{n}", text="Read.")
    training.publish_course(rita.actor, made.id, now=now)
    training.start(wanda.worker.id, made.id, now=now)
    lesson, *readings = learning.lessons(made)
    for _ in range(2):
        learning.answer(wanda, lesson)
    all_at_once(lambda n: training.mark_read(wanda.worker.id, readings[n % 3].id, now=now), 12)
    assert Training.objects.get().finished_at == now
    assert Grant.objects.count() == 1
