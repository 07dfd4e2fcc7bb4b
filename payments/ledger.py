"""The only writer of Account and Transfer: open accounts, post, hold, settle, void, and say what an account holds.

Amounts are integer millionths of the currency unit. Every transfer has a `key`, the business fact it stands for: the same key
with the same content returns the first row, with other content it raises. What the ledger must never do is refused by constraints
and triggers (payments/migrations, docs/money.md); this module explains their refusals.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import DatabaseError, DataError, IntegrityError, connection, transaction
from django.db.models import Sum

from foundation import constraints
from foundation.errors import DomainError
from foundation.ids import new_id
from payments.errors import BadTransfer, HoldEnded, KeyConflict, Overdrawn
from payments.models import Account, Transfer

HOLD_ENDS_ONCE = "payments_transfer_hold_id_key"  # Django's name for `unique` on Transfer.hold
GUARD_OF_KIND = {
    Account.Kind.OUTSIDE: Account.Guard.NONE,
    Account.Kind.FEES: Account.Guard.BALANCE,
    Account.Kind.FUNDS: Account.Guard.BALANCE,
    Account.Kind.EARNINGS: Account.Guard.BALANCE,
    Account.Kind.ESCROW: Account.Guard.PLACES,
}

# The hold of an answer's pay, as a block of the statement that hands the answer in. `source` is a row source with assignment_id,
# escrow_id, earnings_id, price_micros and currency. A second hold for one assignment violates the unique key and undoes it all.
EARNING_HOLD_CTE = """
    INSERT INTO payments_transfer (id, key, phase, debit_id, credit_id, currency, amount_micros, reason, reference, created_at)
    SELECT %(transfer_id)s, 'earning:' || {source}.assignment_id, 'hold', {source}.escrow_id, {source}.earnings_id,
           {source}.currency, {source}.price_micros, 'earning', {source}.assignment_id, %(now)s
      FROM {source}
"""

# Settle every open earning of these references, and post the fee of each: two statements however many, nothing the second time.
SETTLE_EARNINGS = """
WITH held AS (
    SELECT h.* FROM payments_transfer h
     WHERE h.reference = ANY (%(references)s::uuid[]) AND h.phase = 'hold' AND h.reason = 'earning'
       AND NOT EXISTS (SELECT 1 FROM payments_transfer e WHERE e.hold_id = h.id)
)
INSERT INTO payments_transfer (id, key, phase, debit_id, credit_id, currency, amount_micros, hold_id, hold_micros, reason,
                               reference, created_at)
SELECT n.id, 'earning-settled:' || held.reference, 'settle', held.debit_id, held.credit_id, held.currency, held.amount_micros,
       held.id, held.amount_micros, 'earning', held.reference, %(now)s
  FROM held JOIN unnest(%(references)s::uuid[], %(ids)s::uuid[]) AS n (reference, id) ON n.reference = held.reference
 ORDER BY held.reference  -- two runs meet at their first common row, and the later waits there
ON CONFLICT DO NOTHING
RETURNING reference
"""

POST_FEES = """
INSERT INTO payments_transfer (id, key, phase, debit_id, credit_id, currency, amount_micros, reason, reference, created_at)
SELECT n.id, 'fee:' || h.reference, 'post', h.debit_id, f.id, h.currency, n.fee_micros, 'fee', h.reference, %(now)s
  FROM unnest(%(references)s::uuid[], %(ids)s::uuid[], %(fees)s::bigint[]) AS n (reference, id, fee_micros)
  JOIN payments_transfer h ON h.reference = n.reference AND h.phase = 'hold' AND h.reason = 'earning'
  JOIN payments_account f ON f.kind = 'fees' AND f.currency = h.currency
 WHERE n.fee_micros > 0
 ORDER BY n.reference
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True)
class Balance:
    """What an account holds, in micros: posted, and what open holds promise out of it and into it."""

    posted: int
    held_out: int
    held_in: int

    @property
    def available(self) -> int:
        """What may be debited now."""
        return self.posted - self.held_out


