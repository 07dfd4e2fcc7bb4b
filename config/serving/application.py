"""The ASGI application that carries requests to a WSGI one: receive whole, take a turn, call, send."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import orjson
from django.conf import settings
from django.db import close_old_connections
from django.utils import translation
from django.utils.translation.trans_real import get_supported_language_variant, parse_accept_lang_header

from config.serving.answering import Answer, ClientGone, Room, Send
from config.serving.calling import FileBody, close, environ_of, headers_of, pieces
from config.serving.receiving import Receive, Received, Reception, Refused
from config.serving.turns import Turns, neighbourhood

FILE_READERS = 4  # threads that read files for answers; a read is short
SPOOL_BYTES = 4 * 1024**3  # of all streamed answers that their readers have not taken yet

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

log = logging.getLogger("fairhand.serving")


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
        self.room = Room(SPOOL_BYTES)

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
                raise Refused(405, "method_not_allowed", "Use one of %(known)s.", known=", ".join(METHODS))
            headers = headers_of(scope)
            address = self._address(scope, headers)
            body = await self.reception.body(headers, receive, address, http_version=scope["http_version"])
            answer = Answer(receive, send, self.readers, self.room)
            try:
                async with self.turns.of(address):
                    left = await self.turns.run(lambda: self._call(environ_of(scope, headers, body), answer))
                await answer.finish(left)
            finally:
                await answer.end()
        except Refused as refusal:
            await _refuse(scope, send, refusal)
        except ClientGone:
            pass  # there is nobody to tell
        except Exception:
            log.exception("%s %s failed outside Django", scope["method"], scope["path"])
            with suppress(Exception):
                await _refuse(scope, send, Refused(500, "server_error", "Something went wrong on our side; it has been logged."))
        finally:
            if body is not None:
                body.close()

    def _address(self, scope: dict[str, Any], headers: dict[bytes, bytes]) -> str:
        address = (scope.get("client") or ("", 0))[0]
        if self.forwarded and (said := headers.get(b"x-forwarded-for")):
            address = said.rsplit(b",", 1)[-1].strip().decode("latin-1")
        return neighbourhood(address)

    def _call(self, environ: dict[str, Any], answer: Answer) -> bytes | FileBody | None:
        """In a thread: call Django. Returns what is to be sent without it: the whole answer, or a file; None where it was streamed."""
        body = self.wsgi(environ, answer.start)
        if isinstance(body, FileBody):
            close_old_connections()  # this thread goes on to other requests; the file is closed elsewhere
            return body
        try:
            if not getattr(body, "streaming", True):
                return b"".join(body)
            for piece in pieces(body):
                answer.keep(piece)
            return None
        finally:
            close(body)


async def _refuse(scope: dict[str, Any], send: Send, refusal: Refused) -> None:
    with translation.override(_language_of(scope)):
        body = orjson.dumps({"code": refusal.code, "message": refusal.told(), "details": refusal.details})
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store"), (b"connection", b"close")]
    if refusal.status == 503:
        headers.append((b"retry-after", b"1"))
    with suppress(Exception):  # whoever cut the connection hears nothing
        await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _language_of(scope: dict[str, Any]) -> str:
    """The language the client asks for, of those there are: Django's own choice needs a request of Django's."""
    asked = b",".join(value for name, value in scope["headers"] if name.lower() == b"accept-language").decode("latin-1")
    for language, _ in parse_accept_lang_header(asked.lower()):
        with suppress(LookupError):
            return get_supported_language_variant(language)
    return settings.LANGUAGE_CODE
