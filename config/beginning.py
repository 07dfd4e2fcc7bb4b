"""Steps of onboarding begin where their page is opened, whichever way led there: a link, a notice, an address typed."""

import contextlib
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from foundation.clock import instant_of
from foundation.errors import DomainError
from workforce import checklist, step_kinds
from workforce.signed_in import worker_of


class StepsBegin:
    """Begins the steps of a page that a worker has opened; pages of other kinds cost nothing, and whoever was sent elsewhere began nothing."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on, and look at which page it was."""
        answer = self.get_response(request)
        match = request.resolver_match
        if request.method == "GET" and answer.status_code == 200 and match and match.view_name in step_kinds.pages():
            with contextlib.suppress(DomainError):  # the step ended meanwhile: the page says so
                worker = worker_of(request)
                if worker is not None:
                    checklist.open_page(worker, match.view_name, request.path, now=instant_of(request))
        return answer
