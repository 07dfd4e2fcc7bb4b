"""Fifty concurrent repeats of one Idempotency-Key on every command: one effect, equal answers; another body under the key: 409."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, models

from foundation.models import AuditEntry, Event
from payments.models import Transfer
from tasks.models import AggregationRun, Assignment, Batch, Guideline, Import, Project, Review
from tests import builders
from tests.builders import PASSWORD, Person
from tests.journeys.test_matrix import COMMANDS, OPEN_TO_STRANGERS, ROWS
from tests.journeys.world import batch, build, exam, lesson, ok, rows
from tests.tasks.scenes import COMMENT, INTERFACE, result
from workforce import members
from workforce.models import (
    Acceptance,
    ApiToken,
    Decision,
    Membership,
    OnboardingStep,
    Organization,
    StepProgress,
    TeamInvitation,
    TeamMember,
    User,
)

REPEATS = 50
COUNTED: list[type[models.Model]] = [
    AuditEntry, Event, Transfer, AggregationRun, Assignment, Batch, Guideline, Import, Project, Review, Acceptance, ApiToken, Decision,
    Membership, OnboardingStep, Organization, StepProgress, TeamInvitation, TeamMember, User,
]  # fmt: skip

Call = tuple[str, Person, str, Any, Any, int]  # route, who, path, body, another body, status


def at_once(send: Callable[[], Any]) -> list[Any]:
    barrier, answers = threading.Barrier(REPEATS), []

    def run() -> None:
        barrier.wait()
        try:
            answers.append(send())
        finally:
            connection.close()

    crew = [threading.Thread(target=run) for _ in range(REPEATS)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    return answers


def census() -> dict[str, int]:
    return {model.__name__: model._default_manager.count() for model in COUNTED}


def _invited(rita: Person, name: str) -> UUID:
    assert rita.organization
    email = f"{name}@example.org"
    return members.invite(rita.actor, rita.organization.id, email=email, role="viewer", now=rita.now).id


def commands(rita: Person, wanda: Person, olga: Person, ids: dict[str, str]) -> list[Call]:
    """Every command once, in an order in which each is possible."""
    organization, path = ids["organization_id"], f"batches/{ids['batch_id']}"
    project = {"organization_id": organization, "name": "Again", "description": "", "interface": INTERFACE}
    leases = [ok(wanda.post(f"{path}/claim"))["assignments"][0] for _ in range(1)]
    waiting = ok(rita.get(f"{path}/assignments", state="submitted"))["results"]
    draft = ok(rita.post(f"projects/{ids['project_id']}/batches", batch(ids["skill_id"]) | {"gold_percent": 0}), 201)["id"]
    lease = leases[0]
    rejection = {"reason": "low_effort", "comment": COMMENT, "evidence": {"x": 1}}
    answer = {"token": lease["token"], "result": result("a")}
    course = ok(rita.post("courses", {"organization_id": organization, "title": "Read"}), 201)["id"]
    reading_lesson = ok(rita.post(f"courses/{course}/lessons", {"title": "To read", "text": "Read."}), 201)["id"]
    reading = f"guidelines/{ids['guideline_id']}"
    new_attempt = f"exams/{ids['exam_id']}/attempts"
    log_in = {"email": "rita@example.org", "password": PASSWORD, "name": "one"}
    account = {"email": "new@example.org", "password": PASSWORD, "display_name": "New", "as_worker": True}
    return [
        ("accounts", rita, "accounts", account, account | {"email": "newer@example.org"}, 201),
        ("tokens", rita, "tokens", log_in, log_in | {"name": "two"}, 201),
        ("me/profile", wanda, "me/profile", {"country": "FR"}, {"country": "GB"}, 200),
        ("me/identity", wanda, "me/identity", {"legal_name": "W"}, {"legal_name": "V"}, 200),
        ("me/time/go-on", wanda, "me/time/go-on", {}, {"x": 1}, 200),
        (
            "agreements",
            olga,
            "agreements",
            {"slug": "a", "title": "A", "text": "A"},
            {"slug": "a", "title": "B", "text": "B"},
            201,
        ),
        ("agreements/<uuid:agreement_id>/accept", wanda, f"agreements/{ids['agreement_id']}/accept", {}, {"x": 1}, 200),
        *of_people(rita, wanda, olga, ids),
        ("organizations", rita, "organizations", {"name": "Two", "kind": "vendor"}, {"name": "Three", "kind": "vendor"}, 201),
        (
            "organizations/<uuid:organization_id>/members",
            rita,
            f"organizations/{organization}/members",
            {"email": "olga@example.org", "role": "viewer"},
            {"email": "olga@example.org", "role": "manager"},
            201,
        ),
        (
            "member-invitations/<uuid:member_invitation_id>/revoke",
            rita,
            f"member-invitations/{_invited(rita, 'x')}/revoke",
            {},
            {"x": 1},
            200,
        ),
        *(
            (
                f"me/invitations/<uuid:member_invitation_id>/{act}",
                someone,
                f"me/invitations/{_invited(rita, someone.user.email.split('@')[0])}/{act}",
                {},
                {"x": 1},
                200,
            )
            for act, someone in (
                ("accept", builders.person("mona", now=rita.now)),
                ("decline", builders.person("ned", now=rita.now)),
            )
        ),
        (
            "organizations/<uuid:organization_id>/deposits",
            olga,
            f"organizations/{organization}/deposits",
            {"amount_micros": 5, "currency": "USD", "reference": "again", "reason": "x"},
            {"amount_micros": 6, "currency": "USD", "reference": "again", "reason": "x"},
            201,
        ),
        (
            "organizations/<uuid:organization_id>/withdrawals",
            olga,
            f"organizations/{organization}/withdrawals",
            {"amount_micros": 5, "currency": "USD", "reference": "back", "reason": "x"},
            {"amount_micros": 6, "currency": "USD", "reference": "back", "reason": "x"},
            201,
        ),
        (
            "organizations/<uuid:organization_id>/close",
            rita,
            f"organizations/{ok(rita.post('organizations', {'name': 'Empty'}), 201)['id']}/close",
            {},
            {"x": 1},
            200,
        ),
        (
            "pay-floors",
            olga,
            "pay-floors",
            {"currency": "EUR", "hourly_micros": 1, "effective_from": "2026-01-01", "source": "x"},
            {"currency": "EUR", "hourly_micros": 2, "effective_from": "2026-01-01", "source": "x"},
            201,
        ),
        (
            "skills",
            rita,
            "skills",
            {"organization_id": organization, "name": "S"},
            {"organization_id": organization, "name": "T"},
            201,
        ),
        (
            "skills/<uuid:skill_id>/grants",
            rita,
            f"skills/{ids['skill_id']}/grants",
            {"worker": builders.known(wanda, rita), "value": 90},
            {"worker": builders.known(wanda, rita), "value": 91},
            201,
        ),
        (
            "exams",
            rita,
            "exams",
            exam(organization, ids["skill_id"]),
            exam(organization, ids["skill_id"]) | {"title": "Other"},
            201,
        ),
        (new_attempt.replace(ids["exam_id"], "<uuid:exam_id>"), wanda, new_attempt, {}, {"x": 1}, 201),
        (
            "courses",
            rita,
            "courses",
            {"organization_id": organization, "title": "Again"},
            {"organization_id": organization, "title": "Yet again"},
            201,
        ),
        ("courses/<uuid:course_id>/lessons", rita, f"courses/{course}/lessons", lesson(), lesson() | {"title": "Two"}, 201),
        ("courses/<uuid:course_id>/publish", rita, f"courses/{course}/publish", {}, {"x": 1}, 200),
        ("courses/<uuid:course_id>/start", wanda, f"courses/{course}/start", {}, {"x": 1}, 201),
        (
            "courses/<uuid:course_id>/assign",
            rita,
            f"courses/{course}/assign",
            {"worker": builders.known(wanda, rita), "note": "x"},
            {"worker": builders.known(wanda, rita), "note": "y"},
            201,
        ),
        ("lessons/<uuid:lesson_id>/read", wanda, f"lessons/{reading_lesson}/read", {}, {"x": 1}, 200),
        ("courses/<uuid:course_id>/close", rita, f"courses/{course}/close", {}, {"x": 1}, 200),
        ("projects", rita, "projects", project, project | {"name": "Yet again"}, 201),
        (
            "projects/<uuid:project_id>/guidelines",
            rita,
            f"projects/{ids['project_id']}/guidelines",
            {"text": "New."},
            {"text": "Newer."},
            201,
        ),
        (
            "projects/<uuid:project_id>/batches",
            rita,
            f"projects/{ids['project_id']}/batches",
            batch(ids["skill_id"]),
            batch(ids["skill_id"]) | {"name": "Other"},
            201,
        ),
        (
            "batches/<uuid:batch_id>/tasks",
            rita,
            f"batches/{draft}/tasks",
            rows({"payload": {"text": "x"}}),
            rows({"payload": {"text": "y"}}),
            201,
        ),
        (
            "batches/<uuid:batch_id>/gold",
            rita,
            f"batches/{draft}/gold",
            rows({"payload": {"text": "x"}, "solution": {"label": "a"}}),
            rows({"payload": {"text": "y"}, "solution": {"label": "a"}}),
            201,
        ),
        ("batches/<uuid:batch_id>/pilots", rita, f"batches/{draft}/pilots", {}, {"tasks": 6}, 201),
        ("batches/<uuid:batch_id>/publish", rita, f"batches/{draft}/publish", {}, {"x": 1}, 200),
        ("batches/<uuid:batch_id>/pause", rita, f"batches/{draft}/pause", {}, {"x": 1}, 200),
        ("batches/<uuid:batch_id>/resume", rita, f"batches/{draft}/resume", {}, {"x": 1}, 200),
        (
            f"{reading}/begin-reading".replace(ids["guideline_id"], "<uuid:guideline_id>"),
            wanda,
            f"{reading}/begin-reading",
            {},
            {"x": 1},
            201,
        ),
        (
            f"{reading}/finish-reading".replace(ids["guideline_id"], "<uuid:guideline_id>"),
            wanda,
            f"{reading}/finish-reading",
            {},
            {"x": 1},
            200,
        ),
        (
            "assignments/<uuid:assignment_id>/begin",
            wanda,
            f"assignments/{lease['id']}/begin",
            {"token": lease["token"]},
            {"token": ids["batch_id"]},
            200,
        ),
        (
            "assignments/<uuid:assignment_id>/heartbeat",
            wanda,
            f"assignments/{lease['id']}/heartbeat",
            {"token": lease["token"]},
            {"token": ids["batch_id"]},
            200,
        ),
        (
            "assignments/<uuid:assignment_id>/submit",
            wanda,
            f"assignments/{lease['id']}/submit",
            answer,
            answer | {"result": result("b")},
            200,
        ),
        ("assignments/<uuid:assignment_id>/accept", rita, f"assignments/{waiting[0]['id']}/accept", {}, {"comment": "x"}, 200),
        (
            "assignments/<uuid:assignment_id>/reject",
            rita,
            f"assignments/{waiting[1]['id']}/reject",
            rejection,
            rejection | {"reason": "unusable"},
            200,
        ),
        ("batches/<uuid:batch_id>/accept-submitted", rita, f"{path}/accept-submitted", {}, {"x": 1}, 200),
        (
            "batches/<uuid:batch_id>/aggregations",
            rita,
            f"{path}/aggregations",
            {"method": "Wawa"},
            {"method": "MajorityVote"},
            202,
        ),
        ("batches/<uuid:batch_id>/close", rita, f"batches/{draft}/close", {}, {"x": 1}, 200),
        ("exams/<uuid:exam_id>/close", rita, f"exams/{ids['exam_id']}/close", {}, {"x": 1}, 200),
        ("grants/<uuid:grant_id>/revoke", rita, f"grants/{ids['grant_id']}/revoke", {}, {"x": 1}, 200),
        ("tokens/<uuid:token_id>/revoke", olga, f"tokens/{spare_token(olga)}/revoke", {}, {"x": 1}, 200),
    ]


def of_people(rita: Person, wanda: Person, olga: Person, ids: dict[str, str]) -> list[Call]:
    """Onboarding and teams."""
    vendor, step, member = f"organizations/{ids['vendor_id']}", ids["step_id"], ids["member_id"]
    text = {"kind": "text", "title": "T", "text": "t", "required": False}
    joining = {"token": ids["invitation_token"]}
    return [
        ("me/content", wanda, "me/content", {"sensitive_accepted": []}, {"sensitive_accepted": ["hate"]}, 200),
        ("me/hours", wanda, "me/hours", {}, {"daily_cap_seconds": 36_000}, 200),
        ("me/worker", olga, "me/worker", {"display_name": "O"}, {"display_name": "P"}, 200),
        ("me/email/send-code", olga, "me/email/send-code", {}, {"x": 1}, 200),
        ("me/onboarding/<uuid:step_id>/begin", wanda, f"me/onboarding/{step}/begin", {}, {"x": 1}, 201),
        ("me/onboarding/<uuid:step_id>/finish", wanda, f"me/onboarding/{step}/finish", {}, {"x": 1}, 200),
        ("onboarding-steps", olga, "onboarding-steps", text, text | {"text": "u"}, 201),
        ("onboarding-steps/<uuid:step_id>/change", rita, f"onboarding-steps/{step}/change", {"title": "A"}, {"title": "B"}, 200),
        (
            "organizations/<uuid:organization_id>/onboarding-steps",
            rita,
            f"{vendor}/onboarding-steps",
            {"kind": "hours"},
            {"kind": "content"},
            201,
        ),
        (
            "organizations/<uuid:organization_id>/invitations",
            rita,
            f"{vendor}/invitations",
            {"name": "Summer"},
            {"name": "Autumn"},
            201,
        ),
        ("join", wanda, "join", joining, {"token": "another"}, 200),
        (
            "invitations/<uuid:invitation_id>/revoke",
            rita,
            f"invitations/{ids['invitation_id']}/revoke",
            {},
            {"x": 1},
            200,
        ),
        ("me/teams/<uuid:member_id>/leave", wanda, f"me/teams/{member}/leave", {}, {"x": 1}, 200),
        ("team-members/<uuid:member_id>/end", rita, f"team-members/{member}/end", {"reason": "x"}, {"reason": "y"}, 200),
        ("onboarding-steps/<uuid:step_id>/end", rita, f"onboarding-steps/{step}/end", {}, {"x": 1}, 200),
    ]


# In test_repeats_of_talking.py.
TALKING = {
    "questions/begin",
    "assignments/<uuid:assignment_id>/questions",
    "assignments/<uuid:assignment_id>/flag",
    "batches/<uuid:batch_id>/questions",
    "decisions/<uuid:decision_id>/questions",
    "threads/<uuid:thread_id>/messages",
    "threads/<uuid:thread_id>/read",
    "threads/<uuid:thread_id>/clarify",
    "clarifications/<uuid:clarification_id>/withdraw",
    "threads/<uuid:thread_id>/close",
    "threads/<uuid:thread_id>/reopen",
    "notifications/<uuid:notification_id>/read",
    "notifications/read",
    "me/notification-preferences",
    "decisions/<uuid:decision_id>/appeal",
    "appeals/<uuid:appeal_id>/withdraw",
    "appeals/<uuid:appeal_id>/decide",
    "me/data",
    "me/erasure",
    "me/erasure/undo",
}


# Tested apart, as they need a scene of their own.
APART = {
    "me/email/verify",  # tests/workforce/test_signing_in.py
    "assignments/<uuid:assignment_id>/draft",  # the revision it goes on from is its memory
    "organizations/<uuid:organization_id>/files",  # a body of bytes: tests/tasks/test_media.py, tests/races/test_uploads.py
    "batches/<uuid:batch_id>/claim",
    "assignments/<uuid:assignment_id>/return",
    "attempts/<uuid:attempt_id>/submit",
    "attempts/<uuid:attempt_id>/save",  # the newest answer counts, whatever its key
    "lessons/<uuid:lesson_id>/study",  # a sign of life
    "lessons/<uuid:lesson_id>/practise",  # by its number: tests/tasks/test_practising.py
    "memberships/<uuid:membership_id>/end",
    "decisions/<uuid:decision_id>/lift",
    "cases/<uuid:case_id>/resolve",  # these three: tests/tasks/test_cases.py
    "tasks/<uuid:task_id>/correct-gold",
    "tasks/<uuid:task_id>/retire-gold",
    "users/<uuid:user_id>/remove-second-factors",  # these two: tests/workforce/test_recovering.py
    "users/<uuid:user_id>/sign-out",
} | TALKING


def spare_token(person: Person) -> str:
    from workforce import tokens

    return str(tokens.issue(person.user, name="spare", now=person.now)[0].id)


def send(person: Person, path: str, body: Any, key: str) -> Any:
    at = person.now + timedelta(seconds=90)
    if isinstance(body, bytes):
        from django.test import Client

        headers = person._headers(at) | {"Idempotency-Key": key}
        return Client().generic("POST", f"/api/v1/{path}", body, content_type="application/x-ndjson", headers=headers)
    return person.post(path, body, key=key, at=at)


def check(call: Call) -> None:
    route, person, path, body, other, status = call
    before = census()
    answers = at_once(lambda: send(person, path, body, f"key of {route}"))
    assert {answer.status_code for answer in answers} == {status}, (route, {(a.status_code, a.content) for a in answers})
    assert all(answer.json() == answers[0].json() for answer in answers), route
    grown = {name: n - before[name] for name, n in census().items() if n != before[name]}
    assert all(n <= EFFECTS.get((route, name), 1) for name, n in grown.items()), (route, grown)
    assert send(person, path, other, f"key of {route}").status_code == 409, route


EFFECTS = {  # rows that one command rightly makes several of
    ("batches/<uuid:batch_id>/accept-submitted", "Transfer"): 20,
    ("batches/<uuid:batch_id>/accept-submitted", "Review"): 20,
    ("batches/<uuid:batch_id>/accept-submitted", "Event"): 20,
    ("assignments/<uuid:assignment_id>/accept", "Transfer"): 2,  # pay and fee
}


def test_every_command_is_repeated_here():
    everything = {route for route, methods in ROWS.items() if "post" in methods} | COMMANDS | OPEN_TO_STRANGERS
    everything |= {"onboarding-steps", "agreements", "organizations", "pay-floors", "skills", "exams", "courses", "projects"}
    everything |= {"me/data", "me/erasure", "me/notification-preferences"}
    assert everything == set(ROUTES) | APART


ROUTES = [
    "accounts",
    "tokens",
    "me/profile",
    "me/identity",
    "me/time/go-on",
    "agreements",
    "agreements/<uuid:agreement_id>/accept",
    "me/content",
    "me/hours",
    "me/worker",
    "me/email/send-code",
    "me/onboarding/<uuid:step_id>/begin",
    "me/onboarding/<uuid:step_id>/finish",
    "onboarding-steps",
    "onboarding-steps/<uuid:step_id>/change",
    "organizations/<uuid:organization_id>/onboarding-steps",
    "organizations/<uuid:organization_id>/invitations",
    "join",
    "invitations/<uuid:invitation_id>/revoke",
    "me/teams/<uuid:member_id>/leave",
    "team-members/<uuid:member_id>/end",
    "onboarding-steps/<uuid:step_id>/end",
    "organizations",
    "organizations/<uuid:organization_id>/members",
    "member-invitations/<uuid:member_invitation_id>/revoke",
    "me/invitations/<uuid:member_invitation_id>/accept",
    "me/invitations/<uuid:member_invitation_id>/decline",
    "organizations/<uuid:organization_id>/deposits",
    "organizations/<uuid:organization_id>/withdrawals",
    "organizations/<uuid:organization_id>/close",
    "pay-floors",
    "skills",
    "skills/<uuid:skill_id>/grants",
    "exams",
    "exams/<uuid:exam_id>/attempts",
    "courses",
    "courses/<uuid:course_id>/lessons",
    "courses/<uuid:course_id>/publish",
    "courses/<uuid:course_id>/start",
    "courses/<uuid:course_id>/assign",
    "lessons/<uuid:lesson_id>/read",
    "courses/<uuid:course_id>/close",
    "projects",
    "projects/<uuid:project_id>/guidelines",
    "projects/<uuid:project_id>/batches",
    "batches/<uuid:batch_id>/tasks",
    "batches/<uuid:batch_id>/gold",
    "batches/<uuid:batch_id>/pilots",
    "batches/<uuid:batch_id>/publish",
    "batches/<uuid:batch_id>/pause",
    "batches/<uuid:batch_id>/resume",
    "guidelines/<uuid:guideline_id>/begin-reading",
    "guidelines/<uuid:guideline_id>/finish-reading",
    "assignments/<uuid:assignment_id>/begin",
    "assignments/<uuid:assignment_id>/heartbeat",
    "assignments/<uuid:assignment_id>/submit",
    "assignments/<uuid:assignment_id>/accept",
    "assignments/<uuid:assignment_id>/reject",
    "batches/<uuid:batch_id>/accept-submitted",
    "batches/<uuid:batch_id>/aggregations",
    "batches/<uuid:batch_id>/close",
    "exams/<uuid:exam_id>/close",
    "grants/<uuid:grant_id>/revoke",
    "tokens/<uuid:token_id>/revoke",
]


@pytest.mark.usefixtures("committed_db")
def test_fifty_repeats_of_every_command_have_one_effect(now):
    rita, wanda, olga = builders.requester("rita", now=now), builders.worker("wanda", now=now), builders.operator("olga", now=now)
    ids = build(rita, wanda, olga)
    ok(wanda.post(f"agreements/{ids['agreement_id']}/accept"))
    calls = commands(rita, wanda, olga, ids)
    assert [call[0] for call in calls] == ROUTES
    for call in calls:
        check(call)


@pytest.mark.usefixtures("committed_db")
def test_fifty_repeats_where_a_scene_is_needed(now):
    rita, wanda, olga = builders.requester("rita", now=now), builders.worker("wanda", now=now), builders.operator("olga", now=now)
    walt = builders.worker("walt", now=now)
    ids = build(rita, wanda, olga)
    for worker in (wanda, walt):
        ok(worker.post(f"agreements/{ids['agreement_id']}/accept"))
    ok(rita.post(f"skills/{ids['skill_id']}/grants", {"worker": builders.known(walt, rita), "value": 80}), 201)
    path = f"batches/{ids['batch_id']}"
    check(("batches/<uuid:batch_id>/claim", walt, f"{path}/claim", {}, {"count": 2}, 200))
    [lease] = ok(walt.post(f"{path}/claim", key="key of batches/<uuid:batch_id>/claim"))["assignments"]
    returning = f"assignments/{lease['id']}/return"
    check(("assignments/<uuid:assignment_id>/return", walt, returning, {"token": lease["token"]}, {"token": lease["id"]}, 200))
    attempt = ok(walt.post(f"exams/{ids['exam_id']}/attempts"), 201)
    answers = {question["id"]: result("a") for question in attempt["questions"]}
    sitting = f"attempts/{attempt['id']}/submit"
    check(("attempts/<uuid:attempt_id>/submit", walt, sitting, {"answers": answers}, {"answers": {}}, 200))
    from workforce import decisions

    scope = Decision.scope_of_project(ids["project_id"])
    pause = decisions.record(
        walt.worker.id, kind="pause", scope=scope, reason="x", rule="r/1", now=now, effective_until=now + timedelta(hours=1)
    )
    lift = f"decisions/{pause.id}/lift"
    check(("decisions/<uuid:decision_id>/lift", olga, lift, {"reason": "x"}, {"reason": "y"}, 201))
    member = builders.member(rita, "olga@example.org", "viewer")
    check(("memberships/<uuid:membership_id>/end", rita, f"memberships/{member.id}/end", {}, {"x": 1}, 200))
