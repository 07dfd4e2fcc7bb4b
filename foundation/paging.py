"""Reading long lists by keyset, for exports, jobs and pages: short statements, no long snapshot, constant memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet

from foundation.errors import Invalid

M = TypeVar("M", bound=Model)
T = TypeVar("T")
CHUNK_ROWS = 2000


class BadCursor(Invalid):
    """A place in a list that cannot be read."""

    code = "bad_cursor"
    message = "This place in the list cannot be read; begin at its first page."


def in_chunks(queryset: QuerySet[M], *, by: str = "pk", rows: int = CHUNK_ROWS) -> Iterator[list[M]]:
    """Yield the queryset in ascending order of the unique column `by`, `rows` at a time, each chunk its own short statement.

    Rows added behind the reading point while it runs are not seen; everything there at the start is.
    """
    after: Any = None
    ordered = queryset.order_by(by)
    while True:
        chunk = list((ordered if after is None else ordered.filter(**{f"{by}__gt": after}))[:rows])
        if not chunk:
            return
        yield chunk
        if len(chunk) < rows:
            return
        after = getattr(chunk[-1], by)


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some rows of a long list, newest first, and where the next page begins (None on the last)."""

    rows: list[T]
    older: UUID | None
    is_first: bool


def newest_first(queryset: "QuerySet[Any]", before: str, *, rows: int) -> "Page[Any]":
    """The newest `rows` of a queryset whose ids grow with time, older than the id `before` (blank: none). Raises BadCursor.

    As cheap on the last page as on the first, and stable while rows are added.
    """
    try:
        older_than = UUID(before) if before else None
    except ValueError as error:
        raise BadCursor(field="before", got=before[:40]) from error
    wanted = queryset.order_by("-id") if older_than is None else queryset.order_by("-id").filter(id__lt=older_than)
    found = list(wanted[: rows + 1])
    return Page(found[:rows], found[rows - 1].pk if len(found) > rows else None, is_first=older_than is None)
