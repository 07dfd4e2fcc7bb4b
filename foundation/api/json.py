"""JSON in and out by orjson: the one body format of the API."""

from collections.abc import Mapping
from typing import IO, Any

import orjson
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

from foundation import bodies, values

MAX_BYTES = 2 * 1024 * 1024


class OrjsonParser(BaseParser):
    """Parse a JSON body of at most MAX_BYTES, through the gate for values."""

    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        """The parsed body. Raises ParseError with the place of the mistake, Unkeepable with the path of a value."""
        bodies.check_charset(media_type)
        body = stream.read(MAX_BYTES + 1)
        if len(body) > MAX_BYTES:
            raise ParseError(
                _("The body is over %(limit)s bytes; send bulk data as NDJSON or CSV to the import address.")
                % {"limit": MAX_BYTES}
            )
        if not body:
            return {}
        try:
            return values.parse(body)
        except orjson.JSONDecodeError as error:
            raise ParseError(_("The body is not JSON: %(why)s") % {"why": error}) from error


class OrjsonRenderer(BaseRenderer):
    """Render to compact UTF-8 JSON; UUIDs and instants in their ISO forms."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """The encoded body; empty for no content. A row with a field that cannot be written says so, and the others are there."""
        return b"" if data is None else values.encode(data, option=orjson.OPT_NON_STR_KEYS)
