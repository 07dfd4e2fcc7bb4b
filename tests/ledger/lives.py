"""Whole lives of a batch, drawn by chance: work, verdicts, appeals, late answers, closing, leaving, and funds that are gone in between.

Beside the verbs runs a model that knows only the rules: which answers are owed, and what an escrow must be able to pay. Used by the suite
(some dozens) and by `make bench name=money_fuzz` (thousands).
"""

import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from foundation.errors import DomainError, NotFound
from foundation.ids import new_id
from payments import funding
from payments.errors import MissingFunds, PayFloorExists
from payments.models import Account, Transfer
from tasks import answering, appealing, assigning, leaving, publishing, reserving, reviewing
from tasks.assigning import Lease
from tasks.models import Assignment, Project
from tests import builders
from tests.builders import Person
from tests.tasks import scenes
from workforce import appeals, decisions, erasure, threads
from workforce.access import Actor, actor_of_token
from workforce.models import Appeal, Decision

REASON = "We have read the text again with a second pair of eyes, and this is what we find."
PLACE = scenes.PRICE + scenes.FEE
LEASE = timedelta(minutes=60)
STEPS = (12, 36)
PAUSES = [timedelta(seconds=20)] * 3 + [timedelta(minutes=40), LEASE, timedelta(hours=3), timedelta(hours=50)]
# While something stands rejected, time mostly goes to where a rule turns.
LONG = [timedelta(hours=71), timedelta(days=5), timedelta(days=11), decisions.APPEAL_WINDOW - timedelta(seconds=40)]
LONG += [decisions.APPEAL_WINDOW, reserving.REJECTION_KEPT, timedelta(seconds=20)]
FINDINGS = ("unpaid", "paid_twice", "negative", "escrow_left")

# What the model looks at after every step: plain counts, which it puts together by itself.
BOOKS = """
SELECT (SELECT coalesce(sum(need), 0) FROM tasks_task WHERE batch_id = %(batch)s),
       (SELECT count(*) FROM tasks_assignment WHERE batch_id = %(batch)s AND state = 'leased'),
       (SELECT count(*) FROM tasks_assignment WHERE batch_id = %(batch)s AND state = 'submitted'),
       (SELECT posted - held_out FROM payments_balance(%(escrow)s)),
       (SELECT posted - held_out FROM payments_balance(%(funds)s)),
       (SELECT coalesce(sum(amount_micros), 0) FROM payments_transfer WHERE reference = %(batch)s AND reason = 'reserve'),
       (SELECT coalesce(sum(amount_micros), 0) FROM payments_transfer WHERE reference = %(batch)s AND reason = 'release')
"""


@dataclass(frozen=True)
class Books:
    """Places open, leases, answers that wait; micros in escrow and funds; micros ever moved into the escrow and back."""

    need: int
    leased: int
    submitted: int
    escrow: int
    funds: int
    reserved: int
    released: int


@dataclass
class Cast:
    """The people of every life: they stay, while each life is rolled back."""

    olga: Person
    rita: Person
    mona: Person
    workers: list[Person]
    project: Project
    now: datetime


def cast(now: datetime) -> Cast:
    """An operator, a requester's owner and a manager of hers, three workers; under names of their own each time."""
    mark = new_id().hex[-8:]
    rita, mona = builders.requester(f"rita-{mark}", now=now), builders.person(f"mona-{mark}", now=now)
    assert rita.organization
    builders.member(rita, mona.user.email, "manager")
    olga = builders.operator(f"olga-{mark}", now=now)
    with suppress(PayFloorExists):
        scenes.floor(olga)
    workers = [builders.worker(f"w{n}-{mark}", now=now) for n in range(3)]
    return Cast(olga, rita, mona, workers, scenes.project(rita), now)


