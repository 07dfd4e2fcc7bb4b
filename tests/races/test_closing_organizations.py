"""Of closing an organisation and acting for it at the same moment, one happens, or both in an order that makes sense."""

import threading
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import connection

from foundation.errors import DomainError
from payments import funding
from tasks import closing_organizations, leaving
from tests import builders
from tests.journeys import test_idempotency
from tests.journeys.world import build, ok
from tests.races.crowd import all_at_once
from tests.tasks import scenes
from workforce import access, erasure, members
from workforce.access import actor_of_user
from workforce.models import MemberInvitation, Membership, Organization


@pytest.mark.usefixtures("committed_db")
@pytest.mark.parametrize("act", ["deposit", "invite", "accept"])
def test_closing_and_acting_at_the_same_moment(act, now):
    for turn in range(3):
        rita, olga = builders.requester(f"rita{turn}", now=now), builders.operator(f"olga{turn}", now=now)
        wanda = builders.worker(f"wanda{turn}", now=now)
        assert rita.organization
        email = f"wanda{turn}@example.org"
        waiting = members.invite(rita.actor, rita.organization.id, email=email, role="viewer", now=now)

        def run(n: int, rita=rita, olga=olga, wanda=wanda, waiting=waiting) -> None:
            try:
                if n % 2:
                    closing_organizations.close(rita.actor, rita.organization.id, now=now)
                elif act == "deposit":
                    scenes.funds(olga, rita, amount_micros=5)
                elif act == "invite":
                    members.invite(rita.actor, rita.organization.id, email=f"new{n}@example.org", role="viewer", now=now)
                else:
                    members.accept(wanda.actor, waiting.id, now=now)
            except DomainError:
                pass

        all_at_once(run, 8)
        organization = Organization.objects.get(id=rita.organization.id)
        money = sum(row["available_micros"] for row in funding.funds_of(organization.id))
        assert (organization.closed_at is None) or money == 0
        if organization.closed_at is not None:
            assert not MemberInvitation.objects.filter(organization=organization, state="open").exists()
        joined = Membership.objects.filter(organization=organization, user=wanda.user).exists()
        state = MemberInvitation.objects.get(id=waiting.id).state
        assert joined == (state == "accepted")


ENDING = {  # what ends something may end it in an organisation that has just closed
    "invitations/<uuid:invitation_id>/revoke",
    "team-members/<uuid:member_id>/end",
    "member-invitations/<uuid:member_invitation_id>/revoke",
    "exams/<uuid:exam_id>/close",
    "courses/<uuid:course_id>/close",
    "clarifications/<uuid:clarification_id>/withdraw",
}


@pytest.mark.usefixtures("committed_db")
def test_every_act_shares_the_row_until_it_ends(now, monkeypatch):
    """A check outside the transaction that writes shares nothing: closing could come in between."""
    rita, wanda, olga = builders.requester("rita", now=now), builders.worker("wanda", now=now), builders.operator("olga", now=now)
    ids = build(rita, wanda, olga)
    ok(wanda.post(f"agreements/{ids['agreement_id']}/accept"))
    asked: list[bool] = []
    require_open = access.require_open

    def noted(organization_id):
        asked.append(connection.in_atomic_block)
        require_open(organization_id)

    monkeypatch.setattr(access, "require_open", noted)
    passed, open_to_closing = set(), set()
    for route, person, path, body, _, _ in test_idempotency.commands(rita, wanda, olga, ids):
        asked.clear()
        answer = person.post(path, body)
        if asked and answer.status_code < 300:
            passed.add(route)
            if not any(asked):
                open_to_closing.add(route)
    draft = scenes.draft(rita, tasks=0)
    for rows, body in (
        ("tasks", b'{"payload": {"text": "x"}}'),
        ("gold", b'{"payload": {"text": "x"}, "solution": {"label": "a"}}'),
    ):
        asked.clear()
        assert rita.upload(f"batches/{draft.id}/{rows}", body).status_code < 300
        assert any(asked), rows
    assert len(passed) > 25
    assert open_to_closing - ENDING == set()


@pytest.mark.usefixtures("committed_db")
def test_of_two_last_owners_who_leave_at_once_one_stays(now, monkeypatch):
    rita, rex = builders.requester("rita", now=now), builders.person("rex", now=now)
    builders.member(rita, "rex@example.org", "owner")
    erasure.ask(rita.actor, gives_up_money=False, now=now)
    mine = Membership.objects.get(organization=rita.organization, user=rex.user)
    later, looked = now + timedelta(days=8), threading.Event()
    is_last_owner = erasure.is_last_owner

    def slow(user_id):
        answer = is_last_owner(user_id)
        looked.set()
        threading.Event().wait(0.5)  # the other has begun, and waits for the row
        return answer

    monkeypatch.setattr(leaving.erasure, "is_last_owner", slow)

    def run(n: int) -> None:
        if n == 0:
            leaving.erase_due(now=later)
            return
        looked.wait(10)
        with suppress(DomainError):
            members.end_membership(actor_of_user(rex.user), mine.id, now=later)

    all_at_once(run, 2)
    assert Membership.objects.filter(organization=rita.organization, role="owner", ended_at=None).count() == 1
