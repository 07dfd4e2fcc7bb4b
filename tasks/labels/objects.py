"""What an interface shows: which payload fills which tag, and what of it an answer can be checked against."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_noop

from foundation import origins
from tasks.labels.errors import PayloadInvalid

VARIABLE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")
MEANT = re.compile(r"\$[\w[\].{}]+")  # what is meant for one, or taken for one by the editor
FILE = re.compile(
    r"/files/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/[^\x00-\x20\x7f<>\"'\\^`{|}/?#]+"
)  # as `media.address_of` writes it
PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+={0,2}")
ON_A_SITE = re.compile(r"https?://", re.IGNORECASE)
LOADED = gettext_noop(
    "The interface loads this: it is the address of a file kept here (/files/…), or of one on another site (https://…)."
)
LOADED_OR_INLINE = gettext_noop(
    "The interface loads this: it is the address of a file kept here (/files/…), or of one on another site (https://…), or a data: URI "
    "of PNG, JPEG, GIF or WebP."
)
ITEMS_MAX = 500  # images, list items, dialogue turns, choices that one payload may bring
CHOICES_DEPTH_MAX = 8
CELLS_MAX = 10_000  # of a table or a time series given in the payload

TEXTS = {"Text", "HyperText"}
MEDIA = {"Image", "Audio", "Video"}
OBJECTS = TEXTS | MEDIA | {"Paragraphs", "List", "Table", "TimeSeries"}


@dataclass(frozen=True)
class Shown:
    """An object of an interface: its tag, the variable of the payload that fills it, and its attributes with names in lower case."""

    name: str
    tag: str
    variable: str | None  # None where it shows a text that is the same in every task
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_listed(self) -> bool:
        """Does it show several images, one at a time?"""
        return self.tag == "Image" and "valuelist" in self.attributes

    @property
    def is_loaded(self) -> bool:
        """Does the payload say where it is, rather than what it is?"""
        kind = self.attributes.get("valuetype", "url" if self.tag == "TimeSeries" else "")
        return self.tag in MEDIA or kind == "url"

    def content(self, payload: Mapping[str, Any]) -> Any:
        """What it shows for a payload; None where that is somewhere else, or not known word for word."""
        if self.variable is None or self.is_loaded and not self.is_listed:
            return None
        return payload.get(self.variable)

    def check(self, payload: Mapping[str, Any]) -> None:
        """Refuse a payload that does not fill the object. Raises PayloadInvalid naming the variable."""
        if self.variable is None:
            return
        value, place = payload.get(self.variable), f"payload.{self.variable}"
        if self.is_listed:
            for item in a_list(value, place):
                check_address(item, place, inline=True)
        elif self.is_loaded:
            check_address(value, place, inline=self.tag == "Image")
        elif self.tag == "Paragraphs":
            self._check_turns(value, place)
        elif self.tag == "List":
            check_items(value, place)
        elif self.tag in {"Table", "TimeSeries"}:
            check_cells(value, place)
        else:
            check_text(value, self.variable)

    def addresses(self, payload: Mapping[str, Any]) -> Iterator[str]:
        """From where the object is loaded."""
        value = payload.get(self.variable) if self.variable else None
        if self.is_listed or self.is_loaded:
            yield from (item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str))

    def _check_turns(self, value: Any, place: str) -> None:
        """A dialogue: turns with a text each, and a speaker where the tag shows one."""
        for turn in a_list(value, place):
            if not isinstance(turn, dict) or not isinstance(turn.get(self.attributes.get("textkey", "text")), str):
                raise PayloadInvalid(
                    "A dialogue is a list of turns, each an object with its text.",
                    field=place,
                    known=[self.attributes.get("textkey", "text"), self.attributes.get("namekey", "author")],
                )

    def turns(self, payload: Mapping[str, Any]) -> list[str]:
        """The texts of a dialogue's turns; empty where they are loaded from an address."""
        value = self.content(payload)
        key = self.attributes.get("textkey", "text")
        return [turn[key] for turn in value if isinstance(turn, dict)] if isinstance(value, list) else []


