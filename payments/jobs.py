"""What the cluster does for payments."""

from foundation import clock
from payments import ledger, rest_days
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
    """Daily: the rest that the work of settled days earned; returns how many days of people were credited."""
    return rest_days.credit_due(now=clock.now())
