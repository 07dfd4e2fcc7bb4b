"""A requester's money: deposits by operators, reserves for batches, and what comes back."""

import pytest

from foundation.errors import Forbidden, NotFound
from foundation.ids import new_id
from foundation.models import AuditEntry, Event
from payments import funding, ledger
from payments.errors import BadTransfer, KeyConflict, MissingFunds
from payments.models import Account, Transfer

WIRE = {"amount_micros": 5_000_000, "currency": "USD", "reference": "wire 7", "reason": "bank statement of 2 March"}


def deposit(olga, rita, **changes):
    return funding.deposit(olga.actor, rita.organization.id, **(WIRE | changes), now=olga.now)


def of(rita) -> list[dict]:
    return funding.funds_of(rita.organization.id)


def test_a_deposit_becomes_funds_with_an_audit_entry_and_an_event(olga, rita):
    row = deposit(olga, rita)
    assert of(rita) == [
        {
            "currency": "USD",
            "deposited_micros": 5_000_000,
            "withdrawn_micros": 0,
            "reserved_micros": 0,
            "spent_micros": 0,
            "available_micros": 5_000_000,
        }
    ]
    entry = AuditEntry.objects.get(action="funds.deposited")
    assert (entry.actor_id, entry.reason) == (olga.user.id, WIRE["reason"])
    assert Event.objects.filter(kind="funds.deposited", subject_id=row.id, organization_id=rita.organization.id).count() == 1


def test_the_same_bank_transfer_again_is_the_same_deposit(olga, rita):
    assert deposit(olga, rita).id == deposit(olga, rita, reason="said again").id
    assert of(rita)[0]["available_micros"] == 5_000_000
    assert AuditEntry.objects.filter(action="funds.deposited").count() == 1


def test_the_same_bank_transfer_with_another_amount_is_refused(olga, rita):
    deposit(olga, rita)
    with pytest.raises(KeyConflict):
        deposit(olga, rita, amount_micros=6_000_000)
    assert of(rita)[0]["available_micros"] == 5_000_000


def test_only_operators_record_deposits(olga, rita):
    with pytest.raises(Forbidden):
        funding.deposit(rita.actor, rita.organization.id, **WIRE, now=rita.now)
    assert not Transfer.objects.exists()


@pytest.mark.parametrize("amount", [0, -1, funding.DEPOSIT_MAX_MICROS + 1])
def test_a_strange_amount_is_refused(olga, rita, amount):
    with pytest.raises(BadTransfer):
        deposit(olga, rita, amount_micros=amount)
    assert not Transfer.objects.exists()


def test_an_organisation_that_does_not_exist_has_no_funds(olga):
    with pytest.raises(NotFound):
        funding.deposit(olga.actor, new_id(), **WIRE, now=olga.now)
    with pytest.raises(NotFound):
        funding.funds_of(new_id())
    assert not Account.objects.exists()


def reserve(rita, batch_id, micros, *, cap=100):
    return funding.reserve(
        rita.organization.id, batch_id, amount_micros=micros, unit_cap_micros=cap, currency="USD", now=rita.now
    )


def test_a_reserve_moves_funds_into_an_escrow_with_its_cap_once(olga, rita):
    deposit(olga, rita)
    batch_id = new_id()
    escrow = reserve(rita, batch_id, 2_000_000)
    assert reserve(rita, batch_id, 2_000_000).id == escrow.id
    assert (escrow.kind, escrow.owner_id, escrow.unit_cap_micros) == ("escrow", batch_id, 100)
    assert ledger.balance(escrow.id).available == 2_000_000
    assert of(rita) == [
        {
            "currency": "USD",
            "deposited_micros": 5_000_000,
            "withdrawn_micros": 0,
            "reserved_micros": 2_000_000,
            "spent_micros": 0,
            "available_micros": 3_000_000,
        }
    ]


def test_funds_that_do_not_cover_a_reserve_are_refused_with_the_shortfall(olga, rita):
    deposit(olga, rita)
    with pytest.raises(MissingFunds) as refused:
        reserve(rita, new_id(), 5_000_001)
    assert refused.value.details == {
        "needed_micros": 5_000_001,
        "available_micros": 5_000_000,
        "shortfall_micros": 1,
        "currency": "USD",
    }
    assert of(rita)[0]["available_micros"] == 5_000_000


def test_one_requester_cannot_reserve_what_another_paid_in(olga, rita, rex):
    deposit(olga, rita)
    with pytest.raises(MissingFunds):
        reserve(rex, new_id(), 1)
    assert of(rita)[0]["available_micros"] == 5_000_000


def test_a_release_gives_back_what_is_not_kept_and_again_the_rest(olga, rita):
    deposit(olga, rita)
    batch_id = new_id()
    escrow = reserve(rita, batch_id, 1_000)

    def release(keep: int) -> int:
        return funding.release(rita.organization.id, batch_id, keep_micros=keep, currency="USD", now=rita.now)

    assert [release(400), release(400), release(500), release(0), release(0)] == [600, 0, 0, 400, 0]
    assert ledger.balance(escrow.id).available == 0
    assert of(rita) == [
        {
            "currency": "USD",
            "deposited_micros": 5_000_000,
            "withdrawn_micros": 0,
            "reserved_micros": 0,
            "spent_micros": 0,
            "available_micros": 5_000_000,
        }
    ]


def test_what_answers_hold_is_never_released(olga, rita, wanda):
    deposit(olga, rita)
    batch_id, answer = new_id(), new_id()
    escrow = reserve(rita, batch_id, 1_000)
    earnings = ledger.account("earnings", owner_id=wanda.worker.id, currency="USD", now=rita.now)
    ledger.hold(
        key=f"earning:{answer}",
        debit_id=escrow.id,
        credit_id=earnings.id,
        amount_micros=100,
        currency="USD",
        reason="earning",
        reference=answer,
        now=rita.now,
    )
    assert funding.release(rita.organization.id, batch_id, keep_micros=0, currency="USD", now=rita.now) == 900
    assert ledger.balance(escrow.id) == ledger.Balance(posted=100, held_out=100, held_in=0)


def test_reserved_is_what_is_still_in_escrow_and_spent_what_has_left_it(olga, rita, wanda):
    deposit(olga, rita)
    batch_id, answers = new_id(), [new_id(), new_id()]
    escrow = reserve(rita, batch_id, 1_000)
    earnings = ledger.account("earnings", owner_id=wanda.worker.id, currency="USD", now=rita.now)
    holds = [
        ledger.hold(
            key=f"earning:{answer}",
            debit_id=escrow.id,
            credit_id=earnings.id,
            amount_micros=100,
            currency="USD",
            reason="earning",
            reference=answer,
            now=rita.now,
        )
        for answer in answers
    ]
    seen = []

    def look() -> None:
        (row,) = of(rita)
        seen.append((row["available_micros"], row["reserved_micros"], row["spent_micros"]))
        assert sum(seen[-1]) == row["deposited_micros"] == 5_000_000

    look()
    ledger.settle(holds[0].id, key=f"accepted:{answers[0]}", now=rita.now)
    look()
    funding.release(rita.organization.id, batch_id, keep_micros=0, currency="USD", now=rita.now)
    look()
    ledger.void(holds[1].id, key=f"rejected:{answers[1]}", now=rita.now)
    funding.release(rita.organization.id, batch_id, keep_micros=0, currency="USD", now=rita.now)
    look()
    assert seen == [(4_999_000, 1_000, 0), (4_999_000, 900, 100), (4_999_800, 100, 100), (4_999_900, 0, 100)]
