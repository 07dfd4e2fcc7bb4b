"""The ledger against a simple model of it in Python: whatever is done in whatever order, both say the same after every step."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from foundation.ids import new_id
from payments import ledger
from payments.errors import BadTransfer, HoldEnded, KeyConflict, Overdrawn
from payments.models import Transfer
from tests.conftest import wipe
from tests.ledger import books

CAP = 100
GUARDED = ["funds", "escrow", "earnings", "other"]
NAMES = ["outside", "fees", *GUARDED]
amounts = st.integers(1, 250)
names = st.sampled_from(NAMES)


@dataclass
class Pot:
    posted: int = 0
    held_out: int = 0
    held_in: int = 0


@dataclass
class Held:
    row: Transfer
    debit: str
    credit: str
    micros: int
    ended: str | None = None


@dataclass
class Fact:
    """A transfer that was written, and how to write it again."""

    row: Transfer
    words: dict[str, Any] = field(default_factory=dict)


class LedgerMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        wipe()  # the platform has one account of fees, and each example starts without any
        self.ids: dict[str, UUID] = {
            name: books.opened("earnings" if name == "other" else name, cap=CAP if name == "escrow" else None) for name in NAMES
        }
        self.pots = {name: Pot() for name in NAMES}
        self.holds: list[Held] = []
        self.facts: list[Fact] = []

    def may_pay(self, debit: str, micros: int) -> bool:
        pot = self.pots[debit]
        return debit == "outside" or pot.posted - pot.held_out >= micros

    def write(self, verb: Any, words: dict[str, Any], *, refused: type[Exception] | None) -> Transfer | None:
        if refused is not None:
            with pytest.raises(refused):
                verb(**words)
            return None
        row = verb(**words)
        self.facts.append(Fact(row, words | {"verb": verb}))
        return row

    def words(self, debit: str, credit: str, micros: int, reason: str = "x", reference: UUID | None = None) -> dict[str, Any]:
        key = f"earning:{reference}" if reason == "earning" else f"model:{new_id()}"
        return {
            "key": key,
            "debit_id": self.ids[debit],
            "credit_id": self.ids[credit],
            "amount_micros": micros,
            "currency": "USD",
            "reason": reason,
            "now": books.NOW,
            "reference": reference,
        }

    def refusal(self, debit: str, credit: str, micros: int) -> type[Exception] | None:
        """The trigger looks at the balance before the constraints look at the row."""
        if not self.may_pay(debit, micros):
            return Overdrawn
        return BadTransfer if debit == credit else None

    def moved(self, debit: str, credit: str, micros: int) -> None:
        self.pots[debit].posted -= micros
        self.pots[credit].posted += micros

    def promised(self, debit: str, credit: str, micros: int) -> None:
        self.pots[debit].held_out += micros
        self.pots[credit].held_in += micros

    @rule(micros=amounts, into=st.sampled_from(GUARDED))
    def deposit(self, micros: int, into: str) -> None:
        self.write(ledger.post, self.words("outside", into, micros), refused=None)
        self.moved("outside", into, micros)

    @rule(debit=names, credit=names, micros=amounts)
    def post(self, debit: str, credit: str, micros: int) -> None:
        if self.write(ledger.post, self.words(debit, credit, micros), refused=self.refusal(debit, credit, micros)):
            self.moved(debit, credit, micros)

    @rule(debit=names, credit=names, micros=amounts)
    def hold(self, debit: str, credit: str, micros: int) -> None:
        row = self.write(ledger.hold, self.words(debit, credit, micros), refused=self.refusal(debit, credit, micros))
        if row:
            self.promised(debit, credit, micros)
            self.holds.append(Held(row, debit, credit, micros))

    @rule(micros=amounts)
    def earn(self, micros: int) -> None:
        """An escrow pays one place at a time, without looking at its balance; its places are somebody else's to count."""
        words = self.words("escrow", "earnings", micros, "earning", new_id())
        row = self.write(ledger.hold, words, refused=BadTransfer if micros > CAP else None)
        if row:
            self.promised("escrow", "earnings", micros)
            self.holds.append(Held(row, "escrow", "earnings", micros))

    @precondition(lambda self: self.holds)
    @rule(data=st.data(), part=st.one_of(st.none(), amounts))
    def settle(self, data: Any, part: int | None) -> None:
        held = data.draw(st.sampled_from(self.holds))
        micros = held.micros if part is None else part
        refused = BadTransfer if micros > held.micros else HoldEnded if held.ended else None
        verb = {"hold_id": held.row.id, "key": f"model:{new_id()}", "now": books.NOW, "amount_micros": part}
        if self.write(ledger.settle, verb, refused=refused):
            self.promised(held.debit, held.credit, -held.micros)
            self.moved(held.debit, held.credit, micros)
            held.ended = "settle"

    @precondition(lambda self: self.holds)
    @rule(data=st.data())
    def void(self, data: Any) -> None:
        held = data.draw(st.sampled_from(self.holds))
        verb = {"hold_id": held.row.id, "key": f"model:{new_id()}", "now": books.NOW}
        if self.write(ledger.void, verb, refused=HoldEnded if held.ended else None):
            self.promised(held.debit, held.credit, -held.micros)
            held.ended = "void"

    @precondition(lambda self: self.holds)
    @rule(data=st.data(), fee=st.integers(0, CAP))
    def accept(self, data: Any, fee: int) -> None:
        chosen = data.draw(st.lists(st.sampled_from(self.holds), unique_by=lambda held: held.row.id))
        fees = {held.row.reference: fee for held in chosen if held.row.reason == "earning"}
        due = [held for held in chosen if held.row.reason == "earning" and held.ended is None]
        assert sorted(ledger.accept_earnings(fees, now=books.NOW)) == sorted(held.row.reference for held in due)
        for held in due:
            self.promised(held.debit, held.credit, -held.micros)
            self.moved(held.debit, held.credit, held.micros)
            self.moved("escrow", "fees", fee)
            held.ended = "settle"

    @precondition(lambda self: self.facts)
    @rule(data=st.data())
    def repeat(self, data: Any) -> None:
        fact = data.draw(st.sampled_from(self.facts))
        words = dict(fact.words)
        assert words.pop("verb")(**words).id == fact.row.id

    @precondition(lambda self: self.facts)
    @rule(data=st.data())
    def repeat_with_other_content(self, data: Any) -> None:
        fact = data.draw(st.sampled_from(self.facts))
        words = self.words("outside", "funds", fact.row.amount_micros + 1)
        with pytest.raises(KeyConflict):
            ledger.post(**(words | {"key": fact.row.key}))

    @rule()
    def fold(self) -> None:
        ledger.fold(list(self.ids.values()))

    @rule()
    def unfold(self) -> None:
        ledger.unfold()

    @invariant()
    def says_what_the_model_says(self) -> None:
        for name, pot in self.pots.items():
            assert ledger.balance(self.ids[name]) == ledger.Balance(pot.posted, pot.held_out, pot.held_in), name

    def teardown(self) -> None:
        """Only an escrow may be below zero here: the model hands out places without end."""
        offended = books.offences()
        assert all(line.startswith("escrow ") for lines in offended.values() for line in lines), offended


def test_the_ledger_says_what_a_simple_model_says(committed_db):
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(max_examples=25, stateful_step_count=40, database=None, suppress_health_check=list(HealthCheck)),
    )
