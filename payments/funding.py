"""A requester's money: paid in, reserved for a batch, and what is left of it back."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, Sum

from foundation import audit, events
from foundation.errors import NotFound
from payments import ledger
from payments.errors import BadTransfer, MissingFunds, Overdrawn
from payments.models import Account, Transfer
from payments.money import MICROS
from workforce import access
from workforce.access import Actor
from workforce.models import Organization

DEPOSIT_MAX_MICROS = 10_000_000 * MICROS  # ten million units: a slip of the keyboard, not a deposit


@transaction.atomic
def deposit(
    actor: Actor, organization_id: UUID, *, amount_micros: int, currency: str, reference: str, reason: str, now: datetime
) -> Transfer:
    """Record money that has arrived outside (a bank transfer) as the requester's funds. Operators only; audited, once.

    `reference` is the outside world's name for it: the same one again returns the first transfer. Locks the funds, then the
    audit chain. Raises KeyConflict when the same reference came with another amount, and OrganizationClosed.
    """
    access.require_operator(actor)
    if not Organization.objects.filter(id=organization_id, kind=Organization.Kind.REQUESTER).exists():
        raise NotFound
    access.require_open(organization_id)
    if not 0 < amount_micros <= DEPOSIT_MAX_MICROS:
        raise BadTransfer("A deposit is above zero and at most ten million.", field="amount_micros", limit=DEPOSIT_MAX_MICROS)
    key = f"{_deposits_of(organization_id)}{reference}"
    funds = ledger.account(Account.Kind.FUNDS, owner_id=organization_id, currency=currency, now=now)
    Account.objects.select_for_update(no_key=True).get(id=funds.id)  # a twin of this request waits here, and finds it known
    known = Transfer.objects.filter(key=key).exists()
    row = ledger.post(
        key=key,
        debit_id=ledger.account(Account.Kind.OUTSIDE, owner_id=None, currency=currency, now=now).id,
        credit_id=funds.id,
        amount_micros=amount_micros,
        currency=currency,
        reason="deposit",
        now=now,
        reference=organization_id,
    )
    if not known:
        audit.append(
            "funds.deposited",
            subject=f"organization:{organization_id}",
            actor_id=actor.id,
            reason=reason,
            now=now,
            after={"amount_micros": amount_micros, "currency": currency, "reference": reference},
        )
        events.record("funds.deposited", subject_id=row.id, organization_id=organization_id, actor_id=actor.id, now=now)
    return row


@transaction.atomic
def withdraw(
    actor: Actor, organization_id: UUID, *, amount_micros: int, currency: str, reference: str, reason: str, now: datetime
) -> Transfer:
    """Record money that was sent back to the requester outside, out of its available funds. Operators only; audited, once.

    `reference` is the outside world's name for it: the same one again returns the first transfer. Locks the funds, then the audit chain.
    Raises NotFound where nothing was ever paid in, MissingFunds with what is available, and KeyConflict when the same reference came
    with another amount.
    """
    access.require_operator(actor)
    if not 0 < amount_micros <= DEPOSIT_MAX_MICROS:
        raise BadTransfer("A withdrawal is above zero and at most ten million.", field="amount_micros", limit=DEPOSIT_MAX_MICROS)
    funds = Account.objects.select_for_update(no_key=True).filter(
        kind=Account.Kind.FUNDS, owner_id=organization_id, currency=currency
    )
    account = funds.first()  # a twin of this request waits here, and finds it known
    if account is None:
        raise NotFound
    key = f"withdrawal:{organization_id}:{reference}"
    known = Transfer.objects.filter(key=key).exists()
    try:
        row = ledger.post(
            key=key,
            debit_id=account.id,
            credit_id=ledger.account(Account.Kind.OUTSIDE, owner_id=None, currency=currency, now=now).id,
            amount_micros=amount_micros,
            currency=currency,
            reason="withdrawal",
            now=now,
            reference=organization_id,
        )
    except Overdrawn as error:
        raise _missing(amount_micros, currency, error) from error
    if not known:
        after = {"amount_micros": amount_micros, "currency": currency, "reference": reference}
        subject = f"organization:{organization_id}"
        audit.append("funds.withdrawn", subject=subject, actor_id=actor.id, reason=reason, now=now, after=after)
        events.record("funds.withdrawn", subject_id=row.id, organization_id=organization_id, actor_id=actor.id, now=now)
    return row


def bank_reference(row: Transfer) -> str:
    """What the outside world calls a deposit."""
    assert row.reference is not None
    return row.key.removeprefix(_deposits_of(row.reference))


def _deposits_of(organization_id: UUID) -> str:
    return f"deposit:{organization_id}:"


def reserve(
    organization_id: UUID,
    batch_id: UUID,
    *,
    amount_micros: int,
    unit_cap_micros: int,
    currency: str,
    now: datetime,
) -> Account:
    """Move a batch's money from the requester's funds into its escrow, once; returns the escrow account.

    Each payment out of it is at most `unit_cap_micros`. Locks the funds. Raises MissingFunds with the shortfall.
    """
    funds = ledger.account(Account.Kind.FUNDS, owner_id=organization_id, currency=currency, now=now)
    escrow = ledger.account(Account.Kind.ESCROW, owner_id=batch_id, currency=currency, now=now, unit_cap_micros=unit_cap_micros)
    try:
        ledger.post(
            key=f"reserve:{batch_id}",
            debit_id=funds.id,
            credit_id=escrow.id,
            amount_micros=amount_micros,
            currency=currency,
            reason="reserve",
            now=now,
            reference=batch_id,
        )
    except Overdrawn as error:
        raise _missing(amount_micros, currency, error) from error
    return escrow


def _missing(needed_micros: int, currency: str, error: Overdrawn) -> MissingFunds:
    available = int(error.details["available_micros"])
    return MissingFunds(
        needed_micros=needed_micros, available_micros=available, shortfall_micros=needed_micros - available, currency=currency
    )


def release(organization_id: UUID, batch_id: UUID, *, keep_micros: int, currency: str, now: datetime) -> int:
    """Give back what a closed batch's escrow holds beyond `keep_micros`, for places still outstanding; returns the micros moved.

    Call it again when fewer places are outstanding: it gives back the rest. Locks the escrow.
    """
    funds = ledger.account(Account.Kind.FUNDS, owner_id=organization_id, currency=currency, now=now)
    escrow = Account.objects.get(kind=Account.Kind.ESCROW, owner_id=batch_id, currency=currency)
    with transaction.atomic():
        Account.objects.select_for_update(no_key=True).get(id=escrow.id)
        spare = ledger.balance(escrow.id).available - keep_micros
        if spare <= 0:
            return 0
        number = Transfer.objects.filter(reference=batch_id, reason="release").count() + 1
        ledger.post(
            key=f"release:{batch_id}:{number}",
            debit_id=escrow.id,
            credit_id=funds.id,
            amount_micros=spare,
            currency=currency,
            reason="release",
            now=now,
            reference=batch_id,
        )
    return spare


def funds_of(organization_id: UUID) -> list[dict[str, Any]]:
    """A requester's money per currency, in micros: paid in, paid back, and of the rest what is available, still set aside, and spent.

    The last three add up to what was paid in less what was paid back. Raises NotFound for an organisation that does not exist.
    """
    if not Organization.objects.filter(id=organization_id).exists():
        raise NotFound
    rows = []
    for account in Account.objects.filter(kind=Account.Kind.FUNDS, owner_id=organization_id).order_by("currency"):
        paid = Transfer.objects.of([account.id]).aggregate(
            in_micros=Sum("amount_micros", default=0, filter=Q(reason="deposit")),
            back_micros=Sum("amount_micros", default=0, filter=Q(reason="withdrawal")),
        )
        reserves = Transfer.objects.filter(debit_id=account.id, reason="reserve").values_list("credit_id", flat=True).distinct()
        funds, in_escrow = ledger.balance(account.id), ledger.posted_in(list(reserves))
        rows.append(
            {
                "currency": account.currency,
                "deposited_micros": paid["in_micros"],
                "withdrawn_micros": paid["back_micros"],
                "reserved_micros": in_escrow + funds.held_out,
                "spent_micros": paid["in_micros"] - paid["back_micros"] - funds.posted - in_escrow,
                "available_micros": funds.available,
            }
        )
    return rows
