"""The verbs of the ledger: what they write, what they refuse, and what happens the second time."""

import time
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from foundation.ids import new_id
from payments import jobs, ledger
from payments.errors import BadTransfer, HoldEnded, KeyConflict, Overdrawn
from payments.models import Account, Transfer
from tests.ledger import books


@pytest.fixture
def funds(db):
    return books.funded("funds", 1_000)


@pytest.fixture
def earnings(db):
    return books.opened("earnings")


def test_a_post_moves_money_at_once(funds, earnings):
    books.post(funds, earnings, 400)
    assert ledger.balance(funds) == ledger.Balance(600, 0, 0)
    assert ledger.balance(earnings) == ledger.Balance(400, 0, 0)


def test_a_hold_leaves_what_is_available_and_arrives_when_it_is_settled(funds, earnings):
    held = books.hold(funds, earnings, 400)
    assert ledger.balance(funds).available == 600
    assert ledger.balance(earnings) == ledger.Balance(0, 0, 400)
    ledger.settle(held.id, key="done", now=books.NOW)
    assert ledger.balance(funds) == ledger.Balance(600, 0, 0)
    assert ledger.balance(earnings) == ledger.Balance(400, 0, 0)


def test_a_hold_settled_in_part_gives_the_rest_back(funds, earnings):
    held = books.hold(funds, earnings, 400)
    ledger.settle(held.id, key="done", now=books.NOW, amount_micros=150)
    assert ledger.balance(funds) == ledger.Balance(850, 0, 0)
    assert ledger.balance(earnings) == ledger.Balance(150, 0, 0)


def test_a_voided_hold_gives_everything_back(funds, earnings):
    ledger.void(books.hold(funds, earnings, 400).id, key="undone", now=books.NOW)
    assert ledger.balance(funds) == ledger.Balance(1_000, 0, 0)
    assert ledger.balance(earnings) == ledger.Balance(0, 0, 0)


def test_the_same_key_with_the_same_content_returns_the_first_row(funds, earnings):
    first = books.post(funds, earnings, 700, key="fact")
    assert books.post(funds, earnings, 700, key="fact").id == first.id  # though 700 more are not there
    assert books.posted(funds) == 300


@pytest.mark.parametrize("change", ["amount", "payee", "verb", "reason"])
def test_the_same_key_with_other_content_is_refused(funds, earnings, change):
    words = {"key": "fact", "debit_id": funds, "credit_id": earnings, "amount_micros": 10, "currency": "USD", "reason": "x"}
    ledger.post(**words, now=books.NOW)
    other = {"amount": {"amount_micros": 11}, "payee": {"credit_id": books.opened("earnings")}, "reason": {"reason": "y"}}
    verb = ledger.hold if change == "verb" else ledger.post
    with pytest.raises(KeyConflict) as refused:
        verb(**(words | other.get(change, {})), now=books.NOW)
    assert refused.value.details == {"key": "fact"}
    assert Transfer.objects.filter(debit_id=funds).count() == 1


def test_an_overdraft_is_refused_and_says_what_there_is(funds, earnings):
    books.hold(funds, earnings, 900)
    with pytest.raises(Overdrawn) as refused:
        books.post(funds, earnings, 101)
    assert refused.value.details == {"available_micros": 100, "needed_micros": 101, "currency": "USD"}
    assert ledger.balance(funds) == ledger.Balance(1_000, 900, 0)


def test_a_hold_ends_once(funds, earnings):
    held = books.hold(funds, earnings, 400)
    done = ledger.settle(held.id, key="done", now=books.NOW)
    assert ledger.settle(held.id, key="done", now=books.NOW).id == done.id
    for verb in (ledger.settle, ledger.void):
        with pytest.raises(HoldEnded):
            verb(held.id, key="another", now=books.NOW)
    assert Transfer.objects.filter(hold=held).count() == 1


