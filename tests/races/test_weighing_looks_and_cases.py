"""What judges people, twice at once: gold is weighed once, looked at once, and a case ends once. Each with what happens without the guard."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from foundation.errors import DomainError
from qualification.models import Estimate
from tasks import answering, assigning, casework, gating, weighing
from tasks.errors import CaseEnded, LeaseLost
from tasks.models import Assignment, Case, GoldScore, Look, Task
from tests import builders
from tests.races.crowd import all_at_once
from tests.tasks import scenes
from workforce.models import Decision

pytestmark = pytest.mark.usefixtures("committed_db")
RUNS = 4
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
REASON = "I have looked at ten answers: the words are read with care, and gold g3 was hard."


class Place:
    """A requester's batch in which every other task is gold (truth b), and one worker."""

    def __init__(self, now: Any) -> None:
        self.now = now
        self.rita, self.olga = builders.requester("rita", now=now), builders.operator("olga", now=now)
        self.wanda = builders.worker("wanda", now=now)
        self.batch = scenes.opened(
            self.rita,
            self.olga,
            tasks=20,
            gold=20,
            gold_percent=50,
            overlap=2,
            accuracy_bar=0.6,
            lease_size=1,
            max_leases=40,
        )

    def gold_leases(self, count: int) -> list[assigning.Lease]:
        found: list[assigning.Lease] = []
        while len(found) < count:
            (lease,) = scenes.claim(self.wanda, self.batch)
            if Task.objects.get(id=lease.task_id).lane == Task.Lane.GOLD:
                found.append(lease)
        return found

    def wrong(self, count: int) -> None:
        for lease in self.gold_leases(count):
            scenes.submit(self.wanda, lease, choice="a", seconds=1)


@pytest.fixture
def place(committed_db, now):
    return Place(now)


def together(*acts: Callable[[], Any]) -> list[Any]:
    """Run these at the same moment; what each returned, or the refusal it met."""
    found: list[Any] = [None] * len(acts)

    def act(n: int) -> None:
        try:
            found[n] = acts[n]()
        except DomainError as error:
            found[n] = error

    all_at_once(act, len(acts))
    return found


# ---- weighing ----


def test_gold_is_weighed_once_however_many_runs_there_are(place, now):
    place.wrong(6)
    done = together(*[lambda: weighing.weigh_due(now=now + MINUTE)] * RUNS)
    assert sum(done) == GoldScore.objects.count() == 6
    assert Estimate.objects.get(worker=place.wanda.worker).observations == 6
    assert not Assignment.objects.filter(gold_try__gt=0, weighed_at=None).exclude(state="leased").exists()


def test_control_runs_that_only_look_whether_it_was_weighed_all_find_that_it_was_not(place):
    place.wrong(1)
    row = Assignment.objects.get(gold_try__gt=0)
    looked, found = threading.Barrier(RUNS), []

    def run(n: int) -> None:
        is_new = Assignment.objects.get(id=row.id).weighed_at is None
        looked.wait()
        if is_new:
            found.append(n)

    all_at_once(run, RUNS)
    assert len(found) == RUNS


def test_gold_that_is_weighed_as_given_back_and_handed_in_late_counts_once_as_an_answer(place, now):
    """The lease has run out; its run is weighed at the moment at which the worker hands it in after all."""
    for n, lease in enumerate(place.gold_leases(6)):
        at = lease.expires_at + n * MINUTE
        assigning.expire_due(now=at)

        def hand_in(lease: Any = lease, at: Any = at) -> Any:
            answer = scenes.result("a")
            return answering.submit(lease.id, worker_id=place.wanda.worker.id, token=lease.token, result=answer, now=at)

        submitted, _ = together(hand_in, lambda at=at: weighing.weigh_due(now=at))
        assert not isinstance(submitted, LeaseLost)
        weighing.weigh_due(now=at + MINUTE)
        row = Assignment.objects.get(id=lease.id)
        scores = GoldScore.objects.filter(assignment=row, evidence__withdrawal=None)
        if row.state == Assignment.State.SUBMITTED:
            assert [one.kind for one in scores] == ["answered"]
        assert row.weighed_at is not None
        assert scores.count() <= 1


