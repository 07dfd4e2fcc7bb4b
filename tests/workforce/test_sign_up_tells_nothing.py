"""Whether an address has an account is told to nobody who has not proven it: not by signing up, nor by what one can do next."""

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django_q.models import OrmQ

from tests import builders
from tests.journeys.world import ok
from workforce import accounts, emails, jobs
from workforce.access import actor_of_user
from workforce.models import EmailCode, User, Worker

OTHER_PASSWORD = "staple of the horse"  # noqa: S105
KNOWN, UNKNOWN = "wanda@example.org", "nobody@example.org"


class Counted(MD5PasswordHasher):
    """Counts what a password is hashed."""

    algorithm = "counted"
    hashed = 0

    def encode(self, password, salt):
        Counted.hashed += 1
        return super().encode(password, salt)


@pytest.fixture
def owner(now, settings, db):
    settings.PASSWORD_HASHERS = [f"{__name__}.Counted"]
    wanda = builders.person("wanda", now=now, as_worker=True)
    settings.EMAIL_VERIFICATION = True
    mail.outbox.clear()
    return wanda


def called(method: str, path: str, body=None, token: str = ""):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    asked = Client()
    return getattr(asked, method)(f"/api/v1/{path}", body or {}, content_type="application/json", headers=headers)


def seen(answer, address: str):
    """All that an answer shows, but for the address itself, ids, instants and secrets."""
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", answer.content.decode().replace(address, "ADDRESS"))
    text = re.sub(r"fh_[\w-]+|(?<=csrfmiddlewaretoken\" value=\")\w+|(?<=CSRFToken\": \")\w+", "SECRET", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)", "INSTANT", text)
    return answer.status_code, sorted(answer.headers), text


def through_the_api(address: str):
    """Everything a stranger can do after signing up with an address."""
    account = {"email": address, "password": OTHER_PASSWORD, "display_name": "Mallory", "as_worker": True}
    log_in = {"email": address, "password": OTHER_PASSWORD}
    answers, hashed = [], []

    def note(answer):
        answers.append(seen(answer, address))
        hashed.append(Counted.hashed)
        Counted.hashed = 0
        return answer

    Counted.hashed = 0
    note(called("post", "accounts", account))
    token = note(called("post", "tokens", log_in)).json()["token"]
    note(called("post", "tokens", log_in | {"password": "wrong wrong wrong"}))
    note(called("get", "me", token=token))
    note(called("get", "jobs", token=token))
    note(called("post", "me/email/send-code", token=token))
    note(called("post", "me/email/verify", {"code": "AAAAAAAA"}, token=token))
    note(called("post", "accounts", account | {"password": OTHER_PASSWORD + "2"}))
    note(called("post", "tokens", log_in))
    note(called("get", "me", token=token))
    note(called("post", "tokens", log_in | {"password": OTHER_PASSWORD + "2"}))
    return answers, hashed


@pytest.mark.usefixtures("owner")
def test_through_the_api_a_known_address_looks_like_an_unknown_one():
    known, unknown = through_the_api(KNOWN), through_the_api(UNKNOWN)
    assert [status for status, _, _ in known[0]] == [201, 201, 403, 200, 403, 200, 400, 201, 403, 401, 201]
    assert known == unknown


def through_the_site(address: str):
    answers = []
    site = Client()
    account = {"email": address, "password1": OTHER_PASSWORD, "display_name": "Mallory", "purpose": "work"}
    answers.append(site.post("/account/signup/", account))
    answers.append(site.get("/account/confirm-email/"))
    answers.append(site.post("/account/confirm-email/", {"code": "AAAAAA"}))
    cache.clear()  # some minutes later: codes are mailed only so often
    again = Client()
    answers.append(again.post("/account/login/", {"login": address, "password": OTHER_PASSWORD}))
    answers.append(again.get("/account/confirm-email/"))
    answers.append(Client().post("/account/login/", {"login": address, "password": "wrong wrong wrong"}))
    answers.append(Client().post("/account/password/reset/", {"email": address}, follow=True))
    return [(seen(answer, address), answer.headers.get("Location")) for answer in answers]


