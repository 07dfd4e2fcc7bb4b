"""Filters of lists come from a closed list: an unknown one is refused, never passed on to the database."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.core.exceptions import ValidationError
from django.db.models import BooleanField, Field, ForeignKey, Model, QuerySet
from django.utils.translation import gettext
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request

from foundation.errors import Invalid

PAGING = {"cursor", "page_size"}


class UnknownFilter(Invalid):
    """A query parameter that this list does not have, or has twice in one request."""

    code = "unknown_filter"
    message = "This list has no such filter; `known` lists those it has."


class BadFilter(Invalid):
    """A value that the field compared can never have."""

    code = "bad_filter"


def filter_value(model: type[Model], path: str, text: str, *, name: str) -> Any:
    """What `text` means to the field at `path` (`batch__state`) of `model`. Raises BadFilter, which says what there is."""
    *relations, last = path.removesuffix("_id").split("__")
    for relation in relations:
        model = cast(type[Model], model._meta.get_field(relation).related_model)
    field = cast("Field[Any, Any]", model._meta.get_field(last))
    if isinstance(field, BooleanField):
        text = text.lower()  # "True" is how Python writes it
        allowed: dict[str, Any] = {"true": True, "false": False}
    else:
        allowed = {str(value): value for value, _ in field.flatchoices}
    if allowed:
        if text not in allowed:
            message = gettext("“%(got)s” is not a value of “%(name)s”; use one of: %(allowed)s.")
            said = {"got": text[:100], "name": name, "allowed": ", ".join(allowed)}
            raise BadFilter(message % said, field=name, got=text[:100], allowed=list(allowed))
        return allowed[text]
    try:
        target = field.target_field if isinstance(field, ForeignKey) else field
        return target.to_python(text)
    except (ValueError, TypeError, OverflowError, ValidationError):
        message = gettext("“%(got)s” cannot be a value of “%(name)s”; ids are UUIDs, as lists show them.")
        raise BadFilter(message % {"got": text[:100], "name": name}, field=name, got=text[:100]) from None


if TYPE_CHECKING:
    _ListView = GenericAPIView[Any]
else:
    _ListView = object


class ClosedFilters(_ListView):
    """For list views: `filters` maps a query parameter to the one field it compares for equality, `narrowing` to what narrows the rows."""

    filters: ClassVar[dict[str, str]] = {}
    narrowing: ClassVar[dict[str, Callable[[QuerySet[Any], str, Request], QuerySet[Any]]]] = {}

    def get_queryset(self) -> QuerySet[Any]:
        """The view's rows, narrowed by the filters asked for. Raises UnknownFilter for any other parameter, BadFilter for a value."""
        queryset = super().get_queryset()
        known = sorted([*self.filters, *self.narrowing, *PAGING])
        asked: dict[str, Any] = {}
        for name, values in self.request.query_params.lists():
            if name not in known:
                raise UnknownFilter(field=name[:100], known=known)
            if len(values) > 1:
                raise UnknownFilter(gettext("A filter stands once in a request."), field=name, known=known)
            if name in self.filters:
                path = self.filters[name]
                asked[path] = filter_value(queryset.model, path, values[0], name=name)
            elif name in self.narrowing:
                queryset = self.narrowing[name](queryset, values[0], self.request)
        return queryset.filter(**asked)
