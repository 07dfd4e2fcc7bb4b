"""Changing the key under which identities and second factors are encrypted, while the site runs."""

from typing import Any

from allauth.mfa.models import Authenticator

from foundation.encrypted import SEALED_PREFIX, reseal
from foundation.paging import in_chunks
from foundation.statements import rows_of
from workforce.models import Identity

# What is stored, not what it means: the values are re-encrypted only if nobody has changed them meanwhile.
STORED = "SELECT legal_name, address, birth_date FROM workforce_identity WHERE worker_id = %(worker_id)s"
REPLACE = """
UPDATE workforce_identity SET legal_name = %(new_0)s, address = %(new_1)s, birth_date = %(new_2)s
 WHERE worker_id = %(worker_id)s AND (legal_name, address, birth_date) = (%(old_0)s, %(old_1)s, %(old_2)s)
RETURNING worker_id
"""
SECRETS = ("secret", "seed")  # of an authenticator's data


def reencrypt_all() -> tuple[int, int]:
    """Seal every identity and every second factor under the first key; returns how many rows of each.

    Safe to run while people work and to run again: a row that changed meanwhile is under the first key already. Raises Unreadable.
    """
    identities = sum(_identity(row.pk) for chunk in in_chunks(Identity.objects.only("pk")) for row in chunk)
    factors = sum(_factor(row.pk) for chunk in in_chunks(Authenticator.objects.only("pk")) for row in chunk)
    return identities, factors


def _identity(worker_id: Any) -> int:
    rows = rows_of(STORED, {"worker_id": worker_id})
    if not rows:
        return 0  # erased meanwhile
    old = [rows[0][name] for name in ("legal_name", "address", "birth_date")]
    values = {f"old_{n}": value for n, value in enumerate(old)} | {f"new_{n}": reseal(value) for n, value in enumerate(old)}
    return len(rows_of(REPLACE, values | {"worker_id": worker_id}))


def _factor(authenticator_id: int) -> int:
    row = Authenticator.objects.get(id=authenticator_id)
    sealed = {name: reseal(row.data[name]) for name in SECRETS if str(row.data.get(name, "")).startswith(SEALED_PREFIX)}
    if not sealed:
        return 0
    return int(Authenticator.objects.filter(id=row.id, data=row.data).update(data=row.data | sealed))
