"""Exams: set one, draw questions for a sitting, grade it, and grant the skill to whoever passes.

What an answer is worth is judged by the caller, who knows interfaces; this module receives scores from 0 to 1.
"""

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from foundation import events
from foundation.errors import NotFound
from qualification import granting
from qualification.errors import AttemptEnded, BadExam, ExamClosed, NoAttemptsLeft, RetryTooEarly
from qualification.models import Exam, ExamAttempt, Skill
from workforce import access
from workforce.access import Actor

QUESTIONS_MAX = 500
GRACE_SECONDS = 5  # the network may take that long after the last second
EXPIRE_CHUNK = 1000


def create_exam(actor: Actor, *, organization_id: UUID, skill_id: UUID, now: datetime, **fields: Any) -> Exam:
    """Set an exam for a skill of the organisation's own. Managers. Raises NotFound and BadExam.

    `questions` is a list of {"id", "payload", "solution"} whose solutions the caller has brought into canonical form.
    """
    access.require_role(actor, organization_id)
    if not Skill.objects.filter(id=skill_id, organization_id=organization_id).exists():
        raise NotFound(field="skill_id")
    questions = fields["questions"]
    if not 1 <= len(questions) <= QUESTIONS_MAX:
        raise BadExam("An exam has 1 to 500 questions.", field="questions", limit=QUESTIONS_MAX, got=len(questions))
    if len({question["id"] for question in questions}) != len(questions):
        raise BadExam("Two questions have the same id.", field="questions")
    if fields["questions_per_attempt"] > len(questions):
        raise BadExam("There are fewer questions than an attempt asks.", field="questions_per_attempt", limit=len(questions))
    return Exam.objects.create(organization_id=organization_id, skill_id=skill_id, created_at=now, **fields)


def close(actor: Actor, exam_id: UUID, *, now: datetime) -> Exam:
    """Take no new attempts; running ones may finish. The second time returns the same row."""
    exam = Exam.objects.filter(id=exam_id).first()
    if exam is None:
        raise NotFound
    access.require_role(actor, exam.organization_id)
    Exam.objects.filter(id=exam_id, closed_at=None).update(closed_at=now)
    exam.refresh_from_db()
    return exam


def exams_granting(skill_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """The titles of the open exams that grant each of these skills."""
    found: dict[UUID, list[str]] = {}
    for skill_id, title in Exam.objects.filter(skill_id__in=skill_ids, closed_at=None).values_list("skill_id", "title"):
        found.setdefault(skill_id, []).append(title)
    return found


def start(worker_id: UUID, exam_id: UUID, *, now: datetime) -> ExamAttempt:
    """Begin a sitting with freshly drawn questions; a running one is returned instead of another.

    Raises NotFound, ExamClosed, NoAttemptsLeft, and RetryTooEarly with the instant from which it is possible.
    """
    exam = Exam.objects.filter(id=exam_id).first()
    if exam is None:
        raise NotFound
    expire_due(now=now, worker_id=worker_id)
    past = list(ExamAttempt.objects.filter(exam=exam, worker_id=worker_id).order_by("number"))
    running = next((attempt for attempt in past if attempt.state == ExamAttempt.State.STARTED), None)
    if running is not None:
        return running
    if exam.closed_at is not None:
        raise ExamClosed(exam_id=exam_id)
    if len(past) >= exam.max_attempts:
        raise NoAttemptsLeft(limit=exam.max_attempts)
    if past:
        retry_at = (past[-1].submitted_at or past[-1].expires_at) + timedelta(seconds=exam.retry_delay_seconds)
        if retry_at > now:
            raise RetryTooEarly(retry_at=retry_at.isoformat())
    drawn = random.SystemRandom().sample([question["id"] for question in exam.questions], exam.questions_per_attempt)
    try:
        with transaction.atomic():
            return ExamAttempt.objects.create(
                exam=exam,
                worker_id=worker_id,
                number=len(past) + 1,
                question_ids=drawn,
                started_at=now,
                expires_at=now + timedelta(seconds=exam.time_limit_seconds),
            )
    except IntegrityError:  # a twin of this request was quicker
        return ExamAttempt.objects.get(exam=exam, worker_id=worker_id, number=len(past) + 1)


@transaction.atomic
def grade(
    attempt_id: UUID, *, worker_id: UUID, answers: Mapping[str, Any], scores: Mapping[str, float], now: datetime
) -> ExamAttempt:
    """End a sitting with these scores (question id → 0..1; a question without one scores 0) and grant the skill if it is passed.

    Locks the attempt. Handed in over time it ends as expired, whatever the scores. Raises NotFound and AttemptEnded.
    """
    attempt = (
        ExamAttempt.objects.select_for_update(of=("self",))
        .select_related("exam")
        .filter(id=attempt_id, worker_id=worker_id)
        .first()
    )
    if attempt is None:
        raise NotFound
    if attempt.state != ExamAttempt.State.STARTED:
        raise AttemptEnded(state=attempt.state)
    attempt.submitted_at = now
    attempt.answers = dict(answers)
    if now > attempt.expires_at + timedelta(seconds=GRACE_SECONDS):
        attempt.state = ExamAttempt.State.EXPIRED
        attempt.save()
        return attempt
    share = sum(scores.get(question_id, 0.0) for question_id in attempt.question_ids) / len(attempt.question_ids)
    attempt.scores = dict(scores)
    attempt.score_percent = Decimal(share * 100).quantize(Decimal("0.01"))
    passed = attempt.score_percent >= attempt.exam.pass_percent
    attempt.state = ExamAttempt.State.PASSED if passed else ExamAttempt.State.FAILED
    attempt.save()
    if passed:
        granting.grant(
            worker_id,
            skill_id=attempt.exam.skill_id,
            value=int(attempt.score_percent),
            source=f"exam_attempt:{attempt.id}",
            now=now,
            expires_at=now + timedelta(days=attempt.exam.valid_days) if attempt.exam.valid_days else None,
        )
    events.record(
        f"exam.{attempt.state}", subject_id=attempt.id, organization_id=attempt.exam.organization_id, actor_id=worker_id, now=now
    )
    return attempt


def expire_due(*, now: datetime, worker_id: UUID | None = None) -> int:
    """End the sittings whose time is over; returns how many."""
    due = ExamAttempt.objects.filter(state=ExamAttempt.State.STARTED, expires_at__lte=now - timedelta(seconds=GRACE_SECONDS))
    if worker_id is not None:
        due = due.filter(worker_id=worker_id)
    ids = list(due.values_list("id", flat=True)[:EXPIRE_CHUNK])
    return ExamAttempt.objects.filter(id__in=ids, state=ExamAttempt.State.STARTED).update(state=ExamAttempt.State.EXPIRED)
