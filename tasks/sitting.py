"""Exams in the real interface: setting one, sitting one. Answers are scored by their label family; the time counts as work."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import IntegrityError, transaction

from foundation import constraints
from foundation.errors import Busy, NotFound
from payments import timekeeping, worktime
from payments.models import WorkInterval
from qualification import examining, scoring
from qualification.errors import AttemptEnded, BadExam, ReviewNotAllowed
from qualification.models import Exam, ExamAttempt
from tasks import media, questions
from tasks.errors import RESULT_MAX_BYTES, ResultTooLarge
from tasks.labels import AnswerInvalid, interface_of
from tasks.labels.effort import Effort
from workforce import access
from workforce.access import Actor

SUBMIT_ROUNDS = 3  # a sitting and an answer handed in at the same instant may meet in the time book; the later looks again
END_CHUNK = 200
ANSWERS_TOGETHER = 3  # the answers of a sitting may take as many steps to read as that many of the largest answers to tasks


def create_exam(
    actor: Actor,
    *,
    organization_id: UUID,
    skill_id: UUID,
    interface: str,
    questions: list[dict[str, Any]],
    now: datetime,
    answer_key: str = "",
    **fields: Any,
) -> Exam:
    """Set an exam whose questions fit the interface and whose solutions fit the questions.

    `answer_key` is a Mechanical Turk AnswerKey document, instead of `scoring`. Raises InterfaceInvalid, BadQuestion naming the
    question, ForeignFile, BadScoring, and what `examining.create_exam` raises.
    """
    access.require_role(actor, organization_id)
    media.check_own(organization_id, media.files_in_text(fields.get("instructions", ""), "instructions"))
    checked, interface = _checked(questions, interface, organization_id)
    if answer_key:
        if fields.get("scoring"):
            raise BadExam("State scoring or an answer key, not both.", field="answer_key")
        fields["scoring"] = scoring.from_answer_key(answer_key)
    return examining.create_exam(
        actor, organization_id=organization_id, skill_id=skill_id, interface=interface, questions=checked, now=now, **fields
    )


def _checked(bank: list[dict[str, Any]], interface: str, organization_id: UUID) -> tuple[list[dict[str, Any]], str]:
    """The questions and the interface as they are kept."""
    parsed = questions.editor_interface(interface, organization_id)
    return questions.all_checked(bank, "questions", parsed, organization_id), parsed.xml


# ---- sitting ----


def start(worker_id: UUID, exam_id: UUID, *, now: datetime) -> ExamAttempt:
    """Begin a sitting; a running one is returned. One whose time is over is ended first, with the answers that were saved in it.

    Raises what `examining.start` raises.
    """
    end_due(now=now, worker_id=worker_id)
    return examining.start(worker_id, exam_id, now=now)


def questions_of(attempt: ExamAttempt) -> list[dict[str, Any]]:
    """The questions drawn for a sitting, in its order, without their solutions."""
    by_id = _by_id(attempt.exam)
    return [questions.asked(by_id[name], attempt.exam.interface, attempt.exam.organization_id) for name in attempt.question_ids]


def _by_id(exam: Exam) -> dict[str, dict[str, Any]]:
    return {question["id"]: question for question in exam.questions}


def save(attempt_id: UUID, *, worker_id: UUID, question_id: str, result: Any, now: datetime) -> ExamAttempt:
    """Keep the answer to one question as it stands; it need not be whole. When the time is over, what was saved is what is graded.

    The same again changes nothing. Raises NotFound, AttemptEnded and ResultTooLarge.
    """
    size = len(orjson.dumps(result))
    if size > RESULT_MAX_BYTES // 4:
        raise ResultTooLarge(field="result", limit=RESULT_MAX_BYTES // 4, got=size)
    return examining.save_answer(attempt_id, worker_id=worker_id, question_id=question_id, result=result, now=now)


def submit(attempt_id: UUID, *, worker_id: UUID, answers: dict[str, Any], now: datetime) -> ExamAttempt:
    """Hand in a sitting: score each answer, grade the attempt, grant the skill if passed, and credit the time as work.

    Saved answers count where `answers` has no other. One that does not fit its question is refused as a whole with AnswerInvalid
    naming the question, and may be corrected; a question left out scores 0. Over time what was saved in time is graded. Locks the
    attempt. Handed in a second time raises AttemptEnded.
    """
    attempt = _own(attempt_id, worker_id)
    unknown = set(answers) - set(attempt.question_ids)
    if unknown:
        raise AnswerInvalid("This attempt asks no such question.", field=f"answers.{sorted(unknown)[0][:60]}")
    over = now > attempt.expires_at + timedelta(seconds=examining.GRACE_SECONDS)
    if over and attempt.saved and attempt.state == ExamAttempt.State.STARTED:
        return _end(attempt, now=now)
    return _grade(attempt, attempt.saved | answers, strict=True, now=now, until=now)


def _own(attempt_id: UUID, worker_id: UUID) -> ExamAttempt:
    attempt = ExamAttempt.objects.select_related("exam").filter(id=attempt_id, worker_id=worker_id).first()
    if attempt is None:
        raise NotFound
    return attempt


def _grade(attempt: ExamAttempt, answers: Mapping[str, Any], *, strict: bool, now: datetime, until: datetime) -> ExamAttempt:
    scores, labels = _scored(attempt.exam, answers, strict=strict)
    for _ in range(SUBMIT_ROUNDS):
        try:
            with transaction.atomic():
                graded = examining.grade(
                    attempt.id, worker_id=attempt.worker_id, answers=answers, scores=scores, labels=labels, now=until
                )
                _credit(graded, until=until, now=now)
                return graded
        except IntegrityError as error:
            constraints.only(error, "second_credited_once")  # the time book was written meanwhile: look again at what is free
    raise Busy(attempt_id=attempt.id)


def _scored(exam: Exam, answers: Mapping[str, Any], *, strict: bool) -> tuple[dict[str, float], dict[str, list[str]]]:
    """Scores and labels per question; not strict, an answer that does not fit scores 0 instead of being refused."""
    interface, by_id = interface_of(exam.interface), _by_id(exam)
    scores: dict[str, float] = {}
    labels: dict[str, list[str]] = {}
    steps = 0
    for name, result in answers.items():
        question = by_id[name]
        try:
            effort = Effort(answers=ANSWERS_TOGETHER, steps=steps if strict else 0)
            canonical = interface.canonical(result, question["payload"], effort=effort)
            steps = effort.steps
        except AnswerInvalid as error:
            if strict:
                place = f"answers.{name}.{error.details.get('field', '')}"
                raise AnswerInvalid(error.template, **(error.details | {"field": place, "question_id": name})) from error
            scores[name] = 0.0
            continue
        scores[name] = interface.match(canonical, question["solution"])
        labels[name] = sorted(interface.labels_of(canonical))
    return scores, labels


def _credit(attempt: ExamAttempt, *, until: datetime, now: datetime) -> None:
    """The time limit stands for the typical time: a sitting has no heartbeats, and is credited from its start to its end."""
    until = max(min(until, attempt.expires_at), attempt.started_at)
    clock = worktime.Clock(attempt.started_at, None, None, None, heartbeats=False)
    periods = worktime.credit(
        clock,
        [],
        timekeeping.credited_in(attempt.worker_id, since=attempt.started_at, until=until),
        now=until,
        idle_cap_seconds=0,
        typical_seconds=attempt.exam.time_limit_seconds,
        self_reported_seconds=None,
    )
    timekeeping.record(attempt.worker_id, kind=WorkInterval.Kind.EXAM, reference=attempt.id, periods=periods, now=now)


def end_due(*, now: datetime, worker_id: UUID | None = None) -> int:
    """End the sittings whose time is over; returns how many. What was saved is graded, and its time credited; the others expire."""
    due = ExamAttempt.objects.filter(
        state=ExamAttempt.State.STARTED,
        saved_at__isnull=False,
        expires_at__lt=now - timedelta(seconds=examining.GRACE_SECONDS),
    ).select_related("exam")
    if worker_id is not None:
        due = due.filter(worker_id=worker_id)
    ended = 0
    for attempt in due.order_by("expires_at")[:END_CHUNK]:
        try:
            _end(attempt, now=now)
            ended += 1
        except AttemptEnded:
            continue  # handed in at this moment
    return ended + examining.expire_due(now=now, worker_id=worker_id)


def _end(attempt: ExamAttempt, *, now: datetime) -> ExamAttempt:
    """As if handed in with the last second."""
    return _grade(attempt, attempt.saved, strict=False, now=now, until=attempt.expires_at)


# ---- afterwards ----


def review(attempt_id: UUID, *, worker_id: UUID) -> list[dict[str, Any]]:
    """Each question of an ended sitting with one's own answer, what it scored, the solution and the explanation.

    Only as far as the exam's owner allows it: raises ReviewNotAllowed, and NotFound.
    """
    attempt = _own(attempt_id, worker_id)
    if not may_review(attempt):
        raise ReviewNotAllowed(review_allowed=attempt.exam.review_allowed, state=attempt.state)
    by_id, answers, scores = _by_id(attempt.exam), attempt.answers or {}, attempt.scores or {}
    return [
        questions.solved(by_id[name], attempt.exam.interface, attempt.exam.organization_id)
        | {"answer": answers.get(name), "score": scores.get(name, 0.0)}
        for name in attempt.question_ids
    ]


def may_review(attempt: ExamAttempt) -> bool:
    """Is the sitting over, and does its exam show what was wrong?"""
    allowed = attempt.exam.review_allowed
    if attempt.state == ExamAttempt.State.STARTED:
        return False
    return allowed == Exam.Review.ALWAYS or (allowed == Exam.Review.AFTER_PASS and attempt.state == ExamAttempt.State.PASSED)
