"""A requester's own page, in a frame without an origin. No cookie is read or set here.

A page without script runs none but ours. One with script is its requester's program: the policy and `contacts.js` keep it from every
connection they can, and who works is told before it runs that it may make others (decision 26).
"""

from typing import Any

from csp.constants import NONCE
from csp.decorators import csp
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from tasks import framing, outside

# Inline code runs, without an origin or a cookie; pictures, sound and video come from here and from where the batch says.
POLICY: dict[str, list[Any]] = {
    "default-src": ["'none'"],
    "script-src": ["'unsafe-inline'"],
    "style-src": ["'unsafe-inline'"],
    "img-src": ["'self'", "data:", "blob:"],
    "media-src": ["'self'", "data:", "blob:"],
    "frame-src": ["'none'"],
    "child-src": ["'none'"],
    "webrtc": ["'block'"],
    "form-action": ["'none'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'self'"],
    "sandbox": ["allow-scripts", "allow-forms"],
}
LOADING = ("img-src", "media-src")


@require_safe
@xframe_options_sameorigin
def frame(request: HttpRequest, token: str) -> HttpResponse:
    """The page of one task. Raises NotFound, and ProgramRefused where no page with script is shown."""
    row = framing.assignment_of(token)
    with_script = framing.runs_program(row)
    response = HttpResponse(framing.page_of(row, nonce="" if with_script else str(request.csp_nonce)))  # type: ignore[attr-defined]
    scripts = {} if with_script else {"script-src": [NONCE]}
    elsewhere = {directive: [*POLICY[directive], *outside.let_in(row.batch.media_origins)] for directive in LOADING}
    response._csp_config = POLICY | elsewhere | scripts  # type: ignore[attr-defined]
    response["X-DNS-Prefetch-Control"] = "off"
    response["Cache-Control"] = "private, no-store"
    return response


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@xframe_options_sameorigin
@csp(POLICY)  # type: ignore[arg-type]
def external_submit(request: HttpRequest, token: str) -> HttpResponse:
    """What an external page sends its form to, as on Mechanical Turk. It writes nothing: the answer is told to the page around the frame,
    which hands it in as the worker. The address is the proof that a task of ours was shown there.
    """
    framing.assignment_of(token)
    fields = request.POST if request.method == "POST" else request.GET
    return render(request, "tasks/frame_submitted.html", {"answer": framing.answer_of(fields.lists())})


urlpatterns = [
    path("frames/<str:token>/", frame, name="frame"),
    path("frames/<str:token>/mturk/externalSubmit", external_submit, name="external_submit"),
]
