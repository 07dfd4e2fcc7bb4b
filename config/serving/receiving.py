"""Bodies, received whole: with a deadline, a least rate and a budget, so that a slow or broken client never holds a thread.

What ends before its end is refused here: nothing behind this ever sees half a body.
"""

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import IO, Any, cast

from foundation.errors import DomainError

GRACE_SECONDS = 15.0  # for so long a body may be as slow as its network
LEAST_RATE = 4096  # bytes per second, on average, once the grace is over
SILENCE_SECONDS = 15.0  # between two pieces
MEMORY_BYTES = 256 * 1024  # more than that of one body goes to a temporary file
OPEN_BODY_BYTES = 2 * 1024 * 1024  # what anybody may send; more, only who is signed in
AT_ONCE = 64  # bodies of one address being received at the same time
SPOOL_BYTES = 4 * 1024**3  # of all bodies being received by this process

SAID_BY_A_HEADER = ("1.0", "1.1")  # versions of HTTP in which a request without either header has no body

Receive = Callable[[], Awaitable[dict[str, Any]]]
Admit = Callable[[dict[bytes, bytes]], Awaitable[bool]]


class Refused(DomainError):
    """A request that is answered without reaching Django, in the error body of the API."""

    def __init__(self, status: int, code: str, message: str, **details: Any) -> None:
        super().__init__(message, **details)
        self.status, self.code = status, code


class Received:
    """A whole body: a file to read from the start, and its length in bytes."""

    def __init__(self) -> None:
        self.file: IO[bytes] = BytesIO()
        self.length = 0

    def write(self, piece: bytes) -> None:
        """Add to it, on disk once it is large."""
        if self.length <= MEMORY_BYTES < self.length + len(piece):
            on_disk = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
            on_disk.write(cast(BytesIO, self.file).getbuffer())
            self.file = cast(IO[bytes], on_disk)
        self.file.write(piece)
        self.length += len(piece)

    def close(self) -> None:
        """Free its memory and disk."""
        self.file.close()


class Reception:
    """Receives the bodies of one process, and keeps count of what is under way."""

    def __init__(self, *, max_bytes: int, admit: Admit) -> None:
        self.max_bytes, self.admit = max_bytes, admit
        self.under_way: Counter[str] = Counter()
        self.spooled = 0

    async def body(
        self, headers: dict[bytes, bytes], receive: Receive, address: str, *, http_version: str = "1.1"
    ) -> Received | None:
        """The body of a request, whole; None for a request without one. Raises Refused, having kept nothing.

        Up to HTTP/1.1 a header says that there is a body (RFC 9112, 6.3); from HTTP/2 on its frames say so, and it is there or not.
        """
        declared = _declared(headers)
        if declared == 0 or declared is None and http_version in SAID_BY_A_HEADER and b"transfer-encoding" not in headers:
            return None
        if declared is not None and declared > self.max_bytes:
            raise self._too_large()
        if self.under_way[address] >= AT_ONCE:
            raise Refused(
                503, "busy", "Too many requests from your address are being received; send fewer at once.", limit=AT_ONCE
            )
        self.under_way[address] += 1
        received = Received()
        try:
            await self._receive(received, headers, receive, declared)
        except BaseException:
            received.close()
            raise
        finally:
            self.spooled -= received.length
            self.under_way[address] -= 1
            if not self.under_way[address]:
                del self.under_way[address]
        received.file.seek(0)
        return received

    async def _receive(self, received: Received, headers: dict[bytes, bytes], receive: Receive, declared: int | None) -> None:
        started, admitted = time.monotonic(), False
        while True:
            allowed = GRACE_SECONDS + received.length / LEAST_RATE - (time.monotonic() - started)
            try:
                async with asyncio.timeout(max(0.0, min(allowed, SILENCE_SECONDS))):
                    message = await receive()
            except TimeoutError:
                raise Refused(
                    408,
                    "request_too_slow",
                    "The body arrived too slowly; send at least %(limit)s bytes a second without long gaps. Nothing was kept.",
                    limit=LEAST_RATE,
                    received=received.length,
                ) from None
            if message["type"] == "http.disconnect":
                raise cut_short(received.length, declared)
            piece = message.get("body", b"")
            if received.length + len(piece) > self.max_bytes:
                raise self._too_large()
            if self.spooled + len(piece) > SPOOL_BYTES:
                raise Refused(503, "busy", "The site is receiving as much as it can hold; try again in a minute.")
            if received.length + len(piece) > OPEN_BODY_BYTES and not admitted:
                admitted = await self._admitted(headers)
            received.write(piece)
            self.spooled += len(piece)
            if not message.get("more_body", False):
                break
        if declared is not None and received.length != declared:
            raise cut_short(received.length, declared)

    async def _admitted(self, headers: dict[bytes, bytes]) -> bool:
        if not await self.admit(headers):
            raise Refused(
                413,
                "body_too_large",
                "A body over %(limit)s bytes needs a valid API token, or someone signed in.",
                limit=OPEN_BODY_BYTES,
            )
        return True

    def _too_large(self) -> Refused:
        return Refused(413, "body_too_large", "The body is over %(limit)s bytes; send it in parts.", limit=self.max_bytes)


def cut_short(received: int, declared: int | None) -> Refused:
    """The refusal of a body that ended early."""
    return Refused(
        400,
        "body_incomplete",
        "The connection ended before the body did. Nothing was kept; send it again, with the same Idempotency-Key.",
        received=received,
        **({"declared": declared} if declared is not None else {}),
    )


def _declared(headers: dict[bytes, bytes]) -> int | None:
    text = headers.get(b"content-length")
    if text is None:
        return None
    if not (text.isdigit() and len(text) <= 18):
        raise Refused(400, "invalid", "Content-Length has to be a number of bytes.", field="Content-Length")
    return int(text)
