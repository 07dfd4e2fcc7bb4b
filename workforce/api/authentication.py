"""`Authorization: Bearer fh_…`: the one way to say who calls."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from foundation.clock import instant_of
from workforce.access import Actor, actor_of_token


class BearerToken(BaseAuthentication):
    """Turns a bearer token into the Actor it speaks for; one query."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """The actor; None without the header. Raises AuthenticationFailed (401) for a token that is not good."""
        scheme, _, token = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        actor: Actor | None = actor_of_token(token.decode("latin-1").strip(), now=instant_of(request))
        if actor is None:
            raise AuthenticationFailed("This token is unknown, expired or revoked. Get one with POST tokens.")
        return actor, None

    def authenticate_header(self, request: Request) -> str:
        """What a 401 names as the way in."""
        return 'Bearer realm="fairhand"'


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema describes it."""

    target_class = BearerToken
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """A bearer token in the Authorization header."""
        return {"type": "http", "scheme": "bearer"}
