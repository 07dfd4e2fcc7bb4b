"""How often an organisation may have people told of something: kept in one place, and no command of anybody's goes past it."""

from typing import Any

import pytest
from django.core import mail
from django.db import transaction
from django_q.models import OrmQ

from qualification import granting
from tests import builders
from tests.builders import Person, known
from tests.journeys import test_idempotency, test_repeats_of_talking
from tests.journeys.world import build, ok
from tests.tasks import learning_scenes
from workforce import mailing, notifying
from workforce.models import Mail, MemberInvitation, Membership, NoticeKind, Notification

DIGEST = NoticeKind.WORK_ACCEPTED  # one row per person, batch and day, however much is accepted
JOBS_THAT_TELL = {"tell_of_guideline": "guidelines_per_day"}  # whole crowds, told by a job: its command is what is limited
COUNTED_APART = {  # mails that are no notices, and the limit of the command that has them sent
    "mail_invitation": "invited_per_day",
}
ACCOUNT_JOBS = {"send_email_code", "send_token_mail", "tell_of_sign_up"}  # to the person who asks, about their own account


class Undone(Exception):
    """Takes a savepoint back."""


def send(call: test_idempotency.Call, key: str) -> Any:
    route, person, path, body, _, _ = call
    return test_idempotency.send(person, path, body, f"{key} {route}")


def tried(call: test_idempotency.Call) -> Any:
    """What the command answers; nothing of it stays."""
    answer = None
    try:
        with transaction.atomic():
            answer = send(call, "tried")
            raise Undone
    except Undone:
        return answer


def told_to_others(before: set[Any], person: Person) -> list[Notification]:
    """New notices to people outside the organisations of who acted."""
    organizations = Membership.objects.filter(user=person.user, ended_at=None).values("organization_id")
    colleagues = Membership.objects.filter(organization_id__in=organizations, ended_at=None).values("user_id")
    rows = Notification.objects.exclude(id__in=before).exclude(user_id__in=colleagues)
    return list(rows.exclude(user=person.user))


def queued() -> dict[int, str]:
    return {row.id: row.task["func"].rsplit(".", 1)[-1] for row in OrmQ.objects.all()}


@pytest.mark.django_db
@pytest.mark.parametrize("part", ["working", "talking"])
def test_whatever_command_of_an_organisation_tells_somebody_keeps_its_pace(part, rita, wanda, olga, walt, settings):
    ids = build(rita, wanda, olga)
    ok(wanda.post(f"agreements/{ids['agreement_id']}/accept"))
    calls = (
        test_idempotency.commands(rita, wanda, olga, ids)
        if part == "working"
        else test_repeats_of_talking.commands(rita, wanda, olga, walt, ids)
    )
    usual, telling, by_jobs = settings.LIMITS, set(), set()
    for call in calls:
        route, person = call[0], call[1]
        settings.LIMITS = usual | {"told_per_hour": 0}
        slow = tried(call)
        settings.LIMITS = usual
        before, jobs = set(Notification.objects.values_list("id", flat=True)), queued()
        assert send(call, "done").status_code < 300, route
        told = [row for row in told_to_others(before, person) if row.kind != DIGEST]
        by_jobs |= {job for number, job in queued().items() if number not in jobs}
        if told and person is rita:
            telling.add(route)
            assert (slow.status_code, slow.json()["code"]) == (409, "limit_reached"), route
            assert slow.json()["details"]["kind"] == "told_per_hour"
        elif person is not olga or not told:  # an operator's verdict for an organisation is among what it tells
            assert slow.status_code < 300, (route, "is refused although it tells nobody, or is not of an organisation")
    if part == "working":
        assert telling >= {
            "skills/<uuid:skill_id>/grants",
            "courses/<uuid:course_id>/assign",
            "assignments/<uuid:assignment_id>/reject",
        }
        assert by_jobs & {"mail_invitation", "tell_of_guideline"} == {"mail_invitation", "tell_of_guideline"}
    else:
        assert telling >= {"threads/<uuid:thread_id>/messages"}
    tell = {job for job in by_jobs if job.startswith(("tell", "mail", "send"))}
    limited = JOBS_THAT_TELL | COUNTED_APART
    assert tell <= set(limited) | ACCOUNT_JOBS | {"tell_of_agreement"}, "a job that tells people has a limit of its own"
    assert set(limited.values()) <= set(usual)


@pytest.mark.django_db
def test_guidelines_and_invitations_are_limited_where_they_are_made(rita, wanda, olga, settings):
    ids = build(rita, wanda, olga)
    settings.LIMITS = settings.LIMITS | {"guidelines_per_day": 1, "invited_per_day": 1}
    for path, body in (
        (f"projects/{ids['project_id']}/guidelines", {"text": "Newer."}),
        (f"organizations/{ids['organization_id']}/members", {"email": "new@example.org", "role": "viewer"}),
    ):
        refused = rita.post(path, body)
        assert (refused.status_code, refused.json()["code"]) == (409, "limit_reached"), path
    assert not MemberInvitation.objects.filter(email="new@example.org").exists()


@pytest.mark.django_db
def test_of_one_organisation_so_many_mails_a_day_the_rest_come_together(rita, wanda, now):
    for n in range(notifying.MAILS_A_DAY + 3):
        notifying.notify(
            [wanda.user.id], kind=NoticeKind.ANSWERED, key=f"m{n}", by=rita.organization.id, data={"about": "x"}, now=now
        )
    notifying.notify([wanda.user.id], kind=NoticeKind.DECIDED, key="rule", by=None, data={"kind": "pause", "reason": ""}, now=now)
    assert Notification.objects.filter(user=wanda.user, mail=Mail.AT_ONCE).count() == notifying.MAILS_A_DAY + 1
    assert Notification.objects.filter(user=wanda.user, mail=Mail.DAILY).count() == 3
    mailing.send_due(now=now)
    assert len([one for one in mail.outbox if one.to == ["wanda@example.org"]]) == notifying.MAILS_A_DAY + 1


@pytest.mark.django_db
def test_a_skill_is_not_given_to_somebody_again_and_again(rita, wanda, settings, now):
    skill, alias = learning_scenes.skill(rita, "Colours"), known(wanda, rita)
    rex = builders.requester("rex", now=now)
    for n in range(settings.LIMITS["grants_per_day_and_worker"]):
        granting.grant_by_hand(rita.actor, skill.id, worker=alias, value=n, now=now)
    refused = rita.post(f"skills/{skill.id}/grants", {"worker": alias, "value": 99})
    assert (refused.status_code, refused.json()["details"]["kind"]) == (409, "grants_per_day_and_worker")
    other = learning_scenes.skill(rex, "Shapes")
    ok(rex.post(f"skills/{other.id}/grants", {"worker": known(wanda, rex), "value": 5}), 201)
