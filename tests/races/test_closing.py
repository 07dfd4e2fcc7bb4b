"""A batch is closed while people claim: whoever got a lease is paid, and the money for it is still there."""

from contextlib import suppress
from datetime import timedelta

import pytest

from foundation.errors import Busy
from payments import ledger
from tasks import answering, publishing, reserving
from tasks.errors import BatchNotOpen, NotEligible
from tasks.models import Assignment, Batch
from tests import builders
from tests.races.crowd import all_at_once
from tests.tasks import scenes


@pytest.mark.usefixtures("committed_db")
@pytest.mark.parametrize("repeat", range(4))
def test_money_for_every_lease_survives_the_closing(now, repeat):
    rita, olga = builders.requester("rita", now=now), builders.operator("olga", now=now)
    batch = scenes.opened(rita, olga, tasks=60, overlap=2)
    crew = [builders.worker(f"w{n}", now=now) for n in range(10)]
    for worker in crew:
        scenes.claim(worker, batch)

    def act(n: int) -> None:
        if n == 0:
            publishing.close(rita.actor, batch.id, now=now)
            return
        with suppress(BatchNotOpen, NotEligible, Busy):
            for _ in range(9):
                scenes.claim(crew[n], batch)

    all_at_once(act, 10)
    batch = Batch.objects.get(id=batch.id)
    leases = list(Assignment.objects.filter(batch=batch, state="leased"))
    assert len(leases) >= 10
    assert ledger.balance(batch.escrow_id).available == len(leases) * (scenes.PRICE + scenes.FEE)
    for lease in leases:
        answering.submit(
            lease.id, worker_id=lease.worker_id, token=lease.token, result=scenes.result("a"), now=now + timedelta(seconds=20)
        )
    assert ledger.balance(batch.escrow_id).available == len(leases) * scenes.FEE
    assert not reserving.look(batch, now=now).outstanding_micros - len(leases) * scenes.FEE
