"""What a batch's escrow may still have to pay, and the money that is moved in when it would not be enough."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from foundation.statements import rows_of
from payments import ledger
from payments.errors import MissingFunds, Overdrawn
from payments.models import Account
from tasks.models import Batch
from workforce import decisions

# The pay of a rejection stays in escrow for as long as it can be appealed, and half a day more: an appeal that comes in at the last instant
# may still be on its way to the database when the daily release looks, and is then seen by the next one.
REJECTION_KEPT = decisions.APPEAL_WINDOW + timedelta(hours=12)

# One statement, so one snapshot: a place that a claim, a hand-in or a verdict moves at this moment is counted once, before or after the
# move. Counted apart, it could be in none of the sums (or in two). The balance is read in the same snapshot.
OUTSTANDING = """
SELECT (SELECT coalesce(sum(c.need), 0) * %(place_micros)s::bigint + coalesce(sum(c.owed_micros), 0)  -- open, leased, submitted
          FROM tasks_tally c WHERE c.batch_id = %(batch_id)s)
     + (SELECT coalesce(sum(a.price_micros + a.fee_micros), 0) FROM tasks_assignment a
         WHERE a.batch_id = %(batch_id)s AND a.state = 'rejected' AND a.ended_at >= %(kept_since)s)
     + (SELECT coalesce(sum(a.price_micros + a.fee_micros), 0)  -- from the open appeals, which are few, to what they are about
          FROM workforce_appeal p JOIN workforce_decision d ON d.id = p.decision_id
          JOIN tasks_assignment a ON a.id = CASE d.kind WHEN 'reject_work' THEN substr(d.scope, length('assignment:') + 1)::uuid END
         WHERE p.state = 'open' AND a.batch_id = %(batch_id)s AND a.state = 'rejected' AND a.ended_at < %(kept_since)s
       ) AS outstanding,
       coalesce((SELECT s.posted - s.held_out FROM payments_balance(%(escrow_id)s) s), 0) AS available
"""


@dataclass(frozen=True)
class Escrow:
    """What a batch's escrow may still have to pay beyond what is held, and what it has for that; micros, of one instant."""

    outstanding_micros: int
    available_micros: int


def look(batch: Batch, *, now: datetime) -> Escrow:
    """Both figures of a batch, in one statement. Locks nothing.

    Outstanding are price and fee of every place that is open, leased, or was rejected within REJECTION_KEPT, or before and is being
    appealed (its verdict may be reversed), and the fee of what waits for review. A rejection that was reversed is paid, and not counted.
    """
    (row,) = rows_of(
        OUTSTANDING,
        {
            "batch_id": batch.id,
            "escrow_id": batch.escrow_id,
            "place_micros": batch.price_micros + batch.fee_micros,
            "kept_since": now - REJECTION_KEPT,
        },
    )
    return Escrow(int(row["outstanding"]), int(row["available"]))


def cover(batch: Batch, *, key: str, now: datetime) -> int:
    """Move what a batch's escrow lacks for everything outstanding from its requester's funds; returns the micros, most often 0.

    Answers collected again and verdicts reversed can use up the quarter that publishing sets aside. Call it under the batch's
    lock. Locks the funds if it needs them. Raises MissingFunds with the shortfall.
    """
    assert batch.escrow_id is not None, "what has answers was published"
    escrow = look(batch, now=now)
    short = escrow.outstanding_micros - escrow.available_micros
    if short <= 0:
        return 0
    try:
        ledger.post(
            key=key,
            debit_id=ledger.account(Account.Kind.FUNDS, owner_id=batch.organization_id, currency=batch.currency, now=now).id,
            credit_id=batch.escrow_id,
            amount_micros=short,
            currency=batch.currency,
            reason="reserve",
            now=now,
            reference=batch.id,
        )
    except Overdrawn as error:
        available = int(error.details["available_micros"])
        raise MissingFunds(
            needed_micros=short, available_micros=available, shortfall_micros=short - available, currency=batch.currency
        ) from error
    return short
