"""Who may send a large body: it is received before Django is asked, so who sends it is looked at first."""

from http.cookies import CookieError, SimpleCookie
from importlib import import_module

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.db import connections

from foundation.clock import SIMULATED_NOW_HEADER, instant_stated
from foundation.errors import DomainError
from workforce.access import actor_of_token


def is_known(headers: dict[bytes, bytes]) -> bool:
    """Do these headers carry a token in force, or the session of somebody signed in? A query, in a thread that gives its connection back.

    Whether they may do what they ask is for Django to say once the body is here.
    """
    try:
        return _has_token(headers) or _has_session(headers)
    except DomainError:
        return False
    finally:
        connections.close_all()


def _has_token(headers: dict[bytes, bytes]) -> bool:
    scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() != b"bearer":
        return False
    stated = headers.get(SIMULATED_NOW_HEADER.lower().encode())
    now = instant_stated(stated.decode("latin-1") if stated else None)
    return actor_of_token(token.decode("latin-1").strip(), now=now) is not None


def _has_session(headers: dict[bytes, bytes]) -> bool:
    try:
        cookies = SimpleCookie(headers.get(b"cookie", b"").decode("latin-1"))
    except CookieError:
        return False
    if settings.SESSION_COOKIE_NAME not in cookies:
        return False
    store = import_module(settings.SESSION_ENGINE).SessionStore(cookies[settings.SESSION_COOKIE_NAME].value)
    return SESSION_KEY in store
