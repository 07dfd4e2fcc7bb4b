"""One order for canonical values, so that equal answers are written alike whatever order they came in."""

from collections.abc import Iterable
from typing import Any

import orjson


def key_of(value: Any) -> bytes:
    """What a canonical value is ordered by."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def in_order(values: Iterable[Any]) -> list[Any]:
    """The values, ordered."""
    return sorted(values, key=key_of)
