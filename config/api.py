"""The one error body, and the only place that knows which kind of refusal is which HTTP status."""

import logging
import sys
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from django.utils.translation import gettext
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from foundation.bodies import LengthRequired
from foundation.errors import Busy, Conflict, DomainError, Forbidden, Invalid, NotFound, Unpaid
from foundation.values import Unkeepable

log = logging.getLogger(__name__)

STATUS_OF_KIND: list[tuple[type[DomainError], int]] = [
    (LengthRequired, 411),
    (Invalid, 400),
    (Unpaid, 402),
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (Busy, 503),
]
LOST = ("08", "57P", "53300")  # SQLSTATE: connection exceptions, the server shuts down or starts up, too many connections
SHOWN_CHARACTERS = 100  # of a header that is not understood
RETRY_SECONDS = 1  # what a Busy answer asks its caller to wait


def error_body(code: str, message: str, details: Any) -> dict[str, Any]:
    """The body of every refusal."""
    return {"code": code, "message": message, "details": details}


def status_of(error: DomainError) -> int:
    """The HTTP status of a refusal."""
    return next((status for kind, status in STATUS_OF_KIND if isinstance(error, kind)), 400)


def error_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """Shape any refusal; None (a 500 that is logged) for our own mistakes."""
    if isinstance(error, DomainError):
        set_rollback()
        status = status_of(error)
        headers = {"Retry-After": str(RETRY_SECONDS)} if status == 503 else None
        return Response(error_body(error.code, error.told(), error.details), status=status, headers=headers)
    if isinstance(error, Http404):
        return error_response(NotFound(), context)
    if isinstance(error, PermissionDenied):
        return error_response(Forbidden(), context)
    if isinstance(error, ValidationError):
        return error_response(Invalid("; ".join(error.messages)), context)
    if isinstance(error, exceptions.ValidationError):
        fields = error.detail if isinstance(error.detail, dict) else {"body": error.detail}
        names = ", ".join(fields)
        return Response(
            error_body("invalid", gettext("Please correct: %(fields)s.") % {"fields": names}, {"fields": fields}), status=400
        )
    if isinstance(error, exceptions.APIException):
        return _framework_refusal(error, context)
    if isinstance(error, DataError):
        set_rollback()
        log.error("A value got past the gate, and the database refused it.", exc_info=error)
        return Response(error_body(*refused_by_the_database()), status=400)
    if is_out_of_reach(error):
        set_rollback()
        log.error("The database is out of reach.", exc_info=error)
        return error_response(OutOfReach(), context)
    return None


class OutOfReach(Busy):
    """The database cannot be asked: it restarts, the network is broken, or every connection is taken."""

    code = "database_out_of_reach"
    message = "The database does not answer right now. Try again in a moment, with the same Idempotency-Key."


def is_out_of_reach(error: BaseException | None) -> bool:
    """Was it the way to the database that failed, and not what was asked of it?"""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    state = getattr(error.__cause__, "sqlstate", None)
    return state is None or str(state).startswith(LOST)


def refused_by_the_database() -> tuple[str, str, dict[str, Any]]:
    """What is said of a value that only the database found to be impossible: too large a number, as a rule. Nothing was written."""
    return Unkeepable.code, "A value is too large to be kept, or cannot be kept at all; nothing was written.", {}


def _framework_refusal(error: exceptions.APIException, context: dict[str, Any]) -> Response:
    headers = {}
    if (scheme := getattr(error, "auth_header", None)) is not None:
        headers["WWW-Authenticate"] = str(scheme)
    if (wait := getattr(error, "wait", None)) is not None:
        headers["Retry-After"] = str(int(wait))
    message, details = _way_out(error, context.get("request"), context.get("view"))
    return Response(error_body(str(error.default_code), message, details), status=error.status_code, headers=headers or None)


def _way_out(error: exceptions.APIException, request: Any, view: Any) -> tuple[str, dict[str, Any]]:
    """The message and the details of a refusal of the framework's, whose own words name no way out."""
    if isinstance(error, exceptions.NotAuthenticated):
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme and scheme.lower() != "bearer":  # what has no space may be the token itself, and is not repeated
            got = scheme[:SHOWN_CHARACTERS] if token else ""
            return gettext("The header is `Authorization: Bearer fh_…`, with the word Bearer before the token."), {
                "field": "Authorization",
                "got": got,
            }
        return gettext("Send `Authorization: Bearer fh_…`. Get a token with POST tokens (email and password)."), {}
    if isinstance(error, exceptions.UnsupportedMediaType):
        known = [parser.media_type for parser in view.parser_classes]
        got = (request.content_type or "")[:SHOWN_CHARACTERS]
        said = {"got": got, "known": ", ".join(known)}
        message = gettext("A body of the type “%(got)s” is not read here. Send it with `Content-Type`: %(known)s.") % said
        return message, {"field": "Content-Type", "got": got, "known": known}
    if isinstance(error, exceptions.MethodNotAllowed):
        known = [method for method in view.allowed_methods if method != "OPTIONS"]
        said = {"got": request.method, "known": ", ".join(known)}
        return gettext("%(got)s does nothing here. Use: %(known)s.") % said, {"got": request.method, "known": known}
    if isinstance(error, exceptions.NotAcceptable):
        known = [renderer.media_type for renderer in view.renderer_classes]
        return gettext("Answers come as %(known)s. Ask for it with `Accept`.") % {"known": ", ".join(known)}, {"known": known}
    return str(error.detail), {}


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    """An address that leads nowhere, in the same body as every other refusal."""
    return JsonResponse(error_body("not_found", "There is no such address. The list is at /api/docs/.", {}), status=404)


def server_error(request: HttpRequest) -> JsonResponse:
    """Our own mistake, in the same body; the cause is in the log. A database that is out of reach is a 503."""
    if is_out_of_reach(sys.exc_info()[1]):
        body = error_body(OutOfReach.code, gettext(OutOfReach.message), {})
        return JsonResponse(body, status=503, headers={"Retry-After": str(RETRY_SECONDS)})
    return JsonResponse(error_body("server_error", "Something went wrong on our side; it has been logged.", {}), status=500)
