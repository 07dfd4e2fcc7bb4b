"""Filters of lists come from a closed list: an unknown one is refused, never passed on to the database."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request

from foundation.errors import Invalid

PAGING = {"cursor", "page_size"}


class UnknownFilter(Invalid):
    """A query parameter that this list does not have."""

    code = "unknown_filter"
    message = "This list has no such filter."


if TYPE_CHECKING:
    _ListView = GenericAPIView[Any]
else:
    _ListView = object


class ClosedFilters(_ListView):
    """For list views: `filters` maps a query parameter to the one field it compares for equality, `narrowing` to what narrows the rows."""

    filters: ClassVar[dict[str, str]] = {}
    narrowing: ClassVar[dict[str, Callable[[QuerySet[Any], str, Request], QuerySet[Any]]]] = {}

    def get_queryset(self) -> QuerySet[Any]:
        """The view's rows, narrowed by the filters asked for. Raises UnknownFilter for any other parameter."""
        queryset = super().get_queryset()
        asked: dict[str, Any] = {}
        for name, value in self.request.query_params.items():
            if name in self.filters:
                asked[self.filters[name]] = value
            elif name in self.narrowing:
                queryset = self.narrowing[name](queryset, str(value), self.request)
            elif name not in PAGING:
                raise UnknownFilter(field=name, known=sorted([*self.filters, *self.narrowing, *PAGING]))
        try:
            return queryset.filter(**asked)
        except (ValueError, TypeError, OverflowError, ValidationError) as error:
            raise UnknownFilter("A filter's value cannot be read.", got=str(error)[:200]) from error
