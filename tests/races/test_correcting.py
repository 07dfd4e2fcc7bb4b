"""The receipt of gold that was corrected says what followed, however many runs put it right at once, and wherever one is killed."""

from datetime import timedelta

import pytest

from tasks import correcting
from tasks.models import GoldChange, GoldScore
from tests import builders
from tests.races.crowd import all_at_once
from tests.tasks import scenes

pytestmark = pytest.mark.usefixtures("committed_db")
WORKERS = 4


@pytest.fixture
def corrected(now):
    """WORKERS people answered a gold task as its old truth had it wrong; its requester has put the truth right."""
    rita, olga = builders.requester("rita", now=now), builders.operator("olga", now=now)
    batch = scenes.opened(
        rita, olga, tasks=6, gold=1, gold_percent=50, accuracy_bar=0.5, overlap=WORKERS, lease_size=1, max_leases=9
    )
    for n in range(WORKERS):
        worker = builders.worker(f"worker{n}", now=now)
        while not GoldScore.objects.filter(assignment__worker=worker.worker).exists():
            (lease,) = scenes.claim(worker, batch, now=now)
            scenes.submit(worker, lease, choice="a", now=now, seconds=1)
            scenes.weighed(now + timedelta(minutes=1))
    task_id = GoldScore.objects.values_list("task_id", flat=True).distinct().get()
    return correcting.correct(rita.actor, task_id, solution={"label": "a"}, reason="It was wrong all along.", now=now)


@pytest.mark.parametrize("runs", [1, 3], ids=["control", "three at once"])
def test_the_receipt_adds_up(runs, corrected, now):
    told = []
    all_at_once(lambda n: told.append(correcting.apply_due(now=now + timedelta(minutes=2))), runs)
    corrected.refresh_from_db()
    assert (corrected.answers, corrected.workers) == (WORKERS, WORKERS)
    assert corrected.applied_at is not None
    assert sum(told) == 1, "one run brought it to its end"
    assert GoldScore.objects.filter(number=2, score=1).count() == WORKERS


def test_a_run_that_is_killed_between_two_workers_loses_no_figure(corrected, now, monkeypatch):
    own = correcting._put_right

    def killed(change, worker_id, *, now):
        own(change, worker_id, now=now)
        raise KeyboardInterrupt

    for _ in range(2):
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(correcting, "_put_right", killed)
            correcting.apply_due(now=now + timedelta(minutes=2))
    assert GoldChange.objects.get().answers == 1, "the second run met the same worker again, and counted nothing twice"
    assert correcting.apply_due(now=now + timedelta(minutes=3)) == 1
    corrected.refresh_from_db()
    assert (corrected.answers, corrected.workers) == (WORKERS, WORKERS)
