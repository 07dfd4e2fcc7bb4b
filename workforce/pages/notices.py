"""Notices: the list, what one wants to be told and how, and the link that ends mails."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from foundation.clock import instant_of
from workforce import mailing, notifying, wording
from workforce.models import Mail, NoticeKind, Notification
from workforce.signed_in import PersonRequest, signed_in

PER_PAGE = 50


@require_safe
@signed_in
def notices(request: PersonRequest) -> HttpResponse:
    """What one was told, newest first; unread alone if asked for."""
    found = notifying.shown_to(request.actor.id).order_by("-id")
    only_unread = request.GET.get("show") == "unread"
    if only_unread:
        found = found.filter(read_at=None)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    rows = [_row(one) for one in page]
    return render(request, "workforce/notices.html", {"rows": rows, "page": page, "only_unread": only_unread})


def _row(one: Notification) -> dict[str, Any]:
    return {"notice": one, "text": wording.sentence_of(one.kind, one.data, one.count)}


@require_POST
@signed_in
def read(request: PersonRequest, notification_id: UUID) -> HttpResponse:
    """Read one notice and go where it leads."""
    row = notifying.mark_read(request.actor, notification_id, now=request.now)
    return redirect(row.link or "notices")


@require_POST
@signed_in
def read_all(request: PersonRequest) -> HttpResponse:
    """Read everything."""
    notifying.mark_all_read(request.actor, now=request.now)
    return redirect("notices")


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def preferences(request: PersonRequest) -> HttpResponse:
    """What one wants to be told, and how."""
    current = notifying.preferences_of(request.actor.id)
    for_organizations = bool(request.actor.organization_ids) or request.actor.is_operator
    shown = [
        one
        for one in current
        if (for_organizations if one["kind"] in notifying.FOR_ORGANIZATIONS else True)
        and (
            request.actor.worker_id is not None or one["kind"] in notifying.FOR_ORGANIZATIONS or one["kind"] == NoticeKind.MY_DATA
        )
    ]
    if request.method == "POST":
        wanted = [
            {
                "kind": one["kind"],
                "on_site": f"site_{one['kind']}" in request.POST,
                "mail": request.POST.get(f"mail_{one['kind']}", ""),
            }
            for one in shown
        ]
        notifying.prefer(request.actor, wanted, now=request.now)
        messages.success(request, _("Kept."))
        return redirect("notice_preferences")
    rows = [one | {"label": NoticeKind(one["kind"]).label} for one in shown]
    return render(request, "workforce/notice_preferences.html", {"rows": rows, "mails": Mail.choices})


@csrf_exempt  # mail programs send this POST by themselves (RFC 8058); the token in the address is signed
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """End mails of one kind, without signing in. Looking at the page alone changes nothing: mail scanners look."""
    user_id, kind = mailing.who_stops(token)
    done = request.method == "POST"
    if done:
        notifying.stop_mail(user_id, kind, now=instant_of(request))
    return render(request, "workforce/stop_mail.html", {"label": NoticeKind(kind).label, "done": done})


urlpatterns = [
    path("notifications/", notices, name="notices"),
    path("notifications/read/", read_all, name="read_all_notices"),
    path("notifications/<uuid:notification_id>/read/", read, name="read_notice"),
    path("notifications/preferences/", preferences, name="notice_preferences"),
    path("notifications/stop/<str:token>/", stop, name="stop_mail"),
]
