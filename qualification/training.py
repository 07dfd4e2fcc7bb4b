"""Courses: write one, take one, practise until each lesson is mastered. What an answer scores is judged by the caller.

The training row is the lock: everything a worker does in a course happens under it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from foundation import events
from foundation.errors import NotFound
from qualification import granting, mastery
from qualification.errors import BadCourse, CourseConflict, PracticeMoved, PracticeUsedUp, TrainingFinished
from qualification.mastery import Practised
from qualification.models import Course, Grant, Lesson, LessonProgress, PracticeAnswer, Skill, Training
from workforce import access, aliases, limits, notifying
from workforce.access import Actor
from workforce.models import Decision, NoticeKind, Worker

LESSONS_MAX = 50
QUESTIONS_MAX = 100  # examples, and practice tasks, of one lesson
ANSWERS_MAX = (
    300  # practice answers in one lesson of one training; it ends with the last of them, if the lesson is not mastered by then
)
BEGIN_AGAIN_AFTER = timedelta(hours=24)  # a training that ended so may be begun again, from the first lesson
RIGHT_PERCENT = 80

# ---- writing a course ----


@transaction.atomic
def create_course(
    actor: Actor,
    *,
    organization_id: UUID,
    title: str,
    now: datetime,
    description: str = "",
    skill_id: UUID | None = None,
    skill_value: int | None = None,
    valid_days: int | None = None,
) -> Course:
    """A course to be written. Managers. Raises NotFound for a foreign skill, BadCourse for a skill without a value."""
    access.require_role(actor, organization_id)
    if skill_id is not None and not Skill.objects.filter(id=skill_id, organization_id=organization_id).exists():
        raise NotFound(field="skill_id")
    if (skill_id is None) != (skill_value is None):
        raise BadCourse("A course that grants a skill says which and at what value.", field="skill_value", limit=100)
    limits.hold("courses_per_organization", organization_id, Course.objects.filter(organization_id=organization_id))
    return Course.objects.create(
        organization_id=organization_id,
        title=title,
        description=description,
        skill_id=skill_id,
        skill_value=skill_value,
        valid_days=valid_days,
        created_at=now,
    )


@transaction.atomic
def add_lesson(
    actor: Actor,
    course_id: UUID,
    *,
    title: str,
    text: str,
    interface: str,
    examples: Sequence[dict[str, Any]],
    practice: Sequence[dict[str, Any]],
    mastery_right: int,
    mastery_window: int,
    right_percent: int = RIGHT_PERCENT,
) -> Lesson:
    """The next lesson of a course that is being written. Locks the course, so that positions have no gap.

    `examples` and `practice` have been brought into canonical form by the caller. Raises NotFound, CourseConflict and BadCourse.
    """
    course = _own_course(actor, course_id, lock=True)
    if course.published_at is not None:
        raise CourseConflict("A published course is not changed: people are taking it. Close it and make another.")
    count = Lesson.objects.filter(course=course).count()
    if count >= LESSONS_MAX:
        raise BadCourse("A course has 50 lessons at most.", field="lessons", limit=LESSONS_MAX)
    for name, questions in (("examples", examples), ("practice", practice)):
        if len(questions) > QUESTIONS_MAX:
            raise BadCourse("There are too many.", field=name, limit=QUESTIONS_MAX, got=len(questions))
        if len({question["id"] for question in questions}) != len(questions):
            raise BadCourse("Two of them have the same id.", field=name)
    _check_rule(len(practice), mastery_right, mastery_window)
    return Lesson.objects.create(
        course=course,
        position=count + 1,
        title=title,
        text=text,
        interface=interface,
        examples=list(examples),
        practice=list(practice),
        mastery_right=mastery_right,
        mastery_window=mastery_window,
        right_percent=right_percent,
    )


def _check_rule(tasks: int, right: int, window: int) -> None:
    if tasks == 0:
        if right or window:
            raise BadCourse("A lesson without practice tasks has no mastery rule.", field="mastery_right", limit=0, got=right)
        return
    if tasks == 1:
        raise BadCourse(
            "Practice needs two tasks or more: an answer just shown does not count.", field="practice", limit=2, got=1
        )
    if not 1 <= right <= window <= mastery.WINDOW_MAX:
        raise BadCourse("So many right of the last so many: 1 to 50.", field="mastery_right", limit=mastery.WINDOW_MAX, got=right)
    if right > tasks:
        raise BadCourse("There are fewer practice tasks than must be right.", field="mastery_right", limit=tasks, got=right)


@transaction.atomic
def publish_course(actor: Actor, course_id: UUID, *, now: datetime) -> Course:
    """Let workers take it. The second time returns the same row. Raises BadCourse for a course without lessons."""
    course = _own_course(actor, course_id, lock=True)
    if not Lesson.objects.filter(course=course).exists():
        raise BadCourse("The course has no lessons yet: POST courses/<id>/lessons.", field="lessons")
    if course.published_at is None:
        Course.objects.filter(id=course.id).update(published_at=now)
        course.refresh_from_db()
    return course


def close_course(actor: Actor, course_id: UUID, *, now: datetime) -> Course:
    """Take nobody new; who has begun may finish. The second time returns the same row."""
    course = _own_course(actor, course_id)
    Course.objects.filter(id=course.id, closed_at=None).update(closed_at=now)
    course.refresh_from_db()
    return course


def courses_granting(skill_ids: Sequence[UUID]) -> list[Course]:
    """The open courses that grant any of these skills."""
    return list(Course.objects.filter(skill_id__in=skill_ids, published_at__isnull=False, closed_at=None).order_by("id"))


# ---- taking one ----


@transaction.atomic
def start(worker_id: UUID, course_id: UUID, *, now: datetime) -> Training:
    """Begin a course by choice. One that is open is returned, and so is a finished one, unless the skill it gave has ended.

    One whose practice is used up is begun again a day later, for the same reason and with the same pause to lift, if it was assigned.

    Locks the worker, so that two starts queue up. Raises NotFound, and CourseConflict for a course that takes nobody.
    """
    course = _locked_for(worker_id, course_id)
    past = list(Training.objects.filter(worker_id=worker_id, course=course).order_by("number"))
    last = past[-1] if past else None
    if last is not None and _is_used_up(last, now=now):
        return _begin_again(last, now=now)
    if last is not None and (last.finished_at is None or not _lapsed(last, course, now)):
        return last
    if course.closed_at is not None:
        raise CourseConflict("This course takes nobody new.", closed_at=course.closed_at.isoformat())
    aliases.note(worker_id, course.organization_id, now=now)
    return Training.objects.create(worker_id=worker_id, course=course, number=len(past) + 1, created_at=now)


def _is_used_up(last: Training, *, now: datetime) -> bool:
    """Did it end because a lesson's practice answers are used up? One that did before this was noted ends now."""
    if last.finished_at is None and last.used_up_at is None:
        over = LessonProgress.objects.filter(training=last, answered__gte=ANSWERS_MAX, mastered_at=None)
        if over.exists():
            Training.objects.filter(id=last.id).update(used_up_at=now)
            last.used_up_at = now
    return last.used_up_at is not None


