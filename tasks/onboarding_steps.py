"""What steps of a checklist mean whose facts stand above people: an exam passed, a course finished. Registered when the site starts."""

from uuid import UUID

from django.db.models import Q
from django.urls import reverse

from qualification.models import Course, Exam, ExamAttempt, Training
from workforce import step_kinds
from workforce.models import OnboardingStep, Worker

Kind = OnboardingStep.Kind


def register() -> None:
    """Let vendors and the platform put these on their lists."""
    step_kinds.register(
        Kind.EXAM, step_kinds.StepKind(has_passed, lambda step: reverse("exam", args=[step.reference]), is_exam_for, page="exam")
    )
    step_kinds.register(
        Kind.COURSE,
        step_kinds.StepKind(has_finished, lambda step: reverse("course", args=[step.reference]), is_course_for, page="course"),
    )


def has_passed(worker: Worker, reference: str) -> bool:
    """Has this worker ever passed the exam? A skill that has expired is a matter of eligibility, not of onboarding."""
    return ExamAttempt.objects.filter(worker=worker, exam_id=reference, state=ExamAttempt.State.PASSED).exists()


def has_finished(worker: Worker, reference: str) -> bool:
    """Has this worker ever finished the course?"""
    return Training.objects.filter(worker=worker, course_id=reference, finished_at__isnull=False).exists()


def is_exam_for(reference: str, organization_id: UUID | None) -> bool:
    """Is there such an exam, open, and the vendor's own if a vendor asks for it?"""
    return _is_uuid(reference) and Exam.objects.filter(_own(organization_id), id=reference, closed_at=None).exists()


def is_course_for(reference: str, organization_id: UUID | None) -> bool:
    """Is there such a course, published and open, and the vendor's own if a vendor asks for it?"""
    courses = Course.objects.filter(_own(organization_id), published_at__isnull=False, closed_at=None)
    return _is_uuid(reference) and courses.filter(id=reference).exists()


def _own(organization_id: UUID | None) -> Q:
    return Q(organization_id=organization_id) if organization_id else Q()


def _is_uuid(reference: str) -> bool:
    try:
        UUID(reference)
    except ValueError:
        return False
    return True
