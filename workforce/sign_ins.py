"""Signing in, as far as it is watched: what failed, who was slowed down, and what changed about how somebody signs in. All audited.

The audit trail is one chain behind one lock and is kept for good. So entries name accounts by id and callers by network, never by
address; and strangers cannot fill it: guesses at an account are few (they are limited before they get here), guesses at none and
refusals by a limit are entered once per network in a while.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import logout
from django.core.cache import cache
from django.http import HttpRequest

from foundation import audit, clock
from foundation.clock import instant_of
from foundation.networks import network_of

ONCE_SECONDS = 300
BEGAN = "signed_in_at"  # in the session: when, in seconds of the server's own clock
OPERATOR_SESSION = timedelta(hours=8)


def failed(user_id: UUID | None, *, by: str, what: str, network: str, now: datetime) -> bool:
    """Enter that somebody could not show who they are, `by` the site or the API; False when that has just been entered."""
    after = {"by": by, "what": what, "network": network}
    if user_id is not None:
        audit.append("sign_in.failed", subject=f"user:{user_id}", now=now, after=after)
        return True
    return _once("sign_in.failed", f"network:{network}", after, now=now)


def slowed_down(request: HttpRequest, what: str, *, now: datetime) -> bool:
    """Enter that a limit was reached; False when that has just been entered."""
    return _once("sign_in.slowed_down", f"network:{network_of(request)}", {"what": what}, now=now)


def _once(action: str, subject: str, after: dict[str, Any], *, now: datetime) -> bool:
    if not cache.add(f"{action}:{subject}:{after.get('what')}", 1, ONCE_SECONDS):
        return False
    audit.append(action, subject=subject, now=now, after=after)
    return True


# ---- sessions of operators ----


def note_beginning(request: HttpRequest, **signal: Any) -> None:
    """Write into the session when it began."""
    request.session[BEGAN] = clock.now().timestamp()


def end_if_over(request: HttpRequest) -> bool:
    """Sign an operator out whose session is OPERATOR_SESSION old, however busy it was; True when it did. Costs strangers nothing."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES or not getattr(request.user, "is_staff", False):
        return False
    if clock.now().timestamp() - request.session.get(BEGAN, 0) < OPERATOR_SESSION.total_seconds():
        return False
    logout(request)
    return True


# ---- second factors and addresses, as django-allauth says that they changed (`apps`) ----


def factor_added(request: HttpRequest, user: Any, authenticator: Any, **signal: Any) -> None:
    """Enter it, and sign the person out everywhere else: those sessions never gave the new factor. Tokens have ended by then."""
    _factor("factor.added", request, user, authenticator)
    for session in UserSession.objects.filter(user=user).exclude(session_key=request.session.session_key):
        session.end()


def factor_removed(request: HttpRequest, user: Any, authenticator: Any, **signal: Any) -> None:
    """Enter it."""
    _factor("factor.removed", request, user, authenticator)


def factor_renewed(request: HttpRequest, user: Any, authenticator: Any, **signal: Any) -> None:
    """Enter it: recovery codes were made anew."""
    _factor("factor.renewed", request, user, authenticator)


def factor_failed(request: HttpRequest, user: Any, **signal: Any) -> None:
    """Enter it."""
    failed(user.pk, by="site", what="second_factor", network=network_of(request), now=instant_of(request))


def address_changed(request: HttpRequest, user: Any, **signal: Any) -> None:
    """Enter it, without the addresses."""
    audit.append("address.changed", subject=f"user:{user.pk}", actor_id=user.pk, now=instant_of(request))


def _factor(action: str, request: HttpRequest, user: Any, authenticator: Any) -> None:
    after = {"kind": str(authenticator.type)}
    audit.append(action, subject=f"user:{user.pk}", actor_id=user.pk, now=instant_of(request), after=after)
