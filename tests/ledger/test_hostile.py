"""What nobody may do to the ledger, tried with plain SQL as the owner of the tables: zero of it is accepted.

The list is the one that broke django-hordak: one leg, moved legs, rewritten, deleted and truncated rows, huge ids, and more.
"""

from collections.abc import Callable
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction

from foundation.ids import new_id
from payments import ledger
from payments.models import Account, Transfer
from tests.ledger import books

BIG = 2**63 - 1
TRANSFER = "INSERT INTO payments_transfer (id, key, phase, debit_id, credit_id, currency, amount_micros, reason, created_at) "
ACCOUNT = (
    "INSERT INTO payments_account (id, kind, owner_id, currency, guard, folded_posted_micros, folded_held_out_micros, "
    "folded_held_in_micros, folded_before, guarded_debits, created_at) "
)
pytestmark = pytest.mark.django_db


class Scene:
    """A funded requester, a worker, an escrow with one open hold, one settled hold and one plain transfer."""

    def __init__(self) -> None:
        self.outside = books.opened("outside")
        self.funds = books.funded("funds", 1_000)
        self.escrow = books.opened("escrow", cap=100)
        self.reserve = books.post(self.funds, self.escrow, 600)
        self.earnings = books.opened("earnings")
        self.fees = books.opened("fees")
        self.euros = books.funded("funds", 1_000, currency="EUR")
        self.open = books.earning(self.escrow, self.earnings, 80)
        self.ended = books.earning(self.escrow, self.earnings, 70)
        self.settled = ledger.settle(self.ended.id, key="settled", now=books.NOW)

    def transfer(self, **columns) -> None:
        books.insert(**({"debit_id": self.funds, "credit_id": self.earnings, "amount_micros": 10} | columns))

    def end(self, phase: str, hold: Transfer, **columns) -> None:
        stated = {
            "phase": phase,
            "debit_id": hold.debit_id,
            "credit_id": hold.credit_id,
            "amount_micros": hold.amount_micros,
            "hold_id": hold.id,
            "hold_micros": hold.amount_micros,
            "reason": hold.reason,
            "reference": hold.reference,
        }
        books.insert(**(stated | columns))

    def earn(self, **columns) -> None:
        reference = new_id()
        stated = {"phase": "hold", "reason": "earning", "reference": reference, "key": f"earning:{reference}"}
        self.transfer(**({"debit_id": self.escrow} | stated | columns))


def sql(statement: str) -> Callable[[Scene], None]:
    return lambda scene: books.run(statement.format(**{name: str(value) for name, value in vars(scene).items()}))