def _begin_again(last: Training, *, now: datetime) -> Training:
    assert last.used_up_at is not None
    again_from = last.used_up_at + BEGIN_AGAIN_AFTER
    if now < again_from:
        raise PracticeUsedUp(limit=ANSWERS_MAX, again_from=again_from.isoformat())
    carried = ("reason", "rule", "assigned_by_id", "inputs", "threshold", "scope", "decision_id", "due_at")
    facts = {name: getattr(last, name) for name in carried}
    return Training.objects.create(
        worker_id=last.worker_id, course_id=last.course_id, number=last.number + 1, created_at=now, **facts
    )


def _lapsed(last: Training, course: Course, now: datetime) -> bool:
    """Did finishing give a skill that is not held any more?"""
    if course.skill_id is None:
        return False
    held = Grant.objects.filter(worker_id=last.worker_id, skill_id=course.skill_id, revoked_at=None).first()
    return held is None or (held.expires_at is not None and held.expires_at <= now)


@transaction.atomic
def assign(
    worker_id: UUID,
    course_id: UUID,
    *,
    reason: str,
    now: datetime,
    rule: str = "",
    assigned_by: UUID | None = None,
    inputs: dict[str, Any] | None = None,
    threshold: dict[str, Any] | None = None,
    scope: str = "",
    decision: Decision | None = None,
    due_at: datetime | None = None,
) -> Training:
    """Give a course to a worker, also one they have finished before. One that was assigned and is open is returned as it is.

    One they have begun by choice becomes the assigned one, with what they have done in it. Locks the worker. Raises NotFound.
    """
    course = _locked_for(worker_id, course_id)
    facts = {
        "reason": reason,
        "rule": rule,
        "assigned_by_id": assigned_by,
        "inputs": inputs or {},
        "threshold": threshold or {},
        "scope": scope,
        "decision": decision,
        "due_at": due_at,
    }
    last = Training.objects.filter(worker_id=worker_id, course=course).order_by("-number").first()
    if last is not None and last.finished_at is None and not _is_used_up(last, now=now):
        if not last.reason:
            Training.objects.filter(id=last.id).update(**facts)
            last.refresh_from_db()
            _tell(last, course, now=now)
        elif decision is not None:  # an earlier one is over or lifted: finishing ends the one in force
            Training.objects.filter(id=last.id).update(decision=decision)
            last.refresh_from_db()
        return last
    row = Training.objects.create(
        worker_id=worker_id, course=course, number=(last.number if last else 0) + 1, created_at=now, **facts
    )
    _tell(row, course, now=now)
    events.record(
        "training.assigned",
        subject_id=row.id,
        organization_id=course.organization_id,
        actor_id=assigned_by or worker_id,
        now=now,
        data={"rule": rule, "course_id": str(course.id)},
    )
    return row


