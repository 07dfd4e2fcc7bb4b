"""Exams: set one, draw questions for a sitting, grade it, and grant the skill to whoever passes.

What an answer is worth is judged by the caller, who knows interfaces; this module receives scores from 0 to 1.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef

from foundation import constraints, events
from foundation.errors import NotFound
from qualification import drawing, granting, scoring
from qualification.errors import AttemptEnded, BadExam, ExamClosed, NoAttemptsLeft, RetryTooEarly
from qualification.item_statistics import Item, Sitting, items
from qualification.models import Exam, ExamAttempt, Skill
from workforce import access, aliases, limits, notifying
from workforce.access import Actor
from workforce.models import Membership, NoticeKind

QUESTIONS_MAX = 500
GRACE_SECONDS = 5  # the network may take that long after the last second
EXPIRE_CHUNK = 1000
TOLD_CHUNK = 5000
PASSED = ExamAttempt.State.PASSED
SITTINGS_READ = 5000  # the newest, that item statistics look at


def create_exam(actor: Actor, *, organization_id: UUID, skill_id: UUID, now: datetime, **fields: Any) -> Exam:
    """Set an exam for a skill of the organisation's own. Managers. Raises NotFound, BadExam and BadScoring.

    `questions` is a list of {"id", "payload", "solution", "result", "labels", "explanation"} whose solutions the caller has brought
    into canonical form.
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
    if fields.get("renewal_days") and not fields["renewal_days"] < (fields.get("valid_days") or 0):
        raise BadExam("A skill is renewed before it ends.", field="renewal_days", limit=fields.get("valid_days"))
    bank = labels_of_questions(questions)
    if fields.get("stratified") and drawing.needed(bank) > fields["questions_per_attempt"]:
        raise BadExam(
            "An attempt asks too few questions for every label to appear.",
            field="questions_per_attempt",
            limit=drawing.needed(bank),
        )
    fields["scoring"] = scoring.check(fields.get("scoring", {}), bank)
    fields["label_minimums"] = scoring.check_minimums(
        fields.get("label_minimums", {}), (label for labels in bank.values() for label in labels)
    )
    with transaction.atomic():
        access.require_open(organization_id)
        limits.hold("exams_per_organization", organization_id, Exam.objects.filter(organization_id=organization_id))
        return Exam.objects.create(organization_id=organization_id, skill_id=skill_id, created_at=now, **fields)


