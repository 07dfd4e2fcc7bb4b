"""Every route names what a token needs for it, and holds to it."""

from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.journeys.test_matrix import routes
from workforce import tokens
from workforce.api.permissions import InScope, open_to_strangers, scopes_of
from workforce.models import Scope

OPEN = {("accounts", "POST"), ("tokens", "POST")}
BEFORE_PROOF = {"me", "me/email/send-code", "me/email/verify"}


def views() -> dict[str, Any]:
    """Route below /api/v1/ → its view class."""

    def walk(resolver: URLResolver, prefix: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for one in resolver.url_patterns:
            path = prefix + str(one.pattern)
            if isinstance(one, URLResolver):
                found |= walk(one, path)
            elif isinstance(one, URLPattern):
                found[path] = getattr(one.callback, "cls", None)
        return found

    return {path.removeprefix("api/v1/"): view for path, view in walk(get_resolver(), "").items() if path.startswith("api/v1/")}


def methods_of(view: Any) -> list[str]:
    return [
        name.upper()
        for name in ("get", "post", "put", "patch", "delete")
        if hasattr(view, name) and name in view.http_method_names
    ]


def test_every_route_passes_the_one_gate_and_names_its_scope():
    assert set(views()) == set(routes())
    for route, view in views().items():
        assert view is not None, f"{route} is no view of the API"
        assert view.permission_classes == [InScope], f"{route} has a gate of its own"
        assert methods_of(view), route
        for method in methods_of(view):
            if (route, method) in OPEN:
                assert method in open_to_strangers(view), route
                continue
            assert method not in open_to_strangers(view), f"{method} {route} is open to strangers"
            named = scopes_of(view, method)
            assert named, f"{method} {route} names no scope: take a base class of workforce.api.commands"
            assert named <= set(Scope), route
        assert bool(getattr(view, "open_to_unproven", False)) == (route in BEFORE_PROOF), route


@pytest.mark.django_db
def test_every_route_is_refused_to_a_token_without_its_scope(rita):
    """For each method of each route: a token with every scope but those that would do is refused, before anything else is looked at."""
    made = {}
    for route, view in views().items():
        path = route.replace("<uuid:", "<").split("<")
        path = "00000000-0000-7000-8000-000000000000".join([path[0], *(part.partition(">")[2] for part in path[1:])])
        for method in methods_of(view):
            rest = frozenset(Scope) - scopes_of(view, method)
            if (route, method) in OPEN or not rest:
                continue
            if rest not in made:
                made[rest] = tokens.issue(rita.user, name="x", now=rita.now, scopes=sorted(rest))[1]
            headers = {"Authorization": f"Bearer {made[rest]}", "Fairhand-Now": rita.now.isoformat()}
            answer = Client().generic(method, f"/api/v1/{path}", headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing"), (method, route)
    assert rita.post("me/pay").status_code == 405
