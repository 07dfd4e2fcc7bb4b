"""A body of HTTP/2 needs no header that announces it: what its frames bring is received whole, or refused."""

import asyncio
from typing import Any

import orjson
import pytest

from config.serving.application import Application

PIECES = [b'{"email": ', b'"a@b.org"}']


def asked(version: str, messages: list[dict[str, Any]], *headers: tuple[bytes, bytes], max_bytes: int = 1000) -> tuple[int, Any]:
    """Status and body of the answer of an application that gives back what it was sent."""

    def echo(environ: dict[str, Any], start: Any) -> list[bytes]:
        start("200 OK", [("Content-Type", "application/json")])
        body = environ["wsgi.input"].read()
        return [orjson.dumps({"length": environ["CONTENT_LENGTH"], "body": body.decode()})]

    scope = {
        "type": "http",
        "http_version": version,
        "method": "POST",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": list(headers),
        "client": ("127.0.0.1", 1),
    }
    sent: list[dict[str, Any]] = []

    async def run() -> None:
        waiting = iter(messages)

        async def receive() -> dict[str, Any]:
            return next(waiting, {"type": "http.disconnect"})

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        serve = Application(echo, threads=1, max_bytes=max_bytes, admit=lambda headers: True, forwarded=False)
        await serve(scope, receive, send)

    asyncio.run(run())
    return sent[0]["status"], orjson.loads(b"".join(one.get("body", b"") for one in sent))


def brought(*pieces: bytes, whole: bool = True) -> list[dict[str, Any]]:
    last = len(pieces) - 1
    return [{"type": "http.request", "body": one, "more_body": n < last or not whole} for n, one in enumerate(pieces)]


@pytest.mark.parametrize("version", ["2", "3"])
def test_a_body_that_no_header_announces_is_received(version):
    whole = b"".join(PIECES).decode()
    assert asked(version, brought(*PIECES)) == (200, {"length": str(len(whole)), "body": whole})
    assert asked(version, brought(b"")) == (200, {"length": "0", "body": ""}), "and one that is not there is empty"


def test_one_that_ends_early_or_is_too_long_is_refused():
    assert asked("2", brought(*PIECES, whole=False))[1]["code"] == "body_incomplete"
    assert asked("2", brought(*PIECES), max_bytes=5)[1]["code"] == "body_too_large"
    assert asked("2", brought(*PIECES), (b"content-length", b"500"))[1]["code"] == "body_incomplete"


def test_without_a_header_a_request_of_http_1_has_no_body():
    """RFC 9112, 6.3: there, what follows is the next request."""
    assert asked("1.1", [])[1] == {"length": "0", "body": ""}
