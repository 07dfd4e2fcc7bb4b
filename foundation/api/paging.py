"""Cursor pages, the only kind: stable while rows are added, and as cheap on the last page as on the first."""

from typing import Any

from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

from foundation.errors import Invalid


class BadPageSize(Invalid):
    """A page size that is no number, or out of range."""

    code = "bad_page_size"
    message = "A page has a number of rows, from 1 to 500."


class NewestFirst(CursorPagination):
    """Fifty rows a page, newest first by the time-ordered id; `page_size` up to 500."""

    ordering = "-id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500

    def get_page_size(self, request: Request) -> Any:
        """What was asked for. Raises BadPageSize for what is not from 1 to `max_page_size`."""
        asked = request.query_params.get(self.page_size_query_param, "1")
        if not (asked.isascii() and asked.isdigit() and len(asked) < 10 and 1 <= int(asked) <= self.max_page_size):
            raise BadPageSize(field=self.page_size_query_param, limit=self.max_page_size, got=asked[:40])
        return super().get_page_size(request)
