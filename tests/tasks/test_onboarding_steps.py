"""Exams and courses on a checklist: only such as exist, a vendor's own for a vendor, done when the facts say so."""

import pytest

from tests.journeys.world import exam, ok
from tests.tasks.scenes import result
from workforce import checklist, onboarding
from workforce.errors import BadStep


@pytest.fixture
def exam_id(rita):
    organization = str(rita.organization.id)
    skill = ok(rita.post("skills", {"organization_id": organization, "name": "Colours"}), 201)["id"]
    return ok(rita.post("exams", exam(organization, skill)), 201)["id"]


@pytest.mark.django_db
def test_an_exam_stands_before_the_first_task_until_it_is_passed(exam_id, olga, wanda, now):
    step = checklist.add_step(olga.actor, None, kind="exam", reference=exam_id, title="Colours", paid=True, now=now)
    (missing,) = onboarding.missing_steps(wanda.worker.id)
    assert (missing["step"], missing["href"]) == ("exam", f"/exams/{exam_id}/")
    assert wanda.post(f"me/onboarding/{step.id}/finish").status_code == 409
    assert not checklist.begin(wanda.worker.id, step.id, now=now).paid, "the sitting credits its own time"
    attempt = ok(wanda.post(f"exams/{exam_id}/attempts"), 201)
    answers = {question["id"]: result("a") for question in attempt["questions"]}
    ok(wanda.post(f"attempts/{attempt['id']}/submit", {"answers": answers}))
    assert onboarding.missing_steps(wanda.worker.id) == []
    assert ok(wanda.post(f"me/onboarding/{step.id}/finish"))["finished_at"] is not None


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["exam", "course"])
@pytest.mark.parametrize("reference", ["", "nonsense", "0198b1a0-0000-7000-8000-000000000000"])
def test_what_is_not_there_cannot_be_asked_for(olga, now, kind, reference):
    with pytest.raises(BadStep):
        checklist.add_step(olga.actor, None, kind=kind, reference=reference, now=now)


@pytest.mark.django_db
def test_a_vendor_asks_for_its_own_exams_and_nobody_for_a_closed_one(exam_id, rita, olga, now):
    vendor = ok(rita.post("organizations", {"name": "Vendor", "kind": "vendor"}), 201)["id"]
    refused = rita.post(f"organizations/{vendor}/onboarding-steps", {"kind": "exam", "reference": exam_id})
    assert (refused.status_code, refused.json()["code"]) == (400, "bad_step")
    ok(rita.post(f"exams/{exam_id}/close"))
    with pytest.raises(BadStep):
        checklist.add_step(olga.actor, None, kind="exam", reference=exam_id, now=now)
