"""Pilots: a large batch is tried out by a small group, and what that showed decides on guideline and price."""

import threading
from contextlib import suppress
from datetime import timedelta

import pytest

from foundation.errors import Busy, NotFound
from foundation.models import AuditEntry
from payments import ledger
from payments.errors import MissingFunds
from tasks import assigning, enrolling, leaving, measuring, piloting, pricing, publishing
from tasks.errors import (
    BadBatch,
    BatchEmpty,
    BatchStateConflict,
    NotEligible,
    PilotNeeded,
    PilotRuns,
    PilotUnfinished,
    PriceTooLow,
)
from tasks.models import Assignment, Batch, Enrolment, Gold, Prelabel, Task
from tests import builders
from tests.journeys.world import ok
from tests.races.crowd import all_at_once
from tests.tasks import scenes
from workforce.errors import RoleTooLow

REASON = "The same tasks ran last month under the same guideline."


@pytest.fixture(autouse=True)
def _small(settings):
    settings.PILOT_ABOVE_TASKS = 10


@pytest.fixture
def large(rita, olga):
    """A funded draft over the set size."""
    scenes.floor(olga)
    scenes.funds(olga, rita)
    return scenes.draft(rita, tasks=12, gold=3, overlap=2, gold_percent=20)


def crew_of(now, n=5, start=0):
    return [builders.worker(f"w{i}", now=now) for i in range(start, start + n)]


def worked(pilot, crew, *, seconds, choice="b"):
    """Everybody works until there is nothing left; each needs `seconds(n)` per task."""
    for n, worker in enumerate(crew):
        at = worker.now
        while leases := scenes.claim(worker, pilot, now=at):
            took = seconds(n)
            scenes.submit(worker, leases[0], choice=choice(n) if callable(choice) else choice, seconds=took, now=at)
            at += timedelta(seconds=took)


@pytest.fixture
def finished(large, rita, now):
    """A pilot through: five workers whose medians are 8, 10, 12, 14 and 20 seconds."""
    pilot = piloting.begin(rita.actor, large.id, now=now, tasks=5, workers=5)
    worked(pilot, crew_of(now), seconds=lambda n: (8, 10, 12, 14, 20)[n])
    return pilot


# ---- the gate ----


def test_a_large_batch_without_a_pilot_or_a_word_is_refused_and_nothing_changes(large, rita):
    with pytest.raises(PilotNeeded) as refused:
        publishing.publish(rita.actor, large.id, now=rita.now)
    assert refused.value.details == {"field": "skip_pilot_reason", "tasks": 12, "limit": 10}
    large.refresh_from_db()
    assert (large.state, large.escrow_id, large.skip_pilot_reason) == ("draft", None, "")


def test_a_reason_is_kept_and_audited(large, rita):
    batch = publishing.publish(rita.actor, large.id, now=rita.now, skip_pilot_reason=f"  {REASON} ")
    assert (batch.state, batch.skip_pilot_reason) == ("open", REASON)
    assert AuditEntry.objects.get(action="batch.pilot_skipped").after == {"reason": REASON}


@pytest.mark.parametrize("reason", ["no", "x" * 1001])
def test_a_reason_is_a_sentence(large, rita, reason):
    with pytest.raises(BadBatch) as refused:
        publishing.publish(rita.actor, large.id, now=rita.now, skip_pilot_reason=reason)
    assert refused.value.details["field"] == "skip_pilot_reason"
    assert Batch.objects.get(id=large.id).state == "draft"


def test_a_batch_of_the_set_size_needs_neither(rita, olga):
    scenes.floor(olga)
    scenes.funds(olga, rita)
    batch = publishing.publish(rita.actor, scenes.draft(rita, tasks=10).id, now=rita.now, skip_pilot_reason=REASON)
    assert (batch.state, batch.skip_pilot_reason) == ("open", "")
    assert not AuditEntry.objects.filter(action="batch.pilot_skipped").exists()


# ---- beginning ----


