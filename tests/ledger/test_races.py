"""Many hands on one ledger at the same instant: real threads, committed rows, and the control that shows the race."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from foundation.errors import DomainError
from foundation.ids import new_id
from foundation.models import AuditEntry
from payments import funding, ledger
from payments.errors import HoldEnded, Overdrawn
from payments.models import Account, Transfer
from tests import builders
from tests.ledger import books
from tests.races.crowd import all_at_once

pytestmark = pytest.mark.usefixtures("committed_db")
THREADS = 8


def outcomes(work: Callable[[int], Any], threads: int = THREADS) -> list[Any]:
    """What `work(n)` returned or refused with, in threads that start together."""
    found: list[Any] = [None] * threads

    def run(n: int) -> None:
        try:
            found[n] = work(n)
        except (DomainError, OperationalError) as error:
            found[n] = error

    all_at_once(run, threads)
    return found


@pytest.mark.parametrize("isolation", ["READ COMMITTED", "REPEATABLE READ"])
def test_of_eight_racing_payouts_of_eighty_from_a_hundred_one_is_paid(isolation):
    earnings, outside = books.funded("earnings", 100), books.opened("outside")
    looked = threading.Barrier(THREADS)

    def pay(n: int) -> Transfer:
        with transaction.atomic():
            books.run(f"SET TRANSACTION ISOLATION LEVEL {isolation}")
            assert ledger.balance(earnings).available == 100
            looked.wait()
            return books.post(earnings, outside, 80)

    found = outcomes(pay)
    assert sum(isinstance(one, Transfer) for one in found) == 1
    assert all(isinstance(one, Transfer | Overdrawn | OperationalError) for one in found)
    assert books.posted(earnings) == 20
    assert not books.offences()


def test_control_checking_the_balance_first_and_paying_then_overdraws():
    """The same eight payouts from an account without a guard, where only the application looks at the balance."""
    pot, outside = _unguarded(100), books.opened("outside")
    looked = threading.Barrier(THREADS)

    def pay(n: int) -> Transfer:
        with transaction.atomic():
            enough = ledger.balance(pot).available >= 80
            looked.wait()
            assert enough
            return books.post(pot, outside, 80)

    assert sum(isinstance(one, Transfer) for one in outcomes(pay)) == THREADS
    assert books.posted(pot) == 100 - THREADS * 80


def _unguarded(micros: int) -> Any:
    pot = books.opened("outside", owner_id=new_id())
    books.post(books.opened("outside"), pot, micros)
    return pot


def test_racing_holds_promise_no_more_than_there_is():
    earnings, outside = books.funded("earnings", 100), books.opened("outside")
    found = outcomes(lambda n: books.hold(earnings, outside, 30))
    assert sum(isinstance(one, Transfer) for one in found) == 3
    assert ledger.balance(earnings) == ledger.Balance(posted=100, held_out=90, held_in=0)


def test_one_key_written_by_eight_at_once_is_one_transfer_and_eight_equal_answers():
    funds, outside = books.funded("funds", 100), books.opened("outside")
    found = outcomes(lambda n: books.post(funds, outside, 100, key="one fact"))
    assert len({one.id for one in found}) == 1
    assert books.posted(funds) == 0


def test_an_account_opened_by_eight_at_once_is_one_account():
    owner = new_id()
    assert len(set(outcomes(lambda n: books.opened("earnings", owner_id=owner)))) == 1


def test_a_hold_settled_and_voided_at_once_ends_once():
    held = books.hold(books.funded("funds", 100), books.opened("earnings"), 60)

    def end(n: int) -> Transfer:
        verb = ledger.settle if n % 2 else ledger.void
        return verb(held.id, key=f"end:{n}", now=books.NOW)

    found = outcomes(end)
    assert sum(isinstance(one, Transfer) for one in found) == 1
    assert sum(isinstance(one, HoldEnded) for one in found) == THREADS - 1
    assert Transfer.objects.filter(hold=held).count() == 1
    assert not books.offences()


def test_two_runs_that_accept_the_same_earnings_at_once_settle_each_once():
    escrow, earnings = books.opened("escrow", cap=100), books.opened("earnings")
    books.post(books.funded("funds", 100_000), escrow, 100_000)
    references = [new_id() for _ in range(200)]
    for reference in references:
        books.earning(escrow, earnings, 100, reference=reference)
    settled = outcomes(
        lambda n: ledger.accept_earnings(dict.fromkeys(references if n % 2 else reversed(references), 20), now=books.NOW), 4
    )
    assert sorted(reference for one in settled for reference in one) == sorted(references)
    assert ledger.balance(escrow) == ledger.Balance(posted=100_000 - 200 * 120, held_out=0, held_in=0)
    assert ledger.balance(earnings) == ledger.Balance(posted=20_000, held_out=0, held_in=0)
    assert not books.offences()


def test_one_bank_transfer_recorded_by_two_operators_at_once_is_one_deposit_and_one_entry_in_the_audit_trail(now):
    rita, olga = builders.requester("rita", now=now), builders.operator("olga", now=now)
    actor, organization_id = olga.actor, rita.organization.id
    wire = {"amount_micros": 5_000_000, "currency": "USD", "reference": "wire 7", "reason": "statement of 2 March"}
    found = outcomes(lambda n: funding.deposit(actor, organization_id, now=now, **wire))
    assert len({one.id for one in found}) == 1
    assert AuditEntry.objects.filter(action="funds.deposited").count() == 1
    assert funding.funds_of(organization_id)[0]["available_micros"] == 5_000_000


def test_folding_while_others_pay_changes_no_balance():
    funds, earnings = books.funded("funds", 10_000), books.opened("earnings")
    ids = [funds, earnings, books.opened("outside")]

    def work(n: int) -> None:
        for _ in range(25):
            if n < 3:
                ledger.fold(ids)
            else:
                books.post(funds, earnings, 10)

    assert outcomes(work) == [None] * THREADS
    assert (books.posted(funds), books.posted(earnings)) == (10_000 - 1_250, 1_250)
    assert not books.offences()


def test_a_fold_that_waited_for_another_adds_nothing_twice():
    """The second fold reads its snapshot before the first commits; what it adds is computed from the row it then finds."""
    funds = books.funded("funds", 100)
    ready, folded = threading.Event(), threading.Event()

    def first(n: int) -> None:
        with transaction.atomic():
            fold_by_hand(funds)
            ready.set()
            assert folded.wait(30)

    def second(n: int) -> None:
        assert ready.wait(30)
        threading.Timer(0.3, folded.set).start()
        fold_by_hand(funds)  # waits for the first to commit

    all_at_once(lambda n: (first, second)[n](n), 2)
    assert books.posted(funds) == 100
    assert not books.offences()


def fold_by_hand(account_id: Any) -> None:
    """The fold without its `SKIP LOCKED`: it waits, and then decides on the row as it has become."""
    books.run(
        "UPDATE payments_account SET folded_before = "
        "greatest(folded_before, pg_snapshot_xmin(pg_current_snapshot())::text::bigint) WHERE id = %s",
        [account_id],
    )


def test_a_transfer_that_commits_after_younger_ones_were_folded_is_not_lost():
    funds, earnings = books.funded("funds", 100), books.opened("earnings")
    written, folded = threading.Event(), threading.Event()

    def slow(n: int) -> None:
        with transaction.atomic():
            books.post(books.opened("outside"), earnings, 7)
            written.set()
            assert folded.wait(30)

    def quick(n: int) -> None:
        assert written.wait(30)
        books.post(funds, earnings, 40)
        ledger.fold([funds, earnings])
        assert books.posted(earnings) == 40
        folded.set()

    all_at_once(lambda n: (slow, quick)[n](n), 2)
    assert books.posted(earnings) == 47
    assert Account.objects.get(id=earnings).folded_posted_micros in (0, 40)
    assert not books.offences()


def test_a_fold_waits_for_nobody_who_is_paying():
    funds, earnings = books.funded("funds", 100), books.opened("earnings")
    paying, folded = threading.Event(), threading.Event()

    def pay(n: int) -> None:
        with transaction.atomic():
            books.post(funds, earnings, 40)
            paying.set()
            assert folded.wait(30)

    def fold(n: int) -> None:
        assert paying.wait(30)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
            ledger.fold([funds])
            cursor.execute("RESET lock_timeout")
        folded.set()

    all_at_once(lambda n: (pay, fold)[n](n), 2)
    assert books.posted(funds) == 60