def labels_of_questions(questions: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Question id → the labels of its solution."""
    return {question["id"]: list(question.get("labels", ())) for question in questions}


def close(actor: Actor, exam_id: UUID, *, now: datetime) -> Exam:
    """Take no new attempts; running ones may finish. The second time returns the same row."""
    exam = Exam.objects.filter(id=exam_id).first()
    if exam is None:
        raise NotFound
    access.require_role(actor, exam.organization_id)
    Exam.objects.filter(id=exam_id, closed_at=None).update(closed_at=now)
    exam.refresh_from_db()
    return exam


def exams_granting(skill_ids: Sequence[UUID]) -> list[Exam]:
    """The open exams that grant any of these skills."""
    return list(Exam.objects.filter(skill_id__in=skill_ids, closed_at=None).order_by("id"))


# ---- may I, and when? ----


@dataclass(frozen=True)
class Chance:
    """Whether a worker may begin a sitting now, and if not, when."""

    running: ExamAttempt | None
    attempts_left: int
    retry_at: datetime | None  # None: no wait
    renewing: bool  # is the skill that a passed sitting gave about to end, or over?
    renewable_at: datetime | None  # from when the sitting that gave it may be renewed with fresh attempts
    closed: bool

    @property
    def may_start(self) -> bool:
        """Now, a fresh sitting or the one that runs."""
        return self.running is not None or (not self.closed and self.attempts_left > 0 and self.retry_at is None)


def chance_of(exam: Exam, attempts: Sequence[ExamAttempt], *, now: datetime) -> Chance:
    """What a worker's attempts at an exam, in order, leave them.

    Passing opens a new round, with fresh attempts and no wait, `renewal_days` before the skill it gave ends. In it the skill goes on.
    """
    opens = [
        attempt.submitted_at + timedelta(days=exam.valid_days - exam.renewal_days)
        for attempt in attempts
        if attempt.state == ExamAttempt.State.PASSED and attempt.submitted_at and exam.valid_days
    ]
    begun = max((instant for instant in opens if instant <= now), default=None)
    counted = [attempt for attempt in attempts if begun is None or attempt.started_at >= begun]
    running = next((attempt for attempt in attempts if attempt.state == ExamAttempt.State.STARTED), None)
    retry_at = None
    if counted and running is None:
        retry_at = (counted[-1].submitted_at or counted[-1].expires_at) + timedelta(seconds=exam.retry_delay_seconds)
    return Chance(
        running=running,
        attempts_left=max(exam.max_attempts - len(counted), 0),
        retry_at=retry_at if retry_at and retry_at > now else None,
        renewing=begun is not None and not any(a.state == ExamAttempt.State.PASSED for a in counted),
        renewable_at=max((instant for instant in opens if instant > now), default=None),
        closed=exam.closed_at is not None,
    )


def start(worker_id: UUID, exam_id: UUID, *, now: datetime) -> ExamAttempt:
    """Begin a sitting with freshly drawn questions; a running one is returned instead of another.

    Raises NotFound, ExamClosed, NoAttemptsLeft, and RetryTooEarly with the instant from which it is possible.
    """
    exam = Exam.objects.filter(id=exam_id).first()
    if exam is None:
        raise NotFound
    expire_due(now=now, worker_id=worker_id)
    past = list(ExamAttempt.objects.filter(exam=exam, worker_id=worker_id).order_by("number"))
    chance = chance_of(exam, past, now=now)
    if chance.running is not None:
        return chance.running
    if chance.closed:
        raise ExamClosed(exam_id=exam_id)
    if not chance.attempts_left:
        renewable_at = chance.renewable_at.isoformat() if chance.renewable_at else None
        raise NoAttemptsLeft(limit=exam.max_attempts, renewable_at=renewable_at)
    if chance.retry_at is not None:
        raise RetryTooEarly(retry_at=chance.retry_at.isoformat())
    bank = labels_of_questions(exam.questions)
    drawn = drawing.draw(bank, exam.questions_per_attempt, rng=random.SystemRandom(), stratified=exam.stratified)
    try:
        with transaction.atomic():
            aliases.note(worker_id, exam.organization_id, now=now)
            return ExamAttempt.objects.create(
                exam=exam,
                worker_id=worker_id,
                number=len(past) + 1,
                question_ids=drawn,
                started_at=now,
                expires_at=now + timedelta(seconds=exam.time_limit_seconds),
            )
    except IntegrityError as error:  # a twin of this request was quicker
        constraints.only(error, "exam_attempt_number_once", "exam_sat_once_at_a_time")
        return ExamAttempt.objects.get(exam=exam, worker_id=worker_id, number=len(past) + 1)


def tell_renewable(*, now: datetime) -> int:
    """Tell people whose exam may be sat again from now on, before the skill it gave ends; returns how many there are. Safe to repeat."""
    told = 0
    exams = Exam.objects.filter(renewal_days__gt=0, closed_at=None).select_related("skill")
    for exam in exams:
        assert exam.valid_days is not None, "exam_renews_what_ends"
        lasts, opens = timedelta(days=exam.valid_days), timedelta(days=exam.valid_days - exam.renewal_days)
        due = ExamAttempt.objects.filter(
            exam=exam, state=ExamAttempt.State.PASSED, submitted_at__lte=now - opens, submitted_at__gt=now - lasts
        )
        newer = ExamAttempt.objects.filter(exam=exam, worker=OuterRef("worker"), number__gt=OuterRef("number"), state=PASSED)
        for attempt in due.filter(~Exists(newer))[:TOLD_CHUNK]:
            assert attempt.submitted_at is not None, "graded_attempt_has_a_score"
            told += notifying.notify_worker(
                attempt.worker_id,
                kind=NoticeKind.SKILL_RENEWABLE,
                key=f"renewable:{attempt.id}",
                data={"skill": exam.skill.name, "until": (attempt.submitted_at + lasts).date().isoformat()},
                link=f"/exams/{exam.id}/",
                by=None,
                now=now,
            )
    return told


# ---- sitting ----


@transaction.atomic
def save_answer(attempt_id: UUID, *, worker_id: UUID, question_id: str, result: Any, now: datetime) -> ExamAttempt:
    """Keep an unfinished answer of a running sitting; an empty one is forgotten. Locks the attempt. Raises NotFound and AttemptEnded."""
    attempt = _locked(attempt_id, worker_id)
    if attempt.state != ExamAttempt.State.STARTED or now > attempt.expires_at + timedelta(seconds=GRACE_SECONDS):
        raise AttemptEnded(state=attempt.state, expires_at=attempt.expires_at.isoformat())
    if question_id not in attempt.question_ids:
        raise NotFound(field="question_id")
    attempt.saved = {name: kept for name, kept in attempt.saved.items() if name != question_id}
    if result:
        attempt.saved[question_id] = result
    attempt.saved_at = now
    attempt.save(update_fields=["saved", "saved_at"])
    return attempt


def _locked(attempt_id: UUID, worker_id: UUID) -> ExamAttempt:
    rows = ExamAttempt.objects.select_for_update(of=("self",)).select_related("exam")
    attempt = rows.filter(id=attempt_id, worker_id=worker_id).first()
    if attempt is None:
        raise NotFound
    return attempt


@transaction.atomic
def grade(
    attempt_id: UUID,
    *,
    worker_id: UUID,
    answers: Mapping[str, Any],
    scores: Mapping[str, float],
    now: datetime,
    labels: Mapping[str, Sequence[str]] | None = None,
) -> ExamAttempt:
    """End a sitting with these scores (question id → 0..1; a question without one scores 0) and grant the skill if it is passed.

    `labels` are those answered, per question: an answer key looks at them. Passed is who reaches the pass mark and every label's
    minimum. Locks the attempt. Handed in over time it ends as expired, whatever the scores. Raises NotFound and AttemptEnded.
    """
    attempt = _locked(attempt_id, worker_id)
    exam = attempt.exam
    if attempt.state != ExamAttempt.State.STARTED:
        raise AttemptEnded(state=attempt.state)
    attempt.submitted_at = now
    attempt.answers = dict(answers)
    if now > attempt.expires_at + timedelta(seconds=GRACE_SECONDS):
        attempt.state = ExamAttempt.State.EXPIRED
        attempt.save()
        return attempt
    asked = attempt.question_ids
    attempt.scores = dict(scores)
    attempt.labels = {name: list(given) for name, given in (labels or {}).items()}
    if exam.scoring:
        attempt.score_percent = Decimal(scoring.value(exam.scoring, attempt.labels, asked))
    else:
        share = sum(scores.get(question_id, 0.0) for question_id in asked) / len(asked)
        attempt.score_percent = Decimal(share * 100).quantize(Decimal("0.01"))
    attempt.short_labels = scoring.short_labels(
        scoring.label_shares(scores, labels_of_questions(exam.questions), asked), exam.label_minimums
    )
    passed = attempt.score_percent >= exam.pass_percent and not attempt.short_labels
    attempt.state = ExamAttempt.State.PASSED if passed else ExamAttempt.State.FAILED
    attempt.save()
    if passed:
        _grant(attempt, now=now)
    events.record(
        f"exam.{attempt.state}", subject_id=attempt.id, organization_id=exam.organization_id, actor_id=worker_id, now=now
    )
    return attempt


def _grant(attempt: ExamAttempt, *, now: datetime) -> None:
    """What a passed sitting gives. When the skill is due to be renewed the new value counts; before that nobody loses by trying again."""
    exam = attempt.exam
    before = list(ExamAttempt.objects.filter(exam=exam, worker_id=attempt.worker_id).exclude(id=attempt.id).order_by("number"))
    give = granting.grant if chance_of(exam, before, now=attempt.started_at).renewing else granting.grant_no_less
    give(
        attempt.worker_id,
        skill_id=exam.skill_id,
        value=int(attempt.score_percent or 0),
        source=f"exam_attempt:{attempt.id}",
        now=now,
        expires_at=now + timedelta(days=exam.valid_days) if exam.valid_days else None,
    )


def expire_due(*, now: datetime, worker_id: UUID | None = None) -> int:
    """End the sittings whose time is over; returns how many."""
    due = ExamAttempt.objects.filter(state=ExamAttempt.State.STARTED, expires_at__lte=now - timedelta(seconds=GRACE_SECONDS))
    if worker_id is not None:
        due = due.filter(worker_id=worker_id)
    ids = list(due.values_list("id", flat=True)[:EXPIRE_CHUNK])
    return ExamAttempt.objects.filter(id__in=ids, state=ExamAttempt.State.STARTED).update(state=ExamAttempt.State.EXPIRED)


# ---- what the owner learns ----


def item_statistics(actor: Actor, exam_id: UUID) -> tuple[Exam, list[Item]]:
    """The statistics of each question, from the newest graded sittings. Members of the organisation. Raises NotFound."""
    exam = Exam.objects.filter(id=exam_id).first()
    if exam is None:
        raise NotFound
    access.require_role(actor, exam.organization_id, at_least=Membership.Role.VIEWER)
    graded = ExamAttempt.objects.filter(exam=exam, scores__isnull=False).order_by("-id")
    rows = graded.values_list("question_ids", "scores", "labels")[:SITTINGS_READ]
    sittings = [Sitting({name: (scores or {}).get(name, 0.0) for name in asked}, labels or {}) for asked, scores, labels in rows]
    return exam, items([question["id"] for question in exam.questions], sittings)