def test_a_pilot_draws_copies_and_takes_over_the_settings(large, rita):
    marked = Task.objects.filter(batch=large, lane=0).first()
    for task in Task.objects.filter(batch=large):  # gold, too: without one it would stand out
        Prelabel.objects.create(task=task, result=scenes.result("a"), model_version="m", created_at=rita.now)
    Batch.objects.filter(id=large.id).update(accuracy_bar=0.4, idle_cap_seconds=300, workers_choose=True, p90_seconds=9)
    pilot = piloting.begin(rita.actor, large.id, now=rita.now, tasks=6, workers=7, price_micros=60_000)
    assert (pilot.state, pilot.pilot_of_id, pilot.name) == ("open", large.id, "Pilot of First")
    assert (pilot.overlap, pilot.workers_max, pilot.price_micros, pilot.fee_micros) == (5, 7, 60_000, 12_000)
    assert (pilot.accuracy_bar, pilot.idle_cap_seconds, pilot.gold_percent, pilot.workers_choose) == (0.4, 300, 20, False)
    assert (pilot.p90_seconds, pilot.median_seconds, pilot.measured_workers) == (None, None, 0)
    copies = Task.objects.filter(batch=pilot).order_by("position")
    assert [task.lane for task in copies] == [0] * 6 + [2] * 3
    assert {task.overlap for task in copies if task.lane == 0} == {5}
    assert Gold.objects.filter(task__batch=pilot).count() == 3
    assert Prelabel.objects.filter(task__batch=pilot, model_version="m").count() == 6 + 3
    own = dict(Task.objects.filter(batch=large).values_list("key", "id"))
    assert {task.key for task in copies} <= set(own)
    assert not {task.id for task in copies} & set(own.values())
    assert Task.objects.filter(batch=large).count() == 15
    assert marked is not None
    large.refresh_from_db()
    assert large.state == "draft"


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"tasks": 4}, "tasks"),
        ({"tasks": 101}, "tasks"),
        ({"workers": 4}, "workers"),
        ({"workers": 51}, "workers"),
        ({"overlap": 4}, "overlap"),
        ({"overlap": 9}, "workers"),
    ],
)
def test_a_pilot_of_no_use_is_refused(large, rita, asked, field):
    with pytest.raises(BadBatch) as refused:
        piloting.begin(rita.actor, large.id, now=rita.now, **asked)
    assert refused.value.details["field"] == field
    assert Batch.objects.count() == 1


def test_a_pilot_is_refused_to_strangers_viewers_pilots_and_batches_that_are_no_draft(large, rita, rex, wanda, olga):
    with pytest.raises(NotFound):
        piloting.begin(rex.actor, large.id, now=rita.now)
    builders.member(rita, wanda.user.email, "viewer")
    with pytest.raises(RoleTooLow):
        piloting.begin(wanda.actor, large.id, now=rita.now)
    empty = scenes.draft(rita, tasks=0, of=large.project)
    with pytest.raises(BatchEmpty):
        piloting.begin(rita.actor, empty.id, now=rita.now)
    Batch.objects.filter(id=empty.id).update(state="closed")
    with pytest.raises(BatchStateConflict):
        piloting.begin(rita.actor, empty.id, now=rita.now)
    assert Batch.objects.filter(pilot_of__isnull=False).count() == 0
    pilot = piloting.begin(rita.actor, large.id, now=rita.now)
    Batch.objects.filter(id=pilot.id).update(state="draft")
    with pytest.raises(BadBatch):
        piloting.begin(rita.actor, pilot.id, now=rita.now)


def test_without_the_money_there_is_no_pilot(rita, olga):
    scenes.floor(olga)
    large = scenes.draft(rita, tasks=12)
    with pytest.raises(MissingFunds):
        piloting.begin(rita.actor, large.id, now=rita.now)
    assert (Batch.objects.count(), Task.objects.count()) == (1, 12)


