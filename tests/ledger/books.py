"""Books for the tests of the ledger: accounts with money in them, and plain SQL as somebody without our code would write it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from foundation.ids import new_id
from payments import invariants, ledger
from payments.models import Account, Transfer

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def opened(kind: str, *, currency: str = "USD", owner_id: UUID | None = None, cap: int | None = None) -> UUID:
    """An account of its own owner (the platform's for outside and fees)."""
    owner = owner_id or (None if kind in ("outside", "fees") else new_id())
    return ledger.account(kind, owner_id=owner, currency=currency, now=NOW, unit_cap_micros=cap).id


def funded(kind: str, micros: int, *, currency: str = "USD") -> UUID:
    """An account into which that much came from outside."""
    account_id = opened(kind, currency=currency, cap=micros if kind == "escrow" else None)
    post(opened("outside", currency=currency), account_id, micros, currency=currency)
    return account_id


def post(debit_id: UUID, credit_id: UUID, micros: int, *, key: str | None = None, currency: str = "USD") -> Transfer:
    return ledger.post(
        key=key or f"test:{new_id()}",
        debit_id=debit_id,
        credit_id=credit_id,
        amount_micros=micros,
        currency=currency,
        reason="x",
        now=NOW,
    )


def hold(debit_id: UUID, credit_id: UUID, micros: int, *, key: str | None = None, currency: str = "USD") -> Transfer:
    return ledger.hold(
        key=key or f"test:{new_id()}",
        debit_id=debit_id,
        credit_id=credit_id,
        amount_micros=micros,
        currency=currency,
        reason="x",
        now=NOW,
    )


def earning(escrow_id: UUID, earnings_id: UUID, micros: int, *, reference: UUID | None = None, currency: str = "USD") -> Transfer:
    """The hold of one answer's pay, as handing it in makes it."""
    about = reference or new_id()
    return ledger.hold(
        key=f"earning:{about}",
        debit_id=escrow_id,
        credit_id=earnings_id,
        amount_micros=micros,
        currency=currency,
        reason="earning",
        now=NOW,
        reference=about,
    )


ROW: dict[str, Any] = {
    "phase": "post",
    "currency": "USD",
    "hold_id": None,
    "hold_micros": None,
    "reason": "x",
    "reference": None,
    "created_at": NOW,
}


def insert(**columns: Any) -> None:
    """A transfer by plain SQL, past everything that is written in Python."""
    row = ROW | {"id": new_id(), "key": f"raw:{new_id()}"} | columns
    names = ", ".join(row)
    run(f"INSERT INTO payments_transfer ({names}) VALUES ({', '.join(['%s'] * len(row))})", list(row.values()))


def run(statement: str, parameters: Any = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def posted(account_id: UUID) -> int:
    return ledger.balance(account_id).posted


def rows() -> list[tuple[Any, ...]]:
    """Everything the ledger says, to compare before and after."""
    return [*Transfer.objects.order_by("id").values_list(), *Account.objects.order_by("id").values_list()]


# These tests hand money to workers without work, which the last check is there to notice.
CHECKS = {name: check for name, check in invariants.CHECKS.items() if not name.startswith("I8")}


def offences() -> dict[str, list[str]]:
    """What offends the invariants of money, but for gifts."""
    return invariants.offences(CHECKS)
