"""What this room keeps about a person, for the person themself: each part is a name and its rows."""

from collections.abc import Callable, Iterable, Mapping
from uuid import UUID

from payments.models import Account, Transfer, WorkInterval

Row = Mapping[str, object]


def parts_of(worker_id: UUID) -> dict[str, Callable[[], Iterable[Row]]]:
    """Time and money."""
    return {"time": lambda: _time(worker_id), "transfers": lambda: _transfers(worker_id)}


def _time(worker_id: UUID) -> Iterable[Row]:
    for one in WorkInterval.objects.filter(worker_id=worker_id).order_by("id").iterator(chunk_size=1000):
        yield {
            "kind": one.kind,
            "reference": one.reference,
            "from": one.period.lower,
            "to": one.period.upper,
            "currency": one.currency,
        }


def _transfers(worker_id: UUID) -> Iterable[Row]:
    accounts = Account.objects.filter(kind=Account.Kind.EARNINGS, owner_id=worker_id).values_list("id", flat=True)
    mine = set(accounts)
    for one in Transfer.objects.of(mine).order_by("id").iterator(chunk_size=1000):
        yield {
            "at": one.created_at,
            "phase": one.phase,
            "reason": one.reason,
            "direction": "in" if one.credit_id in mine else "out",
            "amount_micros": one.amount_micros,
            "currency": one.currency,
            "reference": one.reference,
        }
