"""Numbers in the API are JSON numbers. The framework also takes texts, and of those whatever Python takes: "1_000", "１２", " 7 "."""

import re
from typing import Any

from django.http import QueryDict
from rest_framework import serializers

WRITTEN = re.compile(r"-?[0-9]{1,18}", re.ASCII)  # a whole number in an address, where everything is a text


def be_strict() -> None:
    """Make every serializer's fields for numbers refuse texts, and fields for fractions true and false. Done once, at the start."""
    for field in (serializers.IntegerField, serializers.FloatField):
        field.to_internal_value = _strict(field.to_internal_value)  # type: ignore[method-assign]


def _strict(lenient: Any) -> Any:
    if hasattr(lenient, "is_strict"):
        return lenient

    def to_internal_value(self: serializers.Field[Any, Any, Any, Any], data: Any) -> Any:
        in_address = isinstance(getattr(self.root, "initial_data", None), QueryDict)
        if isinstance(data, bool) or isinstance(data, str) and not (in_address and WRITTEN.fullmatch(data)):
            self.fail("invalid")
        return lenient(self, data)

    to_internal_value.is_strict = True  # type: ignore[attr-defined]
    return to_internal_value
