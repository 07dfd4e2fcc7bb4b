"""Onboarding that counts as work: once per step, by the server's clock, bounded, and never over other credited time."""

from datetime import timedelta

import pytest

from payments.models import WorkInterval
from tasks import jobs, onboarding_time
from tests import builders
from tests.journeys.world import ok
from tests.races.crowd import all_at_once
from workforce import checklist, onboarding
from workforce.models import StepProgress


def text(olga, **fields):
    settings = {"title": "House rules", "text": "Knock.", "paid": True}
    return checklist.add_step(olga.actor, None, kind="text", now=olga.now, **(settings | fields))


def seconds(worker) -> float:
    rows = WorkInterval.objects.filter(worker_id=worker.worker.id, kind="training")
    return sum((row.period.upper - row.period.lower).total_seconds() for row in rows)


def through(worker, step, *, lasting: timedelta) -> None:
    ok(worker.post(f"me/onboarding/{step.id}/begin"), 201)
    ok(worker.post(f"me/onboarding/{step.id}/finish", at=worker.now + lasting))


def test_a_paid_step_is_credited_once(wanda, olga, now):
    through(wanda, text(olga), lasting=timedelta(seconds=90))
    assert seconds(wanda) == 0, "nobody has looked yet"
    assert [jobs.credit_onboarding(), jobs.credit_onboarding()] == [1, 0]
    assert seconds(wanda) == 90
    assert ok(wanda.get("me/pay"))["seconds_total"] == 90
    assert StepProgress.objects.get(step__kind="text").credited_at is not None


@pytest.mark.parametrize(("estimate", "credited"), [(None, 600), (60, 600), (900, 1800), (3 * 3600, 3600)])
def test_who_walks_away_is_credited_twice_the_estimate_within_bounds(wanda, olga, now, estimate, credited):
    through(wanda, text(olga, estimate_seconds=estimate), lasting=timedelta(hours=8))
    onboarding_time.credit_due(now=now)
    assert seconds(wanda) == credited


def test_unpaid_steps_and_steps_never_begun_are_not_credited(wanda, olga, now):
    through(wanda, text(olga, paid=False), lasting=timedelta(seconds=90))
    agreement = onboarding.publish_agreement(olga.actor, slug="terms", title="Terms", text="1", now=now)
    onboarding.accept_agreement(wanda.actor, agreement.id, now=now)  # a paid step, seen to be done before it was begun
    onboarding_time.credit_due(now=now)
    assert seconds(wanda) == 0


def test_reading_agreements_counts_from_the_beginning_of_the_step(wanda, olga, now):
    agreement = onboarding.publish_agreement(olga.actor, slug="terms", title="Terms", text="1", now=now)
    step = next(one for one in checklist.platform_steps() if one.kind == "agreements")
    ok(wanda.post(f"me/onboarding/{step.id}/begin"), 201)
    ok(wanda.post(f"agreements/{agreement.id}/accept", at=now + timedelta(minutes=4)))
    onboarding_time.credit_due(now=now)
    assert seconds(wanda) == 240


def test_what_is_paid_is_fixed_when_the_step_is_begun(wanda, walt, olga, now):
    step = text(olga)
    ok(wanda.post(f"me/onboarding/{step.id}/begin"), 201)
    checklist.change_step(olga.actor, step.id, paid=False, now=now)
    for worker in (wanda, walt):
        through(worker, step, lasting=timedelta(seconds=60))
    onboarding_time.credit_due(now=now)
    assert (seconds(wanda), seconds(walt)) == (60, 0)


def test_seconds_that_are_credited_already_are_not_credited_again(wanda, olga, now):
    step = text(olga)
    WorkInterval.objects.create(
        worker_id=wanda.worker.id,
        kind="task",
        reference=step.id,
        period=(now + timedelta(seconds=20), now + timedelta(seconds=50)),
        created_at=now,
    )
    through(wanda, step, lasting=timedelta(seconds=100))
    onboarding_time.credit_due(now=now)
    assert seconds(wanda) == 70


@pytest.mark.usefixtures("committed_db")
def test_two_clusters_at_once_credit_once(now):
    olga, wanda = builders.operator("olga", now=now), builders.worker("wanda", now=now)
    through(wanda, text(olga), lasting=timedelta(seconds=90))
    taken = []
    all_at_once(lambda _: taken.append(onboarding_time.credit_due(now=now)), 8)
    assert sum(taken) == 1
    assert seconds(wanda) == 90
