"""A guideline as its readers see it: the text, what changed since the version they know, what each label means, and that they have read it."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from foundation import differences
from foundation.errors import NotFound
from foundation.markdown import html_of, outline_of
from foundation.templatetags.durations import duration
from tasks import asking, guideline_changes, guidelines, media, reading
from tasks.models import Guideline, GuidelineReading
from workforce.signed_in import PersonRequest, WorkerRequest, as_worker, signed_in, worker_of

ANCHORS = "g"  # before the number of a heading in its id
SEARCH_MAX_CHARACTERS = 200


@require_safe
@signed_in
def guideline(request: PersonRequest, guideline_id: UUID) -> HttpResponse:
    """The whole page. A worker's reading begins when it is open, by a request of the page's own: GET writes nothing."""
    row = _visible(request, guideline_id)
    worker = worker_of(request)
    known = reading.newest_read(worker.id, row) if worker else None
    since = guidelines.version_of(row, _number(request, "since")) or known
    newest = Guideline.objects.filter(project_id=row.project_id).order_by("-version").first()
    context = {
        "guideline": row,
        "outline": outline_of(row.text, anchors=ANCHORS),
        "versions": Guideline.objects.filter(project_id=row.project_id).defer("text", "entries").order_by("-version"),
        "newest": newest if newest and newest.version > row.version else None,
        "known": known,
        "since": since,
        "is_reader": worker is not None,
        "clarified": [
            {"question": one.question, "answer": html_of(one.answer)} for one in asking.clarifications_of_project(row.project_id)
        ],
        "next": request.GET.get("next", ""),
        **_entries(request, row),
        **(_changes(since, row) if since else {}),
        **(_reading(worker.id, row) if worker else {}),
    }
    with _in_the_zone_of(worker):
        return render(request, "tasks/guideline.html", context)


@require_safe
@signed_in
def entries(request: PersonRequest, guideline_id: UUID) -> HttpResponse:
    """The entries whose label holds the words looked for: the part of the page, or of the panel in the workspace, that changes."""
    return render(request, "tasks/_entries.html", _entries(request, _visible(request, guideline_id)))


@require_POST
@as_worker
def begin(request: WorkerRequest, guideline_id: UUID) -> HttpResponse:
    """The page is open: from now on the time counts. Again, it changes nothing."""
    reading.begin(request.actor, guideline_id, now=request.now)
    row = _visible(request, guideline_id)
    return render(request, "tasks/_reading.html", {"guideline": row, **_reading(request.worker_id, row)})


@require_POST
@as_worker
def finish(request: WorkerRequest, guideline_id: UUID) -> HttpResponse:
    """It was read: the time is credited, and the reader goes on to where they came from."""
    reading.begin(request.actor, guideline_id, now=request.now)  # without JavaScript nothing has said that the page was open
    row = reading.finish(request.actor, guideline_id, now=request.now)
    credited = duration(reading.credited_seconds(row))
    messages.success(request, _("Thank you. You were credited %(time)s for reading.") % {"time": credited})
    target = request.POST.get("next", "")
    if target and url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return redirect(target)
    return redirect("guideline", guideline_id=guideline_id)


def _visible(request: PersonRequest, guideline_id: UUID) -> Guideline:
    row = Guideline.objects.visible_to(request.actor).select_related("project").filter(id=guideline_id).first()
    if row is None:
        raise NotFound
    return row


def _entries(request: HttpRequest, row: Guideline) -> dict[str, Any]:
    words = request.GET.get("label", "")[:SEARCH_MAX_CHARACTERS]
    return {"guideline": row, "words": words, "entries": guidelines.entries_matching(row, words)}


def _changes(since: Guideline, row: Guideline) -> dict[str, Any]:
    sign = media.signer_for(media.owner_of_project(row.project_id))
    parts = differences.of_text(since.text, row.text, sign=sign)
    return {
        "meaning_changed": since.meaning_version < row.meaning_version,
        "notes": Guideline.objects.filter(
            project_id=row.project_id, version__gt=since.version, version__lte=row.version
        ).order_by("-version"),
        "text_changed": any(part.kind != "same" for part in parts),
        "parts": parts,
        "entry_changes": guideline_changes.of_entries(since.entries, row.entries, sign=sign),
    }


def _reading(worker_id: UUID, row: Guideline) -> dict[str, Any]:
    begun = GuidelineReading.objects.filter(worker_id=worker_id, guideline=row).first()
    return {
        "reading": begun,
        "credited_seconds": reading.credited_seconds(begun) if begun and begun.read_at else None,
        "limit_seconds": int(reading.READING_MAX.total_seconds()),
    }


def _number(request: HttpRequest, name: str) -> int:
    value = request.GET.get(name, "")
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 10 else 0


def _in_the_zone_of(worker: Any) -> AbstractContextManager[Any]:
    return timezone.override(ZoneInfo(worker.time_zone)) if worker else nullcontext()


urlpatterns = [
    path("guidelines/<uuid:guideline_id>/", guideline, name="guideline"),
    path("guidelines/<uuid:guideline_id>/entries/", entries, name="guideline_entries"),
    path("guidelines/<uuid:guideline_id>/begin/", begin, name="guideline_begin"),
    path("guidelines/<uuid:guideline_id>/finish/", finish, name="guideline_finish"),
]
