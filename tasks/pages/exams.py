"""Exams as workers sit them: the list, the rules, the sitting, its result and review; and for owners, how each question does."""

from typing import Any
from uuid import UUID

from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_POST, require_safe

from foundation.errors import NotFound
from qualification import examining
from qualification.item_statistics import SITTINGS_MIN
from qualification.models import Exam, ExamAttempt, Grant
from tasks import media, questions, sitting, study_room
from tasks.labels import interface_of
from tasks.pages.outside import notice
from tasks.pages.training import prose
from tasks.pages.workspace import island_loading
from workforce.signed_in import PersonRequest, WorkerRequest, as_worker, signed_in


@require_safe
@as_worker
def exams(request: WorkerRequest) -> HttpResponse:
    """The exams I may sit, and those I have sat."""
    sitting.end_due(now=request.now, worker_id=request.worker_id)
    return render(request, "tasks/exams.html", {"lines": study_room.exams_of(request.actor, request.worker_id, now=request.now)})


@require_safe
@as_worker
def exam(request: WorkerRequest, exam_id: UUID) -> HttpResponse:
    """One exam before it begins: what it asks, how long, how it is judged, what it grants."""
    sitting.end_due(now=request.now, worker_id=request.worker_id)
    line = next(iter(study_room.exams_of(request.actor, request.worker_id, now=request.now, exam_id=exam_id)), None)
    if line is None:
        raise NotFound
    if before := notice(request, _sites(line.exam)):  # now, while no clock runs
        return before
    return render(
        request,
        "tasks/exam.html",
        {"line": line, "exam": line.exam, "instructions": prose(line.exam.instructions, line.exam.organization_id)},
    )


@require_POST
@as_worker
def start(request: WorkerRequest, exam_id: UUID) -> HttpResponse:
    """Begin a sitting, or go back to the one that runs."""
    return redirect("attempt", sitting.start(request.worker_id, exam_id, now=request.now).id)


@require_safe
@ensure_csrf_cookie
@csp_update({"frame-src": ["'self'"]})
@as_worker
def attempt(request: WorkerRequest, attempt_id: UUID) -> HttpResponse:
    """The sitting while it runs; its result afterwards."""
    sitting.end_due(now=request.now, worker_id=request.worker_id)
    found = _own(request, attempt_id)
    if found.state == ExamAttempt.State.STARTED:
        if before := notice(request, _sites(found.exam)):
            return before
        page = _for_the_script(request, found)
        context = {
            "attempt": found,
            "exam": found.exam,
            "instructions": prose(found.exam.instructions, found.exam.organization_id),
            "page": page,
        }
        return render(request, "tasks/sitting.html", context)
    line = study_room.exams_of(request.actor, request.worker_id, now=request.now, exam_id=found.exam_id)[0]
    context = {
        "attempt": found,
        "exam": found.exam,
        "chance": line.chance,
        "label_shares": study_room.label_shares_of(found),
        "grant": Grant.objects.filter(worker_id=request.worker_id, source=f"exam_attempt:{found.id}").first(),
        "may_review": sitting.may_review(found) and found.scores is not None,
    }
    return render(request, "tasks/exam_result.html", context)


@require_safe
@csp_update({"frame-src": ["'self'"]})
@as_worker
def review(request: WorkerRequest, attempt_id: UUID) -> HttpResponse:
    """My answers beside the solutions, where the exam's owner shows them."""
    found = _own(request, attempt_id)
    answered = sitting.review(attempt_id, worker_id=request.worker_id)
    if before := notice(request, _sites(found.exam)):
        return before
    rows = [
        row
        | {
            "number": n,
            "explanation": prose(row["explanation"], found.exam.organization_id),
            "percent": round(row["score"] * 100),
        }
        for n, row in enumerate(answered, 1)
    ]
    page = {
        "interface": media.config_for_editor(interface_of(found.exam.interface), found.exam.organization_id),
        "editor_address": reverse("editor_of_exam", args=[found.exam_id]),
        "questions": rows,
        "words": {
            "editor": _("The question, read only"),
            "yours": _("Your answer to question %(n)s"),
            "solution": _("The solution of question %(n)s"),
            "unanswered": _("You left question %(n)s out."),
            "not_loaded": _("The editor did not load. Reload the page."),
        },
    }
    return render(request, "tasks/exam_review.html", {"attempt": found, "exam": found.exam, "questions": rows, "page": page})


