"""The OpenAPI document is made once, and then only looked up."""

import json

import pytest

from config import schema
from tests.races.crowd import all_at_once

PATH = "/api/schema/"


@pytest.fixture(scope="module")
def kept():
    """Both documents, made before the test: what a request then costs is what matters."""
    return schema.documents()


@pytest.fixture
def _never_again(kept, monkeypatch):
    def built():
        raise AssertionError("made a second time")

    monkeypatch.setattr(schema, "_built", built)


@pytest.mark.usefixtures("_never_again")
def test_it_comes_as_yaml_or_json_with_an_etag(client, kept, db):
    plain = client.get(PATH)
    assert plain.status_code == 200
    assert plain.content.startswith(b"openapi: 3.1")
    assert plain["Cache-Control"] == "public, max-age=300"
    assert plain["Content-Type"].startswith("application/vnd.oai.openapi")
    for answer in (client.get(PATH, {"format": "json"}), client.get(PATH, headers={"Accept": "application/json, */*"})):
        assert json.loads(answer.content)["openapi"].startswith("3.1")
        assert answer["ETag"] == kept["json"].etag != plain["ETag"]
        assert "Accept" in answer["Vary"]
    assert "paths" in json.loads(kept["json"].body)
    assert client.post(PATH).status_code == 405


@pytest.mark.usefixtures("_never_again")
def test_who_has_it_already_is_sent_nothing(client, kept, db):
    again = client.get(PATH, headers={"If-None-Match": kept["yaml"].etag})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", kept["yaml"].etag)
    assert again["Cache-Control"] == "public, max-age=300"
    assert client.get(PATH, headers={"If-None-Match": '"other"'}).status_code == 200
    assert client.get(PATH, {"format": "json"}, headers={"If-None-Match": kept["yaml"].etag}).status_code == 200


@pytest.mark.usefixtures("_never_again")
def test_it_is_the_same_in_every_language_and_for_everybody(client, rita, kept):
    client.force_login(rita.user)
    assert client.get(PATH, headers={"Accept-Language": "es"}).content == kept["yaml"].body


def test_many_first_requests_at_once_make_it_once(monkeypatch):
    made = []
    monkeypatch.setattr(schema, "_kept", {})
    monkeypatch.setattr(schema, "_built", lambda: made.append(1) or {"yaml": len(made), "json": len(made)})
    all_at_once(lambda n: schema.documents(), 8)
    assert made == [1]
