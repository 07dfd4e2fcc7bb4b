"""One key, one effect, one answer: the memory behind `Idempotency-Key`.

The row is inserted in the transaction of the command itself. A second request with the key waits at the unique index until the
first has committed, and then reads its answer; if the first was refused, nothing of it remains and the second runs afresh.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from foundation.errors import Conflict, Invalid
from foundation.ids import new_id
from foundation.models import IdempotentRequest

KEY_MAX_CHARACTERS = 100
KEPT_FOR = timedelta(days=7)  # Stripe keeps keys a day; a client that slept over a weekend is still answered

Answer = tuple[int, Any]


class KeyReused(Conflict):
    """The key was used before, for something else."""

    code = "idempotency_key_reused"
    message = "This Idempotency-Key came with another request before. Use a new key for a new request."


class BadKey(Invalid):
    """A key that cannot be stored."""

    code = "bad_idempotency_key"
    message = "An Idempotency-Key has 1 to %(limit)s characters."


def digest_of(method: str, path: str, body: bytes) -> str:
    """SHA-256 over what makes two requests the same request."""
    return hashlib.sha256(b"\0".join([method.encode(), path.encode(), body])).hexdigest()


@transaction.atomic
def answer_once(*, actor_id: str, key: str, digest: str, now: datetime, perform: Callable[[], Answer]) -> Answer:
    """Perform the command, or return what it answered the first time.

    `perform` runs inside this transaction and returns status and JSON body. A refusal rolls back and is not remembered.
    Raises KeyReused when the key came with other content before.
    """
    row = IdempotentRequest(id=new_id(), actor_id=actor_id, key=key, digest=digest, created_at=now)
    IdempotentRequest.objects.bulk_create([row], ignore_conflicts=True)  # waits for a running twin, then skips
    stored = IdempotentRequest.objects.get(actor_id=actor_id, key=key)
    if stored.digest != digest:
        raise KeyReused(key=key)
    if stored.status is not None:
        return stored.status, stored.body
    status, body = perform()
    IdempotentRequest.objects.filter(id=stored.id).update(status=status, body=body)
    return status, body


def is_known(*, actor_id: str, key: str) -> bool:
    """Did something come with the key before? Locks nothing: a twin may be under way."""
    return IdempotentRequest.objects.filter(actor_id=actor_id, key=key).exists()


def forget_old(*, now: datetime) -> int:
    """Delete the answers older than KEPT_FOR; returns how many. A key may then be used again."""
    deleted, _ = IdempotentRequest.objects.filter(created_at__lt=now - KEPT_FOR).delete()
    return deleted


def forget_answers_to(actor_id: str) -> int:
    """Delete what one caller was answered, as erasing a person asks; returns how many."""
    deleted, _ = IdempotentRequest.objects.filter(actor_id=actor_id).delete()
    return deleted
