"""What can go wrong, in five kinds. Concrete errors live in each app's `errors.py`; `config.api` alone turns them into HTTP.

An error states a fact: a stable `code` for programs, a `message` with the way out for people, and named `details`.
"""

from typing import Any


class DomainError(Exception):
    """A refusal that the caller can understand and act on. Our own mistakes are assertions, not these."""

    code = "error"
    message = "That could not be done."

    def __init__(self, message: str | None = None, **details: Any) -> None:
        self.message = message or self.message
        self.details = details
        super().__init__(self.message)


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
