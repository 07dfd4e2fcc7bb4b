"""OpenAPI from the code: commands name what they accept and answer, so the schema does not have to guess."""

import re
from typing import Any, cast

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from foundation.api.commands import Command

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key", str, OpenApiParameter.HEADER, description="Repeat safely: one key, one effect, one answer."
)


class CommandSchema(AutoSchema):
    """Reads `accepts`, `answers` and `status` of commands; adds the Idempotency-Key header."""

    def get_summary(self) -> str | None:
        """What the view's docstring says first; of "GET …, POST …" the part for this method."""
        first = (type(self.view).__doc__ or "").strip().split("\n")[0].rstrip(".")
        both = re.match(r"GET (.+?), POST (.+)", first)
        if both:
            first = both.group(1 if self.method == "GET" else 2)
        return first[:1].upper() + first[1:] or None

    def _is_command(self) -> bool:
        return isinstance(self.view, Command) and self.method == "POST"

    def get_request_serializer(self) -> Any:
        """What the command accepts."""
        return cast(Command, self.view).accepts if self._is_command() else super().get_request_serializer()

    def get_response_serializers(self) -> Any:
        """What the command answers, under its status."""
        if self._is_command():
            command = cast(Command, self.view)
            return {command.status: command.answers}
        if not hasattr(self.view, "get_serializer_class"):
            return OpenApiTypes.OBJECT  # a read put together by a verb, described in its docstring
        return super().get_response_serializers()

    def get_override_parameters(self) -> list[Any]:
        """The header every command takes."""
        if not self._is_command():
            return super().get_override_parameters()
        return [IDEMPOTENCY_KEY]
