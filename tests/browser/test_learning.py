"""Training and exams in a browser: wrong, then right, then mastered; an exam by keyboard, across a reload, and against the clock."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from payments.models import WorkInterval
from qualification import examining
from qualification.models import ExamAttempt, Grant, Training
from tasks import sitting
from tests.builders import known
from tests.tasks import learning_scenes as learning
from tests.tasks import scenes

TRUTH = {"q0": "a", "q1": "b", "q2": "a"}


def desk(page: Page):
    return page.frame_locator("#editor iframe")


def choose(page: Page, label: str) -> None:
    desk(page).get_by_role("checkbox", name=label).check()


@pytest.fixture
def exam(rita):
    skill = learning.skill(rita)

    def make(**fields):
        settings = {
            "title": "Colours",
            "instructions": "Choose what the text **names**.",
            "interface": scenes.INTERFACE,
            "questions": learning.tasks(TRUTH),
            "questions_per_attempt": 3,
            "pass_percent": 60,
            "time_limit_seconds": 600,
            "max_attempts": 2,
            "retry_delay_seconds": 0,
            "valid_days": 30,
            "renewal_days": 7,
            "review_allowed": "always",
            "label_minimums": {"every": 20},
        }
        return sitting.create_exam(
            rita.actor, organization_id=rita.organization.id, skill_id=skill.id, now=rita.now, **(settings | fields)
        )

    return make


def test_wanda_takes_a_course_and_holds_its_skill(site, page, sign_in, wanda, rita, axe, shot):
    made = learning.course(rita, grants=learning.skill(rita))
    sign_in(page, wanda)
    page.goto("/training/")
    axe(page)
    shot(page, "training")
    page.get_by_role("link", name="Colours for beginners").click()
    axe(page)
    shot(page, "course")
    page.get_by_role("button", name="Begin the course").click()
    expect(page.get_by_role("heading", name="What we ask", exact=True)).to_be_visible()
    axe(page)
    page.get_by_role("button", name="I have read it").click()

    expect(page.locator("#heading")).to_have_text("Example 1 of 2")
    expect(desk(page).get_by_text("Text e0")).to_be_visible()
    expect(page.locator("#explanation")).to_contain_text("It is a.")
    shot(page, "lesson-example")
    page.get_by_role("button", name="Example 2").click()
    expect(desk(page).get_by_text("Text e1")).to_be_visible()
    page.get_by_role("button", name="Practice").click()
    expect(desk(page).get_by_text("Text p0")).to_be_visible()
    choose(page, "b")
    page.get_by_role("button", name="Check my answer").click()
    expect(page.get_by_role("heading", name="Not right.")).to_be_visible()
    expect(page.locator("#feedback-why")).to_contain_text("It is a.")
    expect(page.locator("#heading")).to_have_text("This is the solution.")
    expect(desk(page).get_by_role("checkbox", name="a")).to_be_checked()
    axe(page)
    shot(page, "lesson-feedback-wrong")
    page.get_by_role("button", name="My answer").click()
    expect(desk(page).get_by_role("checkbox", name="b")).to_be_checked()
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#check")).to_be_visible()
    choose(page, "a")
    page.get_by_role("button", name="Check my answer").click()
    expect(page.get_by_role("heading", name="Right.")).to_be_visible()
    expect(page.locator("#feedback-note")).to_contain_text("does not count")
    for name, label in (("p1", "b"), ("p2", "a")):
        page.get_by_role("button", name="Next task").click()
        expect(desk(page).get_by_text(f"Text {name}")).to_be_visible()
        choose(page, label)
        page.get_by_role("button", name="Check my answer").click()
        expect(page.get_by_role("heading", name="Right.")).to_be_visible()
    expect(page.locator("#feedback-note")).to_contain_text("You have finished the course.")
    axe(page)
    shot(page, "lesson-mastered")
    page.get_by_role("link", name="To the course").click()
    expect(page.get_by_text("You finished this course on")).to_be_visible()
    axe(page)
    assert Training.objects.get().finished_at
    assert (Grant.objects.get().value, Grant.objects.get().skill_id) == (70, made.skill_id)
    assert WorkInterval.objects.filter(kind="training").exists()


def test_an_exam_by_keyboard_survives_a_reload_and_grants_the_skill(site, page, sign_in, wanda, exam, axe, shot):
    made = exam()
    sign_in(page, wanda)
    page.goto("/exams/")
    axe(page)
    shot(page, "exams")
    page.get_by_role("link", name="Colours").first.press("Enter")
    expect(page.get_by_role("heading", name="Before you begin")).to_be_visible()
    axe(page)
    shot(page, "exam-rules")
    page.get_by_role("button", name="Begin now").press("Enter")
    attempt = None
    for n in range(3):
        expect(page.locator("#question")).to_have_text(f"Question {n + 1} of 3")
        attempt = attempt or ExamAttempt.objects.get()
        name = attempt.question_ids[n]
        expect(desk(page).get_by_text(f"Text {name}")).to_be_visible()
        desk(page).get_by_role("checkbox", name=TRUTH[name]).press("Space")
        expect(page.locator("#status")).to_have_text("Saved")
        if n == 1:
            shot(page, "sitting")
            axe(page)
            page.reload()
            expect(page.locator("#question")).to_have_text("Question 3 of 3")
            page.get_by_role("button", name="Question 2 of 3, answered").press("Enter")
            expect(desk(page).get_by_role("checkbox", name=TRUTH[name])).to_be_checked()
        if n < 2:
            desk(page).get_by_role("checkbox", name="a").press("Control+Enter")
    desk(page).get_by_role("checkbox", name="a").press("Control+Enter")
    expect(page.locator("#open-count")).to_have_text("You have answered all 3 questions.")
    axe(page)
    page.get_by_role("button", name="Hand in now").press("Enter")
    expect(page.get_by_role("heading", name="Passed")).to_be_visible()
    axe(page)
    shot(page, "exam-passed")
    assert (Grant.objects.get().value, Grant.objects.get().skill_id) == (100, made.skill_id)
    page.get_by_role("link", name="Look at my answers").click()
    expect(page.locator("#heading")).to_have_text("Your answer to question 1")
    expect(desk(page).get_by_text(f"Text {attempt.question_ids[0]}")).to_be_visible()
    page.get_by_role("button", name="The solution of question 2").press("Enter")
    expect(page.locator("#heading")).to_have_text("The solution of question 2")
    axe(page)
    shot(page, "exam-review")


def test_an_unanswered_question_is_told_before_handing_in_and_failing_says_why(site, page, sign_in, wanda, exam, axe, shot):
    exam(pass_percent=100)
    sign_in(page, wanda)
    page.goto(f"/exams/{examining.Exam.objects.get().id}/")
    page.get_by_role("button", name="Begin now").click()
    expect(page.locator("#question")).to_have_text("Question 1 of 3")
    page.get_by_role("button", name="Hand in").click()
    expect(page.locator("#open-count")).to_have_text("3 of 3 questions are not answered. They count as wrong.")
    page.get_by_role("button", name="Go on answering").click()
    expect(page.locator("#hand-in-dialog")).to_be_hidden()
    page.get_by_role("button", name="Hand in").click()
    page.get_by_role("button", name="Hand in now").click()
    expect(page.get_by_role("heading", name="Not passed")).to_be_visible()
    expect(page.get_by_text("too few").first).to_be_visible()
    axe(page)
    shot(page, "exam-failed")


def test_when_the_time_is_over_what_was_made_is_graded(site, page, sign_in, wanda, exam):
    made = exam(pass_percent=30, label_minimums={})
    attempt = sitting.start(wanda.worker.id, made.id, now=wanda.now)
    ExamAttempt.objects.filter(id=attempt.id).update(expires_at=wanda.now + timedelta(seconds=45))
    sign_in(page, wanda)
    page.goto(f"/attempts/{attempt.id}/")
    choose(page, TRUTH[attempt.question_ids[0]])
    expect(page.locator("#status")).to_have_text("Saved")
    expect(page.get_by_role("heading", name="Passed")).to_be_visible(timeout=75_000)
    attempt.refresh_from_db()
    assert (attempt.state, float(attempt.score_percent)) == ("passed", 33.33)


def test_the_owner_sees_how_questions_do(site, page, sign_in, wanda, rita, exam, axe, shot):
    made = exam()
    attempt = sitting.start(wanda.worker.id, made.id, now=wanda.now)
    given = {name: scenes.result(label) for name, label in TRUTH.items()}
    sitting.submit(attempt.id, worker_id=wanda.worker.id, answers=given, now=wanda.now + timedelta(seconds=5))
    sign_in(page, rita)
    page.goto(f"/exams/{made.id}/items/")
    expect(page.get_by_role("row", name="q0")).to_contain_text("100%")
    axe(page)
    shot(page, "exam-items")


def test_who_is_sent_to_a_course_is_told_why(site, page, sign_in, wanda, rita, axe, shot):
    from tasks import practising

    made = learning.course(rita)
    practising.assign(
        rita.actor,
        made.id,
        worker=known(wanda, rita),
        note="The guideline for colours is new.",
        due_at=rita.now + timedelta(days=3),
        now=rita.now,
    )
    sign_in(page, wanda)
    page.goto("/training/")
    expect(page.get_by_role("heading", name="Given to you")).to_be_visible()
    expect(page.get_by_text("They write: “The guideline for colours is new.”")).to_be_visible()
    axe(page)
    shot(page, "training-given")
    page.get_by_role("link", name="Colours for beginners").click()
    expect(page.get_by_text("Please finish it by")).to_be_visible()
    axe(page)