@require_safe
@signed_in
def items(request: PersonRequest, exam_id: UUID) -> HttpResponse:
    """For those who set the exam: which questions are bad."""
    found, statistics = examining.item_statistics(request.actor, exam_id)
    by_id = {question["id"]: question for question in found.questions}
    rows = [(item, by_id[item.question_id], sum(item.labels.values())) for item in statistics]
    context = {
        "exam": found,
        "rows": rows,
        "sittings": max((item.seen for item in statistics), default=0),
        "sittings_min": SITTINGS_MIN,
        "flagged": sum(1 for item in statistics if item.flags),
    }
    return render(request, "tasks/exam_items.html", context)


@require_safe
@xframe_options_sameorigin
def editor(request: HttpRequest, exam_id: UUID) -> HttpResponse:
    """The editor's frame, which may load what the exam's questions show from other sites."""
    found = Exam.objects.filter(id=exam_id).first()
    if found is None:
        raise NotFound
    return island_loading(request, _sites(found))


def _sites(exam: Exam) -> list[str]:
    """The other sites from which its questions load."""
    return questions.origins_of(exam.questions, interface_of(exam.interface))


def _own(request: WorkerRequest, attempt_id: UUID) -> ExamAttempt:
    found = ExamAttempt.objects.select_related("exam", "exam__skill", "exam__organization").filter(
        id=attempt_id, worker_id=request.worker_id
    )
    row = found.first()
    if row is None:
        raise NotFound
    return row


def _for_the_script(request: WorkerRequest, found: ExamAttempt) -> dict[str, Any]:
    """What sitting.js begins with."""
    return {
        "attempt_id": found.id,
        "interface": media.config_for_editor(interface_of(found.exam.interface), found.exam.organization_id),
        "editor_address": reverse("editor_of_exam", args=[found.exam_id]),
        "questions": sitting.questions_of(found),
        "saved": found.saved,
        "now": request.now,
        "expires_at": found.expires_at,
        "result_address": reverse("attempt", args=[found.id]),
        "words": _words(),
    }


def _words() -> dict[str, str]:
    """What the script says."""
    return {
        "editor": _("The question"),
        "question": _("Question %(n)s of %(of)s"),
        "answered": _("answered"),
        "open": _("not answered"),
        "saving": _("Saving…"),
        "saved": _("Saved"),
        "offline": _("No connection: your answer is kept in this page and saved when the connection is back."),
        "offline_submit": _("There is no connection, so nothing was handed in. Try again in a moment."),
        "all_answered": _("You have answered all %(of)s questions."),
        "some_open": _("%(n)s of %(of)s questions are not answered. They count as wrong."),
        "minutes_left": _("%(n)s minutes left."),
        "minute_left": _("One minute left."),
        "time_over": _("The time is over. What you had answered is being graded."),
        "signed_out": _("You are not signed in any more. Sign in in another tab, then go on here."),
        "failed": _("Something went wrong on our side. Your saved answers are kept; try again in a moment."),
        "not_loaded": _("The editor did not load. Reload the page; your saved answers are kept."),
    }


urlpatterns = [
    path("exams/", exams, name="exams"),
    path("exams/<uuid:exam_id>/", exam, name="exam"),
    path("exams/<uuid:exam_id>/start/", start, name="start_exam"),
    path("exams/<uuid:exam_id>/editor/", editor, name="editor_of_exam"),
    path("exams/<uuid:exam_id>/items/", items, name="exam_items"),
    path("attempts/<uuid:attempt_id>/", attempt, name="attempt"),
    path("attempts/<uuid:attempt_id>/review/", review, name="attempt_review"),
]
