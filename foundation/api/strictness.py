"""A body has the fields that its command knows and no others: a misspelt name is refused, never passed over in silence."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from itertools import islice
from typing import Any

from django.utils.translation import gettext
from rest_framework.serializers import BaseSerializer, DictField, Field, ListField, ListSerializer, Serializer

from foundation.errors import Invalid

SHOWN = 20  # unknown fields that a refusal names


class UnknownField(Invalid):
    """A body with a field that its command does not have, or that only answers have."""

    code = "unknown_field"


def check_fields(serializer: BaseSerializer[Any] | None, body: Any) -> None:
    """Raises UnknownField for the first field of `body`, at any depth, that `serializer` does not read; None reads none.

    The refusal lists SHOWN of them at most, with the nearest known name of each and the names there are.
    """
    found = list(islice(_unknown(serializer, body, ""), SHOWN))
    if found:
        first = found[0]
        raise UnknownField(
            _message(first), field=first["field"][:100], known=first["known"], unknown=[_told(one) for one in found]
        )


def _unknown(field: Field[Any, Any, Any, Any] | None, body: Any, path: str) -> Iterator[dict[str, Any]]:
    if isinstance(field, ListSerializer | ListField):
        for n, item in enumerate(body if isinstance(body, list) else ()):
            yield from _unknown(field.child, item, f"{path}[{n}]")
    elif isinstance(field, DictField):
        for name, value in (body if isinstance(body, Mapping) else {}).items():
            yield from _unknown(field.child, value, f"{path}.{name}" if path else str(name))
    elif isinstance(body, Mapping) and (isinstance(field, Serializer) or (field is None and not path)):
        fields = field.fields if field is not None else {}
        readable = sorted(name for name, one in fields.items() if not one.read_only)
        for name, value in body.items():
            where = f"{path}.{name}" if path else str(name)
            if name in readable:
                yield from _unknown(fields[name], value, where)
            else:
                yield {"field": where, "nearest": _nearest(str(name), readable), "known": readable, "given": name in fields}


def _nearest(name: str, known: list[str]) -> str | None:
    return next(iter(get_close_matches(name[:100], known, n=1)), None)


def _told(unknown: dict[str, Any]) -> dict[str, Any]:
    return {"field": unknown["field"][:100], "nearest": unknown["nearest"]}


def _message(unknown: dict[str, Any]) -> str:
    said = {"name": unknown["field"][:100], "nearest": unknown["nearest"]}
    if unknown["given"]:
        return gettext("“%(name)s” is given by us and cannot be set; leave it out.") % said
    if unknown["nearest"]:
        return gettext("There is no field “%(name)s” here. Did you mean “%(nearest)s”?") % said
    if unknown["known"]:
        return gettext("There is no field “%(name)s” here; `known` lists those there are.") % said
    return gettext("This takes no fields in its body; leave “%(name)s” out.") % said
