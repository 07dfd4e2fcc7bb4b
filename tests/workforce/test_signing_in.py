"""Addresses and second factors outside the browser: codes by mail, codes with the password, and how often one may guess."""

import json
import re
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from foundation.encrypted import SEALED_PREFIX
from tests import builders
from tests.builders import PASSWORD
from tests.journeys.world import ok
from tests.races.crowd import all_at_once
from workforce import accounts, emails, jobs, known_browsers, resealing
from workforce.errors import BadCode, CodeTooSoon
from workforce.models import ApiToken, EmailCode, User

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105 - of an authenticator app in a test
CODE = re.compile(r"^[A-Z2-7]{8}$", re.MULTILINE)


def totp() -> str:
    return format_hotp_value(hotp_value(SECRET, next(yield_hotp_counters_from_time())))


def log_in(person, **fields):
    body = {"email": person.user.email, "password": PASSWORD} | fields
    return Client().post(
        "/api/v1/tokens", body, content_type="application/json", headers={"Fairhand-Now": person.now.isoformat()}
    )


# ---- addresses ----


@pytest.mark.django_db
@pytest.mark.parametrize("asked", [True, False])
def test_an_account_made_through_the_api_has_its_address_written_down(now, settings, asked):
    settings.EMAIL_VERIFICATION = asked
    user = accounts.sign_up(email="New@Example.org", password=PASSWORD, display_name="New", as_worker=True, now=now)
    address = EmailAddress.objects.get(user=user)
    assert (address.email, address.primary, address.verified) == ("new@example.org", True, not asked)


@pytest.mark.django_db
def test_such_an_account_signs_in_on_the_site_once_the_code_is_entered(now, settings):
    settings.EMAIL_VERIFICATION = True
    accounts.sign_up(email="New@Example.org", password=PASSWORD, display_name="New", as_worker=True, now=now)
    site = Client()
    answer = site.post("/account/login/", {"login": "new@example.org", "password": PASSWORD})
    assert answer["Location"].startswith("/account/confirm-email/")
    code = re.search(r"^[A-Z0-9]{4,}(-[A-Z0-9]+)*$", mail.outbox[-1].body, re.MULTILINE).group()
    site.post("/account/confirm-email/", {"code": code})
    assert EmailAddress.objects.get().verified
    assert "/onboarding/" in site.get("/", follow=True).redirect_chain[-1][0]


@pytest.mark.django_db
def test_who_runs_the_installation_needs_no_mail():
    User.objects.create_superuser("root@example.org", PASSWORD)
    site = Client()
    assert "/account/login/" in site.get("/admin/login/")["Location"], "operators sign in like everybody"
    assert site.post("/account/login/", {"login": "root@example.org", "password": PASSWORD})["Location"] == "/"
    assert site.get("/admin/").status_code == 200


@pytest.fixture
def newt(db, now, settings):
    settings.EMAIL_VERIFICATION = True
    return builders.person("newt", now=now, as_worker=True)


def mailed(person) -> str:
    jobs.send_email_code(str(EmailCode.objects.get(user=person.user).nonce))
    return CODE.search(mail.outbox[-1].body).group()


