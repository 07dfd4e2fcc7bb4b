"""The workspace: one page on which a worker does the tasks of a batch, and the frame in which the editor lives."""

from typing import Any
from uuid import UUID

from csp.constants import NONCE
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from foundation.errors import NotFound
from tasks import desk, media, outside
from tasks.desk import Desk
from tasks.models import Assignment, Batch, Guideline
from tasks.pages.outside import notice
from workforce.signed_in import WorkerRequest, as_worker

# The editor's frame has no origin, also when its address is opened by itself: a script that got into it would hold nobody's session. Two
# scripts of ours run there, by nonce; no address is let in, so that none of our own scripts can be made a tool. The editor makes style
# elements as it goes, and shows images it has fetched. Files kept here come under `/files/` and nowhere else.
EDITOR_POLICY: dict[str, list[Any]] = {
    "default-src": ["'none'"],
    "script-src": [NONCE],
    "style-src": ["'unsafe-inline'"],
    "font-src": ["{site}/static/"],
    "img-src": ["{site}/files/", "data:", "blob:"],
    "media-src": ["{site}/files/", "data:", "blob:"],
    "connect-src": ["{site}/files/", "data:", "blob:"],
    "webrtc": ["'block'"],  # not every browser knows it: `contacts.js` runs first
    "form-action": ["'none'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'self'"],
    "sandbox": ["allow-scripts", "allow-forms"],  # its text fields are forms; `form-action` lets none of them lead anywhere
}
LOADING = ("img-src", "media-src", "connect-src")


@require_safe
@ensure_csrf_cookie
@as_worker
def workspace(request: WorkerRequest, batch_id: UUID) -> HttpResponse:
    """Where one works. Tasks are claimed, saved and handed in over the API by the page itself."""
    found = desk.desk_of(request.worker, batch_id, site=request.build_absolute_uri("/").rstrip("/"), now=request.now)
    page_of_theirs = frame.origin if (frame := found.interface.frame) else None
    program = outside.program_of(frame, found.batch.organization_id)
    if before := notice(request, [*found.batch.media_origins, page_of_theirs], program):
        return before
    context = {
        "desk": found,
        "guideline": found.guideline,
        "return_reasons": Assignment.ReturnReason.choices,
        "page": _for_the_script(request, found),
    }
    response = render(request, "tasks/workspace.html", context)
    response._csp_update = {"frame-src": ["'self'", *outside.let_in([page_of_theirs])]}  # type: ignore[attr-defined]
    return response


@require_safe
@as_worker
def guideline(request: WorkerRequest, batch_id: UUID, guideline_id: UUID) -> HttpResponse:
    """The text of one version, to stand beside the task that was taken under it."""
    row = Guideline.objects.visible_to(request.actor).filter(id=guideline_id, project__batch=batch_id).first()
    if row is None:
        raise NotFound
    return render(request, "tasks/_guideline.html", {"guideline": row})


@require_safe
@xframe_options_sameorigin
def island(request: HttpRequest, batch_id: UUID | None = None) -> HttpResponse:
    """The editor, alone in its frame: nothing of anybody's is in it until the page around puts a task there.

    With a batch it may also load what that batch's tasks show from other sites.
    """
    origins = Batch.objects.filter(id=batch_id).values_list("media_origins", flat=True).first() if batch_id else None
    return island_loading(request, origins or [])


def island_loading(request: HttpRequest, origins: list[str]) -> HttpResponse:
    """The editor's page, which may load images, sound and video from these other sites."""
    response = render(request, "tasks/island.html")
    site = request.build_absolute_uri("/").rstrip("/")
    own = {
        name: [one.format(site=site) if isinstance(one, str) else one for one in values] for name, values in EDITOR_POLICY.items()
    }
    response._csp_config = own | {name: [*own[name], *outside.let_in(origins)] for name in LOADING}  # type: ignore[attr-defined]
    return response


def _for_the_script(request: WorkerRequest, found: Desk) -> dict[str, Any]:
    """What workspace.js begins with."""
    batch = found.batch
    return {
        "batch_id": batch.id,
        "interface": media.config_for_editor(found.interface, batch.organization_id),
        "editor_address": reverse("editor_of", args=[batch.id]),
        "frame": {"height_pixels": frame.height_pixels} if (frame := found.interface.frame) else None,
        "leases": found.leases,
        "prefetch": batch.max_leases >= 2,
        "currency": batch.currency,
        "answers_today": found.answers_today,
        "earned_today_micros": found.earned_today_micros,
        "guideline_id": found.guideline.id,
        "guideline_address": reverse("workspace_guideline", args=[batch.id, found.guideline.id]),
        "now": request.now,
        "time_zone": request.worker.time_zone,
        "words": _words(),
    }


def _words() -> dict[str, str]:
    """What the script says."""
    return {
        "task": _("The task"),
        "saving": _("Saving…"),
        "saved": _("Saved"),
        "restored": _("Your draft is back"),
        "offline": _("No connection: your work is kept in this browser and saved when the connection is back."),
        "offline_submit": _("There is no connection, so nothing was handed in. Your work is kept; try again in a moment."),
        "offline_claim": _("There is no connection. Look again when it is back."),
        "signed_out": _("You are not signed in any more. Sign in in another tab, then go on here: your work is kept."),
        "gone": _("The task before was handed in or given back elsewhere; this is another one."),
        "handed_in": _("Handed in. This is the next task."),
        "too_late": _(
            "Your answer came too late to be used, because its place had gone to somebody else. The time you worked counts."
        ),
        "skipped": _("Given back. This is the next task."),
        "no_more": _("There is no more work for you here now."),
        "until": _("Until"),
        "open": _("Do it now"),
        "failed": _("Something went wrong on our side. Your work is kept; try again in a moment."),
        "fill_in": _("The page in the task has fields that must be filled in first."),
        "not_loaded": _("The editor did not load. Reload the page; your work is kept."),
        "limit": _("limit:"),
    }


urlpatterns = [
    path("work/<uuid:batch_id>/", workspace, name="workspace"),
    path("work/<uuid:batch_id>/guideline/<uuid:guideline_id>/", guideline, name="workspace_guideline"),
    path("work/<uuid:batch_id>/editor/", island, name="editor_of"),
    path("editor/", island, name="editor"),
]