@dataclass
class Life:
    """One batch from its opening to long after its end. `findings` stays empty when everything is right."""

    cast: Cast
    seed: int
    story: list[str] = field(default_factory=list)
    findings: Counter[str] = field(default_factory=Counter)

    def run(self) -> Counter[str]:
        """Live it, look at the books after every step and at the end, and roll it back."""
        with transaction.atomic():
            self._open()
            for _ in range(self.rng.randint(*STEPS)):
                acts = self._acts()
                (act,) = self.rng.choices(list(acts), weights=list(acts.values()))
                self._do(act)
            self._end()
            transaction.set_rollback(True)
        return self.findings

    # ---- the world ----

    def _open(self) -> None:
        self.rng = random.Random(self.seed)  # noqa: S311 - a simulation
        self.now = self.cast.now
        self.leases: list[tuple[Person, Lease]] = []
        self.owed: dict[UUID, bool] = {}  # by answer: is it to be paid?
        self.rejected: dict[UUID, datetime] = {}  # when, of those that stand rejected
        self.open_appeals: dict[UUID, Appeal] = {}  # by answer
        self.answered: set[UUID] = set()  # appeals that the requester has answered in time
        gold = self.rng.choice([0, 0, 1])
        draft = scenes.draft(
            self.cast.rita,
            of=self.cast.project,
            tasks=self.rng.randint(1, 3),
            overlap=self.rng.randint(1, 2),
            gold=gold,
            gold_percent=50 * gold,
            lease_seconds=int(LEASE.total_seconds()),
            lease_size=1,
            max_leases=2,
            review_seconds=self.rng.choice([publishing.REVIEW_SECONDS, publishing.LIMITS["review_seconds"]]),
        )
        needed = publishing.quote(draft, now=self.now)["reserve_micros"]
        self._deposit(needed + self.rng.choice([0, 1, PLACE, 3 * PLACE, 6 * PLACE]))
        self.batch = publishing.publish(self.cast.rita.actor, draft.id, now=self.now)
        self.funds_id = Account.objects.get(kind="funds", owner_id=self.batch.organization_id).id
        self.books = self._read()

    def _acts(self) -> dict[Callable[[], None], int]:
        """What could be done now, and how often it is."""
        rejected, appealed = bool(self.rejected), bool(self.open_appeals)
        return {
            self.claim: 14,
            self.submit: 16 * bool(self.leases),
            self.give_back: 3 * bool(self.leases),
            self.accept: 3 * bool(self.books.submitted),
            self.reject: 20 * bool(self.books.submitted),
            self.give_in: 2 * rejected,
            self.appeal: 14 * rejected,
            self.answer_appeal: 8 * appealed,
            self.decide: 5 * appealed,
            self.withdraw: appealed,
            self.pause: 12,
            self.close: 3 if self.owed else 1,
            self.leave: 1,
            self.drain: 4 * bool(self.books.funds),
            self.deposit: 2,
        }

    def _do(self, act: Callable[[], None]) -> None:
        name, before = act.__name__, self.books.reserved
        try:
            act()
            self.story.append(f"{self.now:%d %H:%M:%S} {name}")
        except DomainError as error:
            self.story.append(f"{self.now:%d %H:%M:%S} {name}: {error.code}")
        self._look(before)

    def _found(self, what: str, why: str) -> None:
        self.findings[what] += 1
        self.story.append(f"{what.upper()}: {why}")

    # ---- what people do ----

    def claim(self) -> None:
        who = self.rng.choice(self.cast.workers)
        assert who.worker
        standing = self._actor(who).standing or 0
        found = assigning.claim_next(who.worker.id, standing=standing, batch_id=self.batch.id, now=self.now, count=1)
        self.leases += [(who, lease) for lease in found]

    def submit(self) -> None:
        """Of a lease that still runs, or one that has run out, or (to no effect) one that was handed in already."""
        fresh = [(who, lease) for who, lease in self.leases if lease.id not in self.owed]
        who, lease = self.rng.choice(fresh if fresh and self.rng.random() < 0.9 else self.leases)
        assert who.worker
        known = lease.id in self.owed
        done = answering.submit(
            lease.id, worker_id=who.worker.id, token=lease.token, result=scenes.result("b"), now=self.now + timedelta(seconds=10)
        )
        self.now += timedelta(seconds=10)
        if not known:
            self.owed[lease.id] = done.state == Assignment.State.SUBMITTED

    def give_back(self) -> None:
        who, lease = self.rng.choice(self.leases[-4:])
        assert who.worker
        assigning.return_task(lease.id, worker_id=who.worker.id, token=lease.token, now=self.now)

    def accept(self) -> None:
        for row in self._some(Assignment.State.SUBMITTED):
            reviewing.accept(self.cast.rita.actor, row.id, now=self.now)

    def reject(self) -> None:
        for row in self._some(Assignment.State.SUBMITTED):
            reviewing.reject(
                self.cast.rita.actor, row.id, reason="low_effort", comment=scenes.COMMENT, evidence={"text": "t"}, now=self.now
            )
            self.owed[row.id], self.rejected[row.id] = False, self.now

    def give_in(self) -> None:
        """The requester accepts what they rejected: owed from then on, and refused only where nothing needed to be kept for it."""
        for row in self._some(Assignment.State.REJECTED):
            kept = row.id in self.open_appeals or self.now <= self.rejected[row.id] + decisions.APPEAL_WINDOW
            with self._always(kept, f"accept {row.id}"):
                reviewing.accept(self.cast.rita.actor, row.id, now=self.now)
                self._overturned(row.id)

    def appeal(self) -> None:
        answer_id = self.rng.choice(list(self.rejected))
        who = self._worker_of(answer_id)
        decision = Decision.objects.get(scope=f"assignment:{answer_id}", kind=Decision.Kind.REJECT_WORK)
        self.open_appeals[answer_id] = appealing.file(self._actor(who), decision.id, text="It is right as it is.", now=self.now)

    def answer_appeal(self) -> None:
        for answer_id in self._one_appealed():
            appeal = self.open_appeals[answer_id]
            threads.write(self.cast.rita.actor, appeal.thread_id, text="We are looking at it.", now=self.now)
            self.answered.add(answer_id)

    def decide(self) -> None:
        verdict = self.rng.choice(["upheld", "overturned", "overturned"])
        for answer_id in self._one_appealed():
            with self._always(True, f"decide {answer_id}"):
                appealing.decide(
                    self.cast.mona.actor, self.open_appeals[answer_id].id, verdict=verdict, reason=REASON, now=self.now
                )
                if verdict == "overturned":
                    self._overturned(answer_id)
                else:
                    del self.open_appeals[answer_id]

    def withdraw(self) -> None:
        for answer_id in self._one_appealed():
            appeals.withdraw(self._actor(self._worker_of(answer_id)), self.open_appeals[answer_id].id, now=self.now)
            del self.open_appeals[answer_id]

    def close(self) -> None:
        publishing.close(self.cast.rita.actor, self.batch.id, now=self.now)

    def leave(self) -> None:
        """A worker asks to be erased, giving up what they have; now and then they stay after all."""
        who = self.rng.choice(self.cast.workers)
        if self.rng.random() < 0.3:
            erasure.undo(self._actor(who), now=self.now)
        else:
            leaving.ask(self._actor(who), gives_up_money=True, now=self.now)

    def drain(self) -> None:
        """Everything in the funds is reserved for another batch."""
        if self.books.funds:
            other = {"amount_micros": self.books.funds, "unit_cap_micros": 1, "currency": self.batch.currency}
            funding.reserve(self.batch.organization_id, new_id(), now=self.now, **other)

    def deposit(self) -> None:
        self._deposit(self.rng.choice([1, PLACE - 1, PLACE, 5 * PLACE]))

    def pause(self) -> None:
        """Time passes, and mostly the cluster is there to see it; its jobs come in any order."""
        self.now += self.rng.choice(LONG if self.rejected and self.rng.random() < 0.7 else PAUSES)
        if self.rng.random() < 0.8:
            self.clockwork()

    def clockwork(self) -> None:
        jobs = [assigning.expire_due, reviewing.accept_due, publishing.release_closed, leaving.erase_due]
        for job in self.rng.sample([*jobs, appealing.end_silent], k=5):
            job(now=self.now)
            if job is appealing.end_silent:
                self._silence_has_spoken()

    # ---- the model ----

    def _silence_has_spoken(self) -> None:
        """What nobody answered within 72 hours or decided within 7 days falls: rule 18."""
        for answer_id, appeal in list(self.open_appeals.items()):
            silent = answer_id not in self.answered and self.now >= appeal.filed_at + timedelta(hours=72)
            if silent or self.now >= appeal.filed_at + timedelta(days=7):
                self._overturned(answer_id)
                if Appeal.objects.get(id=appeal.id).state != Appeal.State.OVERTURNED:
                    self._found("unpaid", f"silence did not end the appeal of {answer_id}")

    def _overturned(self, answer_id: UUID) -> None:
        self.owed[answer_id] = True
        self.rejected.pop(answer_id, None)
        self.open_appeals.pop(answer_id, None)

    def _always(self, must: bool, what: str) -> "_Always":
        return _Always(self, must, what)

    def _outstanding(self, *, kept: timedelta) -> int:
        """What the escrow may still have to pay, by the model's own reckoning."""
        standing = [at for answer_id, at in self.rejected.items() if answer_id in self.open_appeals or at >= self.now - kept]
        return (self.books.need + self.books.leased + len(standing)) * PLACE + self.books.submitted * scenes.FEE

    def _look(self, reserved_before: int) -> None:
        """After every step: nobody is below zero, the escrow can pay whatever may come, and no more was drawn than that needs."""
        books = self.books = self._read()
        if min(books.escrow, books.funds) < 0:
            self._found("negative", f"{books}")
        if books.escrow < self._outstanding(kept=decisions.APPEAL_WINDOW):
            self._found("negative", f"short of {self._outstanding(kept=decisions.APPEAL_WINDOW)}: {books}")
        if books.reserved > reserved_before and books.escrow > self._outstanding(kept=reserving.REJECTION_KEPT):
            self._found("paid_twice", f"drew more than {self._outstanding(kept=reserving.REJECTION_KEPT)}: {books}")

    def _read(self) -> Books:
        with connection.cursor() as cursor:
            cursor.execute(BOOKS, {"batch": self.batch.id, "escrow": self.batch.escrow_id, "funds": self.funds_id})
            return Books(*(int(value) for value in cursor.fetchone()))

    def _end(self) -> None:
        """Everybody goes home: every deadline passes, with the cluster awake."""
        self._do(self.close)
        for days in (3, 7, 8, 20):
            self.now += timedelta(days=days)
            self._do(self.clockwork)
        if self.books.escrow:
            self._found("escrow_left", f"{self.books}")
        if self.open_appeals:
            self._found("unpaid", f"appeals are open for ever: {list(self.open_appeals)}")
        self._compare_payments()

    def _compare_payments(self) -> None:
        moved = Transfer.objects.filter(reference__in=list(self.owed), phase__in=["post", "settle"])
        for answer_id, owed in self.owed.items():
            pays = [row.amount_micros for row in moved if row.reference == answer_id and row.reason == "earning"]
            fees = [row.amount_micros for row in moved if row.reference == answer_id and row.reason == "fee"]
            if owed and (sum(pays), sum(fees)) < (scenes.PRICE, scenes.FEE):
                self._found("unpaid", f"{answer_id}: {pays} {fees}")
            if len(pays) > owed or len(fees) > owed or sum(pays) + sum(fees) > PLACE:
                self._found("paid_twice", f"{answer_id}: {pays} {fees}, owed: {owed}")
        spent = sum(row.amount_micros for row in moved)
        cost = self.books.reserved - self.books.released
        if cost != spent:
            self._found("paid_twice" if cost > spent else "negative", f"the requester gave {cost} for {spent}")

    # ---- small things ----

    def _actor(self, who: Person) -> Actor:
        """How they act now. Raises NotFound for who has been erased."""
        actor = actor_of_token(who.token, now=who.now)
        if actor is None:
            raise NotFound
        return actor

    def _some(self, state: str) -> list[Assignment]:
        rows = list(Assignment.objects.filter(batch=self.batch, state=state).order_by("id"))
        return [self.rng.choice(rows)] if rows else []

    def _one_appealed(self) -> list[UUID]:
        return [self.rng.choice(list(self.open_appeals))] if self.open_appeals else []

    def _worker_of(self, answer_id: UUID) -> Person:
        return next(who for who, lease in self.leases if lease.id == answer_id)

    def _deposit(self, amount_micros: int) -> None:
        scenes.funds(self.cast.olga, self.cast.rita, amount_micros, reference=new_id().hex)


@dataclass
class _Always:
    """What happens in it is not refused for want of money where `must`: the money was set aside."""

    life: Life
    must: bool
    what: str

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if self.must and isinstance(error, MissingFunds):
            self.life._found("unpaid", f"{self.what}: {error.details}")
