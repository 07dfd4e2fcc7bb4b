"""The one reader of bodies: whole, or refused."""

import base64
import hashlib
import io

import pytest
from django.test import Client

from foundation import bodies
from foundation.bodies import BadContentDigest, BadLength, BodyIncomplete, LengthRequired


def body(content: bytes, **environ: str) -> io.BufferedReader:
    asked = {"wsgi.input": io.BytesIO(content), "REQUEST_METHOD": "POST", "SERVER_PROTOCOL": "HTTP/1.1", "CONTENT_LENGTH": "6"}
    return bodies.body_of(asked | environ)


def digest(content: bytes, name: str = "sha-256") -> str:
    return f"{name}=:{base64.b64encode(hashlib.new(name.replace('-', ''), content).digest()).decode()}:"


@pytest.mark.parametrize("size", [1, 2, 5, 6, 100, -1])
def test_it_reads_what_was_declared_and_no_more(size):
    reader = body(b"abcdefghij")
    pieces = list(iter(lambda: reader.read(size), b""))
    assert b"".join(pieces) == b"abcdef"


@pytest.mark.parametrize("content", [b"", b"a", b"abcde"])
@pytest.mark.parametrize("size", [1, 4, -1])
def test_it_raises_where_the_body_stops_short(content, size):
    reader = body(content)
    with pytest.raises(BodyIncomplete) as refused:
        while reader.read(size):
            pass
    assert refused.value.details == {"declared": 6, "got": len(content)}


class Broken(io.BytesIO):
    def read(self, size: int | None = -1, /) -> bytes:
        raise ConnectionResetError


def test_a_broken_connection_is_a_body_that_stops_short():
    with pytest.raises(BodyIncomplete):
        body(b"", **{"wsgi.input": Broken()}).read()


@pytest.mark.parametrize("name", ["sha-256", "sha-512"])
def test_the_last_bytes_come_only_with_the_right_digest(name):
    assert body(b"abcdef", HTTP_CONTENT_DIGEST=digest(b"abcdef", name)).read() == b"abcdef"
    reader, got = body(b"abcdef", HTTP_CONTENT_DIGEST=f"sha=:AAAA:, {digest(b'abcdeg', name)}"), b""
    with pytest.raises(BadContentDigest):
        while piece := reader.read(1):
            got += piece
    assert got in (b"", b"abcde")
    both = f"{digest(b'abcdef', 'sha-256')},{digest(b'x', 'sha-512')}"
    with pytest.raises(BadContentDigest):
        body(b"abcdef", HTTP_CONTENT_DIGEST=both).read()


@pytest.mark.parametrize(
    "header", ["sha-256", "sha-256=abc", "sha-256=:***:", "sha-256=:A:", "md5=:AAAA:", "sha-256=:AAAA:;;", ","]
)
def test_a_digest_that_cannot_be_checked_is_refused(header):
    with pytest.raises(BadContentDigest):
        body(b"abcdef", HTTP_CONTENT_DIGEST=header)


@pytest.mark.parametrize("length", ["²", "-1", "+6", "6.0", "9" * 5000, "six", " 6", "6_0"])
def test_a_length_is_a_plain_number(length):
    with pytest.raises(BadLength):
        body(b"abcdef", CONTENT_LENGTH=length)


def test_a_body_of_unknown_length_is_refused():
    for environ in ({"HTTP_TRANSFER_ENCODING": "chunked"}, {"CONTENT_LENGTH": "", "SERVER_PROTOCOL": "HTTP/2"}):
        with pytest.raises(LengthRequired):
            body(b"abcdef", **environ)
    assert body(b"", CONTENT_LENGTH="").read() == b""
    assert body(b"", CONTENT_LENGTH="", SERVER_PROTOCOL="HTTP/2", REQUEST_METHOD="GET").read() == b""


def test_refusals_at_the_door_are_in_the_body_of_every_refusal(db):
    answer = Client().post("/api/v1/tokens", b"{}", content_type="application/json", headers={"Transfer-Encoding": "chunked"})
    assert (answer.status_code, answer.json()["code"]) == (411, "length_required")
    page = Client().post("/account/login/", {"login": "a"}, headers={"Content-Digest": digest(b"other")})
    assert page.status_code == 400
    assert b"Content-Digest" in page.content


@pytest.mark.parametrize(
    "declared",
    [None, "", "text/csv", "application/json; charset=utf-8", "application/json;charset=UTF8", 'text/csv; charset="utf-8"'],
)
def test_a_body_is_utf_8(declared):
    bodies.check_charset(declared)


@pytest.mark.parametrize(
    "declared", ["text/csv; charset=iso-8859-1", "application/json; charset=utf-16", 'text/csv; header=present; charset="latin1"']
)
def test_a_body_in_another_charset_is_refused_with_the_way_out(declared):
    with pytest.raises(bodies.BadCharset, match="charset=utf-8") as refused:
        bodies.check_charset(declared)
    assert refused.value.details["known"] == ["utf-8"]


@pytest.mark.django_db
def test_every_address_that_takes_json_looks_at_the_charset():
    for declared, code in (("iso-8859-1", "bad_charset"), ("utf-8", "")):
        answer = Client().post(
            "/api/v1/tokens", b'{"email":"\xc3\xa9@x.example"}', content_type=f"application/json; charset={declared}"
        )
        assert answer.status_code == 400
        assert answer.json()["code"] == code or not code
