"""Teams: links that invite, their last place, joining once, leaving at any time, being let go with a reason."""

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from foundation.errors import NotFound
from foundation.models import Event
from tests import builders
from tests.journeys.world import ok
from tests.races.crowd import all_at_once
from tests.workforce import scenes
from workforce import access, checklist, teams
from workforce.errors import BadField, InvitationOver, NotAVendor, NotAWorker
from workforce.models import StepProgress, TeamInvitation, TeamMember


@pytest.fixture
def vera(db, now):
    return scenes.vendor("vera", now=now)


def invite(vera, now, **fields):
    return teams.invite(vera.actor, vera.organization.id, now=now, **({"name": "Spring", "max_uses": 2, "days": 7} | fields))


def test_a_link_is_shown_once_and_kept_as_its_digest(vera, wanda, now):
    body = {"name": "Spring", "max_uses": 2, "days": 7}
    made = ok(vera.post(f"organizations/{vera.organization.id}/invitations", body), 201)
    assert made["href"].endswith(f"/join/{made['token']}/")
    row = TeamInvitation.objects.get()
    assert bytes(row.digest) == access.digest_of(made["token"])
    listed = vera.get(f"organizations/{vera.organization.id}/invitations").content.decode()
    assert made["token"] not in listed
    joined = ok(wanda.post("join", {"token": made["token"]}))
    assert joined["organization"] == "Vera"
    assert TeamInvitation.objects.get().uses == 1
    assert ok(wanda.get("me/teams"))["results"][0]["id"] == joined["id"]


def test_the_same_key_gives_the_same_link_and_another_content_is_refused(vera):
    path, body = f"organizations/{vera.organization.id}/invitations", {"name": "Spring", "max_uses": 2, "days": 7}
    first, again = vera.post(path, body, key="k"), vera.post(path, body, key="k")
    assert ok(first, 201)["token"] == ok(again, 201)["token"]
    assert TeamInvitation.objects.count() == 1
    assert vera.post(path, body | {"max_uses": 3}, key="k").json()["code"] == "idempotency_key_reused"


def test_who_is_in_the_team_takes_no_second_place(vera, wanda, now):
    _, token = invite(vera, now)
    first = teams.join(wanda.actor, token, now=now)
    assert teams.join(wanda.actor, token, now=now + timedelta(days=1)).id == first.id
    assert (TeamInvitation.objects.get().uses, TeamMember.objects.count()) == (1, 1)


def test_a_link_that_is_over_lets_nobody_in(vera, wanda, walt, rita, now):
    row, token = invite(vera, now, max_uses=1)
    with pytest.raises(NotAWorker):
        teams.join(rita.actor, token, now=now)
    with pytest.raises(InvitationOver):
        teams.join(wanda.actor, token, now=now + timedelta(days=7))
    with pytest.raises(NotFound):
        teams.join(wanda.actor, token + "x", now=now)
    teams.join(wanda.actor, token, now=now)
    with pytest.raises(InvitationOver):
        teams.join(walt.actor, token, now=now)
    _, other = invite(vera, now)
    revoked = teams.revoke_invitation(vera.actor, TeamInvitation.objects.exclude(id=row.id).get().id, now=now)
    assert teams.revoke_invitation(vera.actor, revoked.id, now=now + timedelta(days=1)).revoked_at == now
    with pytest.raises(InvitationOver):
        teams.join(walt.actor, other, now=now)
    assert TeamMember.objects.count() == 1


def test_only_vendors_invite_and_within_bounds(vera, rita, rex, now):
    with pytest.raises(NotAVendor):
        teams.invite(rita.actor, rita.organization.id, name="x", max_uses=1, days=1, now=now)
    with pytest.raises(NotFound):
        teams.invite(rex.actor, vera.organization.id, name="x", max_uses=1, days=1, now=now)
    for fields in ({"days": 91}, {"days": 0}, {"max_uses": 1001}, {"max_uses": 0}):
        with pytest.raises(BadField):
            invite(vera, now, **fields)
    assert not TeamInvitation.objects.exists()