def test_one_pilot_runs_at_a_time(large, rita):
    first = piloting.begin(rita.actor, large.id, now=rita.now)
    with pytest.raises(PilotRuns) as refused:
        piloting.begin(rita.actor, large.id, now=rita.now)
    assert refused.value.details == {"pilot_id": first.id}
    publishing.close(rita.actor, first.id, now=rita.now)
    assert piloting.begin(rita.actor, large.id, now=rita.now).id != first.id


def test_a_pilot_that_is_through_makes_room_for_another(finished, large, rita):
    again = piloting.begin(rita.actor, large.id, now=rita.now)
    finished.refresh_from_db()
    assert (finished.state, again.state) == ("closed", "open")


# ---- the group ----


def test_a_group_that_is_complete_takes_nobody_else_and_says_so(large, rita, now):
    pilot = piloting.begin(rita.actor, large.id, now=now, workers=5)
    crew = crew_of(now, 6)
    for worker in crew[:5]:
        assert scenes.claim(worker, pilot)
    with pytest.raises(NotEligible) as refused:
        scenes.claim(crew[5], pilot)
    assert [step["step"] for step in refused.value.details["missing"]] == ["group"]
    [job] = ok(crew[5].get("jobs"))["results"]
    assert (job["is_pilot"], job["eligible"], job["missing"][0]["step"]) == (True, False, "group")
    [job] = ok(crew[0].get("jobs"))["results"]
    assert job["eligible"] is True
    # Those inside stay inside, whatever makes their access be derived afresh.
    ok(crew[0].post("me/profile", {"languages": ["en", "de"]}))
    assert scenes.claim(crew[0], pilot)


def test_a_seat_is_free_again_when_somebody_leaves_without_an_answer(large, rita, now):
    pilot = piloting.begin(rita.actor, large.id, now=now, workers=5)
    crew = crew_of(now, 8)
    leases = [scenes.claim(worker, pilot)[0] for worker in crew[:5]]
    scenes.submit(crew[0], leases[0])
    with pytest.raises(NotEligible):
        scenes.claim(crew[5], pilot)
    assigning.return_task(leases[1].id, worker_id=crew[1].worker.id, token=leases[1].token, now=now)
    [job] = ok(crew[5].get("jobs"))["results"]
    assert job["eligible"] is True
    assert scenes.claim(crew[5], pilot)
    with pytest.raises(NotEligible) as refused:
        scenes.claim(crew[1], pilot)  # the seat went to somebody else
    assert [step["step"] for step in refused.value.details["missing"]] == ["group"]
    # Four leases run out; the one who answered stays in.
    late = now + timedelta(hours=1)
    assert scenes.claim(crew[6], pilot, now=late)
    assert scenes.claim(crew[0], pilot, now=late)
    held = Enrolment.objects.filter(batch=pilot, seated_at__isnull=False)
    assert held.count() == 5


def test_who_is_erased_leaves_their_seat_to_others(large, rita, now):
    pilot = piloting.begin(rita.actor, large.id, now=now, workers=5)
    crew = crew_of(now, 6)
    leases = [scenes.claim(worker, pilot)[0] for worker in crew[:5]]
    with pytest.raises(NotEligible):
        scenes.claim(crew[5], pilot)
    assigning.return_task(leases[0].id, worker_id=crew[0].worker.id, token=leases[0].token, now=now)
    leaving.ask(crew[0].actor, gives_up_money=False, now=now)
    assert leaving.erase_due(now=now + timedelta(days=8)) == 1
    assert not Enrolment.objects.filter(batch=pilot, worker=crew[0].worker, seated_at__isnull=False).exists()
    assert scenes.claim(crew[5], pilot)


def test_a_seat_is_kept_for_ten_minutes_for_whoever_has_not_taken_a_task_yet(large, rita, now):
    pilot = piloting.begin(rita.actor, large.id, now=now, workers=5)
    crew = crew_of(now, 6)
    for worker in crew[:5]:
        enrolling.enrol(worker.worker.id, pilot, now=now)
    with pytest.raises(NotEligible):
        enrolling.enrol(crew[5].worker.id, pilot, now=now + timedelta(minutes=9))
    assert enrolling.enrol(crew[5].worker.id, pilot, now=now + timedelta(minutes=11))
    assert Enrolment.objects.filter(batch=pilot, seated_at__isnull=False).count() == 5


