"""A world with one of everything in it, made over HTTP: what rita set up, what wanda did there, what olga decided."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson

from tasks import personal_data
from tasks.models import Batch, BulkAcceptance, Case
from tests.builders import Person
from tests.tasks.scenes import COMMENT, INTERFACE, result


def ok(response: Any, status: int = 200) -> Any:
    assert response.status_code == status, (response.status_code, response.content)
    return response.json()


def rows(*rows: dict[str, Any]) -> bytes:
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def build(rita: Person, wanda: Person, olga: Person) -> dict[str, str]:
    """Path parameter → id, of things that are rita's, wanda's or the platform's."""
    assert rita.organization
    organization = str(rita.organization.id)
    ids = {"organization_id": organization, "user_id": str(wanda.user.id)}
    ok(
        olga.post("pay-floors", {"currency": "USD", "hourly_micros": 12_000_000, "effective_from": "2026-01-01", "source": "x"}),
        201,
    )
    deposit = {"amount_micros": 50_000_000, "currency": "USD", "reference": "wire", "reason": "bank transfer"}
    ok(olga.post(f"organizations/{organization}/deposits", deposit), 201)
    ids["skill_id"] = ok(rita.post("skills", {"organization_id": organization, "name": "Colours"}), 201)["id"]
    ids["exam_id"] = ok(rita.post("exams", exam(organization, ids["skill_id"])), 201)["id"]
    attempt = ok(wanda.post(f"exams/{ids['exam_id']}/attempts"), 201)
    ids["attempt_id"] = attempt["id"]
    answers = {question["id"]: result("a") for question in attempt["questions"]}
    assert ok(wanda.post(f"attempts/{attempt['id']}/submit", {"answers": answers}))["state"] == "passed"
    ids["course_id"] = ok(rita.post("courses", {"organization_id": organization, "title": "Basics"}), 201)["id"]
    ids["lesson_id"] = ok(rita.post(f"courses/{ids['course_id']}/lessons", lesson()), 201)["id"]
    ok(rita.post(f"courses/{ids['course_id']}/publish"))
    ids["training_id"] = ok(wanda.post(f"courses/{ids['course_id']}/start"), 201)["id"]
    ids["grant_id"] = ok(wanda.get("grants"))["results"][0]["id"]
    project = {"organization_id": organization, "name": "Colours", "description": "", "interface": INTERFACE}
    ids["project_id"] = ok(rita.post("projects", project), 201)["id"]
    ids["guideline_id"] = ok(rita.post(f"projects/{ids['project_id']}/guidelines", {"text": "Choose."}), 201)["id"]
    ids["batch_id"] = ok(rita.post(f"projects/{ids['project_id']}/batches", batch(ids["skill_id"])), 201)["id"]
    tasks = [{"key": f"t{n}", "payload": {"text": f"Text {n}"}} for n in range(6)]
    ok(rita.upload(f"batches/{ids['batch_id']}/tasks", rows(*tasks)), 201)
    gold = {"key": "g", "payload": {"text": "Gold"}, "solution": {"label": "a"}}
    ok(rita.upload(f"batches/{ids['batch_id']}/gold", rows(gold)), 201)
    ok(rita.post(f"batches/{ids['batch_id']}/publish"))
    ids["task_id"] = next(row["id"] for row in ok(rita.get(f"batches/{ids['batch_id']}/tasks"))["results"] if row["is_gold"])
    ids["case_id"] = case(rita, wanda, ids["batch_id"])
    for n in range(3):
        lease = ok(wanda.post(f"batches/{ids['batch_id']}/claim"))["assignments"][0]
        at = wanda.now.replace(minute=n + 1)
        ok(wanda.post(f"assignments/{lease['id']}/submit", {"token": lease["token"], "result": result("b")}, at=at))
        ids["assignment_id"], ids["token"] = lease["id"], lease["token"]
    ids["acceptance_id"] = str(_accepted_at_once(ids["batch_id"], rita).id)
    ids["run_id"] = ok(rita.post(f"batches/{ids['batch_id']}/aggregations", {"method": "MajorityVote"}), 202)["id"]
    waiting = ok(rita.get(f"batches/{ids['batch_id']}/assignments", state="submitted"))["results"]
    rejection = {"reason": "low_effort", "comment": COMMENT, "evidence": {"task": "t0"}}
    ok(rita.post(f"assignments/{waiting[-1]['id']}/reject", rejection))
    ids["decision_id"] = ok(wanda.get("decisions"))["results"][0]["id"]
    ids["appeal_id"] = ok(wanda.post(f"decisions/{ids['decision_id']}/appeal", {"text": "The text names no colour."}), 201)["id"]
    ids["thread_id"] = ok(wanda.post(f"batches/{ids['batch_id']}/questions", {"text": "What about blue?"}), 201)["id"]
    ok(rita.post(f"threads/{ids['thread_id']}/messages", {"text": "Blue counts."}), 201)
    clear = {"question": "Does blue count?", "answer": "It does."}
    ids["clarification_id"] = ok(rita.post(f"threads/{ids['thread_id']}/clarify", clear), 201)["id"]
    ids["notification_id"] = ok(wanda.get("notifications"))["results"][0]["id"]
    ids["copy_id"] = ok(wanda.post("me/data"), 202)["id"]
    personal_data.make(UUID(ids["copy_id"]), now=wanda.now)
    agreement = {"slug": "terms", "title": "Terms", "text": "Fair work."}
    ids["agreement_id"] = ok(olga.post("agreements", agreement), 201)["id"]
    ids |= team(rita, wanda)
    ids["token_id"] = ok(rita.get("tokens"))["results"][0]["id"]
    asked = {"email": "vic@example.org", "role": "viewer"}
    ids["member_invitation_id"] = ok(rita.post(f"organizations/{organization}/members", asked), 201)["id"]
    ids["membership_id"] = ok(rita.get(f"organizations/{organization}/members"))["results"][0]["id"]
    return ids