def no_variable(value: str) -> str | None:
    """The first `$…` of an attribute that is no variable of a payload, though the editor or its author takes it for one: `$été`, `$a.b`,
    `$5`. The editor fills `$` and what follows of letters a to z, digits, _ [ ] . { }, as a path into the payload, with nothing where
    there is nothing. A `$` before a space or another sign is a dollar.
    """
    for found in MEANT.finditer(value):
        if not VARIABLE.fullmatch(found.group()):
            return found.group()
    return None


def a_list(value: Any, place: str) -> list[Any]:
    """A list of something, not too long. Raises PayloadInvalid."""
    if not isinstance(value, list) or not value or len(value) > ITEMS_MAX:
        got = len(value) if isinstance(value, list) else 0
        raise PayloadInvalid("The interface shows a list here, of 1 to %(limit)s.", field=place, limit=ITEMS_MAX, got=got)
    return value


def check_text(value: Any, variable: str) -> None:
    """Refuse what cannot be shown as text."""
    if not isinstance(value, str | int | float) or isinstance(value, bool) or value == "":
        message = "The interface shows $%(variable)s, and the payload has no text for it."
        raise PayloadInvalid(message, field=f"payload.{variable}", variable=variable)


def check_address(value: Any, place: str, *, inline: bool = False) -> None:
    """Refuse what is no address to load from; `inline`: it may be the picture itself. Raises PayloadInvalid."""
    if isinstance(value, str) and (FILE.fullmatch(value) or inline and PICTURE.fullmatch(value)):
        return
    if not isinstance(value, str) or not ON_A_SITE.match(value):
        raise PayloadInvalid(LOADED_OR_INLINE if inline else LOADED, field=place, got=str(value)[:100])
    try:
        origins.origin_of(value)
    except origins.NoOrigin as error:
        raise PayloadInvalid(error.template, **(error.details | {"field": place, "got": value[:100]})) from error
    if settings.EXTERNAL_FILES == "refuse":
        message = "Files from other sites are not shown here: their owners would see who works. Upload the file (POST …/files)."
        raise PayloadInvalid(message, field=place, got=value[:100])


def check_items(value: Any, place: str) -> None:
    """Refuse a list to rank whose items cannot be told apart. Raises PayloadInvalid."""
    items = a_list(value, place)
    ids = [item.get("id") if isinstance(item, dict) else None for item in items]
    if not all(isinstance(one, str | int) and not isinstance(one, bool) and one != "" for one in ids):
        raise PayloadInvalid("Each item of a list is an object with an id.", field=place)
    if len({str(one) for one in ids}) != len(ids):
        raise PayloadInvalid("Two items of the list have the same id.", field=place)


def check_cells(value: Any, place: str) -> None:
    """Refuse what is no table, or one too large. Raises PayloadInvalid."""
    if not isinstance(value, dict | list) or not value:
        raise PayloadInvalid("The interface shows a table here: an object, or a list of them.", field=place)
    if (cells := sum(len(row) if isinstance(row, list | dict) else 1 for row in rows_of(value))) > CELLS_MAX:
        raise PayloadInvalid("The table is too large.", field=place, limit=CELLS_MAX, got=cells)


def rows_of(value: Any) -> list[Any]:
    """The rows of a table, or the columns of one given by column."""
    return list(value.values()) if isinstance(value, dict) else list(value)


def offered(value: Any, place: str, *, depth: int = 1) -> list[tuple[str, ...]]:
    """The choices or labels that a payload offers, as paths from the topmost down. Raises PayloadInvalid.

    Each is an object with a value, perhaps an alias (which the answer then carries) and children.
    """
    if depth > CHOICES_DEPTH_MAX:
        raise PayloadInvalid("Choices are nested too deeply.", field=place, limit=CHOICES_DEPTH_MAX)
    paths: list[tuple[str, ...]] = []
    for one in a_list(value, place):
        name = (one.get("alias") or one.get("value")) if isinstance(one, dict) else None
        if not isinstance(name, str) or not name:
            raise PayloadInvalid("Each choice is an object with a value.", field=place)
        paths.append((name,))
        if one.get("children"):
            paths += [(name, *rest) for rest in offered(one["children"], place, depth=depth + 1)]
    if len(paths) > ITEMS_MAX or len(set(paths)) != len(paths):
        raise PayloadInvalid("Choices are at most %(limit)s, and no two are alike.", field=place, limit=ITEMS_MAX, got=len(paths))
    return paths