def _tell(row: Training, course: Course, *, now: datetime) -> None:
    notifying.notify_worker(
        row.worker_id,
        kind=NoticeKind.TRAINING_ASSIGNED,
        key=f"training:{row.id}",
        data={"course": course.title, "reason": row.reason[:300]},
        link=f"/training/{course.id}/",
        by=course.organization_id if row.assigned_by_id else None,
        now=now,
    )


def _locked_for(worker_id: UUID, course_id: UUID) -> Course:
    """The published course, with the worker locked."""
    course = Course.objects.filter(id=course_id, published_at__isnull=False).first()
    if course is None or Worker.objects.select_for_update(no_key=True).filter(id=worker_id).first() is None:
        raise NotFound
    return course


# ---- practising ----


@dataclass(frozen=True)
class Standing:
    """Where a worker stands in one lesson."""

    training: Training
    lesson: Lesson
    answered: int
    recent: list[bool]  # right or not, of the last that count, oldest first
    mastered_at: datetime | None
    next_question_id: str | None  # None: mastered, or nothing to practise

    @property
    def number(self) -> int:
        """What the next answer is numbered."""
        return self.answered + 1


@dataclass(frozen=True)
class Outcome:
    """What became of a practice answer, and where it leaves the worker."""

    answer: PracticeAnswer
    verdict: str
    standing: Standing


def standing(worker_id: UUID, lesson_id: UUID) -> Standing:
    """Where a worker stands in a lesson of a course they take: the open training, else the last one. Raises NotFound."""
    lesson = Lesson.objects.select_related("course").filter(id=lesson_id).first()
    if lesson is None:
        raise NotFound
    training = Training.objects.filter(worker_id=worker_id, course_id=lesson.course_id).order_by("-number").first()
    if training is None:
        raise NotFound("Begin the course first: POST courses/<id>/start.", course_id=str(lesson.course_id))
    return _standing(training, lesson)


