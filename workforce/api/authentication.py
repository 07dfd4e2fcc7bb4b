"""Who calls: `Authorization: Bearer fh_…` for programs, the session for the site's own pages."""

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from foundation.clock import instant_of
from foundation.networks import network_of
from workforce.access import Actor, actor_of_token, actor_of_user


class BearerToken(BaseAuthentication):
    """Turns a bearer token into the Actor it speaks for; one query."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """The actor; None without the header. Raises AuthenticationFailed (401) for a token that is not good."""
        scheme, _, token = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        actor: Actor | None = actor_of_token(
            token.decode("latin-1").strip(), now=instant_of(request), network=network_of(request)
        )
        if actor is None:
            raise AuthenticationFailed("This token is unknown, expired or revoked. Get one with POST tokens.")
        return actor, None

    def authenticate_header(self, request: Request) -> str:
        """What a 401 names as the way in."""
        return 'Bearer realm="fairhand"'


class SignedIn(SessionAuthentication):
    """Turns the session of someone signed in to the site into their Actor. Commands need the CSRF token, as forms do.

    A stranger without a session cookie costs no query.
    """

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """The actor; None when nobody is signed in. Raises PermissionDenied (403) without a good CSRF token."""
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return None
        user = request._request.user
        if not user.is_authenticated:
            return None
        self.enforce_csrf(request)
        return actor_of_user(user), None


class SignedInScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema describes it."""

    target_class = SignedIn
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """The session's cookie."""
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema describes it."""

    target_class = BearerToken
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """A bearer token in the Authorization header."""
        return {"type": "http", "scheme": "bearer"}
