"""A misspelt name is refused, wherever it stands: in bodies at any depth, among filters, in a filter's value."""

import pytest
from rest_framework import serializers

from foundation.api.commands import Command
from foundation.api.filters import ClosedFilters
from foundation.api.strictness import UnknownField, check_fields
from tests.journeys.test_matrix import routes
from tests.journeys.test_scopes import views
from tests.journeys.world import batch, build, ok

NOT_JSON = {  # what is uploaded as it is
    "batches/<uuid:batch_id>/gold",
    "batches/<uuid:batch_id>/tasks",
    "organizations/<uuid:organization_id>/files",
}

FREE_TEXT = {
    "key",
    "name",
    "digest",
    "reference",
    "currency",
    "country",
    "scope",
    "slug",
    "within",
    "reason",
    "method",
}  # filters to which any text is a value


def refusal(response):
    assert response.status_code == 400, (response.status_code, response.content[:300])
    return response.json()


def test_every_command_reads_its_body_in_the_one_place():
    posting = {route: view for route, view in views().items() if "post" in view.http_method_names and hasattr(view, "post")}
    assert {route for route, view in posting.items() if not issubclass(view, Command)} == NOT_JSON
    for route, view in posting.items():
        if issubclass(view, Command):
            assert view.validated is Command.validated, route


@pytest.mark.django_db
def test_no_command_passes_over_a_field_that_it_does_not_have(rita, wanda, olga):
    ids = build(rita, wanda, olga)
    tried = 0
    for route in sorted(set(routes()) - NOT_JSON):
        view = views()[route]
        if not issubclass(view, Command):
            continue
        path = route
        for name, value in ids.items():
            path = path.replace(f"<uuid:{name}>", str(value))
        if "<" in path:
            continue
        answers = [person.post(path, {"no_such_field": 1}) for person in (rita, wanda, olga)]
        assert any(answer.status_code == 400 and answer.json()["code"] == "unknown_field" for answer in answers), route
        assert not any(answer.status_code < 300 for answer in answers), route
        tried += 1
    assert tried > 50


@pytest.mark.django_db
def test_a_misspelt_field_is_named_with_what_was_meant(rita, wanda, olga):
    ids = build(rita, wanda, olga)
    path = f"projects/{ids['project_id']}/batches"
    before = len(ok(rita.get("batches"))["results"])

    said = refusal(rita.post(path, batch(ids["skill_id"]) | {"gold_percnt": 10}))
    assert said["code"] == "unknown_field"
    assert said["message"] == "There is no field “gold_percnt” here. Did you mean “gold_percent”?"
    assert said["details"]["field"] == "gold_percnt"
    assert "gold_percent" in said["details"]["known"]

    said = refusal(rita.post("projects", {"name": "Mine", "id": ids["project_id"]}))
    assert said["message"] == "“id” is given by us and cannot be set; leave it out."

    said = refusal(rita.post(f"batches/{ids['batch_id']}/pause", {"reason": "lunch"}))
    assert said["message"] == "This takes no fields in its body; leave “reason” out."
    assert len(ok(rita.get("batches"))["results"]) == before


class Inner(serializers.Serializer):
    label = serializers.CharField()


class Outer(serializers.Serializer):
    parts = Inner(many=True)
    by_name = serializers.DictField(child=Inner())
    anything = serializers.JSONField()


def test_a_body_is_looked_at_to_its_depth_and_free_json_is_free():
    right = {"parts": [{"label": "a"}], "by_name": {"x": {"label": "b"}}, "anything": {"as": {"one": "likes"}}}
    check_fields(Outer(), right)
    wrong = right | {"parts": [{"label": "a"}, {"lable": "a"}], "by_name": {"x": {"labels": "b"}}}
    with pytest.raises(UnknownField) as refused:
        check_fields(Outer(), wrong)
    assert [(one["field"], one["nearest"]) for one in refused.value.details["unknown"]] == [
        ("parts[1].lable", "label"),
        ("by_name.x.labels", "label"),
    ]
    for shape in (None, [], "text", 5, {"parts": "text"}, {"parts": {"label": 1}}, {"by_name": []}):
        check_fields(Outer(), shape)  # a wrong shape is for the serializer to refuse


@pytest.mark.django_db
def test_a_field_name_of_any_length_makes_a_short_refusal(rita):
    said = rita.post("organizations", {"name": "Rita", **{"x" * 200 + str(n): 1 for n in range(100)}})
    assert said.json()["code"] == "unknown_field"
    assert len(said.json()["details"]["unknown"]) == 20


def lists():
    return {route: view for route, view in views().items() if issubclass(view, ClosedFilters)}


@pytest.mark.django_db
def test_no_filter_takes_a_value_that_cannot_be(rita, wanda, olga):
    ids = build(rita, wanda, olga)
    tried, wrong = 0, []
    for route, view in lists().items():
        path = route
        for name, value in ids.items():
            path = path.replace(f"<uuid:{name}>", str(value))
        for name in view.filters:
            if "<" in path or name in FREE_TEXT:
                continue
            answers = [person.get(path, **{name: "neither"}) for person in (rita, wanda, olga)]
            said = [answer.json() for answer in answers if answer.status_code == 400]
            if not said or {(one["code"], one["details"]["field"]) for one in said} != {("bad_filter", name)}:
                wrong.append((route, name, said))
            tried += 1
    assert wrong == []
    assert tried > 20


@pytest.mark.django_db
def test_a_wrong_filter_says_what_there_is(rita, wanda, olga):
    ids = build(rita, wanda, olga)
    said = refusal(rita.get("batches", state="opne"))
    assert said["message"] == "“opne” is not a value of “state”; use one of: draft, open, paused, closed."
    assert said["details"]["allowed"] == ["draft", "open", "paused", "closed"]
    assert refusal(rita.get("batches", project_id="1"))["code"] == "bad_filter"
    assert ok(rita.get("batches", project_id=ids["project_id"], state="open"))["results"]

    said = refusal(rita.get("batches", state=["open", "draft"]))
    assert said["code"] == "unknown_filter"
    for size in ("501", "0", "-1", "x", "²", "9" * 30):
        assert refusal(rita.get("batches", page_size=size))["code"] == "bad_page_size", size
