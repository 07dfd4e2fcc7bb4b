"""The processes of an installation, started and stopped together: the web server and the cluster that runs jobs.

Each runs in a process group of its own, so that stopping it stops its children, and writes its log to `.data/logs`.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

from django.conf import settings

START_SECONDS = 60
STOP_SECONDS = 15
HEADER_MILLISECONDS = 10_000  # in which a client has to send its headers
SOCKETS = 4096  # open per web process, idle ones included: beyond that nobody gets in until one is closed
PID_FILE = "processes.json"


def free_port(wanted: int = 0) -> int:
    """`wanted` if nobody listens there, else some free port of this machine."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("This machine has no free port.")


class Process:
    """A program in a process group of its own."""

    name = "process"

    def __init__(self, command: list[str]) -> None:
        self.command = command
        self.log = settings.DATA_DIR / "logs" / f"{self.name}.log"
        self.environment: dict[str, str] = {}
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id. Only while it runs."""
        assert self.process is not None
        return self.process.pid

    def start(self) -> Self:
        """Start it; returns at once."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=settings.BASE_DIR,
                env=os.environ | self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        return self

    def stop(self) -> None:
        """Ask the whole group to end, and insist after STOP_SECONDS. Does nothing when it has ended."""
        if self.process is not None:
            end_group(self.process.pid)
            self.process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """End the whole group at once, as a crash would."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(STOP_SECONDS)

    def complaint(self) -> str:
        """The end of its log, for whoever asks why it did not start."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


class WebServer(Process):
    """Granian serving the WSGI application on this machine."""

    name = "web"

    def __init__(self, *, port: int = 0, workers: int = 2, threads: int = 4, host: str = "127.0.0.1") -> None:
        self.host, self.port = host, free_port(port)
        super().__init__(
            [
                str(Path(sys.executable).with_name("granian")),
                *("--interface", "asgi", "--http", "1", "--host", host, "--port", str(self.port), "--workers", str(workers)),
                *("--http1-header-read-timeout", str(HEADER_MILLISECONDS), "--no-ws", "--log-level", "warning"),
                *("--backlog", str(SOCKETS), "--backpressure", str(SOCKETS)),
                "--respawn-failed-workers",  # else one that the kernel kills for its memory takes the others with it
                "config.asgi:application",
            ]
        )
        self.environment = {"FAIRHAND_WEB_THREADS": str(threads)}

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://{self.host}:{self.port}"

    def start(self) -> Self:
        """Start it and wait until it answers. Raises RuntimeError with the end of its log when it does not."""
        super().start()
        assert self.process is not None
        deadline = time.monotonic() + START_SECONDS
        while not is_healthy(self.address):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"The web server did not start. Its log {self.log} ends:\n{self.complaint()}")
            time.sleep(0.1)
        return self


class Cluster(Process):
    """django-q2's processes, which run jobs and schedules."""

    name = "cluster"

    def __init__(self) -> None:
        super().__init__([sys.executable, str(settings.BASE_DIR / "manage.py"), "qcluster"])


def is_healthy(address: str) -> bool:
    """Does a web server answer there, with its database behind it?"""
    try:
        with urllib.request.urlopen(f"{address}/api/healthz", timeout=5) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def end_group(pid: int) -> None:
    """Ask a process group to end, and insist after STOP_SECONDS."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(pid, sign)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline:
            try:
                os.killpg(pid, 0)
                if os.waitpid(pid, os.WNOHANG)[0]:
                    return
            except ProcessLookupError:
                return
            except ChildProcessError:
                pass  # not our child: it was started by an earlier command
            time.sleep(0.1)


def remember(web: WebServer, cluster: Cluster) -> None:
    """Note what was left running in the background, for `stop_remembered`."""
    (settings.DATA_DIR / PID_FILE).write_text(json.dumps({"web": web.pid, "cluster": cluster.pid, "address": web.address}))


def remembered() -> dict[str, str | int]:
    """What was left running in the background; empty when nothing."""
    path = settings.DATA_DIR / PID_FILE
    return dict(json.loads(path.read_text())) if path.exists() else {}


def stop_remembered() -> bool:
    """Stop what was left running in the background; False when nothing was."""
    noted = remembered()
    for name in ("web", "cluster"):
        if name in noted:
            end_group(int(noted[name]))
    (settings.DATA_DIR / PID_FILE).unlink(missing_ok=True)
    return bool(noted)
