"""Clients that send or read slowly, cut the connection or lie about lengths, against a real web process over raw sockets."""

import json
import os
import re
import resource
import signal
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from django.db import connection

from config.processes import WebServer, is_healthy
from tests import builders

THREADS = 2
NAME = "the web server"  # of its database connections


@pytest.fixture(scope="module")
def server(django_db_setup):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAIRHAND_DATABASE", connection.settings_dict["NAME"])
        patch.setenv("FAIRHAND_DEBUG", "1")
        patch.setenv("FAIRHAND_SIMULATION", "1")
        patch.setenv("PGAPPNAME", NAME)
        with WebServer(workers=1, threads=THREADS) as running:
            yield running


def connected(server: WebServer) -> socket.socket:
    return socket.create_connection((server.host, server.port), timeout=60)


def head(method: str, path: str, *lines: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


def answer(client: socket.socket) -> tuple[int, dict]:
    """The status and the JSON body of the answer on a connection."""
    raw = b""
    while b"\r\n\r\n" not in raw:
        part = client.recv(65536)
        assert part, f"the server hung up after {raw!r}"
        raw += part
    start, _, body = raw.partition(b"\r\n\r\n")
    length = int(re.search(rb"content-length: (\d+)", start.lower()).group(1))
    while len(body) < length:
        body += client.recv(65536)
    return int(start.split(b" ")[1]), json.loads(body)


def ask(server: WebServer, raw: bytes, *, half_close: bool = False) -> tuple[int, dict]:
    with connected(server) as client:
        client.sendall(raw)
        if half_close:
            client.shutdown(socket.SHUT_WR)
        return answer(client)


def log_in(email: str = "nobody@example.org") -> bytes:
    return json.dumps({"email": email, "password": "wrong-password", "name": "x"}).encode()


def test_ten_clients_that_send_a_byte_a_second_keep_nobody_waiting(server):
    slow = [connected(server) for _ in range(10)]
    for client in slow:
        client.sendall(head("POST", "/api/v1/tokens", "Content-Type: application/json", "Content-Length: 5000") + b"{")
    for _ in range(3):
        time.sleep(0.3)
        for client in slow:
            client.sendall(b" ")
        assert is_healthy(server.address)
    assert answer(slow[0]) == (
        408,
        {
            "code": "request_too_slow",
            "message": "The body arrived too slowly; send at least 4096 bytes a second without long gaps. Nothing was kept.",
            "details": {"limit": 4096, "received": 4},
        },
    )
    for client in slow:
        client.close()


def test_a_client_that_opens_more_than_a_thousand_sockets_and_says_nothing_keeps_nobody_out(server):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    idle = [connected(server) for _ in range(1200)]
    try:
        for client in idle[::2]:
            client.sendall(b"GET /api/healthz HTTP/1.1\r\n")  # half a head
        assert is_healthy(server.address)
        assert ask(server, head("GET", "/api/v1/me"))[0] == 401
    finally:
        for client in idle:
            client.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("sent", [b"", b'{"email": "a@b.org"'])
def test_a_body_that_ends_before_its_declared_end_never_reaches_django(server, sent):
    request = head("POST", "/api/v1/tokens", "Content-Type: application/json", "Content-Length: 500") + sent
    status, body = ask(server, request, half_close=True)
    assert (status, body["code"], body["details"]) == (400, "body_incomplete", {"received": len(sent), "declared": 500})


def test_a_chunked_body_needs_its_end(server):
    body = log_in()
    chunk = f"{len(body):x}\r\n".encode() + body + b"\r\n"
    chunked = head("POST", "/api/v1/tokens", "Content-Type: application/json", "Transfer-Encoding: chunked") + chunk
    assert ask(server, chunked, half_close=True)[1]["code"] == "body_incomplete"
    status, refusal = ask(server, chunked + b"0\r\n\r\n")
    assert (status, refusal["code"]) == (403, "bad_credentials"), "a whole one is read, and Django answers"


def test_a_large_body_is_for_those_who_are_known(server, committed_db, now):
    rita = builders.requester("rita", now=now)
    size = 3 * 1024 * 1024

    def send(*lines: str) -> tuple[int, dict]:
        request = head("POST", "/api/v1/tokens", "Content-Type: application/json", f"Content-Length: {size}", *lines)
        with connected(server) as client:
            with suppress(OSError):  # it was refused before it was whole
                client.sendall(request + b" " * size)
            return answer(client)

    assert send()[1]["code"] == "body_too_large"
    assert send("Authorization: Bearer fh_wrong")[1]["code"] == "body_too_large"
    status, body = send(f"Authorization: Bearer {rita.token}", f"Fairhand-Now: {now.isoformat()}")
    assert "valid API token" not in body["message"], "a known sender gets as far as the route, which has a limit of its own"
    assert status in (400, 413)


def test_a_header_that_spells_another_with_underscores_is_refused(server):
    status, body = ask(server, head("GET", "/api/healthz", "X_Forwarded_For: 1.2.3.4"))
    assert (status, body["details"]["field"]) == (400, "x_forwarded_for")
    assert ask(server, head("GET", "/api/healthz", "X-Forwarded-For: 1.2.3.4"))[0] == 200


def test_only_methods_that_something_answers_to_are_let_in(server):
    status, body = ask(server, head("TRACE", "/api/healthz", "Authorization: Bearer fh_secret"))
    assert (status, body["code"]) == (405, "method_not_allowed")
    assert "fh_secret" not in str(body)


def test_readers_who_take_nothing_of_a_large_file_keep_nobody_waiting(server):
    lazy = [connected(server) for _ in range(3 * THREADS)]
    for client in lazy:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(head("GET", "/static/editor/lsf.js"))
    time.sleep(0.5)
    assert is_healthy(server.address)
    for client in lazy:
        client.close()


def test_a_file_arrives_whole(server):
    from django.contrib.staticfiles import finders

    wanted = Path(finders.find("editor/lsf.js")).read_bytes()
    with connected(server) as client:
        client.sendall(head("GET", "/static/editor/lsf.js", "Connection: close"))
        raw = b""
        while part := client.recv(1 << 20):
            raw += part
    start, _, body = raw.partition(b"\r\n\r\n")
    assert b" 200 " in start.split(b"\r\n")[0]
    assert len(body) == len(wanted)
    assert body == wanted


def test_many_requests_of_one_address_all_get_their_turn(server):
    answers = []

    def one() -> None:
        answers.append(
            ask(server, head("POST", "/api/v1/tokens", "Content-Type: application/json", "Content-Length: 2") + b"{}")[0]
        )

    threads = [threading.Thread(target=one) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [400] * 40


def test_lost_connections_to_the_database_are_nobodys_failed_request(server, db):
    with connection.cursor() as cursor:
        answers = [ask(server, head("GET", "/api/healthz"))[0]]
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s", [NAME])
        assert cursor.rowcount > 0
        answers += [ask(server, head("GET", "/api/healthz"))[0] for _ in range(10)]
    assert answers == [200] * 11


def test_a_web_process_that_is_killed_comes_back(server):
    [worker] = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    os.kill(int(worker), signal.SIGKILL)
    give_up = time.monotonic() + 60
    while not is_healthy(server.address):
        assert time.monotonic() < give_up
        time.sleep(0.2)
    assert Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split() != [worker]
