from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from foundation.errors import NotFound
from foundation.ids import new_id
from payments.models import Account
from qualification import granting
from tasks import enrolling, publishing
from tasks.errors import NotEligible
from tasks.models import Batch, Enrolment
from tests import builders
from tests.tasks import scenes
from workforce import decisions, onboarding
from workforce.models import Decision

pytestmark = pytest.mark.django_db
GERMANY = [{"subject": "country", "comparator": "equal_to", "values": ["DE"]}]
FRENCH = [{"subject": "language", "comparator": "equal_to", "values": ["fr"]}]


@pytest.fixture
def batch(rita, olga):
    return scenes.opened(rita, olga)


def pause(worker, batch, now, **fields):
    return decisions.record(
        worker.worker.id,
        kind=Decision.Kind.PAUSE,
        scope=Decision.scope_of_project(batch.project_id),
        organization_id=batch.organization_id,
        reason="Two of nine known answers were right.",
        rule="gold-accuracy/1",
        now=now,
        effective_until=now + timedelta(hours=24),
        **fields,
    )


def test_a_worker_who_lacks_nothing_is_enrolled_and_gets_an_account(batch, wanda, now):
    row = enrolling.enrol(wanda.worker.id, batch, now=now)
    earnings = Account.objects.get(kind="earnings", owner_id=wanda.worker.id)
    assert (row.batch_id, row.earnings_id, row.eligible_until, row.claimed) == (batch.id, earnings.id, None, 0)
    assert (row.standing, earnings.currency) == (wanda.actor.standing, "USD")


def test_enrolling_again_refreshes_the_standing_and_keeps_the_row(batch, wanda, now):
    first = enrolling.enrol(wanda.worker.id, batch, now=now)
    Enrolment.objects.filter(id=first.id).update(cursor=7, claimed=3)
    onboarding.touch_standing(wanda.worker.id)
    again = enrolling.enrol(wanda.worker.id, batch, now=now)
    assert (again.id, again.standing, again.cursor, again.claimed) == (first.id, first.standing + 1, 7, 3)
    assert Account.objects.filter(kind="earnings").count() == 1


def test_someone_without_a_profile_is_told_the_steps(batch, now):
    newcomer = builders.person("nora", now=now, as_worker=True)
    with pytest.raises(NotEligible) as refused:
        enrolling.enrol(newcomer.worker.id, batch, now=now)
    assert [step["step"] for step in refused.value.details["missing"]] == ["country", "languages"]
    assert not Enrolment.objects.exists()
    assert not Account.objects.filter(kind="earnings").exists()


def test_a_new_agreement_keeps_out_until_it_is_accepted(batch, olga, wanda, now):
    row = onboarding.publish_agreement(olga.actor, slug="terms", title="Terms", text="Be kind.", now=now)
    with pytest.raises(NotEligible) as refused:
        enrolling.enrol(wanda.worker.id, batch, now=now)
    assert refused.value.details["missing"][0]["agreement_id"] == str(row.id)
    onboarding.accept_agreement(wanda.actor, row.id, now=now)
    assert enrolling.enrol(wanda.worker.id, batch, now=now)


def test_requirements_are_checked_and_told(rita, olga, wanda, now):
    scenes.floor(olga, country="FR")
    scenes.floor(olga, country="DE")
    of = scenes.project(rita)
    french = scenes.draft(rita, of=of, requirements=FRENCH)
    german = scenes.draft(rita, of=of, requirements=GERMANY)
    with pytest.raises(NotEligible) as refused:
        enrolling.enrol(wanda.worker.id, french, now=now)
    (gap,) = refused.value.details["missing"]
    assert (gap["requirement"]["values"], gap["have"]) == (["fr"], ["en"])
    assert (gap["step"], gap["command"]) == ("language", "POST me/profile")
    assert enrolling.enrol(wanda.worker.id, german, now=now)


