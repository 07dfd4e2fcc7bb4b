"""Jobs that look at the whole house."""

from foundation import audit
from payments import invariants as money
from tasks import invariants as work


def broken_invariants() -> dict[str, list[str]]:
    """What offends the invariants of money, time and work, and the audit chain; empty when all hold."""
    found = money.offences(money.CHECKS | work.CHECKS)
    broken_at = audit.verify()
    if broken_at is not None:
        found["I7 the audit chain verifies"] = [f"entry {broken_at}"]
    return found


def check_invariants() -> None:
    """Nightly: fail loudly when something that must be true is not."""
    found = broken_invariants()
    if found:
        raise RuntimeError(f"Invariants are broken: {found}")
