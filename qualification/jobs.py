"""What the cluster does for qualification."""

from foundation import clock
from qualification import examining, granting


def expire_grants() -> int:
    """Hourly: end grants whose time is over."""
    return granting.expire_due(now=clock.now())


def warn_expiring() -> int:
    """Twice a day: tell people whose skills end within a week."""
    return granting.warn_expiring(now=clock.now())


def expire_attempts() -> int:
    """Every ten minutes: end sittings nobody handed in."""
    return examining.expire_due(now=clock.now())
