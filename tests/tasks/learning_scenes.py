"""Scenes for the tests of training and exams: a course of rita's with a lesson to read and one to practise."""

from typing import Any

from qualification import granting, training
from qualification.models import Course, Lesson, Skill
from tasks import practising
from tests.builders import Person
from tests.tasks import scenes

TRUTH = {"p0": "a", "p1": "b", "p2": "a", "p3": "b"}


def skill(rita: Person, name: str = "Colours") -> Skill:
    assert rita.organization
    return granting.create_skill(rita.actor, organization_id=rita.organization.id, name=name, description="", now=rita.now)


def tasks(truth: dict[str, str] = TRUTH) -> list[dict[str, Any]]:
    return [
        {"id": name, "payload": {"text": f"Text {name}"}, "solution": {"label": label}, "explanation": f"It is **{label}**."}
        for name, label in truth.items()
    ]


def course(rita: Person, *, reading: bool = True, grants: Skill | None = None, published: bool = True, **rule: Any) -> Course:
    assert rita.organization
    made = training.create_course(
        rita.actor,
        organization_id=rita.organization.id,
        title="Colours for beginners",
        description="What *counts* as a colour.",
        skill_id=grants.id if grants else None,
        skill_value=70 if grants else None,
        valid_days=30 if grants else None,
        now=rita.now,
    )
    if reading:
        practising.add_lesson(rita.actor, made.id, title="What we ask", text="# Look\n\nat the **text**.")
    practising.add_lesson(
        rita.actor,
        made.id,
        title="Practice",
        text="Choose.",
        interface=scenes.INTERFACE,
        examples=tasks({"e0": "a", "e1": "b"}),
        practice=tasks(),
        **({"mastery_right": 2, "mastery_window": 3} | rule),
    )
    if published:
        training.publish_course(rita.actor, made.id, now=rita.now)
    made.refresh_from_db()
    return made


def lessons(made: Course) -> list[Lesson]:
    return list(Lesson.objects.filter(course=made).order_by("position"))


def answer(worker: Person, lesson: Lesson, *, right: bool = True, at: Any = None, name: str | None = None) -> practising.Feedback:
    """The answer to the task that comes next."""
    assert worker.worker
    standing = training.standing(worker.worker.id, lesson.id)
    name = name or standing.next_question_id or "p0"
    label = TRUTH[name] if right else "ab"[TRUTH[name] == "a"]
    return practising.practise(
        worker.worker.id, lesson.id, number=standing.number, question_id=name, result=scenes.result(label), now=at or worker.now
    )
