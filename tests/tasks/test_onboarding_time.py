"""Onboarding that counts as work: once per step, by the server's clock, bounded, and never over other credited time."""

from datetime import timedelta

import pytest
from django.test import Client

from payments.models import WorkInterval
from tasks import jobs, onboarding_time
from tests import builders
from tests.builders import Visitor
from tests.journeys.world import ok
from tests.races.crowd import all_at_once
from tests.workforce import scenes as workforce_scenes
from workforce import checklist, onboarding, teams
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


@pytest.mark.parametrize("way", ["start", "title", "notice"])
def test_time_counts_from_the_opening_of_the_page_whichever_way_led_there(wanda, olga, now, way):
    agreement = onboarding.publish_agreement(olga.actor, slug="terms", title="Terms", text="1", now=now)
    step = next(one for one in checklist.platform_steps() if one.kind == "agreements")
    opened, accepting = Visitor(wanda), Visitor(wanda, now + timedelta(minutes=4))
    address = f"/onboarding/agreements/{agreement.id}/"
    if way == "start":
        assert opened.post(f"/onboarding/steps/{step.id}/begin/").url == "/onboarding/agreements/"
    assert opened.get(address if way == "notice" else "/onboarding/agreements/").status_code == 200
    assert accepting.post(address, accepted="on").status_code == 302
    onboarding_time.credit_due(now=now)
    assert seconds(wanda) == 240


def test_every_page_of_a_step_begins_it_for_the_platform_and_for_a_team_and_none_twice(walt, olga, now):
    vera = workforce_scenes.vendor("vera", now=now)
    read = checklist.add_step(vera.actor, vera.organization.id, kind="text", title="Rules", text="Knock.", paid=True, now=now)
    other = checklist.add_step(vera.actor, vera.organization.id, kind="text", title="More", text="Knock.", paid=True, now=now)
    hours = checklist.add_step(vera.actor, vera.organization.id, kind="hours", paid=True, now=now)
    _, token = teams.invite(vera.actor, vera.organization.id, name="x", max_uses=5, days=5, now=now)
    teams.join(walt.actor, token, now=now)
    visitor = Visitor(walt)
    for _ in range(2):
        for page in (f"/onboarding/steps/{read.id}/", "/onboarding/hours/", "/account/2fa/"):
            visitor.get(page)
    begun = list(StepProgress.objects.filter(worker=walt.worker, finished_at=None))
    assert sorted(row.step.kind for row in begun) == ["hours", "hours", "second_factor", "text"]
    assert {row.step_id for row in begun if row.paid} == {read.id, hours.id}
    assert not StepProgress.objects.filter(worker=walt.worker, step=other).exists()


def test_who_is_sent_elsewhere_or_has_done_it_begins_nothing(walt, olga, now):
    onboarding.choose_content(walt.worker.id, accepted=[], now=now)
    before = StepProgress.objects.count()
    Visitor(walt).get("/onboarding/preferences/")
    Client().get("/onboarding/hours/")
    assert StepProgress.objects.count() == before


def test_a_glance_and_the_reading_are_two_stretches_within_the_bound(wanda, olga, now):
    step = text(olga)
    page = f"/onboarding/steps/{step.id}/"
    WorkInterval.objects.create(  # the first opening led to nothing: work went on elsewhere, and is credited there
        worker_id=wanda.worker.id, kind="task", reference=step.id, period=(now, now + timedelta(hours=1)), created_at=now
    )
    later = now + timedelta(days=20)
    Visitor(wanda).get(page)
    Visitor(wanda, later).get(page)
    Visitor(wanda, later + timedelta(minutes=6)).get(page)
    Visitor(wanda, later + timedelta(minutes=9)).post(page, confirmed="on")
    onboarding_time.credit_due(now=later)
    assert seconds(wanda) == 540


def test_opening_a_page_again_and_again_is_credited_no_more_than_the_bound(wanda, olga, now):
    page = f"/onboarding/steps/{text(olga).id}/"
    for minutes in range(0, 60, 5):
        Visitor(wanda, now + timedelta(minutes=minutes)).get(page)
    Visitor(wanda, now + timedelta(hours=1)).post(page, confirmed="on")
    onboarding_time.credit_due(now=now)
    assert seconds(wanda) == 600


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
