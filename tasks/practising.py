"""Training in the real interface: writing lessons, practising with immediate feedback, and retraining instead of a plain pause.

Time in a lesson is work: its page sends signs of life, and what lies between them is credited as the time book's `training`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count
from psycopg.types.multirange import Multirange

from foundation import constraints
from foundation.errors import Busy, NotFound
from payments import timekeeping, worktime
from payments.models import WorkInterval
from qualification import evidence, training
from qualification.errors import BadCourse
from qualification.models import Course, Lesson, Training
from qualification.training import Outcome, Standing
from tasks import media, questions
from tasks.errors import RESULT_MAX_BYTES, ResultTooLarge
from tasks.labels import AnswerInvalid, interface_of
from tasks.models import Batch, Enrolment, Project, Study
from workforce import access, aliases, decisions, limits, quoting
from workforce.access import Actor
from workforce.models import Decision

FINISHED_RULE = "training-finished/1"  # lifts what a named human had set
IDLE_CAP_SECONDS = 120  # the longest gap between signs of life that counts as work, as for tasks
BEAT_SECONDS = 10  # signs of life more often than this are not written
AWAY = timedelta(minutes=10)  # a lesson not looked at for so long is over, and its time is credited
ROUNDS = 3  # a hand-in at the same instant may take some of the seconds first
CREDIT_CHUNK = 500
ASSIGNED_MAX = 1000  # workers that one command may send to a course

# ---- writing lessons ----


def create_course(actor: Actor, *, organization_id: UUID, description: str = "", **fields: Any) -> Course:
    """A course to be written; its description shows the organisation's own pictures. Raises ForeignFile and what
    `training.create_course` raises.
    """
    access.require_role(actor, organization_id)
    media.check_own(organization_id, media.files_in_text(description, "description"))
    return training.create_course(actor, organization_id=organization_id, description=description, **fields)


def _own_course(actor: Actor, course_id: UUID) -> Course:
    course = Course.objects.filter(id=course_id).first()
    if course is None:
        raise NotFound
    access.require_role(actor, course.organization_id)
    return course


def add_lesson(
    actor: Actor,
    course_id: UUID,
    *,
    title: str,
    text: str = "",
    interface: str = "",
    examples: Sequence[dict[str, Any]] = (),
    practice: Sequence[dict[str, Any]] = (),
    **rule: Any,
) -> Lesson:
    """The next lesson of a course that is being written: its examples and practice tasks fit the interface, their solutions fit them.

    Without a rule stated, three of the last five, or as many as there are. Raises InterfaceInvalid, BadQuestion, ForeignFile, and what
    `training.add_lesson` raises.
    """
    owner = _own_course(actor, course_id).organization_id
    media.check_own(owner, media.files_in_text(text, "text"))
    if not interface:
        if examples or practice:
            raise BadCourse("Examples and practice tasks need an interface.", field="interface")
    else:
        parsed = questions.editor_interface(interface, owner)
        examples = questions.all_checked(examples, "examples", parsed, owner)
        practice = questions.all_checked(practice, "practice", parsed, owner)
        interface = parsed.xml
    if not text and not practice:
        raise BadCourse("A lesson has something to read or to practise.", field="text")
    rule.setdefault("mastery_right", min(3, len(practice)))
    rule.setdefault("mastery_window", max(rule["mastery_right"], min(5, len(practice))))
    return training.add_lesson(
        actor, course_id, title=title, text=text, interface=interface, examples=examples, practice=practice, **rule
    )


# ---- practising ----


@dataclass(frozen=True)
class Feedback:
    """What a worker is told about a practice answer, at once."""

    outcome: Outcome
    question: dict[str, Any]  # with its solution and explanation

    @property
    def standing(self) -> Standing:
        """Where it leaves them."""
        return self.outcome.standing


def practise(worker_id: UUID, lesson_id: UUID, *, number: int, question_id: str, result: Any, now: datetime) -> Feedback:
    """Answer a practice task: it is scored by its label family and told at once; mastering the last lesson finishes the course.

    Finishing a course that a rule gave lifts the pause that came with it, and what the rule looked at starts afresh. An answer that
    does not fit is refused with AnswerInvalid, and does not count as tried. The same `number` and content again returns the first
    outcome. Raises what `training.record_answer` raises.
    """
    size = len(orjson.dumps(result))
    if size > RESULT_MAX_BYTES // 4:
        raise ResultTooLarge(field="result", limit=RESULT_MAX_BYTES // 4, got=size)
    lesson = training.standing(worker_id, lesson_id).lesson
    question = question_of(lesson, question_id)
    interface = interface_of(lesson.interface)
    score = interface.match(interface.canonical(result, question["payload"]), question["solution"])
    at_work(worker_id, lesson_id, now=now)
    with transaction.atomic():
        outcome = training.record_answer(
            worker_id, lesson_id, number=number, question_id=question_id, result=result, score=score, now=now
        )
        _follow(outcome.standing, now=now)
    if outcome.standing.mastered_at is not None:
        leave(worker_id, now=now)
    return Feedback(outcome, questions.solved(question, lesson.interface, lesson.course.organization_id))


def question_of(lesson: Lesson, question_id: str) -> dict[str, Any]:
    """A practice task by its id. Raises AnswerInvalid."""
    found: dict[str, Any] | None = next((one for one in lesson.practice if one["id"] == question_id), None)
    if found is None:
        raise AnswerInvalid("This lesson has no such practice task.", field="question_id")
    return found


def read(worker_id: UUID, lesson_id: UUID, *, now: datetime) -> Standing:
    """Say that a lesson without practice was read. Raises what `training.mark_read` raises."""
    at_work(worker_id, lesson_id, now=now)
    with transaction.atomic():
        standing = training.mark_read(worker_id, lesson_id, now=now)
        _follow(standing, now=now)
    leave(worker_id, now=now)
    return standing


def _follow(standing: Standing, *, now: datetime) -> None:
    """What finishing an assigned course brings: the pause ends, and accuracy is measured afresh."""
    row = standing.training
    if row.finished_at != now or not row.reason:
        return
    if row.decision_id is not None:
        decisions.lift_by_rule(
            row.decision_id,
            rule=row.rule or FINISHED_RULE,
            reason=f"You have finished the course “{standing.lesson.course}”.",
            now=now,
        )
    if row.scope and "guideline_meaning" in row.inputs:
        evidence.begin_anew(row.worker_id, scope=row.scope, window=row.inputs["guideline_meaning"], now=now)


# ---- time ----


def at_work(worker_id: UUID, lesson_id: UUID, *, now: datetime) -> Study:
    """A sign of life in a lesson: the time since the last one counts, up to IDLE_CAP_SECONDS. More often than BEAT_SECONDS changes nothing.

    Time in another lesson, or before a long absence, is credited first. Locks the study. Raises NotFound for a course not begun.
    """
    training.standing(worker_id, lesson_id)
    with transaction.atomic():
        open_one = Study.objects.select_for_update().filter(worker_id=worker_id, ended_at=None).first()
        if open_one is not None and open_one.lesson_id == lesson_id and now - open_one.seen_at < AWAY:
            if now - open_one.seen_at >= timedelta(seconds=BEAT_SECONDS - 1):
                open_one.active = worktime.extended(
                    open_one.active, since=open_one.seen_at, now=now, idle_cap_seconds=IDLE_CAP_SECONDS
                )
                open_one.seen_at = now
                open_one.save(update_fields=["active", "seen_at"])
            return open_one
    if open_one is not None:
        _credit(open_one.id, now=now)
    row = Study(worker_id=worker_id, lesson_id=lesson_id, began_at=now, seen_at=now)
    Study.objects.bulk_create([row], ignore_conflicts=True)  # a twin of this request may have been quicker
    return Study.objects.filter(worker_id=worker_id, ended_at=None).get()


def leave(worker_id: UUID, *, now: datetime) -> None:
    """Credit the time in the lesson at hand, up to now. Nothing at hand: nothing happens."""
    with transaction.atomic():
        row = Study.objects.select_for_update().filter(worker_id=worker_id, ended_at=None).first()
        if row is None:
            return
        row.active = worktime.extended(row.active, since=row.seen_at, now=now, idle_cap_seconds=IDLE_CAP_SECONDS)
        row.seen_at = max(now, row.seen_at)
        row.save(update_fields=["active", "seen_at"])
    _credit(row.id, now=now)


def credit_left(*, now: datetime) -> int:
    """Credit the time in lessons that nobody has looked at for AWAY; returns how many."""
    due = Study.objects.filter(ended_at=None, seen_at__lte=now - AWAY).values_list("id", flat=True)
    ids = list(due[:CREDIT_CHUNK])
    for study_id in ids:
        _credit(study_id, now=now)
    return len(ids)


def _credit(study_id: UUID, *, now: datetime) -> None:
    for _ in range(ROUNDS):
        try:
            with transaction.atomic():
                return _credit_once(study_id, now)
        except IntegrityError as error:
            constraints.only(error, "second_credited_once")  # the time book was written meanwhile: look again at what is free
    raise Busy(study_id=study_id)


def _credit_once(study_id: UUID, now: datetime) -> None:
    row = Study.objects.select_for_update().get(id=study_id)
    if row.ended_at is not None:
        return
    periods = worktime.credit(
        worktime.Clock(row.began_at, row.seen_at, row.seen_at, row.active or Multirange(), heartbeats=True),
        [],
        timekeeping.credited_in(row.worker_id, since=row.began_at, until=row.seen_at),
        now=row.seen_at,
        idle_cap_seconds=IDLE_CAP_SECONDS,
        typical_seconds=0,
        self_reported_seconds=None,
    )
    timekeeping.record(row.worker_id, kind=WorkInterval.Kind.TRAINING, reference=row.id, periods=periods, now=now)
    row.ended_at = now
    row.save(update_fields=["ended_at"])


# ---- assigning ----


def assign(
    actor: Actor,
    course_id: UUID,
    *,
    now: datetime,
    note: str = "",
    worker: str | None = None,
    project_id: UUID | None = None,
    due_at: datetime | None = None,
    blocks: bool = False,
) -> list[Training]:
    """Send one worker (by alias), or everyone who takes part in a project's open batches, to a course; they are told in our words,
    with the note as a quotation.

    With `blocks` (needs a project, one worker and a due date) they get no new tasks of the project until they have finished it or the
    date has come: a Decision by the named human. Managers. Those who have the course assigned already keep it as it was. Raises
    NotFound, also for a worker who never took part in anything of the organisation's, BadCourse, BadNote, and LimitReached after so
    many in a day, or so many of one worker in a week.
    """
    course = Course.objects.select_related("organization").filter(id=course_id, published_at__isnull=False).first()
    if course is None:
        raise NotFound
    access.require_role(actor, course.organization_id)
    if project_id is not None and not Project.objects.filter(id=project_id, organization_id=course.organization_id).exists():
        raise NotFound(field="project_id")
    if due_at is not None and due_at <= now:
        raise BadCourse("The due date is in the future.", field="due_at")
    if blocks and (project_id is None or worker is None or due_at is None):
        raise BadCourse("Who holds someone up says in which project, whom, and until when.", field="blocks")
    project = Project.objects.filter(id=project_id).first() if project_id else None
    wording = Wording(course, project, due_at, quoting.checked(note))
    workers = [aliases.worker_of(worker, course.organization_id)] if worker else _taking_part(project_id)
    with transaction.atomic():
        access.require_open(course.organization_id)
        reached = _within_pace(course.organization_id, workers, now=now)
        return [_assigned(actor, one, wording, blocks=blocks, now=now) for one in reached]


@dataclass(frozen=True)
class Wording:
    """What people are told when somebody sends them to a course, in our words; the requester's own stand in it as a quotation."""

    course: Course
    project: Project | None
    due_at: datetime | None
    note: str

    @property
    def scope(self) -> str:
        """As decisions and trainings write it."""
        return Decision.scope_of_project(self.project.id) if self.project else ""

    @property
    def of_training(self) -> str:
        """Why the course is on one's list."""
        job = f" for the project “{self.project.name}”" if self.project else ""
        return f"{self.course.organization.name} asks you to take the course “{self.course.title}”{job}.{self.note}"

    @property
    def of_pause(self) -> str:
        """Why there are no new tasks, and what ends that."""
        assert self.project is not None, "checked by `assign`"
        assert self.due_at is not None, "likewise"
        return (
            f"{self.course.organization.name} gives you no new tasks of the project “{self.project.name}” until you have finished the "
            f"course “{self.course.title}”, at the latest until {self.due_at:%Y-%m-%d %H:%M} UTC.{self.note}"
        )


