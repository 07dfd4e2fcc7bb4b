"""Reading long lists by keyset, for exports and jobs: short statements, no long snapshot, constant memory."""

from collections.abc import Iterator
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

M = TypeVar("M", bound=Model)
CHUNK_ROWS = 2000


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