def account(kind: str, *, owner_id: UUID | None, currency: str, now: datetime, unit_cap_micros: int | None = None) -> Account:
    """The owner's account of that kind and currency, opened if there is none. Safe under races: there is one.

    `unit_cap_micros` is for an escrow: the most one payment to a worker or fee out of it may be. Raises BadTransfer.
    """
    found = Account.objects.filter(kind=kind, owner_id=owner_id, currency=currency).first()
    if found is not None:
        return found
    row = Account(
        kind=kind,
        owner_id=owner_id,
        currency=currency,
        guard=GUARD_OF_KIND[Account.Kind(kind)],
        unit_cap_micros=unit_cap_micros,
        created_at=now,
    )
    try:
        with transaction.atomic():
            Account.objects.bulk_create([row], ignore_conflicts=True)
    except (IntegrityError, DataError) as error:
        rule = constraints.violated(error)
        raise BadTransfer("There is no such kind of account.", rule=rule) from error
    return Account.objects.get(kind=kind, owner_id=owner_id, currency=currency)


def post(
    *,
    key: str,
    debit_id: UUID,
    credit_id: UUID,
    amount_micros: int,
    currency: str,
    reason: str,
    now: datetime,
    reference: UUID | None = None,
) -> Transfer:
    """Move money now. Locks the debited account if it is guarded. Raises Overdrawn, KeyConflict, BadTransfer."""
    return _write(
        Transfer(
            key=key,
            phase=Transfer.Phase.POST,
            debit_id=debit_id,
            credit_id=credit_id,
            amount_micros=amount_micros,
            currency=currency,
            reason=reason,
            reference=reference,
            created_at=now,
        )
    )


def hold(
    *,
    key: str,
    debit_id: UUID,
    credit_id: UUID,
    amount_micros: int,
    currency: str,
    reason: str,
    now: datetime,
    reference: UUID | None = None,
) -> Transfer:
    """Promise money: it leaves what is available at once, and arrives when the hold is settled. Errors as `post`."""
    return _write(
        Transfer(
            key=key,
            phase=Transfer.Phase.HOLD,
            debit_id=debit_id,
            credit_id=credit_id,
            amount_micros=amount_micros,
            currency=currency,
            reason=reason,
            reference=reference,
            created_at=now,
        )
    )


def settle(hold_id: UUID, *, key: str, now: datetime, amount_micros: int | None = None) -> Transfer:
    """Pay out a hold, all of it or the part named; the rest goes back. Once: a hold that ended otherwise raises HoldEnded."""
    held = _hold(hold_id)
    return _end(held, Transfer.Phase.SETTLE, held.amount_micros if amount_micros is None else amount_micros, key=key, now=now)


def void(hold_id: UUID, *, key: str, now: datetime) -> Transfer:
    """Give a hold back whole. Once: a hold that ended otherwise raises HoldEnded."""
    held = _hold(hold_id)
    return _end(held, Transfer.Phase.VOID, held.amount_micros, key=key, now=now)


def accept_earnings(fees_micros: dict[UUID, int], *, now: datetime) -> list[UUID]:
    """Settle the held earnings of these references (the keys) and post the fee of each (the values, micros; 0 for none).

    Returns the references that were settled by this call. Ones settled or voided before are left alone, so it is safe to repeat
    and to run twice at once.
    """
    if not fees_micros:
        return []
    _fee_accounts(list(fees_micros), now=now)
    parameters: dict[str, Any] = {"references": list(fees_micros), "ids": [new_id() for _ in fees_micros], "now": now}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(SETTLE_EARNINGS, parameters)
        settled = [row[0] for row in cursor.fetchall()]
        fees = [fees_micros[reference] for reference in settled]
        cursor.execute(POST_FEES, parameters | {"references": settled, "ids": [new_id() for _ in settled], "fees": fees})
    return settled


def void_earning(reference: UUID, *, now: datetime) -> Transfer:
    """Give the held earning of one reference back to its escrow; again: the same row. Raises HoldEnded when it was settled."""
    held = Transfer.objects.filter(key=f"earning:{reference}").first()
    if held is None:
        raise BadTransfer("Nothing is held for this reference.", field="reference")
    return void(held.id, key=f"earning-voided:{reference}", now=now)


def balance(account_id: UUID) -> Balance:
    """What the account holds at this instant: a sum over its transfers since they were last folded."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT posted, held_out, held_in FROM payments_balance(%s)", [account_id])
        posted, held_out, held_in = cursor.fetchone()
    return Balance(int(posted), int(held_out), int(held_in))


def posted_in(account_ids: Sequence[UUID]) -> int:
    """What these accounts hold together at this instant, what is promised out of them included."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(b.posted), 0) FROM unnest(%s::uuid[]) AS a (id), LATERAL payments_balance(a.id) AS b",
            [list(account_ids)],
        )
        return int(cursor.fetchone()[0])


