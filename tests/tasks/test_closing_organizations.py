"""An organisation closes for good once nothing is left to settle; then nobody acts for it, and nobody is held by it."""

from datetime import timedelta

import pytest
from django.core import mail

from config.jobs import broken_invariants
from foundation.models import AuditEntry, Event
from payments import funding
from qualification.models import Course, Exam
from tasks import closing_organizations, gating, leaving, publishing, reviewing, weighing
from tasks.models import Assignment, Batch, Look, Task
from tests import builders
from tests.journeys.test_matrix import FOREIGN, ROWS, _call, _fitting, bodies
from tests.journeys.world import build, ok
from tests.tasks import scenes
from workforce import mailing, members
from workforce.errors import NotSettled
from workforce.models import MemberInvitation, Membership, Notification, Organization, TeamInvitation

pytestmark = pytest.mark.django_db


def left(person, now=None) -> dict[str, dict]:
    """What closing is refused for."""
    try:
        closing_organizations.close(person.actor, person.organization.id, now=now or person.now)
    except NotSettled as error:
        rows = {row["what"]: row for row in error.details["left"]}
        assert all(row["way_out"] for row in rows.values())
        assert not Organization.objects.get(id=person.organization.id).closed_at
        return rows
    return {}


def paid_back(olga, rita, amount_micros: int | None = None) -> None:
    [funds] = funding.funds_of(rita.organization.id)
    body = {
        "amount_micros": amount_micros or funds["available_micros"],
        "currency": "USD",
        "reference": "back",
        "reason": "Closes.",
    }
    ok(olga.post(f"organizations/{rita.organization.id}/withdrawals", body), 201)


# ---- the way out ----


def test_the_founder_of_an_empty_organisation_closes_it_leaves_and_is_erased(rita, now):
    path = f"organizations/{rita.organization.id}"
    [membership] = Membership.objects.filter(organization=rita.organization)
    for refused, code in ((f"memberships/{membership.id}/end", "last_owner"), ("me/erasure", "still_owner")):
        answer = rita.post(refused, {})
        assert (answer.status_code, answer.json()["code"]) == (409, code)
        assert "POST organizations/<id>/close" in answer.json()["message"]
    told = ok(rita.post(f"{path}/close"))
    assert told["closed_at"] is not None
    assert ok(rita.post(f"{path}/close")) == told, "twice is once"
    assert ok(rita.get(path))["closed_at"] == told["closed_at"]
    ok(rita.post("me/erasure", {}), 202)
    assert leaving.erase_due(now=now + timedelta(days=8)) == 1
    membership.refresh_from_db()
    assert membership.ended_at is not None


def test_or_leaves_without_being_erased(rita):
    ok(rita.post(f"organizations/{rita.organization.id}/close"))
    [membership] = Membership.objects.filter(organization=rita.organization)
    ok(rita.post(f"memberships/{membership.id}/end"))
    assert ok(rita.get("organizations"))["results"] == []


def test_only_owners_close(rita, rex, wanda):
    builders.member(rita, "wanda@example.org", "manager")
    path = f"organizations/{rita.organization.id}/close"
    assert (wanda.post(path).json()["code"], rex.post(path).status_code) == ("role_too_low", 404)


# ---- what is left ----


def test_everything_that_is_left_is_named_until_it_is_settled(rita, olga, wanda, now):
    batch = scenes.opened(rita, olga, tasks=3)
    assert set(left(rita)) == {"open_batches", "escrow", "funds"}
    scenes.claim(wanda, batch)
    publishing.pause(rita.actor, batch.id, now=now)
    assert set(left(rita)) == {"open_batches", "tasks_in_hand", "escrow", "funds"}
    publishing.resume(rita.actor, batch.id, now=now)
    Assignment.objects.filter(state="leased").update(state="expired", ended_at=now)
    batch = Batch.objects.get(id=batch.id)
    assert left(rita)["open_batches"] == {
        "what": "open_batches",
        "count": 1,
        "way_out": "Close them: POST batches/<id>/close.",
    }


