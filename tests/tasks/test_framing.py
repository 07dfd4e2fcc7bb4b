"""Requesters' own pages, as the server serves them: one address per assignment, no cookies, a policy of their own."""

import re

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
    assert re.match(r'<!DOCTYPE html><script nonce="[^"]+">', text), (
        "what carries the form comes first, and leaves the page in standards mode"
    )
    assert "<h1>&lt;/h1&gt;&lt;script&gt;alert(1)&lt;/script&gt;</h1>" in text
    policy = dict(part.strip().partition(" ")[::2] for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy["sandbox"] == "allow-scripts allow-forms"
    assert policy["default-src"] == policy["form-action"] == policy["base-uri"] == "'none'"
    assert policy["frame-ancestors"] == "'self'"
    assert "connect-src" not in policy, "the default is nothing"
    assert policy["frame-src"] == policy["child-src"] == "'none'"
    assert policy["webrtc"] == "'block'"
    assert answer.headers["X-DNS-Prefetch-Control"] == "off"
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


def serve(rita, olga, wanda, page: str, thing: str = "x"):
    question = QUESTION.replace(PAGE, page)
    [lease] = claim(wanda, scenes.opened(rita, olga, question, [{"thing": thing}]))
    return Client().get(desk.shown(lease)["frame_address"])


def scripts(answer) -> str:
    return re.search(r"script-src ([^;]+)", answer.headers["Content-Security-Policy"]).group(1)


def test_a_page_without_script_runs_ours_alone(rita, olga, wanda):
    answer = serve(rita, olga, wanda, PAGE)
    nonce = re.search(r'<script nonce="([^"]+)">', answer.content.decode()).group(1)
    assert scripts(answer) == f"'nonce-{nonce}'"


@pytest.mark.parametrize(
    "script",
    [
        "<script>1</script>",
        "<SCRIPT src=x></SCRIPT>",
        "<img/onerror=alert(1)>",
        "<a href='java&#115;cript:1'>",
        "<a href=javascript:1>",
    ],
)
def test_a_page_with_script_is_known_or_runs_none(rita, olga, wanda, script):
    answer = serve(rita, olga, wanda, f"<p>${{thing}}</p>{script}")
    assert scripts(answer) == "'unsafe-inline'" or (scripts(answer).startswith("'nonce-") and "&#115;" in script)


@pytest.mark.parametrize(
    "contact",
    [
        "<link rel=preconnect href=http://127.0.0.1:1/>",
        "<LINK\nhref='//x.example' rel='dns-prefetch'>",
        '<link title=">" rel=preconnect href=//x.example>',
        "<l${thing}ink rel=preload href=//x.example>",
        "<iframe srcdoc='<script>1</script>'></iframe>",
        "<iFrame/src=javascript:1></iFrame>",
        "<object data=about:blank></object><embed src=x>",
    ],
)
def test_a_page_opens_no_connection_and_no_frame_by_its_markup(rita, olga, wanda, contact):
    text = serve(rita, olga, wanda, f"<p>x</p>{contact}", thing=" ").content.decode()
    text = text + serve(rita, olga, wanda, f"<p>x</p>{contact.replace('${thing}', '')}").content.decode()
    body = re.sub(r"<script nonce=.*?</script>|<script>\(?/?.*?</script>", "", text, count=0, flags=re.DOTALL)
    assert not re.search(r"<(link|iframe|object|embed)[\s/>]", body, re.IGNORECASE)
