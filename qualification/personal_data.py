"""What this room keeps about a person, for the person themself: each part is a name and its rows."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from uuid import UUID

from qualification import quality
from qualification.models import ExamAttempt, Grant, PracticeAnswer, Training

Row = Mapping[str, object]


def parts_of(worker_id: UUID, *, now: datetime) -> dict[str, Callable[[], Iterable[Row]]]:
    """Skills, sittings, and what was observed up to the last midnight, in fives and without its source: which tasks are gold stays unknown."""
    return {
        "skills": lambda: (
            Grant.objects.filter(worker_id=worker_id)
            .order_by("id")
            .values("skill_id", "skill__name", "value", "granted_at", "expires_at", "revoked_at")
        ),
        "exams": lambda: (
            ExamAttempt.objects.filter(worker_id=worker_id)
            .order_by("id")
            .values("exam_id", "exam__title", "number", "state", "answers", "score_percent", "started_at", "submitted_at")
        ),
        "trainings": lambda: (
            Training.objects.filter(worker_id=worker_id)
            .order_by("id")
            .values(
                "course_id",
                "course__title",
                "number",
                "reason",
                "rule",
                "inputs",
                "threshold",
                "due_at",
                "created_at",
                "finished_at",
            )
        ),
        "practice": lambda: (
            PracticeAnswer.objects.filter(progress__training__worker_id=worker_id)
            .order_by("id")
            .values("progress__lesson__title", "number", "question_id", "result", "score", "right", "counts", "created_at")
        ),
        "quality": lambda: (vars(one) for one in quality.shown_to(worker_id, now=now)),
        "observations": lambda: quality.observations_shown(worker_id, now=now),
    }
