"""The one gate for values: what is kept as JSON or text passes here, so that it can be kept, shown and given back unchanged.

PostgreSQL's jsonb knows no NUL and no lone surrogate; JSON's readers, the browser's among them, keep a number as a double. What any of
them would alter or choke on is refused, with its path. What was stored before there was a gate is shown as far as it can be.
"""

import json
import math
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import orjson
from django.utils.translation import gettext, gettext_noop

from foundation.errors import Invalid

DEPTH_MAX = 64  # lists and objects within each other
WHOLE_MAX = 2**53 - 1  # beyond it a double, and so every browser, skips whole numbers
TEXT_MAX_CHARACTERS = 1_000_000
NAME_MAX_CHARACTERS = 1_000  # of a field of an object
ITEMS_MAX = 500_000  # of one list, or fields of one object
LITERAL_MAX_CHARACTERS = 400
PATH_STEP_CHARACTERS = 80
SHOWN_CHARACTERS = 60

# A number that a double may not keep as it is written: an exponent, a minus before a zero, or sixteen characters and more. With up to
# fifteen digits and no exponent every decimal comes back as it was. A match inside a text only costs a second look.
SUSPICIOUS = re.compile(rb"(?:^|[\s:,\[])(?:-0|-?[0-9.]{1,15}[eE]|-?[0-9.]{16})|NaN|Infinity")

TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)  # in JSON that was read

TWICE = gettext_noop("This field is given twice, and only one could be kept; take one out.")
TOO_LARGE = gettext_noop("A number lies between -%(limit)s and %(limit)s; send a larger one as a text.")
TOO_FINE = gettext_noop("A number has the digits that a double keeps, at most 17; round it, or send it as a text.")
TOO_SMALL = gettext_noop("This number is so small that it would become 0; round it, or send it as a text.")
MINUS_ZERO = gettext_noop("The zero has a sign, which would be lost; send 0.")
NO_NUMBER = gettext_noop("JSON has no NaN and no infinity; send null, or a text.")
TOO_DEEP = gettext_noop("Lists and objects are nested at most %(limit)s deep; make it flatter, or send the inner part as a text.")


class Unkeepable(Invalid):
    """A value that could not be kept and given back unchanged; `field` is its path."""

    code = "bad_value"
    message = "This value cannot be kept unchanged."

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message, **details)
        self.steps: list[str] = []  # from the innermost outwards

    def under(self, root: str) -> "Unkeepable":
        """With the whole path, beginning at `root`."""
        self.details["field"] = (root + "".join(reversed(self.steps))).lstrip(".") or "body"
        return self


class _Altered(float):
    """A number in a text of JSON that would not stay as it is, or a value of which only one would stay, and why."""

    refusal: Unkeepable


