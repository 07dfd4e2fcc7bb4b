"""The one reader of request bodies: a body is whole, or it is refused.

A WSGI server ends its input alike whether the client finished or the connection broke, so what came is counted against what was
declared. `config.serving` hands on only whole bodies, chunked ones with a length; behind any other server a chunked body declares
nothing, and is refused with 411. `Content-Digest` (RFC 9530) is checked on every body that carries it, before its last bytes are
handed on.
"""

import base64
import binascii
import hashlib
import io
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from django.utils.http import parse_header_parameters

from foundation.errors import Invalid

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BUFFER_BYTES = 64 * 1024
ALGORITHMS = {"sha-256": "sha256", "sha-512": "sha512"}  # as Content-Digest names them → as hashlib does
MEMBER = re.compile(r"([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/=]*):", re.ASCII)  # of a Dictionary of byte sequences (RFC 9651)
UNFRAMED = ("HTTP/2", "HTTP/3")  # protocols in which a body may come without a declared length


def check_charset(content_type: str | None) -> None:
    """Raise BadCharset where a Content-Type declares another charset than UTF-8: read as UTF-8 the text would be another one."""
    _, parameters = parse_header_parameters(content_type or "")
    charset = parameters.get("charset", "utf-8")
    if charset.strip().lower() not in ("utf-8", "utf8"):
        raise BadCharset(field="Content-Type", known=["utf-8"], got=charset[:40])


class Readable(Protocol):
    """A byte stream."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes; none at its end."""


class BodyIncomplete(Invalid):
    """Fewer bytes came than were declared."""

    code = "body_incomplete"
    message = (
        "The connection ended before the body did, so nothing was done. Send it again; the same Idempotency-Key may be used."
    )


class LengthRequired(Invalid):
    """A body of unknown length, of which nobody can say whether it is whole."""

    code = "length_required"
    message = "Send the body with a Content-Length: of a chunked body nobody can tell whether it arrived whole."


class BadLength(Invalid):
    """A Content-Length that is no number."""

    code = "bad_content_length"
    message = "Content-Length is the number of bytes in the body."


class BadCharset(Invalid):
    """A body that says it is written in something else than UTF-8."""

    code = "bad_charset"
    message = "A body is UTF-8. Convert it, and send it with charset=utf-8 or without a charset."


class BadContentDigest(Invalid):
    """A Content-Digest that cannot be checked, or that does not fit the body."""

    code = "bad_content_digest"
    message = "The body is not the one that its Content-Digest names, so nothing was done. Send it again."


class Body(io.RawIOBase):
    """A body read to its declared end. Reading raises BodyIncomplete where it stops short, BadContentDigest where it is another.

    The last bytes are returned only after the digests were found right: whoever has read to the end has the whole of it.
    """

    def __init__(self, stream: Readable, declared: int, digests: Mapping[str, bytes]) -> None:
        self._source, self.declared, self.received = stream, declared, 0
        self._expected = digests
        self._hashes = {name: hashlib.new(ALGORITHMS[name]) for name in digests}
        if declared == 0:
            self._verify()

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill some of `buffer`; 0 at the end."""
        view = memoryview(buffer).cast("B")
        wanted = min(len(view), self.declared - self.received)
        if wanted == 0:
            return 0
        try:
            chunk = self._source.read(wanted)
        except OSError as error:
            raise BodyIncomplete(declared=self.declared, got=self.received) from error
        if not chunk:
            raise BodyIncomplete(declared=self.declared, got=self.received)
        view[: len(chunk)] = chunk
        self.received += len(chunk)
        for running in self._hashes.values():
            running.update(chunk)
        if self.received == self.declared:
            self._verify()
        return len(chunk)

    def _verify(self) -> None:
        for name, running in self._hashes.items():
            if running.digest() != self._expected[name]:
                raise BadContentDigest(algorithm=name, got=base64.b64encode(running.digest()).decode())


def body_of(environ: Mapping[str, Any]) -> io.BufferedReader:
    """The body of a request. Raises LengthRequired, BadLength, BadContentDigest before anything is read."""
    body = Body(environ["wsgi.input"], declared_length(environ), digests_in(environ.get("HTTP_CONTENT_DIGEST", "")))
    return io.BufferedReader(body, BUFFER_BYTES)


def declared_length(environ: Mapping[str, Any]) -> int:
    """How many bytes the body has, as its sender says. Raises LengthRequired where that is not said, BadLength."""
    stated = str(environ.get("CONTENT_LENGTH") or "")
    if environ.get("HTTP_TRANSFER_ENCODING"):
        raise LengthRequired
    if not stated:
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD", "OPTIONS") and environ["SERVER_PROTOCOL"].startswith(UNFRAMED):
            raise LengthRequired
        return 0
    if not stated.isascii() or not stated.isdigit() or len(stated) > 15:
        raise BadLength(got=stated[:40])
    return int(stated)


def digests_in(header: str) -> dict[str, bytes]:
    """Algorithm → digest, of the algorithms in a Content-Digest that are checked here. Raises BadContentDigest where there is none."""
    if not header.strip():
        return {}
    found: dict[str, bytes] = {}
    for part in header.split(","):
        member = MEMBER.fullmatch(part.strip())
        if member is None:
            raise BadContentDigest("A Content-Digest reads sha-256=:…: with the digest in base64.", got=part.strip()[:80])
        try:
            found[member[1]] = base64.b64decode(member[2], validate=True)
        except binascii.Error as error:
            raise BadContentDigest(
                "A Content-Digest reads sha-256=:…: with the digest in base64.", got=part.strip()[:80]
            ) from error
    known = {name: value for name, value in found.items() if name in ALGORITHMS}
    if not known:
        raise BadContentDigest("Content-Digest names no algorithm that is checked here.", known=list(ALGORITHMS))
    return known
