"""Bodies that end early, on the running server and over raw sockets: refused, nothing written, no key remembered, the retry succeeds."""

import base64
import hashlib
import json
import socket
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection

from foundation.models import IdempotentRequest
from tasks.models import Import, MediaFile, Task
from tests import builders
from tests.browser import materials
from tests.journeys.world import rows
from tests.tasks import scenes

NDJSON, CSV, JSON = "application/x-ndjson", "text/csv", "application/json"
HUNG_UP = 400  # to a connection that is half closed the server answers, or it closes the other half
FORM = "application/x-www-form-urlencoded"
ROWS = rows(*({"payload": {"text": f"Row {n}"}} for n in range(2000)))
TABLE = b"text\n" + b"".join(b"Row %d\n" % n for n in range(2000))


@pytest.fixture
def rita(committed_db, now):
    return builders.requester("rita", now=now)


@pytest.fixture
def batch(rita):
    return scenes.draft(rita, tasks=0)


class Wire:
    """Raw requests to the server."""

    def __init__(self, address: str, token: str) -> None:
        self.host, self.port, self.token = urlsplit(address).hostname, urlsplit(address).port, token

    def open(self, path: str, content_type: str, **headers: Any) -> socket.socket:
        lines = {
            "Host": f"localhost:{self.port}",
            "Authorization": f"Bearer {self.token}",
            "Content-Type": content_type,
            "Connection": "close",
        }
        lines |= {name.replace("_", "-"): str(value) for name, value in headers.items()}
        wire = socket.create_connection((self.host, self.port))
        wire.sendall((f"POST {path} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in lines.items()) + "\r\n").encode())
        return wire

    def send(self, path: str, content_type: str, body: bytes, **headers: Any) -> tuple[int, dict[str, Any]]:
        """Send, say that no more will come where more was promised, and read the answer; the server may hang up instead."""
        headers = {"Content_Length": len(body)} | headers
        with self.open(path, content_type, **headers) as wire:
            wire.sendall(body)
            if headers["Content_Length"] != len(body):
                wire.shutdown(socket.SHUT_WR)
            return answer(wire)

    def drop(self, path: str, content_type: str, body: bytes, **headers: Any) -> None:
        """Send, and be gone."""
        with self.open(path, content_type, **headers) as wire:
            wire.sendall(body)
            time.sleep(0.2)  # the server has taken it in, and waits for the rest


def answer(wire: socket.socket) -> tuple[int, dict[str, Any]]:
    wire.settimeout(60)
    got = b""
    while chunk := wire.recv(65536):
        got += chunk
    if not got:
        return HUNG_UP, {"code": "body_incomplete"}
    head, _, body = got.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body) if b"json" in head.lower() else {"page": body.decode()}


def digest(body: bytes, name: str = "sha-256") -> str:
    value = hashlib.new(name.replace("-", ""), body).digest()
    return f"{name}=:{base64.b64encode(value).decode()}:"


def settled(wire: Wire) -> None:
    """Two answers on both threads: whatever the server was doing with an earlier request, it has done."""
    for _ in range(4):
        assert wire.send("/api/v1/organizations", JSON, b"nonsense")[0] == 400


@pytest.mark.parametrize(("content_type", "whole"), [(NDJSON, ROWS), (CSV, TABLE)])
def test_half_an_upload_is_none(server, rita, batch, content_type, whole):
    wire = Wire(server.address, rita.token)
    path, headers = f"/api/v1/batches/{batch.id}/tasks?on_error=skip", {"Content_Length": len(whole), "Idempotency_Key": "k"}
    for cut in (len(whole) // 2, 0, len(whole) - 1):
        wire.drop(path, content_type, whole[:cut], **headers)
        settled(wire)
        status, body = wire.send(path, content_type, whole[:cut], **headers)
        assert (status, body["code"]) == (400, "body_incomplete")
        assert not Task.objects.exists()
        assert not Import.objects.exists()
    status, said = wire.send(path, content_type, b"", Idempotency_Key="k")
    assert (status, said["code"], said["details"]) == (400, "bad_upload", {"field": "body"})
    status, report = wire.send(path, content_type, whole, **headers)
    assert (status, report["state"], report["rows_added"]) == (201, "done", 2000)
    status, again = wire.send(path, content_type, whole, **headers)
    assert (status, again["id"]) == (201, report["id"])
    assert Task.objects.count() == 2000


def test_a_chunked_body_without_its_end_is_none(server, rita, batch):
    wire = Wire(server.address, rita.token)
    path = f"/api/v1/batches/{batch.id}/tasks"
    whole = b"%x\r\n%s\r\n0\r\n\r\n" % (len(ROWS), ROWS)
    for cut in (whole[:-5], whole[:-2], whole[:1000], whole[: len(whole) // 2]):
        wire.drop(path, NDJSON, cut, Transfer_Encoding="chunked", Idempotency_Key="k")
        settled(wire)
        assert not Import.objects.exists()
    assert not Task.objects.exists()
    with wire.open(path, NDJSON, Transfer_Encoding="chunked", Idempotency_Key="k") as out:
        out.sendall(whole)
        assert answer(out)[0] == 201
    assert Task.objects.count() == 2000


def test_a_command_of_half_a_body_does_nothing(server, rita):
    wire = Wire(server.address, rita.token)
    body = json.dumps({"name": "Second", "kind": "requester"}).encode()
    said = {"Content_Length": len(body) + 50, "Idempotency_Key": "k"}
    assert wire.send("/api/v1/organizations", JSON, body, **said)[1]["code"] == "body_incomplete"
    assert wire.send("/api/v1/notifications/read", JSON, b"", Content_Length=2)[1]["code"] == "body_incomplete"
    assert not IdempotentRequest.objects.exists()
    assert wire.send("/api/v1/organizations", JSON, body, Idempotency_Key="k")[0] == 201


def test_half_a_form_does_nothing(server, rita):
    wire = Wire(server.address, rita.token)
    status, said = wire.send("/account/login/", FORM, b"login=rita%40exam", Content_Length=80)
    assert status == 400
    assert "before the body did" in said.get("page", "before the body did")


def test_half_a_file_leaves_none(server, rita):
    wire, film = Wire(server.address, rita.token), materials.FILM.read_bytes()
    path = f"/api/v1/organizations/{rita.organization.id}/files?name=film.webm"
    status, said = wire.send(path, "video/webm", film[: len(film) // 2], Content_Length=len(film))
    assert (status, said["code"]) == (400, "body_incomplete")
    wire.drop(path, "video/webm", film[: len(film) // 2], Content_Length=len(film))
    settled(wire)
    status, said = wire.send(path, "video/webm", film, Content_Digest=digest(film[1:]))
    assert (status, said["code"]) == (400, "bad_content_digest")
    assert not MediaFile.objects.exists()
    folder = Path(settings.MEDIA_ROOT) / str(rita.organization.id)
    assert [file for file in folder.rglob("*") if file.is_file()] == []
    status, kept = wire.send(path, "video/webm", film, Content_Digest=digest(film))
    assert (status, kept["size_bytes"]) == (201, len(film))


@pytest.mark.parametrize("name", ["sha-256", "sha-512"])
def test_a_digest_is_checked_on_every_body(server, rita, batch, name):
    wire = Wire(server.address, rita.token)
    upload = f"/api/v1/batches/{batch.id}/tasks"
    organization = json.dumps({"name": "Second", "kind": "requester"}).encode()
    for path, content_type, body in (
        (upload, NDJSON, ROWS), ("/api/v1/organizations", JSON, organization), ("/api/v1/notifications/read", JSON, b""),
        ("/account/login/", FORM, b"login=a"),
    ):  # fmt: skip
        status, said = wire.send(path, content_type, body, Content_Digest=digest(body + b"x", name), Idempotency_Key="k")
        assert status == 400
        assert "Content-Digest" in said.get("page", said.get("message"))
    assert not Task.objects.exists()
    assert not IdempotentRequest.objects.exists()
    assert wire.send(upload, NDJSON, ROWS, Content_Digest=digest(ROWS, name), Idempotency_Key="k")[0] == 201
    right = f"{digest(organization, name)}, md5=:AAAA:"
    assert wire.send("/api/v1/organizations", JSON, organization, Content_Digest=right)[0] == 201
    assert wire.send("/api/v1/notifications/read", JSON, b"", Content_Digest=digest(b"", name))[0] == 200
    for header in ("sha-256=abc", "md5=:AAAA:", "sha-256=:A:", "nonsense"):
        assert wire.send(upload, NDJSON, ROWS, Content_Digest=header)[1]["code"] == "bad_content_digest"


def test_a_slow_upload_holds_no_transaction(server, rita, batch):
    wire = Wire(server.address, rita.token)
    with wire.open(f"/api/v1/batches/{batch.id}/tasks", NDJSON, Content_Length=len(ROWS)) as out:
        out.sendall(ROWS[: len(ROWS) // 2])
        time.sleep(0.5)  # time enough to be in the middle of it
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT state, query FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
                "AND (xact_start IS NOT NULL OR backend_xmin IS NOT NULL)"
            )
            assert cursor.fetchall() == []
        out.sendall(ROWS[len(ROWS) // 2 :])
        assert answer(out)[0] == 201
