"""What the cluster does for payments."""

from datetime import timedelta

from foundation import clock
from payments import ledger, timekeeping
from payments.models import Account

FOLD_CHUNK = 500


def fold_balances() -> int:
    """Every ten minutes: move the folded sums of all accounts forward; returns how many moved."""
    moved = 0
    ids = list(Account.objects.order_by("id").values_list("id", flat=True))
    for start in range(0, len(ids), FOLD_CHUNK):
        moved += ledger.fold(ids[start : start + FOLD_CHUNK])
    return moved


def credit_rest() -> int:
    """Daily: the rest that the work of the newest settled day earned, and of the week before it, should a day have been missed."""
    now = clock.now()
    newest = (now - timekeeping.SETTLED_AFTER - timedelta(days=1)).date()
    return sum(timekeeping.credit_rest(newest - timedelta(days=n), now=now) for n in range(7))