def test_more_than_was_held_cannot_be_settled(funds, earnings):
    held = books.hold(funds, earnings, 400)
    with pytest.raises(BadTransfer) as refused:
        ledger.settle(held.id, key="more", now=books.NOW, amount_micros=401)
    assert refused.value.details == {"rule": "settle_and_void_name_their_hold"}


def test_only_a_hold_can_be_settled(funds, earnings):
    for hold_id in (new_id(), books.post(funds, earnings, 10).id):
        with pytest.raises(BadTransfer):
            ledger.settle(hold_id, key="what", now=books.NOW)


@pytest.mark.parametrize(
    ("amount", "rule"), [(0, "transfer_moves_something"), (-1, "transfer_moves_something"), (2**63, "value_in_range")]
)
def test_a_strange_amount_is_refused_with_the_rule_it_breaks(earnings, amount, rule):
    with pytest.raises(BadTransfer) as refused:
        books.post(books.opened("outside"), earnings, amount)
    assert refused.value.details == {"rule": rule}


def test_an_account_that_does_not_exist_is_refused(funds):
    with pytest.raises(BadTransfer) as refused:
        books.post(funds, new_id(), 10)
    assert refused.value.details == {"rule": "transfer_accounts_exist"}


def test_another_currency_is_refused(funds, earnings):
    with pytest.raises(BadTransfer) as refused:
        books.post(funds, earnings, 10, currency="EUR")
    assert refused.value.details == {"rule": "transfer_in_one_currency"}


@pytest.mark.parametrize("currency", ["usd", "US", "DOLLARS", ""])
def test_an_account_in_no_known_kind_of_currency_is_not_opened(db, currency):
    with pytest.raises(BadTransfer):
        books.opened("funds", currency=currency)
    assert not Account.objects.exists()


def test_an_account_is_opened_once(db):
    owner = new_id()
    assert books.opened("earnings", owner_id=owner) == books.opened("earnings", owner_id=owner)
    assert books.opened("outside") == books.opened("outside")


# ---- earnings ----


@pytest.fixture
def escrow(funds):
    account_id = books.opened("escrow", cap=100)
    books.post(funds, account_id, 500)
    return account_id


def test_accepted_earnings_are_settled_and_their_fees_posted(escrow, earnings):
    references = [new_id() for _ in range(3)]
    for reference in references:
        books.earning(escrow, earnings, 100, reference=reference)
    settled = ledger.accept_earnings(dict(zip(references, [20, 0, 30], strict=True)), now=books.NOW)
    assert sorted(settled) == sorted(references)
    assert ledger.balance(earnings) == ledger.Balance(300, 0, 0)
    assert books.posted(books.opened("fees")) == 50
    assert ledger.balance(escrow) == ledger.Balance(150, 0, 0)


def test_accepting_again_changes_nothing(escrow, earnings):
    reference = new_id()
    books.earning(escrow, earnings, 100, reference=reference)
    ledger.accept_earnings({reference: 20}, now=books.NOW)
    before = books.rows()
    assert ledger.accept_earnings({reference: 20}, now=books.NOW) == []
    assert books.rows() == before


def test_accepting_leaves_alone_what_was_voided_and_what_never_was(escrow, earnings):
    books.opened("fees")
    reference = new_id()
    books.earning(escrow, earnings, 100, reference=reference)
    ledger.void_earning(reference, now=books.NOW)
    before = books.rows()
    assert ledger.accept_earnings({reference: 20, new_id(): 20}, now=books.NOW) == []
    assert ledger.accept_earnings({}, now=books.NOW) == []
    assert books.rows() == before


def test_a_voided_earning_goes_back_once(escrow, earnings):
    reference = new_id()
    books.earning(escrow, earnings, 100, reference=reference)
    assert ledger.void_earning(reference, now=books.NOW).id == ledger.void_earning(reference, now=books.NOW).id
    assert ledger.balance(escrow) == ledger.Balance(500, 0, 0)


