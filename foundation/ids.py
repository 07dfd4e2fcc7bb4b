"""Where identifiers come from: UUIDv7, so that rows made together lie together in every index."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A fresh UUIDv7 (RFC 9562): sortable by the millisecond it was made in. Never use it as an instant or an order of commits."""
    return uuid7()