def parse(raw: bytes, *, root: str = "") -> Any:
    """What a text of JSON says. Raises Unkeepable with the path, beginning at `root`, and orjson.JSONDecodeError for what is no JSON."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        _look_closely(raw, root)  # where it is JSON but for one value, say which
        raise
    fields = _checked(value, root)
    if SUSPICIOUS.search(raw) or _names_in(raw, fields) != fields:
        _look_closely(raw, root)
    return value


def check(value: Any, *, root: str = "") -> None:
    """Raise Unkeepable, with the path, for what could not be kept, shown and given back unchanged."""
    _checked(value, root)


def _checked(value: Any, root: str) -> int:
    """`check`; returns how many fields all objects have together."""
    try:
        return _walk(value, 1)
    except Unkeepable as refusal:
        raise refusal.under(root) from None


def _names_in(raw: bytes, fields: int) -> int:
    """How many names of fields stand in a text of JSON: each has a colon after it. Outside of texts there is no other."""
    colons = raw.count(b":")
    return colons if colons == fields else TEXT.sub(b"", raw).count(b":")


def check_text(text: str, *, field: str, limit: int = TEXT_MAX_CHARACTERS) -> None:
    """Raise Unkeepable for a text with a NUL, half a character, or more than `limit` characters."""
    try:
        _text(text, limit)
    except Unkeepable as refusal:
        raise refusal.under(field) from None


def _walk(value: Any, depth: int) -> int:
    """Check a value with all in it; returns how many fields its objects have."""
    fields = 0
    if isinstance(value, str):
        _text(value, TEXT_MAX_CHARACTERS)
    elif isinstance(value, dict):
        _container(value, depth)
        fields = len(value)
        for name, inner in value.items():
            try:
                _text(name, NAME_MAX_CHARACTERS)
                fields += _walk(inner, depth + 1)
            except Unkeepable as refusal:
                refusal.steps.append("." + _plain(name))
                raise
    elif isinstance(value, list | tuple):
        _container(value, depth)
        for n, inner in enumerate(value):
            try:
                fields += _walk(inner, depth + 1)
            except Unkeepable as refusal:
                refusal.steps.append(f"[{n}]")
                raise
    elif isinstance(value, float | int) and not isinstance(value, bool):
        _number(value)
    return fields


def _container(value: Any, depth: int) -> None:
    if depth > DEPTH_MAX:
        raise Unkeepable(TOO_DEEP, limit=DEPTH_MAX)
    if len(value) > ITEMS_MAX:
        raise Unkeepable("A list or object has at most %(limit)s values; send it in parts.", limit=ITEMS_MAX, got=len(value))


def _text(text: Any, limit: int) -> None:
    if not isinstance(text, str):
        raise Unkeepable("The fields of an object are named by texts.", got=str(text)[:SHOWN_CHARACTERS])
    if len(text) > limit:
        raise Unkeepable("A text has at most %(limit)s characters here; shorten it.", limit=limit, got=len(text))
    if "\0" in text:
        raise Unkeepable("A text contains a NUL character; take it out.", got="\\u0000")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            half = f"\\u{ord(text[error.start]):04x}"
            raise Unkeepable("A text contains half a character (a lone surrogate); take it out.", got=half) from None


def _number(number: float) -> None:
    if isinstance(number, _Altered):
        raise number.refusal
    if isinstance(number, float):
        if not math.isfinite(number):
            raise Unkeepable(NO_NUMBER, got=str(number))
        if number == 0 and math.copysign(1, number) < 0:
            raise Unkeepable(MINUS_ZERO, got="-0.0")
    if not -WHOLE_MAX <= number <= WHOLE_MAX:
        got = f"a number of {number.bit_length()} bits" if isinstance(number, int) else repr(number)
        raise Unkeepable(TOO_LARGE, limit=WHOLE_MAX, got=got)


def _plain(name: Any) -> str:
    return str(name)[:PATH_STEP_CHARACTERS].replace("\0", "\\u0000").encode(errors="backslashreplace").decode()


# ---- numbers as they are written ----


def _look_closely(raw: bytes, root: str) -> None:
    """Raise Unkeepable for the first number whose digits would not stay, the first field that is given twice, and what else the plain
    reader lets through.
    """
    altered: list[_Altered] = []

    def noted(rule: Callable[[str], Unkeepable | None], plain: Callable[[str], Any]) -> Callable[[str], Any]:
        def read(literal: str) -> Any:
            refusal = rule(literal)
            if refusal is None:
                return plain(literal)
            altered.append(_Altered())
            altered[-1].refusal = refusal
            return altered[-1]

        return read

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, inner in pairs:
            if isinstance(found.get(name), _Altered):
                continue  # refused already
            if name in found:
                altered.append(_Altered())
                altered[-1].refusal = Unkeepable(TWICE)
                inner = altered[-1]
            found[name] = inner
        return found

    try:
        value = json.loads(
            raw.decode(),
            parse_int=noted(_whole, int),
            parse_float=noted(_decimal, float),
            parse_constant=noted(_constant, float),
            object_pairs_hook=once,
        )
    except RecursionError:
        raise Unkeepable(TOO_DEEP, limit=DEPTH_MAX).under(root) from None
    except ValueError:
        return  # no JSON at all: the caller says where
    check(value, root=root)
    if altered:  # in what a field that is given twice took the place of
        raise altered[0].refusal.under(root)


def _whole(literal: str) -> Unkeepable | None:
    if literal == "-0":
        return Unkeepable(MINUS_ZERO, got=literal)
    if len(literal) > 17 or not -WHOLE_MAX <= int(literal) <= WHOLE_MAX:
        return Unkeepable(TOO_LARGE, limit=WHOLE_MAX, got=literal[:SHOWN_CHARACTERS])
    return None


def _decimal(literal: str) -> Unkeepable | None:
    got = literal[:SHOWN_CHARACTERS]
    if len(literal) > LITERAL_MAX_CHARACTERS:
        return Unkeepable(TOO_FINE, got=got)
    value = float(literal)
    if not -WHOLE_MAX <= value <= WHOLE_MAX:
        return Unkeepable(TOO_LARGE, limit=WHOLE_MAX, got=got)
    if value == 0:
        if re.search("[1-9]", re.split("[eE]", literal)[0]):
            return Unkeepable(TOO_SMALL, got=got)
        return Unkeepable(MINUS_ZERO, got=got) if literal.startswith("-") else None
    # Some write a double with all 17 digits, others with as few as name it: both are that double.
    written = Decimal(literal)
    if written != Decimal(repr(value)) and written != Decimal(f"{value:.17g}"):
        return Unkeepable(TOO_FINE, got=got)
    return None


def _constant(literal: str) -> Unkeepable | None:
    return Unkeepable(NO_NUMBER, got=literal)


# ---- showing what is kept ----


def encode(data: Any, *, option: int = 0) -> bytes:
    """`data` as JSON, whatever is in it: a field that cannot be written is null, and its row says so in `unreadable`."""
    try:
        return orjson.dumps(data, default=str, option=option)
    except TypeError:
        return orjson.dumps(_mended(data), default=str, option=option)


def _mended(data: Any) -> Any:
    if isinstance(data, dict):
        return _mended_row(data)
    if isinstance(data, list | tuple) and _are_rows(data):
        return [_mended(row) for row in data]
    return None


def _mended_row(row: dict[Any, Any]) -> dict[Any, Any]:
    kept: dict[Any, Any] = {}
    unreadable: list[dict[str, Any]] = []
    for name, value in row.items():
        if _can_be_written(value):
            kept[name] = value
        elif isinstance(value, list | tuple) and _are_rows(value):
            kept[name] = [_mended(one) for one in value]
        else:
            kept[name] = None
            unreadable.append(_what_is_wrong(value, str(name)))
    return kept | ({"unreadable": unreadable} if unreadable else {})


def _are_rows(values: Iterable[Any]) -> bool:
    return all(isinstance(one, dict) for one in values)


def _can_be_written(value: Any) -> bool:
    try:
        orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:
        return False
    return True


def _what_is_wrong(value: Any, name: str) -> dict[str, Any]:
    try:
        check(value, root=name)
    except Unkeepable as refusal:
        return {"field": refusal.details["field"], "message": refusal.told()}
    except RecursionError:
        pass
    return {"field": name, "message": gettext(Unkeepable.message)}
