"""Exams in the real interface: setting one, sitting one. Answers are scored by their label family; the time counts as work."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from foundation.errors import Busy, NotFound
from payments import timekeeping, worktime
from payments.models import WorkInterval
from qualification import examining
from qualification.models import Exam, ExamAttempt
from tasks.errors import BadQuestion
from tasks.labels import AnswerInvalid, Interface, PayloadInvalid, check_interface, interface_of
from workforce.access import Actor

QUESTION_FIELDS = {"id", "payload", "solution"}
SUBMIT_ROUNDS = 3  # a sitting and an answer handed in at the same instant may meet in the time book; the later looks again


def create_exam(
    actor: Actor,
    *,
    organization_id: UUID,
    skill_id: UUID,
    interface: str,
    questions: list[dict[str, Any]],
    now: datetime,
    **fields: Any,
) -> Exam:
    """Set an exam whose questions fit the interface and whose solutions fit the questions.

    Raises InterfaceInvalid, BadQuestion naming the question, and what `examining.create_exam` raises.
    """
    parsed = check_interface(interface)
    checked = [_checked(question, index, parsed) for index, question in enumerate(questions)]
    return examining.create_exam(
        actor,
        organization_id=organization_id,
        skill_id=skill_id,
        interface=interface,
        questions=checked,
        now=now,
        **fields,
    )


def _checked(question: Any, index: int, interface: Interface) -> dict[str, Any]:
    where = f"questions[{index}]"
    if not isinstance(question, dict) or set(question) != QUESTION_FIELDS or not isinstance(question["id"], str):
        raise BadQuestion("A question has id, payload and solution.", field=where, known=sorted(QUESTION_FIELDS))
    try:
        interface.check_payload(question["payload"])
        solution = interface.solution(question["solution"], question["payload"])
    except (AnswerInvalid, PayloadInvalid) as error:
        raise BadQuestion(error.message, **(error.details | {"field": f"{where}.{error.details.get('field', '')}"})) from error
    return {"id": question["id"][:60], "payload": question["payload"], "solution": solution}


def questions_of(attempt: ExamAttempt) -> list[dict[str, Any]]:
    """The questions drawn for a sitting, in its order, without their solutions."""
    by_id = {question["id"]: question for question in attempt.exam.questions}
    return [{"id": name, "payload": by_id[name]["payload"]} for name in attempt.question_ids]


def submit(attempt_id: UUID, *, worker_id: UUID, answers: dict[str, Any], now: datetime) -> ExamAttempt:
    """Hand in a sitting: score each answer, grade the attempt, grant the skill if passed, and credit the time as work.

    An answer that does not fit its question is refused as a whole with AnswerInvalid, and may be corrected; a question left out
    scores 0. Locks the attempt. Handed in a second time raises AttemptEnded.
    """
    attempt = ExamAttempt.objects.select_related("exam").filter(id=attempt_id, worker_id=worker_id).first()
    if attempt is None:
        raise NotFound
    interface = interface_of(attempt.exam.interface)
    by_id = {question["id"]: question for question in attempt.exam.questions}
    unknown = set(answers) - set(attempt.question_ids)
    if unknown:
        raise AnswerInvalid("This attempt asks no such question.", field=f"answers.{sorted(unknown)[0][:60]}")
    scores = {}
    for question_id, result in answers.items():
        question = by_id[question_id]
        canonical = interface.canonical(result, question["payload"])
        scores[question_id] = interface.match(canonical, question["solution"])
    for _ in range(SUBMIT_ROUNDS):
        try:
            with transaction.atomic():
                graded = examining.grade(attempt_id, worker_id=worker_id, answers=answers, scores=scores, now=now)
                _credit(graded, now=now)
                return graded
        except IntegrityError:
            continue
    raise Busy(attempt_id=attempt_id)


def _credit(attempt: ExamAttempt, *, now: datetime) -> None:
    """The time limit stands for the typical time: a sitting has no heartbeats, and is credited from its start to its end."""
    until = min(now, attempt.expires_at)
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