def test_an_address_is_proven_with_the_mailed_code(newt, now):
    ok(newt.post("me/email/send-code"))
    code = mailed(newt)
    assert mail.outbox[-1].to == ["newt@example.org"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(c)::text FROM workforce_emailcode c")
        assert code not in cursor.fetchone()[0]
    assert ok(newt.post("me/email/verify", {"code": code.lower()}))["verified_at"] is not None
    assert EmailAddress.objects.get(user=newt.user).verified
    assert "email" not in [one["step"] for one in ok(newt.get("me"))["missing"]]
    assert ok(newt.post("me/email/verify", {"code": "anything"}))["verified_at"] is not None
    assert ok(newt.post("me/email/send-code"))["verified_at"] is not None


def test_a_code_that_would_come_too_late_is_not_mailed(newt):
    asked = datetime.now(UTC)
    row = emails.send_code(newt.actor, now=asked)
    assert not emails.mail_code(row.nonce, now=row.expires_at)
    assert mail.outbox == []
    assert emails.mail_code(row.nonce, now=asked + timedelta(minutes=11))
    assert "It works for 4 minutes." in mail.outbox[-1].body
    assert not emails.mail_code(row.nonce, now=asked + timedelta(minutes=11)), "once"


def test_a_code_has_five_tries_a_quarter_of_an_hour_and_a_successor(newt, now):
    emails.send_code(newt.actor, now=now)
    with pytest.raises(CodeTooSoon):
        emails.send_code(newt.actor, now=now + timedelta(seconds=59))
    first = mailed(newt)
    with pytest.raises(BadCode):
        emails.verify(newt.actor, first, now=now + timedelta(minutes=15))
    emails.send_code(newt.actor, now=now + timedelta(minutes=16))
    with pytest.raises(BadCode):
        emails.verify(newt.actor, first, now=now + timedelta(minutes=17))
    second = mailed(newt)
    for _ in range(4):
        with pytest.raises(BadCode):
            emails.verify(newt.actor, "AAAAAAAA", now=now + timedelta(minutes=17))
    with pytest.raises(BadCode):
        emails.verify(newt.actor, second, now=now + timedelta(minutes=17))
    assert not EmailAddress.objects.get(user=newt.user).verified


@pytest.mark.usefixtures("committed_db")
def test_a_hundred_guesses_at_once_are_five(now, settings):
    settings.EMAIL_VERIFICATION = True
    newt = builders.person("newt", now=now, as_worker=True)
    emails.send_code(newt.actor, now=now)
    judged = []

    def guess(n: int) -> None:
        try:
            emails.verify(newt.actor, f"WRONG{n:03}", now=now)
        except BadCode as error:
            if "tries_left" in error.details:
                judged.append(n)

    all_at_once(guess, 20)
    assert len(judged) == 5
    assert EmailCode.objects.get().tries_left == 0


# ---- second factors ----


@pytest.fixture
def guarded(wanda):
    """Wanda with an authenticator app and recovery codes, all sealed."""
    TOTP.activate(wanda.user, SECRET)
    RecoveryCodes.activate(wanda.user)
    return wanda


def test_a_password_alone_makes_no_token_where_there_is_a_second_factor(guarded):
    before = ApiToken.objects.count()
    refused = log_in(guarded)
    assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_needed")
    assert log_in(guarded, code="000000").json()["code"] == "wrong_second_factor"
    assert log_in(guarded, password="wrong", code=totp()).json()["code"] == "bad_credentials"
    assert ApiToken.objects.count() == before
    ok(log_in(guarded, code=totp()), 201)


def test_a_code_works_once_and_so_does_a_recovery_code(guarded):
    code = totp()
    ok(log_in(guarded, code=code), 201)
    assert log_in(guarded, code=code).json()["code"] == "wrong_second_factor"
    spare = Authenticator.objects.get(user=guarded.user, type="recovery_codes").wrap().get_unused_codes()[0]
    ok(log_in(guarded, code=spare), 201)
    assert log_in(guarded, code=spare).json()["code"] == "wrong_second_factor"


def test_secrets_of_second_factors_are_sealed_and_change_their_key(guarded, settings):
    assert all(
        str(row.data.get("secret") or row.data.get("seed")).startswith(SEALED_PREFIX) for row in Authenticator.objects.all()
    )
    settings.IDENTITY_KEYS = ["another key of more than forty characters, drawn later", *settings.IDENTITY_KEYS]
    assert resealing.reencrypt_all() == (0, 2)
    settings.IDENTITY_KEYS = settings.IDENTITY_KEYS[:1]
    ok(log_in(guarded, code=totp()), 201)


def test_the_site_asks_for_the_second_factor_too(guarded):
    site = Client()
    answer = site.post("/account/login/", {"login": guarded.user.email, "password": PASSWORD})
    assert answer["Location"] == "/account/2fa/authenticate/"
    assert site.get("/account/")["Location"].startswith("/account/login/")
    site.post("/account/2fa/authenticate/", {"code": totp()})
    assert site.get("/account/").status_code == 200


# ---- how often one may guess ----


@pytest.fixture
def strict(settings):
    settings.SIMULATION = False


def test_five_wrong_passwords_and_the_account_is_closed_to_guessing_here_and_on_the_site(wanda, strict):
    client = Client()

    def api(password: str) -> int:
        body = {"email": "wanda@example.org", "password": password}
        return client.post("/api/v1/tokens", body, content_type="application/json").status_code

    assert [api("wrong wrong") for _ in range(6)] == [403] * 5 + [429]
    assert api(PASSWORD) == 429, "the right one too, or the limit could be felt out"
    page = client.post("/account/login/", {"login": "wanda@example.org", "password": PASSWORD}).content.decode()
    assert "Too many failed login attempts" in page


LOGIN = "/account/login/"


def signs_in(browser: Client, password: str, email: str = "wanda@example.org") -> bool:
    return browser.post(LOGIN, {"login": email, "password": password}).status_code == 302


def test_guesses_from_elsewhere_do_not_keep_out_whoever_signed_in_here_before(wanda, walt, strict):
    at_home = Client()
    assert signs_in(at_home, PASSWORD)
    at_home.post("/account/logout/")
    assert [signs_in(Client(), "wrong wrong") for _ in range(6)] == [False] * 6
    assert not signs_in(Client(), PASSWORD), "elsewhere the account is closed to guessing"
    assert signs_in(at_home, PASSWORD)
    at_home.post("/account/logout/")
    assert not signs_in(at_home, "wrong wrong", "walt@example.org"), "known to the one account"


def test_a_known_browser_has_five_guesses_of_its_own(wanda, strict):
    known = Client()
    assert signs_in(known, PASSWORD)
    known.post("/account/logout/")
    assert [signs_in(known, "wrong wrong") for _ in range(5)] == [False] * 5
    assert not signs_in(known, PASSWORD)
    assert signs_in(Client(), PASSWORD), "nor does who guesses there keep anybody out elsewhere"


def test_a_browser_in_which_the_password_was_changed_stays_known(wanda, strict):
    known = Client()
    assert signs_in(known, PASSWORD)
    new = "quite another one of hers"
    change = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert known.post("/account/password/change/", change).status_code == 302
    known.post("/account/logout/")
    assert [signs_in(Client(), "wrong wrong") for _ in range(6)] == [False] * 6
    assert signs_in(known, new)


def test_a_browser_is_known_by_our_cookie_for_that_account_and_password_only(wanda, walt, rf):
    response = HttpResponse()
    known_browsers.remember(response, wanda.user)
    [cookie] = response.cookies.values()
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")

    def known(value: str, email: str = "wanda@example.org") -> str | None:
        request = rf.get("/")
        request.COOKIES[known_browsers.COOKIE] = value
        return known_browsers.known_as(request, email)

    assert known(cookie.value)
    assert known(cookie.value, "walt@example.org") is None
    assert known(cookie.value.replace(str(wanda.user.pk), str(walt.user.pk)), "walt@example.org") is None
    for wrong in ("", "x", f"{wanda.user.pk}:x", cookie.value + "x", cookie.value.rpartition(":")[0]):
        assert known(wrong) is None
    wanda.user.set_password("another password of hers")
    wanda.user.save()
    assert known(cookie.value) is None


def test_right_passwords_are_not_counted(wanda, strict):
    body = {"email": "wanda@example.org", "password": PASSWORD}
    answers = [Client().post("/api/v1/tokens", body, content_type="application/json").status_code for _ in range(8)]
    assert answers == [201] * 8


def test_thirty_sign_ups_a_minute_from_one_address(db, strict):
    def knock(n: int) -> int:
        body = {"email": f"p{n}@example.org", "password": PASSWORD, "display_name": "x"}
        return Client().post("/api/v1/accounts", body, content_type="application/json").status_code

    answers = [knock(n) for n in range(32)]
    assert answers == [201] * 30 + [429] * 2


# Guesses in a process of its own, as another web host would: eight wrong passwords, and how each was answered.
GUESS = """
import django, json, sys
django.setup()
from django.conf import settings
settings.SIMULATION = False
settings.DATABASES["default"]["NAME"] = sys.argv[1]
from django.test import Client
body = {"email": "wanda@example.org", "password": "wrong wrong"}
print(json.dumps([Client().post("/api/v1/tokens", body, content_type="application/json").status_code for _ in range(8)]))
"""


@pytest.mark.usefixtures("committed_db")
def test_the_limit_holds_across_processes(now):
    builders.worker("wanda", now=now)
    name = connection.settings_dict["NAME"]
    answers: list[int] = []

    def process() -> None:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", GUESS, name],
            env={**__import__("os").environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "FAIRHAND_DATABASE": name},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        answers.extend(json.loads(done.stdout))

    crew = [threading.Thread(target=process) for _ in range(2)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    assert (answers.count(403), answers.count(429)) == (5, 11)
