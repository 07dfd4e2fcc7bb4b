"""Browsers in which an account signed in before: each has a count of wrong passwords of its own, so that nobody who knows an address and
keeps guessing from elsewhere keeps its owner out (OWASP, "Slow Down Online Guessing Attacks with Device Cookies").

A browser is known by a cookie that we made; nothing is stored. It lets nobody in, and is worth five guesses more. It ends with the password.
"""

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponseBase

from foundation import keys
from workforce.models import User

COOKIE = settings.KNOWN_BROWSER_COOKIE_NAME
LASTS = timedelta(days=365)
PURPOSE = "known browsers"


def remember(response: HttpResponseBase, user: User) -> None:
    """Set the cookie in a browser in which this account has just signed in, in place of the one it had."""
    response.set_cookie(
        COOKIE,
        _signer(user).sign(f"{user.pk}:{secrets.token_urlsafe(16)}"),
        max_age=LASTS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def password_changed(request: HttpRequest, **signal: Any) -> None:
    """The password was changed in this browser: it is known by the new one, once it is answered (`KnownBrowsers`)."""
    request.is_to_be_known = True  # type: ignore[attr-defined]


class KnownBrowsers:
    """Middleware: sets the cookie anew where somebody has just changed their password."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """After the answer."""
        response = self.get_response(request)
        if getattr(request, "is_to_be_known", False) and isinstance(request.user, User):
            remember(response, request.user)
        return response


def known_as(request: HttpRequest, email: str) -> str | None:
    """What the browser is known as to the account with that address, in its normal form; None where it is not."""
    cookie = request.COOKIES.get(COOKIE, "")
    user_id = cookie.partition(":")[0]
    user = User.objects.filter(email=email).first() if user_id else None
    if user is None or str(user.pk) != user_id:
        return None
    try:
        return _signer(user).unsign(cookie, max_age=LASTS)
    except BadSignature:
        return None


def _signer(user: User) -> TimestampSigner:
    """Of this account while it has this password."""
    return TimestampSigner(key=keys.mac(PURPOSE, str(user.pk).encode(), user.password.encode()).hex())