def test_an_enrolment_ends_when_the_first_skill_it_rests_on_does(rita, wanda, now):
    skill = granting.create_skill(rita.actor, organization_id=rita.organization.id, name="Colours", description="", now=now)
    needs_it = [{"subject": "skill", "skill_id": str(skill.id), "comparator": "greater_than_or_equal_to", "values": [80]}]
    batch = scenes.draft(rita, requirements=needs_it)
    with pytest.raises(NotEligible):
        enrolling.enrol(wanda.worker.id, batch, now=now)
    until = now + timedelta(days=30)
    granting.grant(wanda.worker.id, skill_id=skill.id, value=90, source="test", now=now, expires_at=until)
    assert enrolling.enrol(wanda.worker.id, batch, now=now).eligible_until == until
    with pytest.raises(NotEligible):
        enrolling.enrol(wanda.worker.id, batch, now=until)


def test_a_pause_keeps_out_for_its_time_and_is_told(batch, wanda, now):
    decision = pause(wanda, batch, now)
    with pytest.raises(NotEligible) as refused:
        enrolling.enrol(wanda.worker.id, batch, now=now)
    (told,) = refused.value.details["missing"]
    assert told["decision_id"] == str(decision.id)
    assert told["until"] == (now + timedelta(hours=24)).isoformat()
    assert enrolling.enrol(wanda.worker.id, batch, now=now + timedelta(hours=24))


def test_a_pause_in_another_project_does_not_matter(rita, olga, batch, wanda, now):
    other = scenes.draft(rita)
    pause(wanda, batch, now)
    assert enrolling.enrol(wanda.worker.id, other, now=now)


def test_a_worker_who_does_not_exist_is_not_found(batch, now):
    with pytest.raises(NotFound):
        enrolling.enrol(new_id(), batch, now=now)


def test_a_claim_is_refused_with_what_is_missing(rita, olga, wanda):
    scenes.floor(olga)
    scenes.funds(olga, rita)
    batch = scenes.draft(rita, requirements=FRENCH)
    publishing.publish(rita.actor, batch.id, now=rita.now)
    refused = wanda.post(f"batches/{batch.id}/claim", {"count": 1})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_eligible")
    assert refused.json()["details"]["missing"][0]["requirement"]["subject"] == "language"


def test_many_batches_ask_no_more_queries_than_one(rita, wanda, now):
    of = scenes.project(rita)
    for _ in range(6):
        scenes.draft(rita, of=of, tasks=0, requirements=GERMANY)
    facts = granting.facts_of(wanda.worker.id, now=now)
    batches = list(Batch.objects.all())

    def queries(some):
        with CaptureQueriesContext(connection) as caught:
            enrolling.missing_in_each(wanda.worker.id, some, facts=facts, now=now)
        return len(caught)

    assert queries(batches) == queries(batches[:1])


def test_sensitive_work_is_for_those_who_opted_in(rita, olga, wanda, now):
    made = scenes.opened(rita, olga, tasks=3, sensitive=["hate", "injury"])
    onboarding.choose_content(wanda.worker.id, accepted=["hate"], now=now)
    refused = wanda.post(f"batches/{made.id}/claim")
    assert (refused.status_code, refused.json()["code"]) == (403, "not_eligible")
    (gap,) = refused.json()["details"]["missing"]
    assert (gap["step"], gap["categories"]) == ("content", ["injury"])
    assert "Injuries" in gap["message"]
    (job,) = wanda.get("jobs").json()["results"]
    assert (job["eligible"], job["sensitive"]) == (False, ["hate", "injury"])
    onboarding.choose_content(wanda.worker.id, accepted=["hate", "injury"], now=now)
    assert wanda.post(f"batches/{made.id}/claim").status_code == 200
    onboarding.choose_content(wanda.worker.id, accepted=[], now=now)
    assert wanda.post(f"batches/{made.id}/claim").status_code == 403, "opting out works at the next claim"


def test_a_batch_says_what_it_may_show_from_a_closed_list(rita, now):
    of = scenes.project(rita)
    settings = {"name": "B", "overlap": 1, "currency": "USD", "price_micros": 1, "estimate_seconds": 5}
    made = rita.post(f"projects/{of.id}/batches", settings | {"sensitive": ["medical"]})
    assert made.json()["sensitive"] == ["medical"]
    assert rita.post(f"projects/{of.id}/batches", settings | {"sensitive": ["kittens"]}).status_code == 400