def test_answers_money_and_the_time_to_appeal(rita, olga, wanda, now):
    batch = scenes.opened(rita, olga, tasks=2)
    scenes.answered(wanda, batch, count=2)
    publishing.close(rita.actor, batch.id, now=now)
    assert left(rita)["undecided_answers"]["count"] == 2
    first, second = Assignment.objects.filter(batch=batch).order_by("id")
    reviewing.accept(rita.actor, first.id, now=now)
    reviewing.reject(rita.actor, second.id, reason="low_effort", comment=scenes.COMMENT, evidence={"x": 1}, now=now)
    told = left(rita)
    assert set(told) == {"appealable_decisions", "escrow", "funds"}
    assert told["appealable_decisions"]["count"] == 1
    assert told["funds"]["currency"] == "USD"
    later = now + timedelta(days=15)
    publishing.release_closed(now=later)
    assert set(left(rita, later)) == {"funds"}
    paid_back(olga, rita)
    assert left(rita, later) == {}
    assert broken_invariants() == {}


def test_open_appeals_exams_and_courses(rita, olga, wanda, now):
    ids = build(rita, wanda, olga)
    told = left(rita)
    assert {"open_exams", "open_courses", "open_batches", "open_cases"} <= set(told)
    for exam in Exam.objects.filter(organization=rita.organization, closed_at=None):
        ok(rita.post(f"exams/{exam.id}/close"))
    for course in Course.objects.filter(organization=rita.organization, closed_at=None):
        ok(rita.post(f"courses/{course.id}/close"))
    assert not {"open_exams", "open_courses"} & set(left(rita))
    ok(rita.post(f"cases/{ids['case_id']}/resolve", {"verdict": "nothing", "reason": scenes.COMMENT}))
    assert "open_cases" not in left(rita)


def test_nothing_that_gold_told_of_somebody_is_judged_after_closing(rita, olga, wanda, now):
    """Neither answers that wait to be weighed, nor a look that is due later, nor corrected gold."""
    batch = scenes.opened(rita, olga, tasks=60, gold=40, gold_percent=50, accuracy_bar=0.6, max_leases=90, overlap=2)
    wrong = 0
    while wrong < 6:
        [lease] = scenes.claim(wanda, batch)
        is_gold = Task.objects.get(id=lease.task_id).lane == Task.Lane.GOLD
        scenes.submit(wanda, lease, choice="a" if is_gold else "b")
        wrong += is_gold
    assert left(rita)["gold_to_weigh"]["count"] == 6
    weighing.weigh_due(now=now + timedelta(minutes=1))
    assert Look.objects.filter(batch=batch).count() == left(rita)["gold_to_weigh"]["count"] == 1
    gating.look_due(now=now + timedelta(hours=1))
    assert "gold_to_weigh" not in left(rita)
    gold = Task.objects.filter(batch=batch, lane=Task.Lane.GOLD).first()
    ok(rita.post(f"tasks/{gold.id}/retire-gold", {"reason": "Nobody can tell."}), 201)
    assert left(rita)["gold_to_weigh"]["count"] == 1


def test_what_concerns_a_person_can_be_ended_after_closing(rita, olga, wanda, walt, now):
    ids = build(rita, wanda, olga)
    row = builders.member(rita, "walt@example.org", "manager")
    Organization.objects.filter(id=rita.organization.id).update(closed_at=now)
    assert ok(olga.post(f"cases/{ids['case_id']}/resolve", {"verdict": "nothing", "reason": scenes.COMMENT}))
    ok(rita.post(f"memberships/{row.id}/end"))
    assert walt.get(f"organizations/{rita.organization.id}").status_code == 404
    assert rita.post(f"decisions/{ids['decision_id']}/lift", {"reason": "x"}).json()["code"] == "not_liftable"


def test_a_vendor_ends_its_team_first(rita, wanda):
    vendor = ok(rita.post("organizations", {"name": "Vendor", "kind": "vendor"}), 201)["id"]
    link = ok(rita.post(f"organizations/{vendor}/invitations", {"name": "Spring", "max_uses": 2}), 201)
    member = ok(wanda.post("join", {"token": link["token"]}))["id"]
    answer = rita.post(f"organizations/{vendor}/close")
    assert (answer.status_code, [row["what"] for row in answer.json()["details"]["left"]]) == (409, ["team_members"])
    ok(rita.post(f"team-members/{member}/end", {"reason": "We close."}))
    ok(rita.post(f"organizations/{vendor}/close"))
    assert TeamInvitation.objects.get().revoked_at is not None
    assert wanda.post("join", {"token": link["token"]}).json()["code"] in ("invitation_over", "organization_closed")


