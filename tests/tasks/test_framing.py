"""Requesters' own pages, as the server serves them: one address per assignment, no cookies, a policy of their own."""

import pytest
from django.core.signing import TimestampSigner
from django.test import Client

from tasks import desk, framing
from tests.browser import scenes
from tests.tasks.scenes import claim

pytestmark = pytest.mark.django_db

SCHEMA = "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2011-11-11/HTMLQuestion.xsd"
PAGE = "<!DOCTYPE html><html><body><form><h1>${thing}</h1><input name='x'></form></body></html>"
QUESTION = (
    f'<HTMLQuestion xmlns="{SCHEMA}"><HTMLContent><![CDATA[{PAGE}]]></HTMLContent><FrameHeight>0</FrameHeight></HTMLQuestion>'
)


@pytest.fixture
def address(rita, olga, wanda) -> str:
    batch = scenes.opened(rita, olga, QUESTION, [{"thing": "</h1><script>alert(1)</script>"}])
    [lease] = claim(wanda, batch)
    return desk.shown(lease)["frame_address"]


def test_the_page_is_filled_escaped_and_runs_alone(address):
    answer = Client().get(address)
    text = answer.content.decode()
    assert text.startswith("<!DOCTYPE html><script>"), "what carries the form comes first, and leaves the page in standards mode"
    assert "<h1>&lt;/h1&gt;&lt;script&gt;alert(1)&lt;/script&gt;</h1>" in text
    policy = dict(part.strip().partition(" ")[::2] for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy["sandbox"] == "allow-scripts allow-forms"
    assert policy["default-src"] == policy["form-action"] == policy["base-uri"] == "'none'"
    assert policy["frame-ancestors"] == "'self'"
    assert "connect-src" not in policy, "the default is nothing"
    assert answer.cookies == {}
    assert "Cookie" not in answer.headers.get("Vary", "")


def test_only_an_address_given_out_shows_anything(address, db):
    assignment_id = address.split("/")[2].split(":")[0]
    for token in (assignment_id, f"{assignment_id}:x:y", TimestampSigner(salt="media").sign(assignment_id)):
        assert Client().get(f"/frames/{token}/").status_code == 404
        assert Client().post(f"/frames/{token}/mturk/externalSubmit", {"x": "1"}).status_code == 404


def test_an_address_ends(address, monkeypatch):
    monkeypatch.setattr(framing, "SIGNED_SECONDS", -1)
    assert Client().get(address).status_code == 404


def test_a_form_from_elsewhere_is_told_to_the_page_around_and_to_nobody_else(address):
    client = Client(enforce_csrf_checks=True)
    answer = client.post(
        f"{address}mturk/externalSubmit", {"assignmentId": "x", "a": ["1", "2"], "b": "</script><script>alert(1)</script>"}
    )
    text = answer.content.decode()
    assert answer.status_code == 200
    assert '"a": ["1", "2"]' in text
    assert "<script>alert(1)" not in text
    assert "sandbox allow-scripts allow-forms" in answer.headers["Content-Security-Policy"]
    assert answer.cookies == {}
    assert client.get(f"{address}mturk/externalSubmit?a=1").status_code == 200, "Mechanical Turk takes both"