def _standing(training: Training, lesson: Lesson) -> Standing:
    progress = LessonProgress.objects.filter(training=training, lesson=lesson).first()
    answers = _practised(progress)
    mastered_at = progress.mastered_at if progress else None
    following = mastery.next_question([q["id"] for q in lesson.practice], answers) if lesson.practice else None
    return Standing(
        training=training,
        lesson=lesson,
        answered=progress.answered if progress else 0,
        recent=mastery.recent(answers, window=lesson.mastery_window),
        mastered_at=mastered_at,
        next_question_id=None if mastered_at or training.used_up_at else following,
    )


def _practised(progress: LessonProgress | None) -> list[Practised]:
    if progress is None:
        return []
    rows = PracticeAnswer.objects.filter(progress=progress).order_by("number").values_list("question_id", "right", "counts")
    return [Practised(*row) for row in rows]


@transaction.atomic
def record_answer(
    worker_id: UUID, lesson_id: UUID, *, number: int, question_id: str, result: Any, score: float, now: datetime
) -> Outcome:
    """Take one practice answer that scored 0 to 1; the lesson may be mastered by it, and with it the course.

    `number` says which answer it is: the same again returns the first outcome, another content raises PracticeMoved. It answers the
    task that comes next, or tries the last one again, which does not count. Locks the training. Raises NotFound, TrainingFinished,
    PracticeMoved and PracticeUsedUp.
    """
    lesson, training = _locked_training(worker_id, lesson_id)
    progress, _ = LessonProgress.objects.get_or_create(training=training, lesson=lesson, defaults={"began_at": now})
    if number <= progress.answered:
        return _repeated(progress, number, question_id, result)
    if training.used_up_at is not None:
        raise PracticeUsedUp(limit=ANSWERS_MAX, again_from=(training.used_up_at + BEGIN_AGAIN_AFTER).isoformat())
    if training.finished_at is not None or progress.mastered_at is not None:
        raise TrainingFinished(lesson_id=str(lesson.id))
    answers = _practised(progress)
    following = mastery.next_question([q["id"] for q in lesson.practice], answers) if lesson.practice else None
    last = answers[-1].question_id if answers else None
    if number != progress.answered + 1 or question_id not in {following, last}:
        raise PracticeMoved(number=progress.answered + 1, question_id=following)
    if number > ANSWERS_MAX:
        raise PracticeUsedUp(limit=ANSWERS_MAX)
    verdict = mastery.verdict(score, right_percent=lesson.right_percent)
    answer = PracticeAnswer.objects.create(
        progress=progress,
        number=number,
        question_id=question_id,
        result=result,
        score=score,
        right=verdict == "right",
        counts=question_id != last,
        created_at=now,
    )
    progress.answered = number
    answers.append(Practised(question_id, answer.right, answer.counts))
    if mastery.is_mastered(answers, right=lesson.mastery_right, window=lesson.mastery_window):
        progress.mastered_at = now
    progress.save()
    if progress.mastered_at:
        _finish_if_done(training, lesson.course, now=now)
    elif number == ANSWERS_MAX:
        _use_up(training, lesson.course, now=now)
    return Outcome(answer, verdict, _standing(training, lesson))


def _use_up(training: Training, course: Course, *, now: datetime) -> None:
    """End it unfinished, because its time is paid and practice has a bound; whoever gave it is told by the event."""
    Training.objects.filter(id=training.id).update(used_up_at=now)
    training.used_up_at = now
    events.record(
        "training.used_up",
        subject_id=training.id,
        organization_id=course.organization_id,
        actor_id=training.worker_id,
        now=now,
        data={"course_id": str(course.id)},
    )


