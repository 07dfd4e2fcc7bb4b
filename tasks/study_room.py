"""What a worker's pages about learning show: their courses, their exams, how far they are. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F, OuterRef, Q, Subquery

from qualification import examining, scoring, training
from qualification.examining import Chance
from qualification.models import Course, Exam, ExamAttempt, Grant, Lesson, LessonProgress, Training
from workforce.access import Actor

SHOWN_MAX = 200


@dataclass(frozen=True)
class CourseLine:
    """A course as its worker's list shows it."""

    course: Course
    training: Training | None
    mastered: int
    lessons: int
    given: bool  # was it assigned, and is it still to be done?
    overdue: bool


def courses_of(actor: Actor, worker_id: UUID, *, now: datetime) -> list[CourseLine]:
    """The courses a worker may take: those assigned first, by due date, then those begun, open, and finished ones last."""
    newest = Training.objects.filter(course_id=OuterRef("course_id"), worker_id=worker_id).order_by("-number").values("id")[:1]
    mine = {row.course_id: row for row in Training.objects.filter(worker_id=worker_id, id=Subquery(newest))}
    rows = Course.objects.visible_to(actor).filter(
        Q(published_at__isnull=False, closed_at=None) | Q(id__in=list(mine)), published_at__isnull=False
    )
    courses = list(rows.select_related("organization", "skill").order_by("-published_at")[:SHOWN_MAX])
    counts = training.progress_of(list(mine.values()))
    of_course = lessons_in([course.id for course in courses])
    lines = [_line(course, mine.get(course.id), counts, of_course.get(course.id, 0), now) for course in courses]
    far = max((line.training.due_at for line in lines if line.training and line.training.due_at), default=now)
    return sorted(
        lines,
        key=lambda line: (
            not line.given,
            line.training.due_at or far if line.given and line.training else far,
            line.training is not None and line.training.finished_at is not None,
            line.training is None,
        ),
    )


def _line(course: Course, row: Training | None, counts: dict[UUID, tuple[int, int]], lessons: int, now: datetime) -> CourseLine:
    given = row is not None and bool(row.reason) and row.finished_at is None
    overdue = given and row is not None and row.due_at is not None and row.due_at < now
    return CourseLine(course, row, counts[row.id][0] if row else 0, lessons, given, overdue)


def lessons_in(course_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many lessons each course has."""
    found: dict[UUID, int] = {}
    for course_id in Lesson.objects.filter(course_id__in=course_ids).values_list("course_id", flat=True):
        found[course_id] = found.get(course_id, 0) + 1
    return found


def course_of(actor: Actor, course_id: UUID) -> Course | None:
    """A published course that this person may see."""
    rows = Course.objects.visible_to(actor).filter(published_at__isnull=False)
    return rows.select_related("organization", "skill").filter(id=course_id).first()


def training_in(worker_id: UUID, course: Course) -> Training | None:
    """Their newest training in it."""
    return Training.objects.filter(worker_id=worker_id, course=course).order_by("-number").first()


def lessons_of(course: Course, row: Training | None) -> list[tuple[Lesson, LessonProgress | None]]:
    """The lessons in order, each with how far the training has got in it."""
    done = {p.lesson_id: p for p in LessonProgress.objects.filter(training=row)} if row else {}
    return [(lesson, done.get(lesson.id)) for lesson in Lesson.objects.filter(course=course).order_by("position")]


@dataclass(frozen=True)
class ExamLine:
    """An exam as its worker's list shows it."""

    exam: Exam
    chance: Chance
    attempts: list[ExamAttempt]
    held: Grant | None  # the skill it grants, as they hold it now


def exams_of(actor: Actor, worker_id: UUID, *, now: datetime, exam_id: UUID | None = None) -> list[ExamLine]:
    """The exams a worker may sit or has sat, those to renew and those they may sit now first. Three queries, however many."""
    attempts: dict[UUID, list[ExamAttempt]] = {}
    for attempt in ExamAttempt.objects.filter(worker_id=worker_id).order_by("exam_id", "number"):
        attempts.setdefault(attempt.exam_id, []).append(attempt)
    sat = Q(id__in=list(attempts))
    rows = Exam.objects.filter(Q(id__in=Exam.objects.visible_to(actor).values("id")) | sat)
    rows = rows.filter(Q(closed_at=None) | sat)
    if exam_id is not None:
        rows = rows.filter(id=exam_id)
    exams = list(rows.select_related("organization", "skill").order_by(F("created_at").desc())[:SHOWN_MAX])
    grants = Grant.objects.filter(worker_id=worker_id, revoked_at=None).filter(Q(expires_at=None) | Q(expires_at__gt=now))
    held = {grant.skill_id: grant for grant in grants}
    lines = [
        ExamLine(
            exam,
            examining.chance_of(exam, attempts.get(exam.id, []), now=now),
            attempts.get(exam.id, []),
            held.get(exam.skill_id),
        )
        for exam in exams
    ]
    return sorted(lines, key=lambda one: (one.chance.running is None, not one.chance.renewing, not one.chance.may_start))


@dataclass(frozen=True)
class LabelShare:
    """How much of what has one label was right in a sitting."""

    label: str
    share: float
    least_percent: int
    short: bool


def label_shares_of(attempt: ExamAttempt) -> list[LabelShare]:
    """Per label of a graded sitting whose exam asks for a least share of each; empty for other exams."""
    minimums = attempt.exam.label_minimums
    if not minimums or attempt.scores is None:
        return []
    labels = examining.labels_of_questions(attempt.exam.questions)
    shares = scoring.label_shares(attempt.scores, labels, attempt.question_ids)
    named, every = minimums.get("labels", {}), minimums.get("every", 0)
    return [LabelShare(label, share, named.get(label, every), label in attempt.short_labels) for label, share in shares.items()]