def test_a_settled_earning_cannot_be_voided(escrow, earnings):
    reference = new_id()
    books.earning(escrow, earnings, 100, reference=reference)
    ledger.accept_earnings({reference: 0}, now=books.NOW)
    with pytest.raises(HoldEnded):
        ledger.void_earning(reference, now=books.NOW)
    with pytest.raises(BadTransfer):
        ledger.void_earning(new_id(), now=books.NOW)
    assert books.posted(earnings) == 100


# ---- folding ----


def folded(*account_ids) -> None:
    """Fold until it took: a transaction that anybody on this server still runs holds the horizon back."""
    for _ in range(2400):
        ledger.fold(account_ids)
        newest = max(Transfer.objects.values_list("transaction", flat=True))
        if all(before > newest for before in Account.objects.filter(id__in=account_ids).values_list("folded_before", flat=True)):
            return
        time.sleep(0.05)
    pytest.fail("somebody's transaction ran for two minutes")


def test_folding_moves_sums_and_changes_no_balance(committed_db):
    funds, earnings = books.funded("funds", 1_000), books.opened("earnings")
    books.post(funds, earnings, 300)
    held = books.hold(funds, earnings, 200)
    folded(funds, earnings)
    account = Account.objects.get(id=funds)
    assert (account.folded_posted_micros, account.folded_held_out_micros) == (700, 200)
    assert Account.objects.get(id=earnings).folded_held_in_micros == 200
    ledger.settle(held.id, key="later", now=books.NOW, amount_micros=150)
    assert ledger.balance(funds) == ledger.Balance(550, 0, 0)
    folded(funds, earnings)
    assert ledger.balance(funds) == ledger.Balance(550, 0, 0)
    assert ledger.balance(earnings) == ledger.Balance(450, 0, 0)
    assert not books.offences()


def test_an_account_nobody_moved_is_not_folded_again(committed_db):
    funds = books.funded("funds", 1_000)
    folded(funds)
    before = Account.objects.get(id=funds).folded_before
    books.post(books.opened("outside"), books.opened("earnings"), 10)
    assert ledger.fold([funds]) == 0
    assert Account.objects.get(id=funds).folded_before == before


def test_sums_too_large_for_their_columns_are_left_unfolded(committed_db):
    outside, funds = books.opened("outside"), books.opened("funds")
    for _ in range(2):
        books.post(outside, funds, 2**63 - 1)
    ledger.fold([outside, funds])
    assert Account.objects.get(id=funds).folded_before == 0
    assert books.posted(funds) == 2 * (2**63 - 1)


def test_the_job_folds_every_account(committed_db):
    ids = [books.funded("funds", 10) for _ in range(3)]
    jobs.fold_balances()
    folded(*ids)
    assert [books.posted(one) for one in ids] == [10, 10, 10]
    assert not books.offences()


def test_after_unfolding_balances_are_the_same(committed_db):
    funds = books.funded("funds", 1_000)
    folded(funds)
    said = StringIO()
    call_command("unfold_ledger", stdout=said)
    assert said.getvalue() == "Accounts unfolded: 1. The next fold sums them anew.\n"
    account = Account.objects.get(id=funds)
    assert (account.folded_before, account.folded_posted_micros) == (0, 0)
    assert books.posted(funds) == 1_000


def test_a_dump_restored_on_a_younger_server_is_refused_until_it_is_unfolded(committed_db):
    """The folded horizon then lies ahead of the server's own transactions."""
    funds, earnings = books.funded("funds", 1_000), books.opened("earnings")
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            "UPDATE payments_account SET folded_before = %s, folded_posted_micros = 1000 WHERE id = %s", [2**60, funds]
        )
        cursor.execute("SET session_replication_role = origin")
    with pytest.raises(BadTransfer) as refused:
        books.post(funds, earnings, 10)
    assert refused.value.details == {"rule": "ledger_is_folded_here"}
    ledger.unfold()
    books.post(funds, earnings, 10)
    assert books.posted(funds) == 990