def test_any_batch_may_limit_its_group(large, rita):
    body = {"name": "Few", "overlap": 3, "currency": "USD", "price_micros": 50_000, "estimate_seconds": 10, "workers_max": 2}
    refused = rita.post(f"projects/{large.project_id}/batches", body)
    assert (refused.status_code, refused.json()["details"]["field"]) == (400, "workers_max")
    assert ok(rita.post(f"projects/{large.project_id}/batches", body | {"workers_max": 3}), 201)["workers_max"] == 3


@pytest.mark.usefixtures("committed_db")
def test_a_group_is_never_overfilled(now):
    rita, olga = builders.requester("rita", now=now), builders.operator("olga", now=now)
    scenes.floor(olga)
    scenes.funds(olga, rita)
    pilot = piloting.begin(rita.actor, scenes.draft(rita, tasks=12).id, now=now, workers=5)
    crew = crew_of(now, 12)

    def act(n: int) -> None:
        with suppress(NotEligible, Busy):
            scenes.claim(crew[n], pilot)

    all_at_once(act, 12)
    assert Enrolment.objects.filter(batch=pilot).count() == 5
    assert Assignment.objects.filter(batch=pilot).values("worker").distinct().count() == 5


@pytest.mark.usefixtures("committed_db")
def test_the_race_is_there_where_the_group_is_only_counted(now):
    """The control: everybody looks first, finds room, and then goes in."""
    rita, olga = builders.requester("rita", now=now), builders.operator("olga", now=now)
    scenes.floor(olga)
    scenes.funds(olga, rita)
    pilot = piloting.begin(rita.actor, scenes.draft(rita, tasks=12).id, now=now, workers=5)
    crew = crew_of(now, 12)
    looked = threading.Barrier(12)

    def act(n: int) -> None:
        room = Enrolment.objects.filter(batch=pilot).count() < 5
        looked.wait()
        if room:
            row = Enrolment(worker=crew[n].worker, batch=pilot, standing=1, earnings_id=pilot.id, created_at=now)
            Enrolment.objects.bulk_create([row], ignore_conflicts=True)

    all_at_once(act, 12)
    assert Enrolment.objects.filter(batch=pilot).count() > 5


@pytest.mark.usefixtures("committed_db")
def test_pilots_begun_at_once_are_one(now):
    rita, olga = builders.requester("rita", now=now), builders.operator("olga", now=now)
    scenes.floor(olga)
    scenes.funds(olga, rita)
    large = scenes.draft(rita, tasks=12)
    refused: list[int] = []

    def act(n: int) -> None:
        try:
            piloting.begin(rita.actor, large.id, now=now)
        except PilotRuns:
            refused.append(n)

    all_at_once(act, 6)
    assert (Batch.objects.filter(pilot_of=large).count(), len(refused)) == (1, 5)


# ---- what it shows ----


def test_percentiles_lie_between_neighbours():
    assert measuring.percentile([1, 2, 3], 0.5) == 2
    assert measuring.percentile([1, 2], 0.75) == 1.75
    assert measuring.percentile([7], 0.9) == 7


def test_the_time_paid_for_is_the_longer_of_a_fifth_more_and_three_quarters():
    assert pricing.seconds_to_pay_for(10, 11) == 12
    assert pricing.seconds_to_pay_for(10, 14) == 14
    assert pricing.seconds_to_pay_for(11, 1) == 14  # 13.2, upward