def test_on_the_site_too(owner):
    known, unknown = through_the_site(KNOWN), through_the_site(UNKNOWN)
    assert [answer[0] for answer, _ in known][:5] == [302, 200, 200, 302, 200]
    assert known == unknown
    assert any("already" in one.subject.lower() or "already" in one.body for one in mail.outbox if one.to == [KNOWN])
    assert User.objects.get(email=KNOWN) == owner.user


def test_changing_and_inviting_tell_nothing_either(owner, now, settings):
    rita = builders.requester("rita", now=now)
    EmailAddress.objects.filter(user=rita.user).update(verified=True)
    rita.token = called(
        "post", "tokens", {"email": "rita@example.org", "password": builders.PASSWORD, "scopes": ["admin"]}
    ).json()["token"]
    answers = []
    for address in (KNOWN, UNKNOWN):
        site = builders.Visitor(rita)
        change = site.post("/account/email/", email=address, action_add="")
        page = site.get("/account/confirm-email/")
        invited = rita.post(f"organizations/{rita.organization.id}/members", {"email": address, "role": "viewer"})
        answers.append([seen(one, address) for one in (change, page, invited)])
    assert [one[0] for one in answers[0]] == [302, 200, 201]
    assert answers[0] == answers[1]


# ---- the owner, and who claims ----


def claimed(now, password: str = OTHER_PASSWORD):
    return accounts.sign_up(email=KNOWN, password=password, display_name="Mallory", as_worker=True, now=now)


def test_the_owner_is_mailed_once_an_hour_and_loses_nothing(owner, now):
    for n in range(3):
        account = {"email": KNOWN, "password": f"{OTHER_PASSWORD}{n}", "display_name": "M", "as_worker": True}
        ok(called("post", "accounts", account), 201)
    for row in OrmQ.objects.all():
        if row.task["func"] == "workforce.jobs.tell_of_sign_up":
            jobs.tell_of_sign_up(*row.task["args"])
    (told,) = mail.outbox
    assert told.to == [KNOWN]
    assert "/account/password/reset/" in told.body
    assert User.objects.get(email=KNOWN) == owner.user
    ok(called("post", "tokens", {"email": KNOWN, "password": builders.PASSWORD}), 201)
    assert ok(owner.get("me"))["email_is_proven"] is True


def test_a_claim_of_a_proven_address_gets_no_code_that_proves_it(owner, now):
    user = claimed(now)
    actor = actor_of_user(user)
    row = emails.send_code(actor, now=now)
    jobs.send_email_code(str(row.nonce))
    assert [one.to for one in mail.outbox] == [[KNOWN]]
    code = emails._code_of(row)
    assert code not in mail.outbox[0].body
    with pytest.raises(emails.BadCode):  # not even the right one
        emails.verify(actor, code, now=now)
    assert not emails.is_proven(user.id)
    assert Worker.objects.get(user=user)


def test_the_latest_sign_up_with_an_unproven_address_has_it_and_whoever_proves_it_keeps_it(owner, now):
    first = accounts.sign_up(email=UNKNOWN, password=OTHER_PASSWORD, display_name="F", as_worker=False, now=now)
    second = accounts.sign_up(email=UNKNOWN, password=OTHER_PASSWORD, display_name="S", as_worker=False, now=now)
    first.refresh_from_db()
    assert (first.is_active, second.email) == (False, UNKNOWN)


def test_once_the_owner_is_gone_a_claim_can_be_proven(owner, now):
    user = claimed(now)
    EmailAddress.objects.filter(user=owner.user).delete()
    User.objects.filter(id=owner.user.id).update(email="elsewhere@example.org")
    actor = actor_of_user(user)
    emails.send_code(actor, now=now)
    emails.verify(actor, emails._code_of(EmailCode.objects.get(user=user)), now=now + timedelta(minutes=1))
    user.refresh_from_db()
    assert (user.email, emails.is_proven(user.id)) == (KNOWN, True)


def test_where_addresses_are_taken_as_they_are_nothing_is_opened(owner, now, settings):
    settings.EMAIL_VERIFICATION = False
    before = User.objects.count()
    account = {"email": KNOWN, "password": OTHER_PASSWORD, "display_name": "M", "as_worker": True}
    assert ok(called("post", "accounts", account), 201) == {"email": KNOWN}
    assert User.objects.count() == before
    assert called("post", "tokens", {"email": KNOWN, "password": OTHER_PASSWORD}).status_code == 403
