"""The ASGI application that carries requests to a WSGI one: receive whole, take a turn, call, send."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import orjson
from django.db import close_old_connections

from config.serving.calling import FileBody, Start, close, environ_of, headers_of, pieces
from config.serving.receiving import Receive, Received, Reception, Refused
from config.serving.turns import Turns, neighbourhood

SEND_SECONDS = 30.0  # a reader who takes nothing for so long is hung up on
STREAM_GRACE_SECONDS = 60.0  # an answer that is made while it is read holds a thread: for so long at any rate,
STREAM_LEAST_RATE = 64 * 1024  # and then only for readers of so many bytes per second
SMALL_BYTES = 64 * 1024  # goes to the socket's buffer whatever the reader does: no clock is set for it
FILE_READERS = 4  # threads that read files for answers; a read is short

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

Send = Callable[[dict[str, Any]], Awaitable[None]]
log = logging.getLogger("fairhand.serving")


class ClientGone(Exception):
    """The client closed the connection, or stopped taking the answer."""


class Application:
    """Carries HTTP requests to `wsgi`. `threads` of them run at once; `forwarded` takes the client's address from the proxy's header."""

    def __init__(
        self,
        wsgi: Callable[..., Any],
        *,
        threads: int,
        max_bytes: int,
        admit: Callable[[dict[bytes, bytes]], bool],
        forwarded: bool,
    ) -> None:
        self.wsgi, self.forwarded = wsgi, forwarded
        self.turns = Turns(threads)
        self.readers = ThreadPoolExecutor(FILE_READERS, thread_name_prefix="file")

        async def admitted(headers: dict[bytes, bytes]) -> bool:
            return await asyncio.get_running_loop().run_in_executor(self.readers, admit, headers)

        self.reception = Reception(max_bytes=max_bytes, admit=admitted)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """One request, or the life of the process."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            kind = (await receive())["type"]
            await send({"type": f"{kind}.complete"})
            if kind == "lifespan.shutdown":
                return

    async def _serve(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        body: Received | None = None
        try:
            if scope["method"] not in METHODS:
                raise Refused(405, "method_not_allowed", f"Use one of {', '.join(METHODS)}.")
            headers = headers_of(scope)
            address = self._address(scope, headers)
            body = await self.reception.body(headers, receive, address, http_version=scope["http_version"])
            answer = _Answer(receive, send, self.readers)
            async with self.turns.of(address):
                left = await self.turns.run(lambda: self._call(environ_of(scope, headers, body), answer))
            await answer.finish(left)
        except Refused as refusal:
            await _refuse(send, refusal)
        except ClientGone:
            pass  # there is nobody to tell
        except Exception:
            log.exception("%s %s failed outside Django", scope["method"], scope["path"])
            with suppress(Exception):
                await _refuse(send, Refused(500, "server_error", "Something went wrong on our side; it has been logged."))
        finally:
            if body is not None:
                body.close()

    def _address(self, scope: dict[str, Any], headers: dict[bytes, bytes]) -> str:
        address = (scope.get("client") or ("", 0))[0]
        if self.forwarded and (said := headers.get(b"x-forwarded-for")):
            address = said.rsplit(b",", 1)[-1].strip().decode("latin-1")
        return neighbourhood(address)

    def _call(self, environ: dict[str, Any], answer: "_Answer") -> bytes | FileBody | None:
        """In a thread: call Django. Returns what is left to send without it: the whole answer, or a file; None when all was streamed."""
        body = self.wsgi(environ, answer.start)
        if isinstance(body, FileBody):
            close_old_connections()  # this thread goes on to other requests; the file is closed elsewhere
            return body
        try:
            if not getattr(body, "streaming", True):
                return b"".join(body)
            for piece in pieces(body):
                answer.send_from_thread(piece)
            return b""
        finally:
            close(body)


class _Answer:
    """One answer on its way to the client."""

    def __init__(self, receive: Receive, send: Send, readers: ThreadPoolExecutor) -> None:
        self.receive, self.send, self.readers = receive, send, readers
        self.loop = asyncio.get_running_loop()
        self.start = Start()
        self.began_at: float | None = None
        self.sent = 0
        self.leaving: asyncio.Task[None] | None = None

    def send_from_thread(self, piece: bytes) -> None:
        """Send a piece from the thread that makes it, at the reader's pace. Raises ClientGone for one that is gone, or too slow."""
        asyncio.run_coroutine_threadsafe(self._stream(piece), self.loop).result()

    async def _stream(self, piece: bytes) -> None:
        await self._piece(piece)
        held = time.monotonic() - (self.began_at or 0.0)
        if held > STREAM_GRACE_SECONDS + self.sent / STREAM_LEAST_RATE:
            raise ClientGone

    async def finish(self, left: bytes | FileBody | None) -> None:
        """Send what is left, and end."""
        try:
            if isinstance(left, FileBody):
                await self._file(left)
            elif left is not None and self.began_at is None:
                await self._begin()
                last = {"type": "http.response.body", "body": left}
                await (self._out(last) if len(left) > SMALL_BYTES else self.send(last))
                return
            if self.began_at is None:
                await self._begin()
            await self._out({"type": "http.response.body", "body": b""})
        finally:
            if self.leaving is not None:
                self.leaving.cancel()

    async def _file(self, body: FileBody) -> None:
        try:
            while piece := await self.loop.run_in_executor(self.readers, body.piece):
                await self._piece(piece)
        finally:
            await self.loop.run_in_executor(self.readers, body.close)

    async def _begin(self) -> None:
        self.began_at = time.monotonic()
        await self.send({"type": "http.response.start", "status": self.start.status, "headers": self.start.headers})

    async def _piece(self, piece: bytes) -> None:
        if self.began_at is None:
            await self._begin()
            self.leaving = self.loop.create_task(self._notice_leaving())
        if self.leaving is not None and self.leaving.done():
            raise ClientGone
        await self._out({"type": "http.response.body", "body": piece, "more_body": True})
        self.sent += len(piece)

    async def _notice_leaving(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def _out(self, message: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self.send(message)
        except TimeoutError:
            raise ClientGone from None


async def _refuse(send: Send, refusal: Refused) -> None:
    body = orjson.dumps({"code": refusal.code, "message": refusal.message, "details": refusal.details})
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store"), (b"connection", b"close")]
    if refusal.status == 503:
        headers.append((b"retry-after", b"1"))
    with suppress(Exception):  # whoever cut the connection hears nothing
        await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
