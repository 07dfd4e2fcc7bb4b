"""The one gate before every view of the API: who must be known, whose address is proven, what the token was made for.

Reads need `read`; a view with more to guard names `read_scopes`. Commands name `scopes`, any one of which is enough; one that names none
is refused to everybody, so that a scope can be forgotten only visibly. A session on the site has every scope.
"""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from workforce import access
from workforce.errors import AddressUnproven, ScopeMissing
from workforce.models import Scope

READ = frozenset({Scope.READ})


class InScope(BasePermission):
    """Lets through strangers where a view is open to them, and who is known, proven and has the scope."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """False (401) for strangers. Raises AddressUnproven and ScopeMissing (403)."""
        if request.method in open_to_strangers(view):
            return True
        if not request.user:
            return False
        actor = access.actor_of(request)
        if not actor.is_proven and not getattr(view, "open_to_unproven", False):
            raise AddressUnproven
        if not _answers(view, request.method or ""):
            return True  # 405, whoever asks
        needed = scopes_of(view, request.method or "")
        if not needed & actor.scopes:
            raise ScopeMissing(need=sorted(needed), have=sorted(actor.scopes))
        return True


def _answers(view: Any, method: str) -> bool:
    return method.lower() in view.http_method_names and hasattr(view, method.lower())


def scopes_of(view: Any, method: str) -> frozenset[str]:
    """Any of these lets a token use this method of that view; none of them, nobody."""
    name, default = ("read_scopes", READ) if method in SAFE_METHODS else ("scopes", frozenset())
    return frozenset(getattr(view, name, default))


def open_to_strangers(view: Any) -> frozenset[str]:
    """The methods for which nobody needs to be known."""
    return frozenset(getattr(view, "open_to_strangers", ()))
