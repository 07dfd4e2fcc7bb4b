"""The checklist: what is on it, who may change it, how far someone has got, and what stands before the first task."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from foundation.errors import NotFound
from foundation.models import AuditEntry
from tests import builders
from tests.journeys.world import ok
from tests.workforce import scenes
from workforce import checklist, onboarding, step_kinds, teams
from workforce.errors import BadStep, NotAnOperator, RoleTooLow, StepNotDone, StepTwice
from workforce.models import OnboardingStep, StepProgress, TeamMember, Worker

pytestmark = pytest.mark.django_db


def text(olga, **fields):
    return checklist.add_step(
        olga.actor, None, kind="text", now=olga.now, **({"title": "House rules", "text": "Knock."} | fields)
    )


def state(worker, kind):
    return next(one for one in checklist.lists_of(worker)[0].steps if one.step.kind == kind)


def test_a_new_platform_begins_with_a_list_and_a_new_worker_at_its_beginning(now):
    walt = builders.person("walt", now=now, as_worker=True)
    body = ok(walt.get("me/onboarding"))
    (platform,) = body["lists"]
    kinds = [step["kind"] for step in platform["steps"]]
    assert kinds == ["profile", "languages", "content", "hours", "second_factor", "identity", "payout"]
    assert (platform["done"], platform["total"], platform["is_complete"]) == (0, 7, False), "there is nothing to accept yet"
    assert platform["next"] == platform["steps"][0]["id"]
    assert platform["steps"][0]["href"] == "/onboarding/profile/"
    assert platform["steps"][-1]["href"] == "", "what comes later has no dead link"


def test_each_missing_step_says_it_for_people_and_for_programs(now, settings):
    settings.EMAIL_VERIFICATION = True
    walt = builders.person("walt", now=now, as_worker=True)
    missing = ok(walt.get("me"))["missing"]
    assert [(one["step"], one["href"]) for one in missing] == [
        ("email", "/account/email/"),
        ("country", "/onboarding/profile/"),
        ("languages", "/onboarding/profile/"),
    ]
    assert all("POST" in one["command"] and "POST" not in one["message"] for one in missing)


def test_a_required_text_of_the_platform_stands_before_the_next_task(wanda, olga, now):
    standing = Worker.objects.get(id=wanda.worker.id).standing
    step = text(olga)
    assert Worker.objects.get(id=wanda.worker.id).standing > standing, "access derived before is stale now"
    (missing,) = onboarding.missing_steps(wanda.worker.id)
    assert (missing["step"], missing["href"]) == ("text", f"/onboarding/steps/{step.id}/")
    begun = ok(wanda.post(f"me/onboarding/{step.id}/begin"), 201)
    later = now + timedelta(seconds=40)
    done = ok(wanda.post(f"me/onboarding/{step.id}/finish", at=later))
    assert (begun["finished_at"], done["began_at"]) == (None, begun["began_at"])
    assert onboarding.missing_steps(wanda.worker.id) == []
    again = ok(wanda.post(f"me/onboarding/{step.id}/finish", at=later + timedelta(days=1)))
    assert again == done


def test_a_step_is_done_when_the_facts_say_so_and_not_by_saying_so(wanda, now):
    hours = OnboardingStep.objects.get(organization=None, kind="hours")
    refused = wanda.post(f"me/onboarding/{hours.id}/finish")
    assert (refused.status_code, refused.json()["code"]) == (409, "step_not_done")
    assert refused.json()["details"]["href"] == "/onboarding/hours/"
    assert not StepProgress.objects.filter(worker=wanda.worker, step=hours).exists()
    checklist.begin(wanda.worker.id, hours.id, now=now)
    onboarding.choose_hours(
        wanda.worker.id, working_hours=[], daily_cap_seconds=None, weekly_cap_seconds=None, now=now + timedelta(seconds=30)
    )
    row = StepProgress.objects.get(worker=wanda.worker, step=hours)
    assert (row.began_at, row.finished_at) == (now, now + timedelta(seconds=30))


def test_a_new_version_opens_the_step_of_agreements_again_and_the_times_stay(wanda, olga, now):
    first = onboarding.publish_agreement(olga.actor, slug="terms", title="Terms", text="1", now=now)
    onboarding.accept_agreement(wanda.actor, first.id, now=now)
    assert state(wanda.worker, "agreements").is_done
    onboarding.publish_agreement(olga.actor, slug="terms", title="Terms", text="2", now=now + timedelta(days=1))
    again = state(wanda.worker, "agreements")
    assert (again.is_done, again.finished_at) == (False, now)
    second = now + timedelta(days=2)
    checklist.begin(wanda.worker.id, again.step.id, now=second)
    onboarding.accept_agreement(
        wanda.actor, onboarding.outstanding_agreements(wanda.user.id)[0].id, now=second + timedelta(minutes=3)
    )
    rows = StepProgress.objects.filter(worker=wanda.worker, step=again.step).order_by("began_at")
    assert [(row.began_at, row.finished_at) for row in rows] == [(now, now), (second, second + timedelta(minutes=3))]


def test_only_operators_change_the_platforms_list_and_managers_their_vendors(rita, wanda, olga, now):
    vera, rex = scenes.vendor("vera", now=now), builders.requester("rex", now=now)
    with pytest.raises(NotAnOperator):
        checklist.add_step(vera.actor, None, kind="hours", now=now)
    with pytest.raises(NotFound):
        checklist.add_step(rex.actor, vera.organization.id, kind="hours", now=now)
    with pytest.raises(BadStep):
        checklist.add_step(rita.actor, rita.organization.id, kind="hours", now=now)
    step = checklist.add_step(vera.actor, vera.organization.id, kind="hours", paid=True, now=now)
    with pytest.raises(StepTwice):
        checklist.add_step(vera.actor, vera.organization.id, kind="hours", now=now)
    builders.member(vera, "wanda@example.org", "viewer")
    with pytest.raises(RoleTooLow):
        checklist.change_step(wanda.actor, step.id, title="Mine", now=now)
    changed = checklist.change_step(vera.actor, step.id, title="When?", required=False, position=5, now=now)
    assert (changed.name, changed.required, changed.position) == ("When?", False, 5)
    with pytest.raises(BadStep):
        checklist.change_step(vera.actor, step.id, text="Another text", now=now)
    ended = checklist.end_step(vera.actor, step.id, now=now)
    assert checklist.end_step(vera.actor, step.id, now=now + timedelta(days=1)).ended_at == ended.ended_at
    assert checklist.add_step(vera.actor, vera.organization.id, kind="hours", now=now).id != step.id
    actions = list(AuditEntry.objects.filter(action__startswith="onboarding_step").values_list("action", flat=True))
    assert actions == [f"onboarding_step.{what}" for what in ("added", "changed", "ended", "added")]


@pytest.mark.parametrize(
    "fields",
    [{"kind": "text", "title": "", "text": "x"}, {"kind": "text", "title": "x", "text": ""}, {"kind": "hours", "reference": "x"}],
)
def test_a_step_nobody_could_do_is_refused(olga, now, fields):
    with pytest.raises(BadStep):
        checklist.add_step(olga.actor, None, now=now, **fields)
    with pytest.raises(IntegrityError), transaction.atomic():
        OnboardingStep.objects.create(position=1, created_at=now, **fields)


def test_steps_of_upper_rooms_are_registered_by_value(wanda, olga, now, monkeypatch):
    with pytest.raises(BadStep):
        checklist.add_step(olga.actor, None, kind="payout", now=now)
    passed = set()
    meaning = step_kinds.StepKind(
        done=lambda worker, reference: (worker.id, reference) in passed,
        href=lambda step: f"/things/{step.reference}/",
        check=lambda reference, organization_id: reference == "known",
    )
    monkeypatch.setitem(step_kinds.KINDS, "course", meaning)
    with pytest.raises(BadStep):
        checklist.add_step(olga.actor, None, kind="course", reference="unknown", now=now)
    checklist.add_step(olga.actor, None, kind="course", reference="known", title="The basics", now=now)
    (missing,) = onboarding.missing_steps(wanda.worker.id)
    assert (missing["step"], missing["href"], missing["message"]) == ("course", "/things/known/", "The basics.")
    passed.add((wanda.worker.id, "known"))
    assert onboarding.missing_steps(wanda.worker.id) == []


def test_a_vendors_list_is_between_the_vendor_and_its_team(wanda, walt, now):
    vera = scenes.vendor("vera", now=now)
    step = checklist.add_step(vera.actor, vera.organization.id, kind="text", title="House rules", text="Knock.", now=now)
    _, token = teams.invite(vera.actor, vera.organization.id, name="x", max_uses=5, days=5, now=now)
    teams.join(wanda.actor, token, now=now)
    assert onboarding.missing_steps(wanda.worker.id) == [], "it does not stop work for others"
    with pytest.raises(NotFound):
        checklist.begin(walt.worker.id, step.id, now=now)
    assert len(checklist.lists_of(walt.worker)) == 1
    assert TeamMember.objects.get().onboarded_at is None
    checklist.finish(wanda.worker.id, step.id, now=now + timedelta(minutes=1))
    assert TeamMember.objects.get().onboarded_at == now + timedelta(minutes=1)
    (member,) = ok(vera.get(f"organizations/{vera.organization.id}/team"))["results"]
    assert (member["display_name"], member["steps"], member["steps_done"]) == ("wanda", 1, 1)
    assert "email" not in member
    assert "legal_name" not in member


def test_a_step_is_not_finished_by_who_has_not_done_it(wanda, now):
    with pytest.raises(StepNotDone):
        checklist.finish(wanda.worker.id, OnboardingStep.objects.get(kind="second_factor").id, now=now)