def test_leaving_is_free_and_joining_again_is_another_row(vera, wanda, walt, now):
    _, token = invite(vera, now)
    member = teams.join(wanda.actor, token, now=now)
    with pytest.raises(NotFound):
        teams.leave(walt.actor, member.id, now=now)
    later = now + timedelta(days=1)
    assert ok(wanda.post(f"me/teams/{member.id}/leave", at=later))["left_at"] is not None
    assert teams.leave(wanda.actor, member.id, now=now + timedelta(days=2)).left_at == later
    again = teams.join(wanda.actor, token, now=now + timedelta(days=3))
    assert again.id != member.id
    assert list(Event.objects.filter(kind__startswith="team").order_by("id").values_list("kind", flat=True)) == [
        "team.joined",
        "team.left",
        "team.joined",
    ]


def test_a_vendor_ends_a_place_with_a_reason_that_the_worker_reads(vera, rex, wanda, now):
    _, token = invite(vera, now)
    member = teams.join(wanda.actor, token, now=now)
    with pytest.raises(NotFound):
        teams.end(rex.actor, member.id, reason="x", now=now)
    with pytest.raises(BadField):
        teams.end(vera.actor, member.id, reason=" ", now=now)
    ok(vera.post(f"team-members/{member.id}/end", {"reason": "The spring is over."}))
    assert ok(wanda.get("me/teams"))["results"][0]["end_reason"] == "The spring is over."
    with pytest.raises(IntegrityError, match="vendor_ends_with_a_reason"), transaction.atomic():
        TeamMember.objects.filter(id=member.id).update(end_reason="")


def test_a_worker_may_be_in_several_teams(vera, wanda, now):
    other = scenes.vendor("viola", now=now)
    for vendor in (vera, other):
        _, token = invite(vendor, now)
        teams.join(wanda.actor, token, now=now)
    assert TeamMember.objects.filter(worker=wanda.worker, left_at=None).count() == 2


def test_a_stranger_sees_what_the_link_invites_to(vera, now):
    _, token = teams.invite(vera.actor, vera.organization.id, name="Spring", max_uses=1, days=90, now=now)
    from foundation import clock

    if clock.now() < now + timedelta(days=90):
        assert "Join the team of Vera" in Client().get(f"/join/{token}/").content.decode()
    assert Client().get("/join/nonsense/").status_code == 404


# ---- the last place ----


@pytest.mark.usefixtures("committed_db")
def test_the_last_place_is_taken_once(now):
    vera = scenes.vendor("vera", now=now)
    people = [builders.worker(f"w{n}", now=now) for n in range(12)]
    _, token = invite(vera, now, max_uses=1)
    came, refused = race(people, token, now)
    assert (came, refused, TeamMember.objects.count()) == (1, 11, 1)
    assert TeamInvitation.objects.get().uses == 1


@pytest.mark.usefixtures("committed_db")
def test_the_control_who_looks_first_and_takes_then_lets_everybody_in(now):
    vera = scenes.vendor("vera", now=now)
    people = [builders.worker(f"w{n}", now=now) for n in range(12)]
    row, _ = invite(vera, now, max_uses=1)
    everybody = threading.Barrier(12)

    def careless(n: int) -> None:
        is_free = TeamInvitation.objects.get(id=row.id).uses < 1
        everybody.wait()
        if is_free:
            TeamMember.objects.create(organization=vera.organization, worker=people[n].worker, invitation=row, joined_at=now)

    all_at_once(careless, 12)
    assert TeamMember.objects.count() == 12, "one place was offered"


@pytest.mark.usefixtures("committed_db")
def test_one_person_joining_twelve_times_at_once_takes_one_place(now):
    vera, wanda = scenes.vendor("vera", now=now), builders.worker("wanda", now=now)
    _, token = invite(vera, now, max_uses=5)
    came, refused = race([wanda] * 12, token, now)
    assert (came, refused, TeamMember.objects.count(), TeamInvitation.objects.get().uses) == (12, 0, 1, 1)


def race(people, token, now):
    came, refused = [], []

    def join(n: int) -> None:
        try:
            came.append(teams.join(people[n].actor, token, now=now))
        except InvitationOver:
            refused.append(n)

    all_at_once(join, len(people))
    return len(came), len(refused)


# ---- a step of the checklist ----


@pytest.mark.usefixtures("committed_db")
def test_finishing_a_step_at_the_same_moment_is_finishing_it_once(now):
    olga, wanda = builders.operator("olga", now=now), builders.worker("wanda", now=now)
    step = checklist.add_step(olga.actor, None, kind="text", title="House rules", text="Knock.", now=now)
    all_at_once(lambda n: checklist.finish(wanda.worker.id, step.id, now=now + timedelta(seconds=n)), 12)
    row = StepProgress.objects.get(step=step)
    assert row.finished_at >= row.began_at
