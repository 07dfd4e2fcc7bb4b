"""A whole beginning over HTTP: sign up, prove the address, join a team, do every step, be credited, and take the first task."""

from datetime import timedelta

import pytest

from tasks import jobs as task_jobs
from tests import builders
from tests.builders import PASSWORD, Person
from tests.journeys.world import ok
from tests.tasks import scenes
from tests.workforce.scenes import vendor
from tests.workforce.test_signing_in import mailed
from workforce import checklist
from workforce.models import User, Worker


@pytest.mark.django_db
def test_from_a_stranger_to_a_first_task(rita, olga, now, settings):
    vera = vendor("vera", now=now)
    settings.EMAIL_VERIFICATION = True
    batch = scenes.opened(rita, olga, tasks=2, sensitive=["medical"])
    agreement = ok(olga.post("agreements", {"slug": "terms", "title": "Terms", "text": "Fair work."}), 201)
    rules = {"kind": "text", "title": "House rules", "text": "Knock.", "paid": True}
    ok(olga.post("onboarding-steps", rules), 201)
    ok(vera.post(f"organizations/{vera.organization.id}/onboarding-steps", {"kind": "second_factor"}), 201)
    link = ok(vera.post(f"organizations/{vera.organization.id}/invitations", {"name": "Spring"}), 201)

    account = {"email": "newt@example.org", "password": PASSWORD, "display_name": "Newt", "as_worker": True}
    assert ok(olga.post("accounts", account), 201) == {"email": "newt@example.org"}
    token = ok(olga.post("tokens", {"email": "newt@example.org", "password": PASSWORD}), 201)["token"]
    user = User.objects.get(email="newt@example.org")
    newt = Person(user, token, now, worker=Worker.objects.get(user=user))
    assert newt.post(f"batches/{batch.id}/claim").json()["code"] == "address_unproven"
    assert ok(newt.get("me"))["missing"][0]["step"] == "email"

    ok(newt.post("me/email/send-code"))
    ok(newt.post("me/email/verify", {"code": mailed(newt)}))
    refused = newt.post(f"batches/{batch.id}/claim")
    assert refused.json()["code"] == "not_eligible"
    steps = [gap["step"] for gap in refused.json()["details"]["missing"]]
    assert steps == ["country", "languages", "text", "agreement", "content"]
    assert all(gap["href"].startswith("/") and gap["message"] for gap in refused.json()["details"]["missing"])
    ok(newt.post("me/profile", {"country": "PT", "languages": ["pt"], "language_levels": {"pt": "native"}}))
    lists = ok(newt.get("me/onboarding"))["lists"]
    for step in [one for one in lists[0]["steps"] if one["kind"] in ("agreements", "text")]:
        ok(newt.post(f"me/onboarding/{step['id']}/begin"), 201)
        if step["kind"] == "agreements":
            ok(newt.post(f"agreements/{agreement['id']}/accept", at=now + timedelta(seconds=60)))
        else:
            ok(newt.post(f"me/onboarding/{step['id']}/finish", at=now + timedelta(seconds=150)))
    assert ok(newt.get("me"))["missing"] == []
    assert ok(newt.get("me"))["worker"]["onboarded_at"] is not None
    (gap,) = newt.post(f"batches/{batch.id}/claim").json()["details"]["missing"]
    assert gap["step"] == "content"
    ok(newt.post("me/content", {"sensitive_accepted": ["medical"]}))
    assert len(ok(newt.post(f"batches/{batch.id}/claim"))["assignments"]) == 1

    task_jobs.credit_onboarding()
    assert ok(newt.get("me/pay"))["seconds_total"] == 150, "two steps at once share their seconds"

    joined = ok(newt.post("join", {"token": link["token"]}))
    lists = ok(newt.get("me/onboarding"))["lists"]
    assert [one["name"] for one in lists] == [None, "Vera"]
    assert (lists[1]["done"], lists[1]["total"], lists[1]["is_complete"]) == (0, 1, False)
    (member,) = ok(vera.get(f"organizations/{vera.organization.id}/team"))["results"]
    assert (member["display_name"], member["country"]) == ("Newt", "PT")
    ok(newt.post(f"me/teams/{joined['id']}/leave"))
    assert ok(vera.get(f"organizations/{vera.organization.id}/team"))["results"] == []


@pytest.mark.django_db
def test_what_opens_again_stops_the_next_claim_and_not_the_task_in_hand(rita, olga, wanda, now):
    batch = scenes.opened(rita, olga, tasks=3)
    lease = ok(wanda.post(f"batches/{batch.id}/claim"))["assignments"][0]
    checklist.add_step(olga.actor, None, kind="text", title="House rules", text="Knock.", now=now)
    body = {"token": lease["token"], "result": scenes.result("a")}
    ok(wanda.post(f"assignments/{lease['id']}/submit", body, at=now + timedelta(seconds=20)))
    assert wanda.post(f"batches/{batch.id}/claim").json()["details"]["missing"][0]["step"] == "text"


@pytest.mark.django_db
def test_an_account_that_posts_work_can_start_to_work(rita, now):
    assert rita.post("me/onboarding").status_code == 405
    assert rita.get("me/onboarding").json()["code"] == "not_a_worker"
    body = ok(rita.post("me/worker", {"display_name": "Rita"}))
    assert ok(rita.post("me/worker", {"display_name": "Other"}))["id"] == body["id"]
    assert builders.Worker.objects.get(user=rita.user).display_name == "Rita"