def test_money_is_paid_back_by_operators_out_of_what_is_available_once(rita, olga, now):
    scenes.funds(olga, rita, amount_micros=100)
    path = f"organizations/{rita.organization.id}/withdrawals"
    body = {"amount_micros": 60, "currency": "USD", "reference": "back 1", "reason": "Closes."}
    assert rita.post(path, body).json()["code"] == "not_an_operator"
    row = ok(olga.post(path, body), 201)
    assert ok(olga.post(path, body), 201)["id"] == row["id"], "twice is once"
    assert olga.post(path, body | {"amount_micros": 1}).status_code == 409
    answer = olga.post(path, body | {"reference": "back 2"})
    assert (answer.status_code, answer.json()["details"]["available_micros"]) == (402, 40)
    assert olga.post(path, body | {"currency": "EUR"}).status_code == 404
    [funds] = ok(rita.get(f"organizations/{rita.organization.id}/funds"))["results"]
    assert (funds["deposited_micros"], funds["withdrawn_micros"], funds["available_micros"]) == (100, 60, 40)
    assert AuditEntry.objects.filter(action="funds.withdrawn").count() == 1
    assert broken_invariants() == {}


# ---- closed ----


def test_invitations_end_and_members_are_told(rita, wanda, now):
    builders.member(rita, "wanda@example.org", "viewer")
    row = members.invite(rita.actor, rita.organization.id, email="new@example.org", role="owner", now=now)
    ok(rita.post(f"organizations/{rita.organization.id}/close"))
    assert MemberInvitation.objects.get(id=row.id).state == "revoked"
    told = Notification.objects.filter(kind="organization_closed").values_list("user_id", flat=True)
    assert set(told) == {rita.user.id, wanda.user.id}
    assert mailing.send_due(now=now) == 2
    assert mail.outbox[-1].subject.startswith("“Rita” is closed")
    assert AuditEntry.objects.filter(action="organization.closed").count() == 1
    assert Event.objects.filter(kind="organization.closed", organization_id=rita.organization.id).count() == 1


PERSONAL = {"tokens/<uuid:token_id>/revoke", "notifications/<uuid:notification_id>/read", "threads/<uuid:thread_id>/read"}
LEAVING = {"memberships/<uuid:membership_id>/end", "organizations/<uuid:organization_id>/close"}
SETTLING = {"decisions/<uuid:decision_id>/lift", "appeals/<uuid:appeal_id>/decide", "cases/<uuid:case_id>/resolve"}
PERSONAL |= {route for route in ROWS if route.startswith("me/")}


def test_nobody_acts_for_a_closed_organisation_and_its_members_read_on(rita, wanda, olga):
    """Every command of the API on what is its own, by its owner; and every address that shows something."""
    ids = build(rita, wanda, olga)
    Organization.objects.update(closed_at=rita.now)
    body_of, wrong = bodies(ids), []
    for route, methods in ROWS.items():
        path = route
        for name, value in ids.items():
            path = path.replace(f"<uuid:{name}>", value)
        if methods.get("post", (0, 0))[0] == FOREIGN and route not in PERSONAL | LEAVING | SETTLING:
            answer = _call(rita, "post", path, _fitting(path, body_of))
            if answer.json().get("code") != "organization_closed":
                wrong.append((route, answer.status_code, answer.json()))
        if "get" in methods and not route.startswith(("assignments", "attempts", "me/")):
            answer = rita.get(path)
            if answer.status_code != 200:
                wrong.append((route, answer.status_code, "get"))
    assert wrong == []


def test_nothing_new_begins_in_it(rita, wanda, olga, now):
    ids = build(rita, wanda, olga)
    Organization.objects.filter(id=rita.organization.id).update(closed_at=now)
    organization = ids["organization_id"]
    for person, path, body in [
        (rita, "skills", {"organization_id": organization, "name": "New"}),
        (rita, "courses", {"organization_id": organization, "title": "New"}),
        (rita, "projects", {"organization_id": organization, "name": "N", "description": "", "interface": scenes.INTERFACE}),
        (olga, f"organizations/{organization}/members", {"email": "new@example.org", "role": "owner"}),
        (olga, f"organizations/{organization}/deposits", bodies(ids)["deposits"]),
        (wanda, f"batches/{ids['batch_id']}/questions", {"text": "Is anybody there?"}),
    ]:
        answer = person.post(path, body)
        assert (answer.status_code, answer.json()["code"]) == (409, "organization_closed"), path