def paid_out(account_id: UUID) -> int:
    """What has left a worker's account as payouts, in micros."""
    paid = Transfer.objects.filter(debit_id=account_id, phase__in=[Transfer.Phase.POST, Transfer.Phase.SETTLE], reason="payout")
    return int(paid.aggregate(micros=Sum("amount_micros"))["micros"] or 0)


# `folded_before` moves to before the oldest transaction still running; the account's own trigger computes what the sums become.
# Accounts that somebody debits at this moment are skipped: they are folded the next time.
FOLD = """
WITH horizon AS (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS before),
due AS (
    SELECT a.id FROM payments_account a, horizon
     WHERE a.id = ANY (%(ids)s::uuid[])
       AND (EXISTS (SELECT FROM payments_transfer t
                     WHERE t.debit_id = a.id AND t.transaction >= a.folded_before AND t.transaction < horizon.before)
         OR EXISTS (SELECT FROM payments_transfer t
                     WHERE t.credit_id = a.id AND t.transaction >= a.folded_before AND t.transaction < horizon.before))
     ORDER BY a.id FOR NO KEY UPDATE OF a SKIP LOCKED
)
UPDATE payments_account a SET folded_before = horizon.before
  FROM horizon, due
 WHERE a.id = due.id AND horizon.before > a.folded_before
"""


def fold(account_ids: Sequence[UUID]) -> int:
    """Add what is surely committed to the accounts' folded sums, so that balances read less; returns how many moved forward.

    Balances do not change. Safe to repeat and to run twice at once. Locks the accounts it moves, waits for none.
    """
    with connection.cursor() as cursor:
        cursor.execute(FOLD, {"ids": list(account_ids)})
        return int(cursor.rowcount)


def unfold() -> int:
    """Forget all folded sums, as after restoring a dump on a server whose transactions count anew; returns how many had any.

    Balances do not change; they are summed from the first transfer until the next fold. Locks every account it moves.
    """
    return Account.objects.exclude(folded_before=0).update(folded_before=0)


def _hold(hold_id: UUID) -> Transfer:
    held = Transfer.objects.filter(id=hold_id, phase=Transfer.Phase.HOLD).first()
    if held is None:
        raise BadTransfer("There is no such hold.", field="hold_id")
    return held


def _end(held: Transfer, phase: str, amount_micros: int, *, key: str, now: datetime) -> Transfer:
    return _write(
        Transfer(
            key=key,
            phase=phase,
            debit_id=held.debit_id,
            credit_id=held.credit_id,
            amount_micros=amount_micros,
            currency=held.currency,
            hold_id=held.id,
            hold_micros=held.amount_micros,
            reason=held.reason,
            reference=held.reference,
            created_at=now,
        )
    )


def _fee_accounts(references: Sequence[UUID], *, now: datetime) -> None:
    """Make sure the platform has a fee account in every currency that is about to pay a fee."""
    currencies = Transfer.objects.filter(reference__in=references, phase=Transfer.Phase.HOLD).values_list("currency", flat=True)
    for currency in set(currencies):
        account(Account.Kind.FEES, owner_id=None, currency=currency, now=now)


CONTENT = ["phase", "debit_id", "credit_id", "amount_micros", "currency", "hold_id", "reason", "reference"]


def _write(row: Transfer) -> Transfer:
    """Insert the row; or return the first of its key, if that says the same. Raises KeyConflict, or what the refusal means."""
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except DatabaseError as error:
        constraint = constraints.violated(error)
        first = Transfer.objects.filter(key=row.key).first()
        if first is not None:
            if any(getattr(first, name) != getattr(row, name) for name in CONTENT):
                raise KeyConflict(key=row.key) from error
            return first
        refusal = _refusal(constraint, error, row)
        if refusal is None:
            raise
        raise refusal from error
    return row


def _refusal(constraint: str, error: DatabaseError, row: Transfer) -> DomainError | None:
    """What the database's no means; None when it is no answer to this transfer (a lost connection, a deadlock)."""
    if constraint == "account_never_overdrawn":
        available = balance(row.debit_id).available
        return Overdrawn(available_micros=available, needed_micros=row.amount_micros, currency=row.currency)
    if constraint == HOLD_ENDS_ONCE:
        return HoldEnded(hold_id=row.hold_id)
    if isinstance(error, IntegrityError):
        return BadTransfer(rule=constraint)
    if isinstance(error, DataError):
        return BadTransfer("A value of this transfer is too large to be kept.", rule="value_in_range")
    return None