def _repeated(progress: LessonProgress, number: int, question_id: str, result: Any) -> Outcome:
    answer = PracticeAnswer.objects.get(progress=progress, number=number)
    now_at = _standing(progress.training, progress.lesson)
    if answer.question_id != question_id or answer.result != result:
        raise PracticeMoved(number=now_at.number, question_id=now_at.next_question_id)
    return Outcome(answer, mastery.verdict(answer.score, right_percent=progress.lesson.right_percent), now_at)


@transaction.atomic
def mark_read(worker_id: UUID, lesson_id: UUID, *, now: datetime) -> Standing:
    """Say that a lesson without practice was read. The second time changes nothing. Raises NotFound and BadCourse for one with practice."""
    lesson, training = _locked_training(worker_id, lesson_id)
    if lesson.practice:
        raise BadCourse("This lesson is mastered by practising it.", field="lesson_id")
    progress, _ = LessonProgress.objects.get_or_create(training=training, lesson=lesson, defaults={"began_at": now})
    if progress.mastered_at is None and training.finished_at is None and training.used_up_at is None:
        progress.mastered_at = now
        progress.save()
        _finish_if_done(training, lesson.course, now=now)
    return _standing(training, lesson)


def _locked_training(worker_id: UUID, lesson_id: UUID) -> tuple[Lesson, Training]:
    lesson = Lesson.objects.select_related("course").filter(id=lesson_id).first()
    if lesson is None:
        raise NotFound
    rows = Training.objects.select_for_update(of=("self",)).filter(worker_id=worker_id, course_id=lesson.course_id)
    training = rows.order_by("-number").first()
    if training is None:
        raise NotFound("Begin the course first: POST courses/<id>/start.", course_id=str(lesson.course_id))
    return lesson, training


def _finish_if_done(training: Training, course: Course, *, now: datetime) -> None:
    mastered = LessonProgress.objects.filter(training=training, mastered_at__isnull=False).count()
    if mastered < Lesson.objects.filter(course=course).count():
        return
    Training.objects.filter(id=training.id).update(finished_at=now)
    training.finished_at = now
    if course.skill_id is not None and course.skill_value is not None:
        granting.grant_no_less(
            training.worker_id,
            skill_id=course.skill_id,
            value=course.skill_value,
            source=f"training:{training.id}",
            now=now,
            expires_at=now + timedelta(days=course.valid_days) if course.valid_days else None,
        )
    events.record(
        "training.finished",
        subject_id=training.id,
        organization_id=course.organization_id,
        actor_id=training.worker_id,
        now=now,
        data={"course_id": str(course.id)},
    )


def lifting(decision_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Of these decisions, those that end when a training is finished: decision → its course."""
    rows = Training.objects.filter(decision_id__in=decision_ids, finished_at=None, used_up_at=None).values_list(
        "decision_id", "course_id"
    )
    return {decision_id: course_id for decision_id, course_id in rows if decision_id is not None}


def progress_of(trainings: Sequence[Training]) -> dict[UUID, tuple[int, int]]:
    """Per training, how many lessons are mastered, of how many. Two queries, however many trainings."""
    of_course: dict[UUID, int] = {}
    for course_id in Lesson.objects.filter(course_id__in={t.course_id for t in trainings}).values_list("course_id", flat=True):
        of_course[course_id] = of_course.get(course_id, 0) + 1
    mastered: dict[UUID, int] = {}
    done = LessonProgress.objects.filter(training_id__in=[t.id for t in trainings], mastered_at__isnull=False)
    for training_id in done.values_list("training_id", flat=True):
        mastered[training_id] = mastered.get(training_id, 0) + 1
    return {t.id: (mastered.get(t.id, 0), of_course.get(t.course_id, 0)) for t in trainings}


def _own_course(actor: Actor, course_id: UUID, *, lock: bool = False) -> Course:
    rows = Course.objects.select_for_update(of=("self",)) if lock else Course.objects.all()
    course = rows.filter(id=course_id).first()
    if course is None:
        raise NotFound
    access.require_role(actor, course.organization_id)
    return course
