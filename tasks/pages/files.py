"""Files that tasks show. No cookie is read or set here, nothing is ever run: types are as checked, everything else is a download."""

import re
from io import BytesIO
from uuid import UUID

from csp.decorators import csp_replace
from django.core.files.storage import default_storage
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import path
from django.views.decorators.http import require_safe

from foundation.errors import Invalid
from tasks import media

RANGE = re.compile(r"([0-9]{0,18})-([0-9]{0,18})")  # of one part of `bytes=…`


class BadRange(Invalid):
    """A Range of bytes that cannot be read."""

    code = "bad_range"
    message = "A Range reads bytes=first-last, in whole numbers of at most 18 digits."


@require_safe
@csp_replace({"default-src": ["'none'"], "sandbox": True})  # type: ignore[arg-type]
def file(request: HttpRequest, public_id: UUID, name: str) -> HttpResponseBase:
    """The bytes of a file, whole or the one range asked for (RFC 9110, 14.2), so that players can seek."""
    kept = media.signed_file(public_id, request.GET.get("for", ""))
    first, last = _range_of(request.headers.get("Range", ""), kept.size_bytes)
    if first >= kept.size_bytes or last < first:
        answer = HttpResponse(status=416)
        answer["Content-Range"] = f"bytes */{kept.size_bytes}"
        return answer
    whole = last - first + 1 == kept.size_bytes
    body = BytesIO() if request.method == "HEAD" else _Part(kept.stored_as, first, last)
    reply = FileResponse(body, status=200 if whole else 206, content_type=kept.content_type)
    reply["Content-Length"] = str(last - first + 1)
    reply["Accept-Ranges"] = "bytes"
    reply["Cache-Control"] = f"private, max-age={media.SIGNED_SECONDS}, immutable"
    # The frames that show files have no origin, and draw on them and decode them: it is the signature that guards a file, not a cookie.
    reply["Cross-Origin-Resource-Policy"] = "cross-origin"
    reply["Access-Control-Allow-Origin"] = "*"
    reply["Access-Control-Expose-Headers"] = "Content-Length, Content-Range, Accept-Ranges"
    if not whole:
        reply["Content-Range"] = f"bytes {first}-{last}/{kept.size_bytes}"
    return reply


def _range_of(header: str, size: int) -> tuple[int, int]:
    """The first and last byte wanted; the whole file for no range, several, or one in another unit. Raises BadRange."""
    unit, _, parts = header.partition("=")
    if unit.strip().lower() != "bytes":
        return 0, size - 1
    found = [RANGE.fullmatch(part.strip()) for part in parts.split(",")]
    if not all(one and (one[1] or one[2]) for one in found):
        raise BadRange(field="Range", got=header[:80])
    if len(found) > 1 or found[0] is None:
        return 0, size - 1
    first, last = found[0].groups()
    if first == "":
        return max(0, size - int(last)), size - 1
    return int(first), min(int(last), size - 1) if last else size - 1


class _Part:
    """A stretch of a stored file, to be read once. As a file, so that the web server sends it without holding a thread."""

    def __init__(self, stored_as: str, first: int, last: int) -> None:
        self.stream = default_storage.open(stored_as)
        self.stream.seek(first)
        self.left = last - first + 1

    def read(self, size: int = -1) -> bytes:
        """The next `size` bytes, fewer at the end; all that is left without a size."""
        part: bytes = self.stream.read(self.left if size < 0 else min(size, self.left))
        self.left -= len(part)
        return part

    def close(self) -> None:
        """Close the file."""
        self.stream.close()


urlpatterns = [path("files/<uuid:public_id>/<str:name>", file, name="file")]
