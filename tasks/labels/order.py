"""One order for canonical values, so that equal answers are written alike whatever order they came in."""

from collections.abc import Iterable
from typing import Any

import orjson


def key_of(value: Any) -> bytes:
    """What a canonical value is ordered by."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def in_order(values: Iterable[Any]) -> list[Any]:
    """The values, ordered; regions that start somewhere, in the order in which one comes upon them."""
    return sorted(values, key=lambda value: (value.get("start", 0) if isinstance(value, dict) else 0, key_of(value)))