def test_a_finished_pilot_shows_times_agreement_gold_and_a_price(finished, large, rita):
    scenes.weighed(rita.now)
    told = ok(rita.get(f"batches/{large.id}/pilot-report"))
    assert told == ok(rita.get(f"batches/{finished.id}/pilot-report"))
    assert (told["pilot_id"], told["is_through"], told["is_finished"]) == (str(finished.id), True, True)
    times = told["times"]
    assert (times["workers"], times["typical_seconds"], times["three_quarters_seconds"], times["p50"]) == (5, 12, 14, 12)
    [control] = told["agreement"]
    assert (control["control"], control["pairs"], control["similarity"], control["alpha"]) == ("label", 50, 1.0, None)
    assert told["disputed"] == []
    assert told["gold"]["score"] == 1.0
    assert told["gold"]["answers"] == sum(row["gold_answers"] for row in told["workers"]) > 0
    assert sorted(row["median_seconds"] for row in told["workers"]) == [8, 10, 12, 14, 20]
    assert [row["answers"] for row in told["guidelines"]] == [times["answers"]]
    price = told["price"]
    assert (price["measured_seconds"], price["paid_for_seconds"]) == (12, 15)  # ⌈1.2 × 12⌉
    assert price["least_price_micros"] == 40_000  # 12 an hour × 12 s
    assert price["suggested_price_micros"] == 50_000
    assert finished.currency == price["currency"]


def test_where_people_disagree_the_tasks_are_named(large, rita, now):
    pilot = piloting.begin(rita.actor, large.id, now=now, tasks=5, workers=5)
    worked(pilot, crew_of(now), seconds=lambda n: 10, choice=lambda n: "a" if n < 2 else "b")
    scenes.weighed(now)
    told = ok(rita.get(f"batches/{large.id}/pilot-report"))
    [control] = told["agreement"]
    assert control["similarity"] == pytest.approx(0.4)
    assert control["alpha"] == pytest.approx(1 - 0.6 / (1 - (10 * 9 + 15 * 14) / (25 * 24)))
    assert len(told["disputed"]) == 5
    assert told["disputed"][0]["answers"] == [
        {"answer": {"label": "b"}, "workers": 3},
        {"answer": {"label": "a"}, "workers": 2},
    ]
    assert told["gold"]["score"] == pytest.approx(
        sum(row["gold_score"] * row["gold_answers"] for row in told["workers"] if row["gold_answers"]) / told["gold"]["answers"]
    )


def test_questions_of_the_group_are_in_the_report(large, rita, now):
    from tasks import asking

    pilot = piloting.begin(rita.actor, large.id, now=now)
    [worker] = crew_of(now, 1)
    [lease] = scenes.claim(worker, pilot)
    asking.about_assignment(worker.actor, lease.id, text="Is cherry a colour?", now=now)
    [question] = ok(rita.get(f"batches/{large.id}/pilot-report"))["questions"]
    assert (question["text"], question["kind"], question["state"]) == ("Is cherry a colour?", "question", "open")
    assert question["url"].startswith("/questions/")


def test_a_report_without_a_pilot_is_empty_and_strangers_get_none(large, rita, rex):
    told = ok(rita.get(f"batches/{large.id}/pilot-report"))
    assert (told["pilot_id"], told["times"], told["is_finished"], told["workers"]) == (None, None, False, [])
    assert told["price"]["least_price_micros"] == 33_334
    pilot = piloting.begin(rita.actor, large.id, now=rita.now)
    told = ok(rita.get(f"batches/{large.id}/pilot-report"))
    assert (told["times"], told["is_through"], told["price"]["suggested_price_micros"]) == (None, False, None)
    assert rex.get(f"batches/{pilot.id}/pilot-report").status_code == 404
    assert [row["id"] for row in ok(rita.get(f"batches/{large.id}/pilots"))["results"]] == [str(pilot.id)]


def test_too_few_people_are_no_measure(large, rita, now):
    pilot = piloting.begin(rita.actor, large.id, now=now)
    worked(pilot, crew_of(now, 4), seconds=lambda n: 10)
    assert measuring.finished_pilot(large) is None
    publishing.close(rita.actor, pilot.id, now=now)
    assert measuring.finished_pilot(large) is None
    with pytest.raises(PilotNeeded):
        publishing.publish(rita.actor, large.id, now=now)
    with pytest.raises(PilotUnfinished):
        publishing.publish(rita.actor, large.id, now=now, at_suggested_price=True, skip_pilot_reason=REASON)


