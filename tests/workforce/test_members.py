"""People join an organisation only by accepting, and inviting an address tells nothing about it."""

from datetime import UTC, datetime, timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django_q.models import OrmQ

from foundation.errors import NotFound
from foundation.models import AuditEntry
from tasks import leaving
from tests import builders
from tests.builders import Visitor
from tests.journeys.world import ok
from workforce import jobs, members
from workforce.errors import AlreadyAMember, LimitReached
from workforce.mailing import BeingMailed
from workforce.models import MemberInvitation, Membership, Worker

pytestmark = pytest.mark.django_db


def invited(owner, email: str, role: str = "manager", **more) -> MemberInvitation:
    return members.invite(owner.actor, owner.organization.id, email=email, role=role, now=more.get("now", owner.now))


def test_nobody_is_a_member_before_they_accept(rita, wanda):
    path = f"organizations/{rita.organization.id}/members"
    told = ok(rita.post(path, {"email": "Wanda@Example.org", "role": "viewer"}), 201)
    assert [row["email"] for row in ok(rita.get(path))["results"]] == ["rita@example.org"]
    assert rita.organization.id not in wanda.actor.roles
    [waiting] = ok(wanda.get("me/invitations"))["results"]
    assert (waiting["id"], waiting["organization"], waiting["role"]) == (told["id"], "Rita", "viewer")
    member = ok(wanda.post(f"me/invitations/{told['id']}/accept"))
    assert ok(wanda.post(f"me/invitations/{told['id']}/accept"))["id"] == member["id"], "twice is once"
    assert wanda.actor.roles == {rita.organization.id: "viewer"}
    assert ok(wanda.get("me/invitations"))["results"] == []
    [row] = ok(rita.get(f"organizations/{rita.organization.id}/member-invitations"))["results"]
    assert row["state"] == "accepted"
    assert list(AuditEntry.objects.order_by("number").values_list("action", flat=True))[-2:] == [
        "member.invited",
        "member.joined",
    ]


def test_the_answer_never_tells_whether_an_address_has_an_account(rita, wanda, django_assert_num_queries):
    path = f"organizations/{rita.organization.id}/members"
    answers = [rita.post(path, {"email": email, "role": "owner"}) for email in ("wanda@example.org", "nobody@example.org")]
    assert {answer.status_code for answer in answers} == {201}
    bodies = [{k: v for k, v in ok(answer, 201).items() if k not in ("id", "email")} for answer in answers]
    assert bodies[0] == bodies[1]
    for row in MemberInvitation.objects.all():
        assert jobs.mail_invitation(str(row.id))
        assert not jobs.mail_invitation(str(row.id)), "once"
    assert sorted(message.to[0] for message in mail.outbox) == ["nobody@example.org", "wanda@example.org"]
    assert mail.outbox[0].body == mail.outbox[1].body
    assert Membership.objects.count() == 1


def test_inviting_again_mails_again_after_a_day_or_sooner_where_no_mail_got_out(rita):
    row = invited(rita, "new@example.org")

    def mails(after: timedelta) -> int:
        """Invited again so long after the first time: how many more mails go out."""
        OrmQ.objects.all().delete()
        before = len(mail.outbox)
        assert invited(rita, "new@example.org", now=rita.now + after).id == row.id
        for _ in OrmQ.objects.all():
            jobs.mail_invitation(str(row.id))
        return len(mail.outbox) - before

    assert mails(timedelta(minutes=9)) == 0, "the first job may yet be tried again"
    assert mails(timedelta(minutes=10)) == 1
    assert mails(timedelta(hours=23)) == 0
    assert mails(timedelta(days=1, minutes=10)) == 1
    assert mails(timedelta(days=2)) == 0
    assert mails(timedelta(days=2, minutes=10)) == 1


def test_who_declined_is_not_mailed_again(rita, wanda):
    row = invited(rita, "wanda@example.org")
    ok(wanda.post(f"me/invitations/{row.id}/decline"))
    OrmQ.objects.all().delete()
    assert invited(rita, "wanda@example.org", now=rita.now + timedelta(days=3)).id == row.id
    assert not OrmQ.objects.exists()


def test_a_mail_that_another_process_is_sending_is_looked_at_again(rita):
    row, now = invited(rita, "new@example.org"), datetime.now(UTC)
    MemberInvitation.objects.filter(id=row.id).update(mail_taken_at=now)
    with pytest.raises(BeingMailed):
        members.mail_invitation(row.id, now=now + timedelta(minutes=4))
    assert members.mail_invitation(row.id, now=now + timedelta(minutes=6)), "it died over it"
    assert not members.mail_invitation(row.id, now=now + timedelta(minutes=6))
    assert len(mail.outbox) == 1


def test_declining_looks_like_no_answer(rita, wanda):
    row = invited(rita, "wanda@example.org")
    ok(wanda.post(f"me/invitations/{row.id}/decline"))
    ok(wanda.post(f"me/invitations/{row.id}/decline"))
    path = f"organizations/{rita.organization.id}/member-invitations"
    [told] = ok(rita.get(path))["results"]
    assert told["state"] == "open"
    assert invited(rita, "wanda@example.org").id == row.id, "and she is not asked again"
    assert ok(wanda.get("me/invitations"))["results"] == []
    assert wanda.post(f"me/invitations/{row.id}/accept").status_code == 404


