"""Courses as workers take them: the list, a course, a lesson with its examples and practice in the real editor."""

from typing import Any
from uuid import UUID

from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_POST, require_safe

from foundation.errors import NotFound
from foundation.markdown import html_of
from qualification import training
from qualification.models import Lesson
from tasks import media, practising, questions, study_room
from tasks.labels import interface_of
from tasks.pages.outside import notice
from tasks.pages.workspace import island_loading
from workforce.signed_in import WorkerRequest, as_worker


def prose(text: str, organization_id: UUID) -> SafeString:
    """Markdown of an organisation as safe HTML; its own pictures kept here under addresses that may be loaded."""
    return html_of(text, sign=media.signer_for(organization_id))


@require_safe
@as_worker
def courses(request: WorkerRequest) -> HttpResponse:
    """My courses."""
    lines = study_room.courses_of(request.actor, request.worker_id, now=request.now)
    return render(
        request, "tasks/courses.html", {"given": [x for x in lines if x.given], "others": [x for x in lines if not x.given]}
    )


@require_safe
@as_worker
def course(request: WorkerRequest, course_id: UUID) -> HttpResponse:
    """One course: what it is for, its lessons, how far I am."""
    found = study_room.course_of(request.actor, course_id)
    if found is None:
        raise NotFound
    row = study_room.training_in(request.worker_id, found)
    lessons = study_room.lessons_of(found, row)
    following = next((lesson for lesson, progress in lessons if not (progress and progress.mastered_at)), None)
    context = {
        "course": found,
        "description": prose(found.description, found.organization_id),
        "training": row,
        "lessons": lessons,
        "mastered": sum(1 for _lesson, progress in lessons if progress and progress.mastered_at),
        "following": following,
        "overdue": bool(row and row.due_at and row.finished_at is None and row.due_at < request.now),
    }
    return render(request, "tasks/course.html", context)


@require_POST
@as_worker
def start(request: WorkerRequest, course_id: UUID) -> HttpResponse:
    """Begin it, and go to the first lesson that is not mastered."""
    row = training.start(request.worker_id, course_id, now=request.now)
    lessons = study_room.lessons_of(row.course, row)
    following = next((lesson for lesson, progress in lessons if not (progress and progress.mastered_at)), None)
    if following is None:
        return redirect("course", course_id)
    return redirect("lesson", course_id, following.id)


@require_safe
@ensure_csrf_cookie
@csp_update({"frame-src": ["'self'"]})
@as_worker
def lesson(request: WorkerRequest, course_id: UUID, lesson_id: UUID) -> HttpResponse:
    """Something to read, worked examples, practice. Answers go over the API from the page itself."""
    found = study_room.course_of(request.actor, course_id)
    row = study_room.training_in(request.worker_id, found) if found else None
    if found is None:
        raise NotFound
    if row is None:
        return redirect("course", course_id)
    lessons = [one for one, _progress in study_room.lessons_of(found, row)]
    here = next((n for n, one in enumerate(lessons) if one.id == lesson_id), None)
    if here is None:
        raise NotFound
    if before := notice(request, _sites(lessons[here])):
        return before
    practising.at_work(request.worker_id, lesson_id, now=request.now)
    standing = training.standing(request.worker_id, lesson_id)
    context = {
        "course": found,
        "lesson": lessons[here],
        "lessons_count": len(lessons),
        "text": prose(lessons[here].text, found.organization_id),
        "standing": standing,
        "before": lessons[here - 1] if here else None,
        "after": lessons[here + 1] if here + 1 < len(lessons) else None,
        "page": _for_the_script(request, lessons[here], standing, lessons[here + 1] if here + 1 < len(lessons) else None),
    }
    return render(request, "tasks/lesson.html", context)


@require_POST
@as_worker
def read(request: WorkerRequest, course_id: UUID, lesson_id: UUID) -> HttpResponse:
    """I have read a lesson without practice; on to the next."""
    standing = practising.read(request.worker_id, lesson_id, now=request.now)
    following = Lesson.objects.filter(course_id=course_id, position=standing.lesson.position + 1).first()
    if following is None or standing.training.finished_at:
        return redirect("course", course_id)
    return redirect("lesson", course_id, following.id)


@require_safe
@xframe_options_sameorigin
def editor(request: HttpRequest, lesson_id: UUID) -> HttpResponse:
    """The editor's frame, which may load what the lesson's tasks show from other sites."""
    found = Lesson.objects.filter(id=lesson_id).first()
    if found is None or not found.interface:
        raise NotFound
    return island_loading(request, _sites(found))


def _sites(lesson: Lesson) -> list[str]:
    """The other sites from which its tasks load."""
    if not lesson.interface:
        return []
    return questions.origins_of([*lesson.examples, *lesson.practice], interface_of(lesson.interface))


def _for_the_script(request: WorkerRequest, here: Lesson, standing: training.Standing, after: Lesson | None) -> dict[str, Any]:
    """What practice.js begins with."""
    name, owner = standing.next_question_id, here.course.organization_id
    return {
        "lesson_id": here.id,
        "interface": media.config_for_editor(interface_of(here.interface), owner) if here.interface else "",
        "editor_address": reverse("editor_of_lesson", args=[here.id]),
        "examples": [
            questions.solved(example, here.interface, owner) | {"explanation": prose(example["explanation"], owner)}
            for example in here.examples
        ],
        "question": questions.asked(practising.question_of(here, name), here.interface, owner) if name else None,
        "number": standing.number,
        "recent": standing.recent,
        "window": here.mastery_window,
        "right": here.mastery_right,
        "mastered": standing.mastered_at is not None,
        "next_address": reverse("lesson", args=[here.course_id, after.id]) if after else reverse("course", args=[here.course_id]),
        "course_address": reverse("course", args=[here.course_id]),
        "words": _words(),
    }


def _words() -> dict[str, str]:
    """What the script says."""
    return {
        "editor": _("The task to practise"),
        "example": _("Example %(n)s of %(of)s"),
        "practice": _("Practice task %(n)s"),
        "right": _("Right."),
        "partly": _("Partly right: %(percent)s %% of it is as expected."),
        "wrong": _("Not right."),
        "not_counted": _("You had just seen the solution, so this try does not count."),
        "yours": _("This is your answer."),
        "solution": _("This is the solution."),
        "so_far": _("%(right)s of the last %(n)s right; %(wanted)s of %(window)s are needed."),
        "none_yet": _("Nothing answered yet; %(wanted)s of the last %(window)s must be right."),
        "mastered": _("You have mastered this lesson."),
        "finished": _("You have finished the course."),
        "offline": _("There is no connection, so your answer was not checked. Try again in a moment."),
        "moved": _("You have practised on in another page. This is where it stands now."),
        "failed": _("Something went wrong on our side. Try again in a moment."),
        "not_loaded": _("The editor did not load. Reload the page."),
        "was_right": _("right"),
        "was_wrong": _("wrong"),
    }


urlpatterns = [
    path("training/", courses, name="training"),
    path("training/<uuid:course_id>/", course, name="course"),
    path("training/<uuid:course_id>/start/", start, name="start_course"),
    path("training/<uuid:course_id>/<uuid:lesson_id>/", lesson, name="lesson"),
    path("lessons/<uuid:lesson_id>/editor/", editor, name="editor_of_lesson"),
    path("training/<uuid:course_id>/<uuid:lesson_id>/read/", read, name="read_lesson"),
]