def team(rita: Person, wanda: Person) -> dict[str, str]:
    """A vendor of rita's, a step on its list, and wanda in its team."""
    vendor = ok(rita.post("organizations", {"name": "Vendor", "kind": "vendor"}), 201)["id"]
    step = {"kind": "text", "title": "House rules", "text": "Knock."}
    ids = {"step_id": ok(rita.post(f"organizations/{vendor}/onboarding-steps", step), 201)["id"]}
    invitation = ok(rita.post(f"organizations/{vendor}/invitations", {"name": "Spring", "max_uses": 2}), 201)
    ids["member_id"] = ok(wanda.post("join", {"token": invitation["token"]}))["id"]
    return ids | {"invitation_id": invitation["id"], "invitation_token": invitation["token"], "vendor_id": vendor}


def lesson() -> dict[str, Any]:
    practice = [{"id": f"p{n}", "payload": {"text": f"Practice {n}"}, "solution": {"label": "a"}} for n in range(3)]
    return {
        "title": "One",
        "text": "Read.",
        "interface": INTERFACE,
        "practice": practice,
        "mastery_right": 2,
        "mastery_window": 3,
    }


def exam(organization: str, skill: str) -> dict[str, Any]:
    return {
        "organization_id": organization,
        "skill_id": skill,
        "title": "Colours",
        "interface": INTERFACE,
        "questions": [{"id": f"q{n}", "payload": {"text": f"Question {n}"}, "solution": {"label": "a"}} for n in range(3)],
        "questions_per_attempt": 2,
        "pass_percent": 50,
        "time_limit_seconds": 600,
        "max_attempts": 2,
        "retry_delay_seconds": 60,
        "review_allowed": "always",
    }


def batch(skill: str) -> dict[str, Any]:
    return {
        "name": "First",
        "overlap": 2,
        "currency": "USD",
        "price_micros": 50_000,
        "estimate_seconds": 10,
        "gold_percent": 10,
        "accuracy_bar": 0.6,
        "requirements": [{"subject": "skill", "skill_id": skill, "comparator": "greater_than_or_equal_to", "values": [50]}],
    }


def _accepted_at_once(batch_id: str, rita: Person) -> BulkAcceptance:
    """An operation that has ended; a real one would take the verdicts away from what follows."""
    return BulkAcceptance.objects.create(
        batch_id=batch_id, requested_by=rita.user, waiting=0, created_at=rita.now, seen_at=rita.now, ended_at=rita.now
    )


def case(rita: Person, wanda: Person, batch_id: str) -> str:
    """A case about wanda, as the rule opens it."""
    batch = Batch.objects.get(id=batch_id)
    assert wanda.worker
    made = Case.objects.create(
        worker=wanda.worker,
        batch=batch,
        project_id=batch.project_id,
        organization_id=batch.organization_id,
        window=1,
        rule="gold-accuracy/1",
        finding="Of 10 tasks with a known answer you have answered 2 as expected.",
        waiting="work",
        currency=batch.currency,
        opened_at=wanda.now,
        decide_due_at=wanda.now + timedelta(hours=72),
    )
    return str(made.id)