def _within_pace(organization_id: UUID, workers: Sequence[UUID], *, now: datetime) -> list[UUID]:
    """Those of the workers who may be sent somewhere: by people of one organisation so many in a day, and each so many times a week.

    One who has had enough is left out of a group. Raises LimitReached for a group too large for today, and for one person alone.
    """
    week = now - timedelta(days=7)
    sent = Training.objects.filter(course__organization_id=organization_id, assigned_by__isnull=False)
    limits.hold("assigned_per_day", organization_id, sent.filter(created_at__gt=now - timedelta(days=1)), more=len(workers))
    if len(workers) == 1:
        paused = Decision.objects.filter(
            organization_id=organization_id, kind=Decision.Kind.PAUSE, decided_by__isnull=False, created_at__gt=week
        )
        for rows in (sent.filter(created_at__gt=week), paused):
            limits.hold("assigned_per_week_and_worker", organization_id, rows.filter(worker_id=workers[0]))
    often = sent.filter(worker_id__in=workers, created_at__gt=week).values("worker_id").annotate(times=Count("id"))
    enough = often.filter(times__gte=settings.LIMITS["assigned_per_week_and_worker"]).values_list("worker_id", flat=True)
    left_out = set(enough)
    return [worker_id for worker_id in workers if worker_id not in left_out]


