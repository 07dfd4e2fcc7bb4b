"""The web server, running, on the database of the test."""

from collections.abc import Iterator

import pytest
from django.db import connection

from config.processes import WebServer


@pytest.fixture
def server(committed_db, monkeypatch) -> Iterator[WebServer]:
    monkeypatch.setenv("FAIRHAND_DATABASE", connection.settings_dict["NAME"])
    monkeypatch.setenv("FAIRHAND_DEBUG", "1")
    monkeypatch.setenv("FAIRHAND_SIMULATION", "1")
    with WebServer(workers=1, threads=2) as running:
        yield running
