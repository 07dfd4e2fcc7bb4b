"""Keys of their own for each purpose, derived from SECRET_KEY: what is shown for one purpose is no oracle for another.

HKDF-SHA-256 (RFC 5869) with the purpose as its `info`: knowing every MAC made under one purpose tells nothing about the key of another,
nor about SECRET_KEY. Nothing else in the house touches SECRET_KEY; a check in the build keeps it so. Who changes SECRET_KEY changes
every derived name and token at once.
"""

import hmac
from functools import lru_cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

INFO_PREFIX = "fairhand: "
KEY_BYTES = 32


def derive(secret: str, purpose: str) -> bytes:
    """The 32-byte key of `secret` for that purpose; another purpose gives an unrelated one."""
    info = (INFO_PREFIX + purpose).encode()
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(secret.encode())


def mac(purpose: str, *parts: bytes) -> bytes:
    """HMAC-SHA-256 of `parts` (32 bytes) under the installation's key for that purpose.

    Each part is written with its length, so that no two lists of parts are the same message.
    """
    message = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    return hmac.digest(_key(settings.SECRET_KEY, purpose), message, "sha256")


@lru_cache(maxsize=32)
def _key(secret: str, purpose: str) -> bytes:
    return derive(secret, purpose)
