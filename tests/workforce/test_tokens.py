"""Tokens: what they may do, when they end, who is told, what is shown of their use, and that an unproven account can only prove itself."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client

from foundation.idempotency import KeyReused
from foundation.models import AuditEntry
from foundation.networks import address_of, network_of
from tests import builders
from tests.builders import PASSWORD
from tests.conftest import NOW
from tests.journeys.world import ok
from workforce import access, accounts, emails, jobs, tokens
from workforce.errors import BadField
from workforce.models import ApiToken, EmailCode, Scope, User

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105 - of an authenticator app in a test
NEW_PASSWORD = "another horse battery"  # noqa: S105


def call(token: str, method: str, path: str, body=None, *, at=NOW, **extra):
    headers = {"Authorization": f"Bearer {token}", "Fairhand-Now": at.isoformat()}
    if method == "get":
        return Client().get(f"/api/v1/{path}", headers=headers, **extra)
    return Client().post(f"/api/v1/{path}", body or {}, content_type="application/json", headers=headers, **extra)


def code_of(secret: str) -> str:
    """What the authenticator app shows now."""
    return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))


def made(person, **fields) -> str:
    return tokens.issue(person.user, name="x", now=person.now, **fields)[1]


# ---- when a token ends ----


@pytest.mark.django_db
def test_expired_revoked_and_inactive_tokens_speak_for_nobody(wanda, now):
    row, token = tokens.issue(wanda.user, name="x", now=now, days=1)
    assert access.actor_of_token(token, now=now + timedelta(hours=23)).worker_id == wanda.worker.id
    assert access.actor_of_token(token, now=now + timedelta(hours=25)) is None
    ok(wanda.post(f"tokens/{row.id}/revoke"))
    assert access.actor_of_token(token, now=now) is None
    User.objects.filter(id=wanda.user.id).update(is_active=False)
    assert access.actor_of_token(wanda.token, now=now) is None


@pytest.mark.django_db
def test_a_token_works_ninety_days_and_never_more_than_a_year(wanda, now):
    row, _ = tokens.issue(wanda.user, name="x", now=now)
    assert row.expires_at - now == timedelta(days=90)
    for days in (0, 366, 3650):
        with pytest.raises(BadField) as refused:
            tokens.issue(wanda.user, name="x", now=now, days=days)
        assert refused.value.details == {"field": "days", "limit": 365, "got": days}
        assert wanda.post("tokens", {"email": wanda.user.email, "password": PASSWORD, "days": days}).status_code == 400
    with pytest.raises(IntegrityError), transaction.atomic():
        ApiToken.objects.filter(id=row.id).update(expires_at=now + timedelta(days=366))


def new_password_on_the_site(person) -> None:
    site = Client()
    site.post("/account/login/", {"login": person.user.email, "password": PASSWORD})
    fields = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert site.post("/account/password/change/", fields).status_code == 302


def password_reset_by_mail(person) -> None:
    site = Client()
    site.post("/account/password/reset/", {"email": person.user.email})
    link = next(word for word in mail.outbox[-1].body.split() if "/account/password/reset/key/" in word)
    page = site.get(link.partition("8000")[2], follow=True).redirect_chain[-1][0]
    site.post(page, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})


def new_password_by_hand(person) -> None:
    user = User.objects.get(id=person.user.id)
    user.set_password(NEW_PASSWORD)
    user.save()


@pytest.mark.django_db
@pytest.mark.parametrize("change", [new_password_on_the_site, password_reset_by_mail, new_password_by_hand])
def test_a_new_password_ends_every_token_whichever_way_it_came(wanda, walt, change):
    change(wanda)
    assert User.objects.get(id=wanda.user.id).check_password(NEW_PASSWORD)
    assert wanda.get("me").status_code == 401
    assert not ApiToken.objects.filter(user=wanda.user, revoked_at=None).exists()
    ok(walt.get("me"))
    assert AuditEntry.objects.filter(action="password.changed", subject=f"user:{wanda.user.id}").count() == 1


@pytest.mark.django_db
def test_a_hash_that_is_only_renewed_is_no_new_password(wanda, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher", *settings.PASSWORD_HASHERS]
    Client().post("/account/login/", {"login": wanda.user.email, "password": PASSWORD})
    assert User.objects.get(id=wanda.user.id).password.startswith("pbkdf2_sha256$")
    ok(wanda.get("me"))


@pytest.mark.django_db
def test_a_new_second_factor_ends_every_token_and_recovery_codes_do_not(wanda, walt):
    RecoveryCodes.activate(wanda.user)
    ok(wanda.get("me"))
    TOTP.activate(wanda.user, SECRET)
    assert wanda.get("me").status_code == 401
    ok(walt.get("me"))


@pytest.mark.usefixtures("committed_db")
def test_a_second_factor_added_on_the_site_signs_out_everywhere_else_and_is_audited(now, client):
    wanda = builders.worker("wanda", now=now)
    other = Client()
    for site in (other, client):
        site.post("/account/login/", {"login": wanda.user.email, "password": PASSWORD})
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    assert other.get("/account/").status_code == 200
    client.get("/account/2fa/totp/activate/")
    client.post("/account/2fa/totp/activate/", {"code": code_of(client.session["mfa.totp.secret"])})
    assert Authenticator.objects.filter(user=wanda.user, type="totp").exists()
    assert other.get("/account/").status_code == 302
    assert client.get("/account/").status_code == 200
    added = AuditEntry.objects.filter(action="factor.added", subject=f"user:{wanda.user.id}")
    assert "totp" in [entry.after["kind"] for entry in added]


# ---- the owner knows ----


@pytest.mark.django_db
def test_the_owner_is_mailed_about_each_token_once(wanda, settings):
    settings.SITE_ADDRESS = "https://fairhand.example"
    row, _ = tokens.issue(wanda.user, name="laptop", now=wanda.now, scopes=["read", "money"], key="k")
    tokens.issue(wanda.user, name="laptop", now=wanda.now, scopes=["read", "money"], key="k")
    assert queued("send_token_mail").count(str(row.id)) == 1
    assert jobs.send_token_mail(str(row.id))
    assert not jobs.send_token_mail(str(row.id)), "once"
    told = mail.outbox[-1]
    assert told.to == ["wanda@example.org"]
    assert "laptop" in told.body
    assert "Move money" in told.body
    assert "https://fairhand.example/account/tokens/" in told.body


def queued(job: str) -> str:
    from django_q.models import OrmQ

    return " ".join(str(row.task["args"]) for row in OrmQ.objects.all() if row.task["func"].endswith(job))


@pytest.mark.django_db
def test_making_and_ending_tokens_is_audited_without_the_token(wanda):
    row, token = tokens.issue(wanda.user, name="laptop", now=wanda.now)
    ok(wanda.post(f"tokens/{row.id}/revoke"))
    ok(wanda.post(f"tokens/{row.id}/revoke"))
    entries = AuditEntry.objects.filter(after__token_id=str(row.id)).order_by("number")
    assert [entry.action for entry in entries] == ["token.made", "token.ended"]
    assert token not in str([entry.after for entry in entries])


@pytest.mark.django_db
def test_when_and_from_which_network_is_noted_now_and_then_and_forgotten(wanda, now, django_assert_num_queries):
    token = made(wanda)
    row = ApiToken.objects.get(digest=access.digest_of(token))
    with django_assert_num_queries(2):
        access.actor_of_token(token, now=now, network="203.0.113.0/24")
    with django_assert_num_queries(1):
        access.actor_of_token(token, now=now + timedelta(minutes=59), network="203.0.113.0/24")
    with django_assert_num_queries(1):
        access.actor_of_token(token, now=now + timedelta(minutes=4), network="198.51.100.0/24")
    with django_assert_num_queries(2):
        access.actor_of_token(token, now=now + timedelta(minutes=5), network="198.51.100.0/24")
    row.refresh_from_db()
    assert (row.used_at, row.used_from) == (now + timedelta(minutes=5), "198.51.100.0/24")
    [shown] = [one for one in ok(wanda.get("tokens"))["results"] if one["id"] == str(row.id)]
    assert shown["used_from"] == "198.51.100.0/24"
    assert tokens.forget_networks(now=now + timedelta(days=29)) == 0
    tokens.forget_networks(now=now + timedelta(days=31))
    row.refresh_from_db()
    assert row.used_from == ""


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2::5", "2001:db8:1::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("unix:", ""),
    ],
)
def test_a_network_is_never_a_whole_address(rf, settings, address, network):
    assert network_of(rf.get("/", REMOTE_ADDR=address)) == network
    stated = rf.get("/", REMOTE_ADDR="192.0.2.1", headers={"X-Forwarded-For": f"10.0.0.1, {address}"})
    assert network_of(stated) == "192.0.2.0/24"
    settings.BEHIND_PROXY = True
    assert network_of(stated) == network
    assert address_of(rf.get("/", REMOTE_ADDR="192.0.2.1")) == "192.0.2.1"


@pytest.mark.django_db
def test_the_page_shows_scopes_and_use_and_makes_tokens_with_scopes(wanda, client):
    client.post("/account/login/", {"login": wanda.user.email, "password": PASSWORD})
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    fields = {"name": "laptop", "days": "30", "scopes": ["read", "money"]}
    page = client.post("/account/tokens/", fields).content.decode()
    row = ApiToken.objects.get(name="laptop")
    assert (row.scopes, "money, read" in page) == (["money", "read"], True)
    assert client.post("/account/tokens/", {"name": "y", "days": "366", "scopes": ["read"]}).status_code == 200
    assert client.post("/account/tokens/", {"name": "y", "days": "9"}).status_code == 200
    assert not ApiToken.objects.filter(name="y").exists()


# ---- scopes ----


@pytest.mark.django_db
def test_without_a_word_a_token_reads_works_and_posts_and_moves_no_money(wanda):
    answer = ok(wanda.post("tokens", {"email": wanda.user.email, "password": PASSWORD}), 201)
    assert answer["scopes"] == ["post", "read", "work"]
    for token in (answer["token"], made(wanda)):
        ok(call(token, "get", "me"))
        for method, path in (("get", "me/identity"), ("get", "tokens"), ("post", "me/erasure"), ("post", "me/data")):
            refused = call(token, method, path)
            assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing"), path
            assert refused.json()["details"] == {"need": ["admin"], "have": ["post", "read", "work"]}


@pytest.mark.django_db
def test_scopes_are_from_the_list_and_at_least_one(wanda, now):
    for scopes in ([], ["everything"], ["read", "x"], "read"):
        body = {"email": wanda.user.email, "password": PASSWORD, "scopes": scopes}
        assert wanda.post("tokens", body).status_code == 400, scopes
    for bad in ([], ["everything"]):
        with pytest.raises(BadField):
            tokens.issue(wanda.user, name="x", now=now, scopes=bad)
        with pytest.raises(IntegrityError), transaction.atomic():
            ApiToken.objects.filter(user=wanda.user).update(scopes=bad)


@pytest.mark.django_db
def test_a_key_gives_the_same_token_for_the_same_scopes_alone(wanda, now):
    _, first = tokens.issue(wanda.user, name="x", now=now, scopes=["work", "read"], key="k")
    assert tokens.issue(wanda.user, name="x", now=now, scopes=["read", "work"], key="k")[1] == first
    with pytest.raises(KeyReused):
        tokens.issue(wanda.user, name="x", now=now, scopes=["read", "money"], key="k")


@pytest.mark.django_db
def test_an_operators_token_operates_with_admin_alone(olga, now):
    assert access.actor_of_token(made(olga, scopes=["read", "admin"]), now=now).is_operator
    weak = made(olga, scopes=["read", "work", "post", "money"])
    assert not access.actor_of_token(weak, now=now).is_operator
    assert call(weak, "post", "agreements", {"slug": "x", "title": "x", "text": "x"}).json()["code"] == "scope_missing"


# ---- an account whose address is not proven proves it, and does nothing else ----


@pytest.fixture
def mallory(db, now, settings):
    """Somebody who signed up with an address of another person, and has a token for a year."""
    settings.EMAIL_VERIFICATION = True
    return builders.person("victim", now=now, as_worker=True)


PROVING = {("post", "me/email/send-code"), ("post", "me/email/verify"), ("get", "me"), ("post", "tokens")}


def test_an_unproven_account_can_do_nothing_but_prove_itself(mallory):
    from tests.journeys.test_scopes import methods_of, views

    for route, view in views().items():
        for method in methods_of(view):
            if "<" in route or route == "accounts":
                continue
            answer = call(mallory.token, method.lower(), route)
            is_refused = answer.status_code == 403 and answer.json()["code"] == "address_unproven"
            assert is_refused is ((method.lower(), route) not in PROVING), (method, route, answer.status_code)
    assert ok(mallory.get("me"))["email_is_proven"] is False


def test_nor_on_the_site(mallory):
    visitor = builders.Visitor(mallory)
    for page in ("/account/", "/jobs/", "/account/tokens/", "/onboarding/profile/"):
        assert visitor.get(page)["Location"] == "/account/email/", page


def test_the_token_that_brings_the_code_comes_to_life_and_no_other_of_that_time(mallory, now):
    other = made(mallory, scopes=list(Scope))
    emails.send_code(mallory.actor, now=now)
    jobs.send_email_code(str(EmailCode.objects.get(user=mallory.user).nonce))
    code = mail.outbox[-1].body.split("\n\n")[1].strip()
    ok(mallory.post("me/email/verify", {"code": code}))
    ok(mallory.get("jobs"))
    assert call(other, "get", "jobs", at=now).json()["code"] == "address_unproven"
    ok(call(made(mallory), "get", "jobs", at=now))


def test_a_token_of_somebody_elses_sign_up_is_worth_nothing_when_the_owner_comes(mallory, now):
    """The owner of the address resets the password, or only proves the address: no token of before ever acts for them."""
    EmailAddress.objects.filter(user=mallory.user).update(verified=True)
    assert mallory.get("jobs").json()["code"] == "address_unproven"
    password_reset_by_mail(mallory)
    assert mallory.get("jobs").status_code == 401
    ok(call(made(mallory), "get", "jobs", at=now))


def test_nobody_is_mailed_about_tokens_of_an_address_they_did_not_prove(mallory):
    row, _ = tokens.issue(mallory.user, name="x", now=mallory.now)
    assert row.is_provisional
    assert str(row.id) not in queued("send_token_mail")


# ---- what was kept before ----


@pytest.mark.django_db
def test_tokens_of_before_are_cut_to_a_year_and_to_what_their_account_has_proven(wanda, walt, now):
    from importlib import import_module

    migration = import_module("workforce.migrations.0018_tokens_have_scopes")
    EmailAddress.objects.filter(user=walt.user).update(verified=False)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE workforce_apitoken DROP CONSTRAINT token_works_a_year_at_most, ADD used_on date")
        cursor.execute("UPDATE workforce_apitoken SET expires_at = created_at + interval '10 years', used_on = '2026-03-01'")
        cursor.execute(migration.BEFORE)
    rows = {row.user_id: row for row in ApiToken.objects.all()}
    assert {row.expires_at - row.created_at for row in rows.values()} == {timedelta(days=365)}
    assert (rows[wanda.user.id].is_provisional, rows[walt.user.id].is_provisional) == (False, True)


@pytest.mark.django_db
def test_whoever_makes_an_operator_at_the_command_line_is_audited(db):
    call_command("createsuperuser", email="Root@Example.org", interactive=False, verbosity=0)
    root = User.objects.get(email="root@example.org")
    assert AuditEntry.objects.filter(action="operator.made", subject=f"user:{root.id}").exists()
    assert accounts.emails.is_proven(root.id)
