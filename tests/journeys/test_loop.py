"""The whole loop over HTTP: post, qualify, claim, answer, be scored, review, pay, aggregate, download."""

from datetime import timedelta

import orjson
import pytest

from config.jobs import broken_invariants
from tasks import results
from tests.journeys.world import batch, build, ok, rows
from tests.tasks.scenes import INTERFACE, result


@pytest.mark.django_db
def test_a_job_from_the_requesters_first_request_to_the_download(rita, wanda, walt, olga):
    ids = build(rita, wanda, olga)
    path = f"batches/{ids['batch_id']}"
    ok(walt.post(f"agreements/{ids['agreement_id']}/accept"))
    [job] = ok(walt.get("jobs"))["results"]
    assert job["eligible"] is False
    assert job["missing"][0]["requirement"]["skill_id"] == ids["skill_id"]
    assert "Colours" in job["missing"][0]["message"]
    attempt = ok(walt.post(f"exams/{ids['exam_id']}/attempts"), 201)
    assert "solution" not in orjson.dumps(attempt).decode()
    answers = {question["id"]: result("a") for question in attempt["questions"]}
    ok(walt.post(f"attempts/{attempt['id']}/submit", {"answers": answers}, at=walt.now + timedelta(seconds=40)))
    assert ok(walt.get("jobs"))["results"][0]["eligible"] is True
    now = walt.now + timedelta(minutes=2)
    for _ in range(3):
        [lease] = ok(walt.post(f"{path}/claim", at=now))["assignments"]
        assert "gold" not in orjson.dumps(lease).decode().lower() or lease["payload"] == {"text": "Gold"}
        now += timedelta(seconds=15)
        ok(walt.post(f"assignments/{lease['id']}/heartbeat", {"token": lease["token"]}, at=now))
        now += timedelta(seconds=5)
        ok(walt.post(f"assignments/{lease['id']}/submit", {"token": lease["token"], "result": result("a")}, at=now))
    pay = ok(walt.get("me/pay"))["currencies"][0]
    assert (pay["held_micros"], pay["earned_micros"]) == (150_000, 0)
    assert pay["seconds_total"] == 60
    assert pay["hourly_micros"] == 9_000_000
    ok(rita.post(f"{path}/accept-submitted"))
    pay = ok(walt.get("me/pay"))["currencies"][0]
    assert (pay["held_micros"], pay["earned_micros"], pay["available_micros"]) == (0, 150_000, 150_000)
    run = ok(rita.post(f"{path}/aggregations", {"method": "DawidSkene"}), 202)
    results.execute_run(run["id"], now=rita.now)
    done = ok(rita.get(f"aggregations/{run['id']}"))
    assert done["state"] == "done"
    assert done["versions"]["crowd-kit"] == "1.4.2"
    exported = rita.get(f"aggregations/{run['id']}/export")
    labels = [orjson.loads(line) for line in b"".join(exported.streaming_content).splitlines()]
    assert {label["task_key"] for label in labels}
    answers = b"".join(rita.get(f"{path}/export", format="csv").streaming_content).decode()
    assert answers.count("\r\n") == 1 + 5  # a header, wanda's two that were not rejected, walt's three
    assert str(wanda.worker.id) not in answers, "requesters know workers by alias"
    ok(rita.post(f"{path}/close"))
    assert broken_invariants() == {}


@pytest.mark.django_db
def test_bad_input_names_the_field_and_changes_nothing(rita, olga):
    organization = str(rita.organization.id)
    refused = rita.post("projects", {"organization_id": organization, "name": "x", "interface": "<View><script/></View>"})
    assert refused.status_code == 400
    body = refused.json()
    assert set(body) == {"code", "message", "details"}
    assert (body["code"], body["details"]["field"]) == ("interface_invalid", "interface")
    assert ok(rita.get("projects"))["results"] == []
    refused = rita.get("projects", organization__name="x")
    assert (refused.status_code, refused.json()["code"]) == (400, "unknown_filter")
    refused = rita.upload("projects", b"{not json", "application/json")
    assert (refused.status_code, refused.json()["code"]) == (400, "parse_error")


@pytest.mark.django_db
def test_a_price_under_the_floor_is_refused_with_the_least_price(rita, olga):
    organization = str(rita.organization.id)
    ok(
        olga.post("pay-floors", {"currency": "USD", "hourly_micros": 36_000_000, "effective_from": "2026-01-01", "source": "x"}),
        201,
    )
    project = ok(
        rita.post("projects", {"organization_id": organization, "name": "x", "description": "", "interface": INTERFACE}), 201
    )
    ok(rita.post(f"projects/{project['id']}/guidelines", {"text": "Choose."}), 201)
    settings = batch(organization) | {"requirements": [], "gold_percent": 0}
    draft = ok(rita.post(f"projects/{project['id']}/batches", settings), 201)
    ok(rita.upload(f"batches/{draft['id']}/tasks", rows({"payload": {"text": "x"}})), 201)
    refused = rita.post(f"batches/{draft['id']}/publish")
    assert (refused.status_code, refused.json()["code"]) == (400, "price_below_floor")
    assert refused.json()["details"]["limit"] == 100_000
    assert ok(rita.get(f"batches/{draft['id']}"))["state"] == "draft"


@pytest.mark.django_db
def test_workers_never_see_the_solutions_of_an_exam(rita, wanda, olga):
    ids = build(rita, wanda, olga)
    assert "solution" not in wanda.get(f"exams/{ids['exam_id']}").content.decode()
    assert "solution" in rita.get(f"exams/{ids['exam_id']}").content.decode()
