"""What can go wrong, in five kinds. Concrete errors live in each app's `errors.py`; `config.api` alone turns them into HTTP.

An error states a fact: a stable `code` for programs, a `message` with the way out for people, and named `details`. A message names values
by the details that hold them, `%(limit)s`, and is never put together from parts: only so can it be said in another language, which
happens where it is shown (`told`).
"""

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext

PARAMETER = re.compile(r"%\((\w+)\)s")


def filled(template: str, details: Mapping[str, Any]) -> str:
    """A message with the details it names. What stands in them is not looked at again."""
    return PARAMETER.sub(lambda found: str(details.get(found[1], found[0])), template)


class DomainError(Exception):
    """A refusal that the caller can understand and act on. Our own mistakes are assertions, not these."""

    code = "error"
    message = "That could not be done."

    def __init__(self, message: str | None = None, **details: Any) -> None:
        self.template = message or self.message
        self.message = filled(str(self.template), details)
        self.details = details
        super().__init__(self.message)

    def told(self) -> str:
        """The message in the language of whoever reads it now."""
        return filled(gettext(str(self.template)), self.details)

    def kept(self) -> dict[str, Any]:
        """The refusal as a report keeps it: `code`, `message` and `details`, and `template` where that is something else."""
        more = {"template": str(self.template)} if str(self.template) != self.message else {}
        return {"code": self.code, "message": self.message, "details": self.details} | more


def told_again(kept: Mapping[str, Any]) -> dict[str, Any]:
    """What `kept` gave, with whatever was put beside it, as it is shown now."""
    rest = {name: value for name, value in kept.items() if name != "template"}
    return rest | {"message": filled(gettext(kept.get("template", kept["message"])), kept["details"])}


class Invalid(DomainError):
    """The request itself cannot be right."""

    code = "invalid"


class Unpaid(DomainError):
    """Money is missing."""

    code = "unpaid"


class Forbidden(DomainError):
    """The caller may see it, and may not do this."""

    code = "forbidden"


class NotFound(DomainError):
    """There is no such thing for this caller; whether it exists for others is not told."""

    code = "not_found"
    message = "There is nothing here under that address that you may see."


class Conflict(DomainError):
    """Right in itself, and not in the state things are in now."""

    code = "conflict"


class Busy(DomainError):
    """Try again in a moment: others hold what is needed."""

    code = "busy"
    message = "Others are using this right now; try again in a second."
