"""A request as WSGI has it, and the answer of a WSGI application on its way back to the event loop (PEP 3333)."""

import sys
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import IO, Any
from urllib.parse import unquote_to_bytes

from config.serving.receiving import Received, Refused

PIECE_BYTES = 64 * 1024  # small pieces of a streamed answer are joined to about this before they are sent


def headers_of(scope: dict[str, Any]) -> dict[bytes, bytes]:
    """The headers by lower-case name, repeated ones joined. Raises Refused for a name with an underscore.

    CGI's names cannot tell `X_Forwarded_For` from `X-Forwarded-For`: what a proxy sets, a client could then set beside it.
    """
    headers: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        name = name.lower()
        if b"_" in name:
            said = name.decode("latin-1")
            raise Refused(400, "invalid", "Header names have hyphens, not underscores: %(field)s.", field=said[:100])
        if name in headers:
            value = headers[name] + (b"; " if name == b"cookie" else b", ") + value
        headers[name] = value
    return headers


def environ_of(scope: dict[str, Any], headers: dict[bytes, bytes], body: Received | None) -> dict[str, Any]:
    """The environment of a request. A body of unknown length has been received whole, and has a length now."""
    host, port = scope.get("server") or ("localhost", 80)
    path = unquote_to_bytes(scope["raw_path"]) if scope.get("raw_path") else scope["path"].encode()
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": path.decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": str(host),
        "SERVER_PORT": str(port or 0),
        "REMOTE_ADDR": (scope.get("client") or ("", 0))[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": body.file if body else BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": FileBody,
    }
    for name, value in headers.items():
        environ["HTTP_" + name.decode("latin-1").upper().replace("-", "_")] = value.decode("latin-1")
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ.pop("HTTP_CONTENT_LENGTH", None)
    environ["CONTENT_LENGTH"] = str(body.length) if body else "0"
    environ["CONTENT_TYPE"] = environ.pop("HTTP_CONTENT_TYPE", "")
    return environ


class FileBody:
    """An answer that is a file: its bytes are read piece by piece as the client takes them, with no thread waiting in between."""

    def __init__(self, file: IO[bytes], block_size: int = PIECE_BYTES) -> None:
        self.file = file

    def piece(self) -> bytes:
        """The next bytes; none at the end."""
        return self.file.read(4 * PIECE_BYTES)

    def close(self) -> None:
        """Close the file, and with it the response that Django made of it."""
        self.file.close()


class Start:
    """What an application says before its body: `start_response` of PEP 3333."""

    status: int
    headers: list[tuple[bytes, bytes]]

    def __call__(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        """Note status and headers; nothing is sent yet."""
        self.status = int(status.split(" ", 1)[0])
        self.headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]


def pieces(body: Iterable[bytes]) -> Iterator[bytes]:
    """A streamed body in pieces worth sending."""
    joined, size = [], 0
    for part in body:
        joined.append(part)
        size += len(part)
        if size >= PIECE_BYTES:
            yield b"".join(joined)
            joined, size = [], 0
    if size:
        yield b"".join(joined)


def close(body: Any) -> None:
    """Tell a body that nobody wants more of it, as PEP 3333 demands."""
    if hasattr(body, "close"):
        body.close()
