"""Text that is kept encrypted: sealed on its way into the database, opened on its way out, and never compared there.

Fernet (AES-128 in CBC mode, authenticated by HMAC-SHA256) with keys derived from the secrets in `settings.IDENTITY_KEYS`. The first
one seals, all of them open, so that a key can be changed: put the new one first, run `reencrypt_identities`, take the old one out.
"""

import base64
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models
from django.db.models import Lookup
from django.db.models.lookups import IsNull

from foundation import keys

PURPOSE = "identities"
SEALED_PREFIX = "gAAAA"  # how every Fernet token of this century begins (version 0x80, then the instant)


class Unreadable(Exception):
    """None of the keys opens it: a key was taken away too early, or the value was tampered with."""


def seal(text: str) -> str:
    """`text`, encrypted under the first key; the empty text stays empty, so that "nothing is known" needs no key."""
    return _keyring(tuple(settings.IDENTITY_KEYS)).encrypt(text.encode()).decode() if text else ""


def unseal(sealed: str) -> str:
    """What was sealed. Raises Unreadable when no key fits, never showing the value."""
    try:
        return _keyring(tuple(settings.IDENTITY_KEYS)).decrypt(sealed.encode()).decode() if sealed else ""
    except InvalidToken:
        raise Unreadable("No key in FAIRHAND_IDENTITY_KEYS opens this value.") from None


def reseal(sealed: str) -> str:
    """The same content under the first key. Raises Unreadable."""
    try:
        return _keyring(tuple(settings.IDENTITY_KEYS)).rotate(sealed.encode()).decode() if sealed else ""
    except InvalidToken:
        raise Unreadable("No key in FAIRHAND_IDENTITY_KEYS opens this value.") from None


@lru_cache(maxsize=4)
def _keyring(secrets: Sequence[str]) -> MultiFernet:
    return MultiFernet([Fernet(_derived(secret)) for secret in secrets])


def _derived(secret: str) -> bytes:
    return base64.urlsafe_b64encode(keys.derive(secret, PURPOSE))


if TYPE_CHECKING:
    _TextField = models.TextField[str, str]
else:
    _TextField = models.TextField


class EncryptedTextField(_TextField):
    """A text column that holds only sealed text. Sealing is different every time, so that it can be compared with nothing."""

    description = "Encrypted text"

    def get_prep_value(self, value: Any) -> Any:
        """Sealed, for the database."""
        return value if value is None else seal(str(value))

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        """Opened, for the code."""
        return value if value is None else unseal(value)

    def get_lookup(self, lookup_name: str) -> "type[Lookup[Any]] | None":
        """Only "is there anything?"; a search by content could never find what it looks for, so it is refused at once."""
        return IsNull if lookup_name == "isnull" else None
