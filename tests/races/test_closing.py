"""A batch is closed while people claim: whoever got a lease is paid, and the money for it is still there. Each race first as its control."""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from time import sleep

import pytest
from django.db import OperationalError, connection, transaction

from foundation.errors import Busy
from payments import ledger
from tasks import answering, assigning, closing, publishing, reserving
from tasks.errors import BatchNotOpen, NotEligible
from tasks.models import Assignment, Batch, Enrolment, Task
from tests import builders
from tests.races.crowd import all_at_once, later, scene
from tests.tasks import scenes


@pytest.mark.usefixtures("committed_db")
@pytest.mark.parametrize("repeat", range(4))
def test_money_for_every_lease_survives_the_closing(now, repeat, monkeypatch):
    monkeypatch.setattr(closing, "CHUNK", 7)
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
            if n == 1:
                publishing.finish_closing(batch.id, now=now)  # a second run beside the first

    all_at_once(act, 10)
    assert publishing.finish_closing(batch.id, now=now)
    batch = Batch.objects.get(id=batch.id)
    assert batch.emptied_at == now
    leases = list(Assignment.objects.filter(batch=batch, state="leased"))
    assert len(leases) >= 10
    held = {lease.task_id for lease in leases}
    assert set(Task.objects.filter(batch=batch, state="open").values_list("id", flat=True)) <= held
    assert not Task.objects.filter(batch=batch, need__gt=0).exists()
    assert not Task.objects.filter(id__in=held, state="cancelled").exists()
    assert ledger.balance(batch.escrow_id).available == len(leases) * (scenes.PRICE + scenes.FEE)
    for lease in leases:
        answering.submit(
            lease.id, worker_id=lease.worker_id, token=lease.token, result=scenes.result("a"), now=now + timedelta(seconds=20)
        )
    assert ledger.balance(batch.escrow_id).available == len(leases) * scenes.FEE
    assert not reserving.look(batch, now=now).outstanding_micros - len(leases) * scenes.FEE


# ---- a claim that began before the closing, and commits after it ----


def during_a_claim(place, act: Callable[[], None]) -> None:
    """Do something while a claim has taken its task and is not committed; it commits once somebody waits for it, or a second later."""
    took = threading.Event()

    def claim() -> None:
        try:
            with transaction.atomic():
                assigning.claim_next(place.workers[0], standing=1, batch_id=place.batch.id, now=place.now)
                took.set()
                for _ in range(50):
                    sleep(0.02)
                    if somebody_waits():
                        break
        finally:
            connection.close()

    thread = threading.Thread(target=claim)
    thread.start()
    took.wait()
    act()
    thread.join()


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
        return bool(cursor.fetchone()[0])


@pytest.mark.usefixtures("committed_db")
def test_control_one_statement_cancels_what_a_claim_in_flight_has_just_taken(now):
    place = scene(tasks=1, overlap=2, workers=1, now=now)

    def sweep() -> None:
        Batch.objects.filter(id=place.batch.id).update(state="closed")
        live = Assignment.objects.filter(batch=place.batch, state="leased").values("task_id")
        Task.objects.filter(batch=place.batch, state="open").exclude(id__in=live).update(state="cancelled", need=0)

    during_a_claim(place, sweep)
    assert Assignment.objects.filter(batch=place.batch, state="leased").exists()
    assert Task.objects.get(batch=place.batch).state == "cancelled", "the race must show, or the test below proves nothing"


@pytest.mark.usefixtures("committed_db")
def test_a_chunk_sees_the_lease_of_a_claim_in_flight(now):
    place = scene(tasks=1, overlap=2, workers=1, now=now)

    def close() -> None:
        Batch.objects.filter(id=place.batch.id).update(state="closed")
        publishing.finish_closing(place.batch.id, now=now)

    during_a_claim(place, close)
    task = Task.objects.get(batch=place.batch)
    assert (task.state, task.need) == ("open", 0)
    assert Assignment.objects.get(batch=place.batch).state == "leased"
    assert Batch.objects.get(id=place.batch.id).emptied_at == now


