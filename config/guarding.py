"""What every answer and every session goes through, whichever room it comes from."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from foundation import clock
from workforce import sign_ins

COOKIELESS = ("/files/", "/frames/")  # no session is looked up there: the signed address is the proof

View = Callable[[HttpRequest], HttpResponse]


class NothingIsStored:
    """Answers are not kept by browsers and proxies, unless the view itself says how long they may be: most are about somebody."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on, and mark its answer."""
        answer = self.get_response(request)
        answer.headers.setdefault("Cache-Control", "no-store")
        return answer


class LimitsAreNoted:
    """Whatever limit slows a caller down, on the site or in the API, it is entered into the audit trail."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on, and look at the status of its answer."""
        answer = self.get_response(request)
        if answer.status_code == 429:
            where = request.resolver_match.route if request.resolver_match else ""
            sign_ins.slowed_down(request, where, now=clock.now())
        return answer


class OperatorSessions:
    """An operator signs in again after eight hours, however busy the session was. The request goes on as a stranger's."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        if not request.path.startswith(COOKIELESS):
            sign_ins.end_if_over(request)
        return self.get_response(request)
