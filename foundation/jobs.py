"""Housekeeping of the ground."""

from foundation import audit, clock, idempotency, queueing


def forget_old_idempotent_requests() -> int:
    """Daily: drop stored answers nobody will ask for again."""
    return idempotency.forget_old(now=clock.now())


def verify_audit_chain() -> None:
    """Nightly: fail loudly if a row of the audit trail was changed."""
    broken_at = audit.verify()
    if broken_at is not None:
        raise RuntimeError(f"The audit chain does not verify from entry {broken_at} on.")


def forget_failures() -> int:
    """Daily: drop the queue's record of failures of a month ago."""
    return queueing.forget_failures(now=clock.now())