# ---- looks ----


def due(place: Place) -> Any:
    """Six wrong answers, weighed; the look that is due then."""
    place.wrong(6)
    weighing.weigh_due(now=place.now + MINUTE)
    return Look.objects.get().due_at


def test_two_looks_at_once_are_one_pause(place):
    at = due(place)
    done = together(*[lambda: gating.look_due(now=at)] * RUNS)
    assert sum(done) == 1
    assert Decision.objects.filter(kind="pause").count() == 1
    assert not Look.objects.exists()


def test_looks_of_two_batches_of_one_project_are_one_pause_too(place):
    at = due(place)
    other = scenes.draft(place.rita, of=place.batch.project, accuracy_bar=0.6)
    type(other).objects.filter(id=other.id).update(guideline=place.batch.guideline)
    Look.objects.create(worker=place.wanda.worker, batch=other, window=1, due_at=at)
    together(*[lambda: gating.look_due(now=at)] * RUNS)
    assert Decision.objects.filter(kind="pause").count() == 1


def test_control_without_the_worker_s_lock_each_look_pauses(place, monkeypatch):
    due(place)
    estimate, pause, decided = Estimate.objects.get(), gating._pause, threading.Barrier(2)

    def pause_after_all_have_looked(*args: Any, **more: Any) -> Decision:
        decided.wait()
        return pause(*args, **more)

    monkeypatch.setattr(gating, "_pause", pause_after_all_have_looked)

    def look(n: int) -> None:
        with transaction.atomic():
            gating.pause_if_below(estimate, place.batch, now=place.now + MINUTE)

    all_at_once(look, 2)
    assert Decision.objects.filter(kind="pause").count() == 2


# ---- cases ----


@pytest.fixture
def case(place, now):
    place.batch.refresh_from_db()
    return Case.objects.create(
        worker=place.wanda.worker,
        batch=place.batch,
        project_id=place.batch.project_id,
        organization_id=place.batch.organization_id,
        window=1,
        rule="gold-accuracy/1",
        finding="Of 10 tasks with a known answer you have answered 2 as expected.",
        waiting="work",
        currency=place.batch.currency,
        opened_at=now,
        decide_due_at=now + 3 * DAY,
    )


def test_a_case_is_decided_once(place, case, now):
    def decide(verdict: str, **more: Any) -> Any:
        return casework.decide(place.rita.actor, case.id, verdict=verdict, reason=REASON, now=now + DAY, **more)

    found = together(*[lambda: decide("pause", until=now + 4 * DAY)] * 2, lambda: decide("exclude"), lambda: decide("nothing"))
    won = [one for one in found if isinstance(one, Case)]
    assert len(won) == 1
    assert all(isinstance(one, CaseEnded) for one in found if not isinstance(one, Case))
    case.refresh_from_db()
    assert (case.state, case.verdict) == ("decided", won[0].verdict)
    assert Decision.objects.count() == (won[0].verdict != "nothing")


@pytest.mark.parametrize("repeat", range(3))
def test_a_case_that_is_decided_as_it_lapses_ends_in_one_way(place, case, repeat):
    at = case.decide_due_at

    def decide() -> Any:
        return casework.decide(place.rita.actor, case.id, verdict="pause", reason=REASON, until=at + DAY, now=at)

    decided, *lapsed = together(decide, *[lambda: casework.lapse_due(now=at)] * 2)
    case.refresh_from_db()
    assert sum(lapsed) + isinstance(decided, Case) == 1
    assert case.state == ("decided" if isinstance(decided, Case) else "lapsed")
    assert Decision.objects.count() == isinstance(decided, Case)


def test_control_without_the_guard_both_find_it_open(case):
    looked, found = threading.Barrier(2), []

    def end(n: int) -> None:
        is_open = Case.objects.get(id=case.id).state == Case.State.OPEN
        looked.wait()
        if is_open:
            found.append(Case.objects.filter(id=case.id).update(state="lapsed", ended_at=case.decide_due_at))
        connection.close()

    all_at_once(end, 2)
    assert found == [1, 1]
