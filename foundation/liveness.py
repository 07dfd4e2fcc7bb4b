"""Signs of life of a long job, so that another process may take over within minutes what a killed one left.

A job that takes long holds a row in the state `running`; a thread of its process writes there every BEAT_SECONDS. When the process is
killed the thread dies with it, and after LOST_AFTER the row may be taken over.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic
from types import TracebackType
from typing import Self

from django.db import connection

log = logging.getLogger(__name__)

BEAT_SECONDS = 20
LOST_AFTER = timedelta(minutes=3)  # without a sign of life


class Stopwatch:
    """The instant a job started at, and how far from it we are: jobs are told the time once, and may run for many minutes."""

    def __init__(self, started_at: datetime) -> None:
        self.started_at, self._began = started_at, monotonic()

    def now(self) -> datetime:
        """The instant now."""
        return self.started_at + timedelta(seconds=monotonic() - self._began)


class SignsOfLife:
    """Calls `beat` every BEAT_SECONDS from a thread with a database connection of its own, while the block runs."""

    def __init__(self, beat: Callable[[], object], *, every_seconds: float = BEAT_SECONDS) -> None:
        self._beat, self._every = beat, every_seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="signs of life", daemon=True)

    def _run(self) -> None:
        try:
            while not self._over.wait(self._every):
                try:
                    self._beat()
                except Exception:
                    log.exception("a sign of life could not be given")
                    connection.close()
        finally:
            connection.close()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()
