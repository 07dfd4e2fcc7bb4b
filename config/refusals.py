"""Refusals as pages: what the API says in its error body, a page says to a reader, with the same status."""

import sys
from collections.abc import Callable
from typing import Any

from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import get_template
from django.utils.translation import gettext as _

from config import api
from config.api import status_of
from foundation.errors import DomainError


class RefusalPages:
    """Turns a refusal raised by a page into a page. The API has its own handler and never lets one through to here."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The page for a refusal; None for anything else, which is our own mistake."""
        if isinstance(error, DataError):
            api.log.error("A value got past the gate, and the database refused it.", exc_info=error)
            return refusal_page(request, _(api.refused_by_the_database()[1]), 400)
        if not isinstance(error, DomainError):
            return None
        return refusal_page(request, error.told(), status_of(error))


def refusal_page(request: HttpRequest, message: Any, status: int) -> HttpResponse:
    """A page that says what is the matter; for a part of a page asked for by htmx, just the message."""
    is_part = getattr(request, "htmx", False) and not request.htmx.boosted  # type: ignore[attr-defined]
    template = "refused_part.html" if is_part else "refused.html"
    title = _("Not found") if status == 404 else _("Not possible")
    return render(request, template, {"message": message, "title": title}, status=status)


def server_error(request: HttpRequest) -> HttpResponse:
    """Our own mistake, as the API or a page says it; the cause is in the log. Needs no database and no session."""
    if request.path.startswith("/api/"):
        return api.server_error(request)
    status = 503 if api.is_out_of_reach(sys.exc_info()[1]) else 500
    return HttpResponse(get_template("500.html").render(), status=status)