ATTEMPTS: dict[str, Callable[[Scene], None]] = {
    # one leg, and legs that do not stand
    "no debit": lambda s: s.transfer(debit_id=None),
    "no credit": lambda s: s.transfer(credit_id=None),
    "debit of an account that does not exist": lambda s: s.transfer(debit_id=new_id()),
    "credit of an account that does not exist": lambda s: s.transfer(credit_id=new_id()),
    "the same account on both sides": lambda s: s.transfer(credit_id=s.funds),
    "no amount": lambda s: s.transfer(amount_micros=None),
    "an amount of zero": lambda s: s.transfer(amount_micros=0),
    "a negative amount": lambda s: s.transfer(amount_micros=-10),
    "the most negative amount": lambda s: s.transfer(amount_micros=-BIG - 1),
    "an amount past 2^63": lambda s: s.transfer(amount_micros=BIG + 1),
    "a currency the payer does not have": lambda s: s.transfer(currency="EUR"),
    "a currency the payee does not have": lambda s: s.transfer(debit_id=s.euros, currency="EUR"),
    "a phase nobody knows": lambda s: s.transfer(phase="gift"),
    "no key": lambda s: s.transfer(key=None),
    "a key that was used": lambda s: s.transfer(key="settled"),
    # more than there is
    "more than the funds hold": lambda s: s.transfer(amount_micros=401),
    "a hold of more than the funds hold": lambda s: s.transfer(phase="hold", amount_micros=401),
    "nearly 2^63 out of small funds": lambda s: s.transfer(amount_micros=BIG),
    "earnings that wait for review, paid out": lambda s: s.transfer(debit_id=s.earnings, credit_id=s.outside, amount_micros=71),
    "fees the platform has not earned": lambda s: s.transfer(debit_id=s.fees, credit_id=s.outside, amount_micros=1),
    "an escrow released with its holds": lambda s: s.transfer(
        debit_id=s.escrow, credit_id=s.funds, amount_micros=451, reason="release"
    ),
    "two debits in one statement that fit only alone": sql(
        TRANSFER + "SELECT gen_random_uuid(), 'twin:' || n, 'post', '{funds}', '{earnings}', 'USD', 300, 'x', now() "
        "FROM generate_series(1, 2) n"
    ),
    "two debits in two parts of one statement": sql(
        "WITH one AS ("
        + TRANSFER
        + "VALUES (gen_random_uuid(), 'part:1', 'post', '{funds}', '{earnings}', 'USD', 300, 'x', now()) "
        "RETURNING 1) " + TRANSFER + "SELECT gen_random_uuid(), 'part:2', 'post', '{funds}', '{earnings}', 'USD', 300, 'x', now()"
    ),
    # an escrow pays one place at a time, once
    "more for one answer than a place may cost": lambda s: s.earn(amount_micros=101),
    "a fee above what a place may cost": lambda s: s.earn(reason="fee", phase="post", amount_micros=101, credit_id=s.fees),
    "an earning into the requester's funds": lambda s: s.earn(credit_id=s.funds),
    "an earning into the fees": lambda s: s.earn(credit_id=s.fees),
    "a fee into a worker's earnings": lambda s: s.transfer(
        debit_id=s.escrow, reason="fee", reference=s.ended.reference, key=f"fee:{s.ended.reference}"
    ),
    "an earning posted without review": lambda s: s.earn(phase="post"),
    "an earning about nothing": lambda s: s.earn(reference=None, key="earning:nothing"),
    "a second earning for one answer under another key": lambda s: s.earn(reference=s.open.reference, key="bonus"),
    "a second earning for one answer under its key": lambda s: s.earn(reference=s.open.reference, key=s.open.key),
    "a second fee for one answer": lambda s: s.transfer(
        debit_id=s.escrow, credit_id=s.fees, reason="fee", reference=s.ended.reference, key="fee-again"
    ),
    # holds
    "settle what was settled": lambda s: s.end("settle", s.ended),
    "void what was settled": lambda s: s.end("void", s.ended),
    "settle more than was held": lambda s: s.end("settle", s.open, amount_micros=81),
    "settle more, and say that more was held": lambda s: s.end("settle", s.open, amount_micros=81, hold_micros=81),
    "void a part": lambda s: s.end("void", s.open, amount_micros=79),
    "void without saying how much": lambda s: s.end("void", s.open, hold_micros=None),
    "settle without saying how much was held": lambda s: s.end("settle", s.open, hold_micros=None),
    "settle a transfer that is no hold": lambda s: s.end("settle", s.reserve),
    "settle a settlement": lambda s: s.end("settle", s.settled),
    "settle a hold that does not exist": lambda s: s.end("settle", s.open, hold_id=new_id()),
    "settle into another account": lambda s: s.end("settle", s.open, credit_id=s.fees),
    "settle out of another account": lambda s: s.end("settle", s.open, debit_id=s.funds),
    "settle in another currency": lambda s: s.end("settle", s.open, currency="EUR"),
    "settle under another reason": lambda s: s.end("settle", s.open, reason="bonus"),
    "settle about something else": lambda s: s.end("settle", s.open, reference=new_id()),
    "a post that names a hold": lambda s: s.transfer(hold_id=s.open.id, hold_micros=80),
    "a hold that names a hold": lambda s: s.transfer(phase="hold", hold_id=s.open.id, hold_micros=80),
    # what is written stays
    "rewrite an amount": sql("UPDATE payments_transfer SET amount_micros = 1 WHERE key = 'settled'"),
    "move a debit leg": sql("UPDATE payments_transfer SET debit_id = '{funds}' WHERE key = 'settled'"),
    "move a credit leg": sql("UPDATE payments_transfer SET credit_id = '{fees}' WHERE key = 'settled'"),
    "move both legs to another transfer": sql(
        "UPDATE payments_transfer t SET debit_id = o.debit_id, credit_id = o.credit_id "
        "FROM payments_transfer o WHERE o.key = 'settled'"
    ),
    "rewrite a key": sql("UPDATE payments_transfer SET key = 'free again' WHERE key = 'settled'"),
    "rewrite a transaction": sql("UPDATE payments_transfer SET transaction = 1"),
    "touch a row and change nothing": sql("UPDATE payments_transfer SET reason = reason"),
    "rewrite by upsert": sql(
        TRANSFER + "VALUES (gen_random_uuid(), 'settled', 'post', '{outside}', '{funds}', 'USD', 1, 'x', now()) "
        "ON CONFLICT (key) DO UPDATE SET amount_micros = 1"
    ),
    "delete a transfer": sql("DELETE FROM payments_transfer WHERE key = 'settled'"),
    "delete them all": sql("DELETE FROM payments_transfer"),
    "truncate the transfers": sql("TRUNCATE payments_transfer"),
    "truncate with all that hangs on it": sql("TRUNCATE payments_transfer CASCADE"),
    "truncate the accounts": sql("TRUNCATE payments_account CASCADE"),
    "delete an account": sql("DELETE FROM payments_account WHERE id = '{earnings}'"),
    "hand an account to somebody else": sql("UPDATE payments_account SET owner_id = gen_random_uuid() WHERE id = '{earnings}'"),
    "take the guard off an account": sql("UPDATE payments_account SET guard = 'none' WHERE id = '{funds}'"),
    "make funds an escrow": sql(
        "UPDATE payments_account SET kind = 'escrow', guard = 'places', unit_cap_micros = 9 WHERE id = '{funds}'"
    ),
    "change a currency": sql("UPDATE payments_account SET currency = 'JPY' WHERE id = '{funds}'"),
    "raise the cap of an escrow": sql("UPDATE payments_account SET unit_cap_micros = 1000000 WHERE id = '{escrow}'"),
    "change an id": sql("UPDATE payments_account SET id = gen_random_uuid() WHERE id = '{funds}'"),
    "a second account of the same owner and kind": sql(
        ACCOUNT + "SELECT gen_random_uuid(), kind, owner_id, currency, guard, 0, 0, 0, 0, 0, created_at "
        "FROM payments_account WHERE id = '{funds}'"
    ),
    # balances cannot be stated
    "state a balance": sql("UPDATE payments_account SET folded_posted_micros = 1000000 WHERE id = '{earnings}'"),
    "state a hold away": sql("UPDATE payments_account SET folded_held_out_micros = -80 WHERE id = '{escrow}'"),
    "fold to the end of time": sql("UPDATE payments_account SET folded_before = 4611686018427387904 WHERE id = '{funds}'"),
    "fold back": sql("UPDATE payments_account SET folded_before = -1 WHERE id = '{funds}'"),
    "fold what is not committed": sql(
        "UPDATE payments_account SET folded_before = pg_current_xact_id()::text::bigint + 1 WHERE id = '{funds}'"
    ),
    "lower the count of guarded debits": sql("UPDATE payments_account SET guarded_debits = 0 WHERE id = '{funds}'"),
    "open an account with money in it": sql(
        ACCOUNT + "VALUES (gen_random_uuid(), 'earnings', gen_random_uuid(), 'USD', 'balance', 1000000, 0, 0, 0, 0, now())"
    ),
    "open funds without a guard": sql(
        ACCOUNT + "VALUES (gen_random_uuid(), 'funds', gen_random_uuid(), 'USD', 'none', 0, 0, 0, 0, 0, now())"
    ),
    "open an escrow without a cap": sql(
        ACCOUNT + "VALUES (gen_random_uuid(), 'escrow', gen_random_uuid(), 'USD', 'places', 0, 0, 0, 0, 0, now())"
    ),
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_the_ledger_refuses_to(attempt):
    scene = Scene()
    before = books.rows()
    with pytest.raises(DatabaseError):
        _to_the_end(lambda: ATTEMPTS[attempt](scene))
    assert books.rows() == before
    assert not books.offences()


def _to_the_end(attempt: Callable[[], None]) -> None:
    with transaction.atomic():
        attempt()
        books.run("SET CONSTRAINTS ALL IMMEDIATE")


def test_a_stated_transaction_is_overwritten_by_the_real_one():
    scene = Scene()
    scene.transfer(transaction=1, key="stated")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        (real,) = cursor.fetchone()
    assert Transfer.objects.get(key="stated").transaction == real
    assert books.posted(scene.funds) == 390


def test_stated_sums_are_replaced_by_the_computed_ones_when_an_account_is_folded():
    scene = Scene()
    before = ledger.balance(scene.funds)
    books.run("UPDATE payments_account SET folded_posted_micros = 10^9, folded_before = 3 WHERE id = %s", [scene.funds])
    assert Account.objects.get(id=scene.funds).folded_posted_micros == 0
    assert ledger.balance(scene.funds) == before


def test_amounts_near_two_to_the_sixty_third_are_added_without_overflow():
    outside, first, second = books.opened("outside"), books.opened("funds"), books.opened("earnings")
    for _ in range(3):
        books.post(outside, first, BIG)
    assert books.posted(first) == 3 * BIG
    assert books.posted(outside) == -3 * BIG
    books.hold(first, second, BIG)
    assert ledger.balance(first) == ledger.Balance(posted=3 * BIG, held_out=BIG, held_in=0)
    assert not books.offences()


def test_ids_at_the_ends_of_their_range_are_accounts_like_others():
    least, greatest = UUID(int=0), UUID(int=2**128 - 1)
    for account_id in (least, greatest):
        stated = {"kind": "funds", "currency": "USD", "guard": "balance", "created_at": books.NOW}
        Account.objects.create(id=account_id, owner_id=account_id, **stated)
    books.post(books.opened("outside"), least, 100)
    books.post(least, greatest, 60)
    assert (books.posted(least), books.posted(greatest)) == (40, 60)


def test_two_thousand_and_one_transfers_in_one_transaction_read_a_bounded_number_of_rows_each(django_assert_max_num_queries):
    """A row trigger that sums the whole transaction again at every row would read millions of rows."""
    escrow, workers = books.opened("escrow", cap=100), [books.opened("earnings") for _ in range(3)]
    books.post(books.funded("funds", 10**6), escrow, 10**6)
    references = [new_id() for _ in range(2001)]
    rows = [
        Transfer(
            key=f"earning:{reference}",
            phase="hold",
            debit_id=escrow,
            credit_id=workers[n % 3],
            amount_micros=100,
            currency="USD",
            reason="earning",
            reference=reference,
            created_at=books.NOW,
        )
        for n, reference in enumerate(references)
    ]
    with transaction.atomic():
        before = _rows_read()
        with django_assert_max_num_queries(4):
            Transfer.objects.bulk_create(rows)
        held = _rows_read()
        with django_assert_max_num_queries(12):
            assert len(ledger.accept_earnings(dict.fromkeys(references, 10), now=books.NOW)) == 2001
        accepted = _rows_read()
    assert held - before < 2001 * 5
    assert accepted - held < 2001 * 20
    assert ledger.balance(escrow) == ledger.Balance(posted=10**6 - 2001 * 110, held_out=0, held_in=0)


def _rows_read() -> int:
    """Rows of the ledger's tables read in this transaction so far, by scans of tables and of indexes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables "
            "WHERE relname IN ('payments_transfer', 'payments_account')"
        )
        return int(cursor.fetchone()[0])