def test_a_running_pilot_is_not_finished(large, rita, now):
    pilot = piloting.begin(rita.actor, large.id, now=now, tasks=5, workers=6)
    worked(pilot, crew_of(now), seconds=lambda n: 10)
    assert measuring.finished_pilot(large) is not None
    Task.objects.filter(batch=pilot, lane=0).update(need=1, done=4, state="open")
    assert measuring.finished_pilot(large) is None


# ---- publishing after it ----


def test_after_a_pilot_the_batch_is_published_at_the_suggested_price_in_one_command(finished, large, rita):
    Batch.objects.filter(id=large.id).update(price_micros=41_000, fee_micros=8_200)
    opened = ok(rita.post(f"batches/{large.id}/publish", {"at_suggested_price": True}))
    assert (opened["state"], opened["price_micros"], opened["fee_micros"]) == ("open", 50_000, 10_000)
    assert (opened["median_seconds"], opened["skip_pilot_reason"]) == (12, "")
    finished.refresh_from_db()
    assert finished.state == "closed"
    held = Assignment.objects.filter(batch=finished, state="submitted").count()
    assert ledger.balance(finished.escrow_id).available == held * finished.fee_micros, "what nobody can need went back"
    assert ok(rita.post(f"batches/{large.id}/publish", {"at_suggested_price": True}))["price_micros"] == 50_000


def test_another_price_passes_the_floor_at_the_measured_time_or_is_refused(finished, large, rita):
    refused = rita.post(f"batches/{large.id}/publish", {"price_micros": 39_999})
    assert (refused.status_code, refused.json()["code"], refused.json()["details"]["limit"]) == (400, "price_below_floor", 40_000)
    large.refresh_from_db()
    assert (large.state, large.price_micros) == ("draft", scenes.PRICE)
    both = rita.post(f"batches/{large.id}/publish", {"price_micros": 45_000, "at_suggested_price": True})
    assert (both.status_code, both.json()["details"]["field"]) == (400, "price_micros")
    opened = ok(rita.post(f"batches/{large.id}/publish", {"price_micros": 40_000}))
    assert (opened["price_micros"], opened["fee_micros"]) == (40_000, 8_000)


def test_the_measured_time_counts_and_not_the_stated_one(large, rita, now):
    """Stated 10 seconds, measured 30: the price that was enough is not."""
    pilot = piloting.begin(rita.actor, large.id, now=now, tasks=5, workers=5)
    worked(pilot, crew_of(now), seconds=lambda n: 30)
    with pytest.raises(PriceTooLow) as refused:
        publishing.publish(rita.actor, large.id, now=now)
    assert refused.value.details["limit"] == 100_000


def test_a_revised_guideline_keeps_what_the_pilot_measured(finished, large, rita):
    publishing.add_guideline(rita.actor, large.project_id, text="Better words.", now=rita.now)
    told = ok(rita.get(f"batches/{large.id}/pilot-report"))
    assert [(row["version"], row["answers"] > 0) for row in told["guidelines"]] == [(1, True), (2, False)]
    batch = publishing.publish(rita.actor, large.id, now=rita.now, at_suggested_price=True)
    assert (batch.guideline.version, batch.price_micros) == (2, 50_000)


def test_the_quote_says_what_a_pilot_would_change(large, rita, now):
    before = ok(rita.get(f"batches/{large.id}/quote"))
    assert (before["tasks"], before["pilot_needed"], before["suggested_price_micros"]) == (12, True, None)
    pilot = piloting.begin(rita.actor, large.id, now=now, tasks=5, workers=5)
    worked(pilot, crew_of(now), seconds=lambda n: 10)
    after = ok(rita.get(f"batches/{large.id}/quote"))
    assert (after["pilot_needed"], after["measured_seconds"], after["suggested_price_micros"]) == (False, 10, 40_000)
