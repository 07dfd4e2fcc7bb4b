"""The audit trail: who changed what that matters, each entry holding the hash of the one before.

Changing, dropping or reordering a row breaks every hash after it; `verify` finds where. Writers queue up behind one lock, so this
is for acts of administration (roles, funds by hand, decisions), never for the hot path.
"""

import hashlib
import json
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from foundation.models import AuditEntry

CHAIN_LOCK = 0x4641_4952  # "FAIR": one advisory lock for the one chain
GENESIS = "0" * 64


@transaction.atomic
def append(
    action: str,
    *,
    subject: str,
    now: datetime,
    actor_id: UUID | None = None,
    reason: str = "",
    before: Any = None,
    after: Any = None,
) -> AuditEntry:
    """Append an entry to the chain. Takes the chain's advisory lock until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CHAIN_LOCK])
    last = AuditEntry.objects.order_by("-number").first()
    entry = AuditEntry(
        number=last.number + 1 if last else 1,
        actor_id=actor_id,
        action=action,
        subject=subject,
        reason=reason,
        before=before,
        after=after,
        happened_at=now,
        previous_hash=last.hash if last else GENESIS,
    )
    entry.hash = hash_of(entry)
    entry.save(force_insert=True)
    return entry


def hash_of(entry: AuditEntry) -> str:
    """SHA-256 over the entry's content and the previous hash, as canonical JSON."""
    content = [
        entry.number,
        str(entry.actor_id) if entry.actor_id else None,
        entry.action,
        entry.subject,
        entry.reason,
        entry.before,
        entry.after,
        entry.happened_at.isoformat(timespec="microseconds"),
        entry.previous_hash,
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def verify() -> int | None:
    """The number of the first entry that does not fit the chain, or None when every entry does."""
    expected, previous = 1, GENESIS
    for entry in AuditEntry.objects.order_by("number").iterator(chunk_size=2000):
        if entry.number != expected or entry.previous_hash != previous or entry.hash != hash_of(entry):
            return expected
        expected, previous = entry.number + 1, entry.hash
    return None
