"""The door every request comes through: its body is read by the one reader that knows whether it is whole, its texts pass the gate."""

from collections.abc import Callable
from io import BufferedReader
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict

from config.api import error_body, status_of
from config.refusals import refusal_page
from foundation import bodies, values
from foundation.errors import DomainError

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class Entering:
    """Gives the request its whole body, or answers with what is wrong with it before any view is asked.

    A page's form is read here, so that one that was cut short never reaches a view; the API's bodies are read by its parsers and
    verbs, which refuse the caller first.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Look at the body, then pass the request on."""
        try:
            _with_whole_body(request, bodies.body_of(request.META))
            _check_texts(request.GET)
            values.check_text(request.path, field="address")
            if request.content_type in FORMS and not is_api(request):
                _check_texts(request.POST)
        except DomainError as error:
            return _refusal(request, error)
        return self.get_response(request)


def is_api(request: HttpRequest) -> bool:
    """Is it answered in JSON?"""
    return request.path.startswith("/api/")


def _with_whole_body(request: Any, body: BufferedReader) -> None:
    request._stream = body  # where Django itself keeps it; everything that reads the request reads through this


def _check_texts(fields: QueryDict) -> None:
    for name, texts in fields.lists():
        values.check_text(name, field="parameter", limit=values.NAME_MAX_CHARACTERS)
        for text in texts:
            values.check_text(text, field=name)


def _refusal(request: HttpRequest, error: DomainError) -> HttpResponse:
    if is_api(request):
        return JsonResponse(error_body(error.code, error.told(), error.details), status=status_of(error))
    return refusal_page(request, error.told(), status_of(error))