def test_only_who_has_proven_the_address_accepts(rita, wanda, walt, olga):
    row = invited(rita, "wanda@example.org")
    for someone in (walt, olga, rita):
        for act in ("accept", "decline"):
            assert someone.post(f"me/invitations/{row.id}/{act}").status_code == 404
    EmailAddress.objects.filter(user=wanda.user).update(verified=False)
    assert members.waiting_for(wanda.user.id, now=rita.now).count() == 0
    with pytest.raises(NotFound):
        members.accept(wanda.actor, row.id, now=rita.now)
    EmailAddress.objects.filter(user=wanda.user).update(verified=True)
    assert members.accept(wanda.actor, row.id, now=rita.now).role == "manager"


def test_it_ends_by_time_by_hand_by_another_role_and_with_who_sent_it(rita, wanda, walt, now):
    row = invited(rita, "wanda@example.org")
    with pytest.raises(NotFound):
        members.accept(wanda.actor, row.id, now=now + members.INVITED_FOR)
    higher = invited(rita, "wanda@example.org", "owner")
    assert higher.id != row.id
    with pytest.raises(NotFound):
        members.accept(wanda.actor, row.id, now=now)
    ok(rita.post(f"member-invitations/{higher.id}/revoke"))
    ok(rita.post(f"member-invitations/{higher.id}/revoke"))
    with pytest.raises(NotFound):
        members.accept(wanda.actor, higher.id, now=now)
    other = builders.member(rita, "walt@example.org", "owner")
    sent = members.invite(walt.actor, rita.organization.id, email="wanda@example.org", role="viewer", now=now)
    members.end_membership(rita.actor, other.id, now=now)
    sent.refresh_from_db()
    assert sent.state == "revoked"


def test_who_is_in_the_list_is_not_invited(rita, wanda):
    builders.member(rita, "wanda@example.org", "viewer")
    with pytest.raises(AlreadyAMember):
        invited(rita, "wanda@example.org")
    managers = builders.member(rita, builders.person("mona", now=rita.now).user.email, "manager")
    from workforce.access import actor_of_user

    assert (
        wanda.post(f"organizations/{rita.organization.id}/members", {"email": "x@example.org", "role": "owner"}).status_code
        == 403
    )
    assert actor_of_user(managers.user).roles == {rita.organization.id: "manager"}


def test_nobodys_leaving_hangs_on_what_they_did_not_accept(rita, wanda, now):
    """A hostile owner makes somebody the owner, and goes: nothing happens to them."""
    invited(rita, "wanda@example.org", "owner")
    leaving.ask(wanda.actor, gives_up_money=False, now=now)
    assert leaving.erase_due(now=now + timedelta(days=8)) == 1
    assert Worker.objects.get(id=wanda.worker.id).display_name == "Former worker"
    assert not MemberInvitation.objects.filter(email="wanda@example.org").exists(), "her address is forgotten there, too"


def test_a_member_who_accepted_is_erased_with_their_address(rita, wanda, now):
    membership = builders.member(rita, "wanda@example.org", "manager")
    leaving.ask(wanda.actor, gives_up_money=False, now=now)
    assert leaving.erase_due(now=now + timedelta(days=8)) == 1
    membership.refresh_from_db()
    assert (membership.ended_at is not None, membership.invitation_id) == (True, None)
    assert not MemberInvitation.objects.exists()


def test_the_mail_is_in_our_words(rita, settings):
    rita.organization.name = "Claim your prize at https://evil.example “now”"
    rita.organization.save()
    row = invited(rita, "nobody@example.org")
    jobs.mail_invitation(str(row.id))
    [sent] = mail.outbox
    assert "evil" not in sent.body + sent.subject
    assert f"{settings.SITE_ADDRESS}/invitations/" in sent.body
    assert sent.body.startswith("An organisation invites this address")


def test_so_many_in_a_day(rita, settings):
    settings.LIMITS = settings.LIMITS | {"invited_per_day": 2}
    for n in range(2):
        invited(rita, f"n{n}@example.org")
    with pytest.raises(LimitReached):
        invited(rita, "n3@example.org")
    assert invited(rita, "n3@example.org", now=rita.now + timedelta(days=2))


def test_the_page_lets_one_accept_and_decline(rita, rex, wanda):
    first, second = invited(rita, "wanda@example.org", "owner"), invited(rex, "wanda@example.org")
    visitor = Visitor(wanda)
    page = visitor.get("/invitations/").content.decode()
    assert "Accept and act for Rita" in page
    assert "as an owner" in page
    assert visitor.get(f"/invitations/{first.id}/accept/").status_code == 405
    assert visitor.post(f"/invitations/{first.id}/accept/").status_code == 302
    assert visitor.post(f"/invitations/{second.id}/decline/").status_code == 302
    assert list(Membership.objects.filter(user=wanda.user).values_list("organization__name", "role")) == [("Rita", "owner")]
    assert "Nobody has invited you" in visitor.get("/invitations/").content.decode()
