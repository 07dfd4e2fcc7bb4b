"""Answers that are made while they are read, over raw sockets to the real server: whoever reads slowly keeps nobody waiting."""

import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from config.processes import free_port
from tests.journeys import streaming

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def port():
    number = free_port()
    command = [Path(sys.executable).with_name("granian"), "--interface", "asgi", "--http", "1", "--port", str(number), "--no-ws"]
    process = subprocess.Popen(
        [*command, "--log-level", "error", "tests.journeys.streaming:application"], cwd=ROOT, start_new_session=True
    )
    try:
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", number)).close()
                break
            except OSError:
                time.sleep(0.1)
        yield number
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # the server and its worker
        process.wait(20)


def connected(port, path, *, buffer=None):
    client = socket.socket()
    if buffer:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    client.settimeout(60)
    client.connect(("127.0.0.1", port))
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    return client


def everything(client):
    parts = []
    while part := client.recv(1 << 20):
        parts.append(part)
    client.close()
    return b"".join(parts)


def body_of(raw):
    """The body of a chunked answer, and whether it has its proper end."""
    _, _, rest = raw.partition(b"\r\n\r\n")
    body = []
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        if not size or int(size, 16) == 0:
            return b"".join(body), size == b"0"
        body.append(rest[: int(size, 16)])
        rest = rest[int(size, 16) + 2 :]
    return b"".join(body), False


def making(port):
    """How many streams are being made; the question is answered by a thread of the same few."""
    return int(everything(connected(port, "/alive")).rpartition(b"\r\n\r\n")[2])


def until_none_is_made(port):
    for _ in range(300):
        if not making(port):
            return True
        time.sleep(0.1)
    return False


def test_readers_who_take_nothing_of_a_streamed_answer_hold_no_thread(port):
    lazy = [connected(port, "/stream", buffer=4096) for _ in range(3 * streaming.THREADS)]
    assert until_none_is_made(port), "all are made, though nobody has read them"
    wanted = b"".join(b"%064d\n" % n for n in range(streaming.LINES))
    for client in lazy[:2]:  # what waited for its reader is whole
        body, ended = body_of(everything(client))
        assert ended
        assert hashlib.sha256(body).digest() == hashlib.sha256(wanted).digest()
    for client in lazy[2:]:
        client.close()
    assert making(port) == 0


def test_an_answer_that_breaks_has_no_proper_end(port):
    body, ended = body_of(everything(connected(port, "/broken")))
    assert not ended
    assert len(body) < 65 * streaming.LINES


def test_what_nobody_reads_any_more_is_not_made(port):
    for _ in range(4):
        client = connected(port, "/stream", buffer=4096)
        client.recv(100)
        client.close()
    assert until_none_is_made(port)