def _taking_part(project_id: UUID | None) -> list[UUID]:
    if project_id is None:
        raise BadCourse("Say who: a worker, or a project whose workers are meant.", field="worker")
    rows = Enrolment.objects.filter(batch__project_id=project_id, batch__state__in=[Batch.State.OPEN, Batch.State.PAUSED])
    return list(rows.order_by("worker_id").values_list("worker_id", flat=True).distinct()[:ASSIGNED_MAX])


def _assigned(actor: Actor, worker_id: UUID, wording: Wording, *, blocks: bool, now: datetime) -> Training:
    decision = None
    if blocks and not decisions.in_force(worker_id, scopes=[wording.scope], now=now):
        decision = decisions.record(
            worker_id,
            kind=Decision.Kind.PAUSE,
            scope=wording.scope,
            organization_id=wording.course.organization_id,
            decided_by=actor.id,
            reason=wording.of_pause,
            now=now,
            effective_until=wording.due_at,
        )
    return training.assign(
        worker_id,
        wording.course.id,
        reason=wording.of_training,
        assigned_by=actor.id,
        scope=wording.scope,
        decision=decision,
        due_at=wording.due_at,
        now=now,
    )


def retrain(
    worker_id: UUID,
    course_id: UUID,
    *,
    rule: str,
    scope: str,
    reason: str,
    decision: Decision | None,
    now: datetime,
    **receipt: Any,
) -> Training | None:
    """A rule sends a worker to a course; one they have been given and not finished stays as it was. None for a course not published.

    `decision` is the pause, a day at most, that finishing the course lifts. `receipt` is inputs and threshold of the rule.
    """
    course = Course.objects.filter(id=course_id, published_at__isnull=False).first()
    if course is None:
        return None
    return training.assign(
        worker_id, course.id, reason=reason, rule=rule, scope=scope, decision=decision, now=now, due_at=None, **receipt
    )
