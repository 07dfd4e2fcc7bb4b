"""The nightly look: it finds nothing in a sound ledger, and finds each thing that can be wrong.

The wrong rows are written as only a superuser can write them: with the triggers switched off.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from foundation.ids import new_id
from payments import invariants, ledger
from tests.ledger import books


@contextmanager
def without_guards() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        yield
        cursor.execute("SET session_replication_role = origin")


class Scene:
    def __init__(self) -> None:
        self.outside, self.funds, self.fees = books.opened("outside"), books.funded("funds", 1_000), books.opened("fees")
        self.escrow, self.earnings = books.opened("escrow", cap=100), books.opened("earnings")
        books.post(self.funds, self.escrow, 500)
        self.waiting, self.paid = books.earning(self.escrow, self.earnings, 80), books.earning(self.escrow, self.earnings, 70)
        ledger.accept_earnings({self.paid.reference: 10}, now=books.NOW)


def offended() -> set[str]:
    return {name.split()[0] for name in invariants.offences(invariants.CHECKS)}


def test_a_sound_ledger_offends_nothing(db):
    Scene()
    assert not invariants.offences(invariants.CHECKS)


def test_a_changed_amount_shows(db):
    scene = Scene()
    with without_guards():
        books.run("UPDATE payments_transfer SET amount_micros = 69 WHERE hold_id = %s", [scene.paid.id])
        books.run("UPDATE payments_account SET folded_posted_micros = 1 WHERE id = %s", [scene.earnings])
    assert "I1" in offended()


def test_a_balance_that_is_not_its_transfers_shows(db):
    scene = Scene()
    with without_guards():
        books.run("UPDATE payments_account SET folded_posted_micros = 5 WHERE id = %s", [scene.earnings])
    assert offended() == {"I1", "I8"}


def test_an_overdrawn_account_shows(db):
    scene = Scene()
    with without_guards():
        books.insert(debit_id=scene.funds, credit_id=scene.outside, amount_micros=501)
    assert offended() == {"I2"}


def test_an_escrow_that_promised_more_than_it_holds_shows(db):
    """The one thing the triggers let pass: more places than were reserved, each within its cap."""
    scene = Scene()
    for _ in range(4):
        books.earning(scene.escrow, scene.earnings, 100)
    assert offended() == {"I2"}


def test_a_fee_of_unpaid_work_and_an_answer_paid_twice_show(db):
    scene = Scene()
    with without_guards():
        books.insert(debit_id=scene.escrow, credit_id=scene.fees, amount_micros=5, reason="fee", reference=new_id())
    assert offended() == {"I3"}
    words = {"debit_id": scene.escrow, "credit_id": scene.earnings, "amount_micros": 70, "reference": scene.paid.reference}
    books.insert(**words, reason="earning", key=f"earning-overturned:{scene.paid.reference}")
    found = invariants.offences(invariants.CHECKS)
    assert found["I3 nothing is earned twice for one reference"] == [f"reference {scene.paid.reference}"]


def test_a_hold_that_ended_by_a_row_that_does_not_fit_shows(db):
    scene = Scene()
    words = {"phase": "void", "debit_id": scene.escrow, "credit_id": scene.earnings, "hold_id": scene.waiting.id}
    with without_guards():
        books.insert(**words, amount_micros=79, hold_micros=79)
    assert offended() == {"I4"}


def test_a_transfer_about_no_account_shows(db):
    scene = Scene()
    with without_guards():
        books.insert(debit_id=scene.outside, credit_id=new_id(), amount_micros=5)
    assert "I7" in offended()


def test_money_that_a_worker_did_not_earn_shows(db):
    scene = Scene()
    books.post(scene.outside, scene.earnings, 5)
    assert offended() == {"I8"}


def test_a_second_credited_twice_shows(db):
    me = new_id()
    with without_guards():
        books.run("ALTER TABLE payments_workinterval DROP CONSTRAINT second_credited_once")
        for hours in ("09:00,10:00", "09:59,11:00", "11:00,12:00"):
            lower, upper = hours.split(",")
            books.run(
                "INSERT INTO payments_workinterval (id, worker_id, kind, reference, period, currency, created_at) "
                "VALUES (gen_random_uuid(), %s, 'task', gen_random_uuid(), tstzrange(%s, %s), 'USD', now())",
                [me, f"2026-03-02 {lower}Z", f"2026-03-02 {upper}Z"],
            )
    assert invariants.offences(invariants.CHECKS) == {"no second of a worker is credited twice": [f"worker {me}"]}


@pytest.mark.parametrize("limit", [1, 3])
def test_as_many_offences_as_asked_for_are_listed(db, limit):
    for _ in range(4):
        books.post(books.opened("outside"), books.opened("earnings"), 5)
    assert (
        len(
            invariants.offences(invariants.CHECKS, limit=limit)[
                "I8 what workers have is what they earned less what they were paid"
            ]
        )
        == limit
    )
