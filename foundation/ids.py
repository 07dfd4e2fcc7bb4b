"""Where identifiers come from: UUIDv7, so that rows made together lie together in every index; and what strangers see in their place."""

from uuid import UUID

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from uuid_utils.compat import uuid7

from foundation import keys


def new_id() -> UUID:
    """A fresh UUIDv7 (RFC 9562): sortable by the millisecond it was made in. Never use it as an instant or an order of commits."""
    return uuid7()


def opaque(purpose: str, id_: UUID) -> UUID:
    """The same id for people who must not learn when it was made, or before which other: one block of AES under a key for that purpose.

    Every id has one such name and `transparent` finds it again; a new SECRET_KEY gives new names. Show it, do not store it.
    """
    encryptor = _cipher(purpose).encryptor()
    return UUID(bytes=encryptor.update(id_.bytes) + encryptor.finalize())


def transparent(purpose: str, shown: UUID) -> UUID:
    """The id behind what `opaque` gave; for anything else an id that nobody has."""
    decryptor = _cipher(purpose).decryptor()
    return UUID(bytes=decryptor.update(shown.bytes) + decryptor.finalize())


def _cipher(purpose: str) -> Cipher[modes.ECB]:
    # One block, never two: a permutation of all ids, which is what ECB is safe for.
    return Cipher(algorithms.AES(keys.mac(f"opaque {purpose}")), modes.ECB())  # noqa: S305
