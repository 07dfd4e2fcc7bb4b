"""What the cluster does for payments."""

from payments import ledger
from payments.models import Account

FOLD_CHUNK = 500


def fold_balances() -> int:
    """Every ten minutes: move the folded sums of all accounts forward; returns how many moved."""
    moved = 0
    ids = list(Account.objects.order_by("id").values_list("id", flat=True))
    for start in range(0, len(ids), FOLD_CHUNK):
        moved += ledger.fold(ids[start : start + FOLD_CHUNK])
    return moved
