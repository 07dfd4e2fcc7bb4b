"""Accounts, tokens, organisations: what works, what is refused, and that nothing is written then."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress

from foundation.errors import NotFound
from foundation.models import AuditEntry
from tests import builders
from tests.builders import PASSWORD
from tests.journeys.world import ok
from tests.races.crowd import all_at_once
from workforce import access, accounts, members
from workforce.errors import AlreadyAMember, BadCredentials, BadField, EmailTaken, LastOwner, NotAWorker, RoleTooLow
from workforce.models import ApiToken, Membership, User, Worker


@pytest.mark.django_db
def test_a_sign_up_makes_user_and_worker_together(now):
    user = accounts.sign_up(email="new@example.org", password=PASSWORD, display_name="New", as_worker=True, now=now)
    assert Worker.objects.get(user=user).display_name == "New"
    assert user.check_password(PASSWORD)


@pytest.mark.django_db
@pytest.mark.parametrize("email", ["wanda@example.org", "Wanda@Example.org"])
def test_an_email_is_taken_whatever_its_case(wanda, now, email):
    with pytest.raises(EmailTaken):
        accounts.sign_up(email=email, password=PASSWORD, display_name="W", as_worker=True, now=now)
    assert User.objects.count() == 1
    assert Worker.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("password", ["short", "password1234", "1"])
def test_a_weak_password_is_refused_by_name(now, password):
    with pytest.raises(BadField) as refused:
        accounts.sign_up(email="new@example.org", password=password, display_name="New", as_worker=False, now=now)
    assert refused.value.details["field"] == "password"
    assert not User.objects.exists()


@pytest.mark.django_db
def test_a_token_is_kept_as_its_digest_and_shown_once(wanda):
    answer = ok(wanda.post("tokens", {"email": "WANDA@example.org", "password": PASSWORD, "name": "laptop"}), 201)
    assert answer["token"].startswith("fh_")
    row = ApiToken.objects.get(id=answer["id"])
    assert bytes(row.digest) == access.digest_of(answer["token"])
    assert answer["token"] not in wanda.get("tokens").content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(("email", "password"), [("wanda@example.org", "wrong wrong"), ("nobody@example.org", PASSWORD)])
def test_a_wrong_log_in_does_not_tell_what_was_wrong(wanda, email, password):
    before = ApiToken.objects.count()
    refused = wanda.post("tokens", {"email": email, "password": password})
    assert (refused.status_code, refused.json()["code"]) == (403, "bad_credentials")
    assert ApiToken.objects.count() == before
    with pytest.raises(BadCredentials):
        accounts.log_in(email=email, password=password, name="x", now=wanda.now)


@pytest.mark.django_db
def test_roles_are_ranked_and_strangers_find_nothing(rita, rex, wanda, now):
    organization = rita.organization.id
    builders.member(rita, "wanda@example.org", "viewer")
    access.require_role(wanda.actor, organization, at_least="viewer")
    with pytest.raises(RoleTooLow):
        access.require_role(wanda.actor, organization, at_least="manager")
    with pytest.raises(NotFound):
        access.require_role(rex.actor, organization, at_least="viewer")
    with pytest.raises(NotAWorker):
        access.require_worker(rita.actor)
    refused = wanda.post(f"organizations/{organization}/members", {"email": "rex@example.org", "role": "owner"})
    assert (refused.status_code, refused.json()["code"]) == (403, "role_too_low")
    assert Membership.objects.filter(organization_id=organization).count() == 2


@pytest.mark.django_db
def test_a_member_is_added_once_and_the_last_owner_stays(rita, olga, now):
    member = builders.member(rita, "olga@example.org", "manager")
    with pytest.raises(AlreadyAMember):
        builders.member(rita, "olga@example.org", "viewer")
    own = Membership.objects.get(user=rita.user)
    with pytest.raises(LastOwner):
        members.end_membership(rita.actor, own.id, now=now)
    ended = members.end_membership(rita.actor, member.id, now=now)
    assert ended.ended_at == now
    assert members.end_membership(rita.actor, member.id, now=now + timedelta(days=1)).ended_at == now
    actions = list(AuditEntry.objects.exclude(action="token.made").values_list("action", flat=True))
    assert actions == ["organization.created", "member.invited", "member.joined", "member.ended"]


@pytest.mark.usefixtures("committed_db")
def test_of_twenty_sign_ups_with_one_email_that_is_to_be_proven_one_has_it(now, settings):
    settings.EMAIL_VERIFICATION = True

    def sign_up(_: int) -> None:
        accounts.sign_up(email="one@example.org", password=PASSWORD, display_name="x", as_worker=True, now=now)

    all_at_once(sign_up, 20)
    assert User.objects.get(email="one@example.org").is_active
    assert User.objects.filter(is_active=True).count() == EmailAddress.objects.count() == 1


@pytest.mark.usefixtures("committed_db")
def test_twenty_sign_ups_with_one_email_make_one_account(now):
    made, taken = [], []

    def sign_up(_: int) -> None:
        try:
            made.append(accounts.sign_up(email="one@example.org", password=PASSWORD, display_name="x", as_worker=True, now=now))
        except EmailTaken:
            taken.append(1)

    all_at_once(sign_up, 20)
    assert (len(made), len(taken), Worker.objects.count()) == (1, 19, 1)


@pytest.mark.usefixtures("committed_db")
def test_two_owners_cannot_remove_each_other_at_the_same_moment(now):
    rita, rex = builders.requester("rita", now=now), builders.person("rex", now=now)
    other = builders.member(rita, "rex@example.org", "owner")
    own = Membership.objects.get(user=rita.user)
    pairs = [(rita.actor, other.id), (rex.actor, own.id)]
    refused = []

    def remove(n: int) -> None:
        actor, membership_id = pairs[n]
        try:
            members.end_membership(actor, membership_id, now=now)
        except (LastOwner, NotFound, RoleTooLow):
            refused.append(n)

    all_at_once(remove, 2)
    assert Membership.objects.filter(organization=rita.organization, role="owner", ended_at=None).count() >= 1
