"""How often a stranger may knock or guess, counted by django-allauth in the cache that all processes share (docs/decisions/0011)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.core.internal import ratelimit
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from foundation.clock import simulation_allowed

RATES = {"SignUp": "30/m/ip", "Tokens": "30/m/ip"}  # sign-ups, log-ins from one address


class Knocking(BaseThrottle):
    """Thirty sign-ups or log-ins a minute from one address; a simulated crowd may knock as often as it likes."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Count this one, unless it only reads."""
        if simulation_allowed():
            return True
        return bool(ratelimit.consume(request._request, app="workforce.api", action=type(view).__name__, config=RATES))

    def wait(self) -> float:
        """Seconds after which there is room for certain."""
        return 60


@contextmanager
def guessing(request: Request, email: str) -> Iterator[None]:
    """Let only so many wrong passwords or codes pass for one account and one address: the same count as on the site's own pages.

    `email` is in its normal form. The attempt is counted before it is judged and given back when it was right. Raises Throttled (429).
    """
    if simulation_allowed():
        yield
        return
    usage = ratelimit.consume(request._request, app="allauth.account", action="login_failed", key=email)
    if not usage:
        raise Throttled(wait=300, detail="Too many wrong attempts for this account. Wait, or set a new password on the site.")
    yield
    usage.rollback()
