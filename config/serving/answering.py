"""An answer on its way to the client, at the reader's pace, with no thread waiting for a slow one.

A streamed answer goes from the thread that makes it to a spool, in memory and then on disk, and from there to the socket on the event
loop. The thread is done when the answer is made, however slowly it is read.
"""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from tempfile import SpooledTemporaryFile
from typing import Any

from config.serving.calling import FileBody, Start
from config.serving.receiving import Receive

SEND_SECONDS = 30.0  # a reader who takes nothing for so long is hung up on
SMALL_BYTES = 64 * 1024  # goes to the socket's buffer whatever the reader does: no clock is set for it
MEMORY_BYTES = 256 * 1024  # more than that of one streamed answer goes to a temporary file
PIECE_BYTES = 256 * 1024  # read from the spool at once
CROWDED_SECONDS = 60.0  # how long a thread waits for its reader when there is no room left for what it makes

Send = Callable[[dict[str, Any]], Awaitable[None]]


class ClientGone(Exception):
    """The client closed the connection, or stopped taking the answer."""


class Room:
    """The bytes that all spools of a process may hold together."""

    def __init__(self, bytes_: int) -> None:
        self.left, self._lock = bytes_, threading.Lock()

    def change(self, by: int) -> None:
        """Give back, or take; it may go below zero by a piece per thread."""
        with self._lock:
            self.left += by


class Spool:
    """Bytes between the thread that makes them and the loop that sends them."""

    def __init__(self, room: Room) -> None:
        self._file = SpooledTemporaryFile(max_size=MEMORY_BYTES)  # noqa: SIM115 - closed by `close`
        self._lock = threading.Lock()
        self._room = room
        self.written = self.taken = 0
        self.closed = False

    def put(self, piece: bytes) -> None:
        """Add to its end. What is put after `close` is dropped."""
        with self._lock:
            if self.closed:
                return
            self._file.seek(self.written)
            self._file.write(piece)
            self.written += len(piece)
        self._room.change(-len(piece))

    def take(self) -> bytes:
        """The next bytes that were put; none when all were taken."""
        with self._lock:
            if self.closed:
                return b""
            self._file.seek(self.taken)
            piece = self._file.read(PIECE_BYTES)
            self.taken += len(piece)
        self._room.change(len(piece))
        return piece

    def close(self) -> None:
        """Free its memory and disk. The second time does nothing."""
        with self._lock:
            if self.closed:
                return
            self.closed = True
            self._file.close()
            left = self.written - self.taken
        self._room.change(left)


class Answer:
    """One answer. `start` is WSGI's `start_response`; `keep` is called in the thread, all else on the event loop."""

    def __init__(self, receive: Receive, send: Send, readers: ThreadPoolExecutor, room: Room) -> None:
        self.receive, self.send, self.readers, self.room = receive, send, readers, room
        self.loop = asyncio.get_running_loop()
        self.start = Start()
        self.begun = False
        self.spool: Spool | None = None
        self.more = asyncio.Event()
        self.made = False  # nothing more comes into the spool
        self.sender: asyncio.Task[None] | None = None
        self.leaving: asyncio.Task[None] | None = None

    def keep(self, piece: bytes) -> None:
        """Add a piece of a streamed answer. Raises ClientGone once nobody reads it.

        Waits for the reader only where all answers together have no room left, and then for CROWDED_SECONDS at most.
        """
        if self.spool is None:
            self.spool = Spool(self.room)
            self.loop.call_soon_threadsafe(self._begin_sending)
        give_up = time.monotonic() + CROWDED_SECONDS
        while self.room.left <= 0 and self.spool.taken < self.spool.written and not self.spool.closed:
            if time.monotonic() > give_up:
                raise ClientGone
            time.sleep(0.05)
        if self.spool.closed:
            raise ClientGone
        self.spool.put(piece)
        self.loop.call_soon_threadsafe(self.more.set)

    def _begin_sending(self) -> None:
        self.sender = self.loop.create_task(self._send_spool())

    async def _send_spool(self) -> None:
        assert self.spool is not None
        try:
            while True:
                made = self.made
                if piece := await self.loop.run_in_executor(self.readers, self.spool.take):
                    await self._piece(piece)
                elif made:
                    return
                else:
                    await self.more.wait()
                    self.more.clear()
        finally:
            self.spool.close()

    async def finish(self, left: bytes | FileBody | None) -> None:
        """Send what is left: a whole answer, a file, or the rest of a streamed one. Raises ClientGone."""
        if isinstance(left, bytes):
            await self._begin()
            last = {"type": "http.response.body", "body": left}
            await (self._out(last) if len(left) > SMALL_BYTES else self.send(last))
            return
        if isinstance(left, FileBody):
            await self._file(left)
        elif self.spool is not None:
            self.made = True
            self.more.set()
            while self.sender is None:
                await asyncio.sleep(0)  # its first piece has only just been put
            await self.sender
        await self._begin()
        await self._out({"type": "http.response.body", "body": b""})

    async def end(self) -> None:
        """Stop sending, whatever is left: an answer that could not be finished has no proper end, and its reader sees that."""
        for task in (self.sender, self.leaving):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await task
        if self.spool is not None:
            self.spool.close()

    async def _file(self, body: FileBody) -> None:
        try:
            while piece := await self.loop.run_in_executor(self.readers, body.piece):
                await self._piece(piece)
        finally:
            await self.loop.run_in_executor(self.readers, body.close)

    async def _begin(self) -> None:
        if not self.begun:
            self.begun = True
            await self.send({"type": "http.response.start", "status": self.start.status, "headers": self.start.headers})

    async def _piece(self, piece: bytes) -> None:
        await self._begin()
        if self.leaving is None:
            self.leaving = self.loop.create_task(self._notice_leaving())
        if self.leaving.done():
            raise ClientGone
        await self._out({"type": "http.response.body", "body": piece, "more_body": True})

    async def _notice_leaving(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def _out(self, message: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self.send(message)
        except TimeoutError:
            raise ClientGone from None