@pytest.mark.usefixtures("committed_db")
def test_what_re_opens_between_the_closing_and_its_chunks_is_cancelled(now, monkeypatch):
    monkeypatch.setattr(closing, "CHUNK", 1)
    place = scene(tasks=6, overlap=2, workers=3, now=now)
    leases = [assigning.claim_next(worker, standing=1, batch_id=place.batch.id, now=now)[0] for worker in place.workers]
    Batch.objects.filter(id=place.batch.id).update(state="closed", closed_at=now)
    assigning.return_task(leases[0].id, worker_id=place.workers[0], token=leases[0].token, now=now)
    assigning.expire_due(now=later(now, 700))
    publishing.finish_closing(place.batch.id, now=now)
    assert set(Task.objects.filter(batch=place.batch).values_list("state", "need")) == {("cancelled", 0)}


# ---- the job dies half way ----


@pytest.mark.usefixtures("committed_db")
def test_a_job_killed_half_way_is_finished_by_the_next_and_the_money_moves_once(now, monkeypatch):
    monkeypatch.setattr(closing, "CHUNK", 5)
    rita, olga = builders.requester("rita", now=now), builders.operator("olga", now=now)
    batch = scenes.opened(rita, olga, tasks=30, overlap=1)
    reserved = scenes.money(batch)["escrow"]
    publishing.close(rita.actor, batch.id, now=now)
    assert Task.objects.filter(batch=batch, state="cancelled").count() == 5, "the first chunk goes with the closing"
    victim: list[int] = []
    died: list[BaseException] = []

    def job() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                victim.append(cursor.fetchone()[0])
            publishing.finish_closing(batch.id, now=now)
        except OperationalError as error:
            died.append(error)
        finally:
            connection.close()

    with transaction.atomic():
        Task.objects.select_for_update().get(batch=batch, key="t29")  # where the job will have to wait
        thread = threading.Thread(target=job)
        thread.start()
        while not somebody_waits():
            sleep(0.02)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [victim[0]])
        thread.join()
    assert died
    half = Batch.objects.get(id=batch.id)
    assert (half.state, half.emptied_at) == ("closed", None)
    assert Task.objects.filter(batch=batch, state="cancelled").count() == 29
    assert scenes.money(batch)["escrow"] == reserved, "nothing goes back before the last chunk"
    told = rita.get(f"batches/{batch.id}").json()
    assert (told["state"], told["emptied_at"]) == ("closed", None)
    for _ in range(3):
        publishing.finish_closings(now=now)
    assert scenes.money(batch) == {"funds": scenes.FUNDS, "escrow": 0, "fees": 0, "held": 0}
    assert set(Task.objects.filter(batch=batch).values_list("state", "need")) == {("cancelled", 0)}
    assert rita.get(f"batches/{batch.id}").json()["emptied_at"]


# ---- nobody waits long ----


@pytest.mark.usefixtures("committed_db")
def test_a_claim_that_would_wait_too_long_is_told_to_come_again(now, monkeypatch):
    """A twin holds the enrolment for longer than a claim waits: 503 with Retry-After, and nothing has happened."""
    monkeypatch.setattr(assigning, "CLAIM_NEXT", assigning.CLAIM_NEXT.replace(f"{assigning.CLAIM_WAIT_MS}ms", "100ms"))
    rita, olga = builders.requester("rita", now=now), builders.operator("olga", now=now)
    batch = scenes.opened(rita, olga, tasks=3, overlap=1)
    wanda = builders.worker("wanda", now=now)
    scenes.claim(wanda, batch)
    held, done = threading.Event(), threading.Event()

    def twin() -> None:
        try:
            with transaction.atomic():
                Enrolment.objects.select_for_update().get(worker=wanda.worker, batch=batch)
                held.set()
                done.wait()
        finally:
            connection.close()

    thread = threading.Thread(target=twin)
    thread.start()
    held.wait()
    answer = wanda.post(f"batches/{batch.id}/claim")
    done.set()
    thread.join()
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "busy", "1")
    assert Assignment.objects.filter(batch=batch).count() == 1
