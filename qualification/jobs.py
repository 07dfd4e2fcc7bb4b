"""What the cluster does for qualification."""

from foundation import clock
from qualification import examining, granting


def expire_grants() -> int:
    """Hourly: end grants whose time is over."""
    return granting.expire_due(now=clock.now())


def warn_expiring() -> int:
    """Twice a day: tell people whose skills end within a week."""
    return granting.warn_expiring(now=clock.now())


def tell_renewable() -> int:
    """Twice a day: tell people whose exams may be sat again."""
    return examining.tell_renewable(now=clock.now())
