"""A refusal of the API names the field, what was there, what is allowed: also those that the framework raises."""

from pathlib import Path

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework import serializers

from foundation.api.fields import ChoiceField
from tasks.models import Assignment, Review
from tests.tasks import scenes
from workforce.models import Thread

pytestmark = pytest.mark.django_db


def refused(response, status: int, code: str) -> dict:
    body = response.json()
    assert (response.status_code, body["code"]) == (status, code), body
    return body


def fields_of(field, seen=()):
    """A serializer's fields at any depth."""
    yield field
    for one in [*getattr(field, "fields", {}).values(), *([field.child] if hasattr(field, "child") else [])]:
        yield from fields_of(one)


def commands(patterns):
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from commands(one.url_patterns)
        elif isinstance(one, URLPattern) and getattr(getattr(one.callback, "view_class", None), "accepts", None):
            yield one.callback.view_class


def test_every_choice_of_every_command_says_what_there_is():
    seen = 0
    for view in commands(get_resolver().url_patterns):
        for field in fields_of(view.accepts()):
            if isinstance(field, serializers.ChoiceField):
                assert isinstance(field, ChoiceField), (view, field.field_name)
                seen += 1
    assert seen > 10


@pytest.mark.parametrize(
    ("path", "body", "field", "said"),
    [
        ("me/profile", {"time_zone": "Europe/Lisboa"}, "time_zone", "“Europe/Lisboa” is not one of the"),
        ("me/content", {"sensitive_accepted": ["x"]}, "sensitive_accepted", "“x” is not one of: "),
        ("tokens", {"email": "a@example.org", "password": "x", "scopes": ["all"]}, "scopes", "read, work, post, money, admin"),
    ],
)
def test_a_choice_that_is_none_is_refused_with_what_there_is(wanda, path, body, field, said):
    answer = refused(wanda.post(path, body), 400, "invalid")
    assert said in str(answer["details"]["fields"][field])
    if field == "time_zone":
        assert "Europe/Lisbon" in str(answer["details"]["fields"][field])


def test_the_reasons_stand_in_the_manual():
    manual = (Path(__file__).resolve().parents[2] / "docs/api.md").read_text()
    for reason in [*Review.Reason.values, *Assignment.ReturnReason.values, *Thread.Reason.values]:
        assert f"`{reason}`" in manual


def test_parameters_say_what_they_take(rita):
    batch = scenes.draft(rita)
    answer = refused(rita.upload(f"batches/{batch.id}/tasks?on_error=maybe", b"{}"), 400, "bad_parameter")
    assert answer["message"] == "“maybe” is not a value of “on_error”; use one of: refuse, skip."
    assert answer["details"] == {"field": "on_error", "got": "maybe", "allowed": ["refuse", "skip"]}
    answer = refused(rita.get(f"batches/{batch.id}/export", format="xlsx"), 400, "bad_parameter")
    assert answer["details"] == {"field": "format", "got": "xlsx", "allowed": ["ndjson", "csv"]}
    answer = refused(rita.get(f"batches/{batch.id}/export", form="csv"), 400, "unknown_parameter")
    assert answer["details"] == {"field": "form", "known": ["format"]}


@pytest.mark.parametrize("header", ["Token fh_secret", "Basic YTpi", "fh_secret"])
def test_another_scheme_is_told_to_say_bearer_and_no_token_is_repeated(header):
    response = Client().get("/api/v1/me", headers={"Authorization": header})
    assert "Authorization: Bearer fh_…" in refused(response, 401, "not_authenticated")["message"]
    assert "secret" not in response.content.decode()


def test_a_stranger_is_told_how_to_come_in():
    answer = refused(Client().get("/api/v1/me"), 401, "not_authenticated")
    assert answer["message"] == "Send `Authorization: Bearer fh_…`. Get a token with POST tokens (email and password)."


def test_another_type_of_body_and_another_method_are_told_what_there_is(wanda, rita):
    answer = refused(wanda.upload("me/profile", b"a=b", "text/plain"), 415, "unsupported_media_type")
    assert answer["details"] == {"field": "Content-Type", "got": "text/plain", "known": ["application/json"]}
    assert "application/json" in answer["message"]
    batch = scenes.draft(rita)
    answer = refused(rita.upload(f"batches/{batch.id}/tasks", b"{}", "application/json"), 415, "unsupported_media_type")
    assert answer["details"]["known"] == ["application/x-ndjson", "text/csv"]
    answer = refused(wanda.get("me/profile"), 405, "method_not_allowed")
    assert answer["message"] == "GET does nothing here. Use: POST."
