"""What every answer and session goes through: nothing is stored, limits are noted, operators have a factor and a session that ends."""

import json
import os
import re
import subprocess
import sys
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.core import mail
from django.core.cache import cache
from django.core.checks import run_checks
from django.test import Client

from foundation import clock
from foundation.models import AuditEntry
from tests import builders
from tests.builders import PASSWORD, Visitor
from tests.journeys.test_matrix import routes
from tests.journeys.world import ok
from tests.workforce.test_tokens import SECRET, code_of
from workforce import access, accounts, sign_ins, tokens
from workforce.models import User

SITE = "https://fairhand.example"


def sign_in(site: Client, person, password: str = PASSWORD):
    return site.post("/account/login/", {"login": person.user.email, "password": password})


# ---- nothing is stored ----


@pytest.mark.django_db
def test_no_answer_of_the_api_is_stored(wanda, rita):
    for route in routes():
        if "<" in route:
            continue
        for person in (wanda, rita):
            assert "no-store" in person.get(route)["Cache-Control"], route
    assert Client().get("/api/v1/me")["Cache-Control"] == "no-store"
    assert Client().get("/api/nowhere")["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_no_personal_page_is_stored(wanda):
    visitor = Visitor(wanda)
    pages = ["/", "/account/", "/account/email/", "/account/tokens/", "/jobs/", "/my/time/", "/my/earnings/", "/onboarding/"]
    for page in [*pages, "/notifications/", "/my/data/", "/account/2fa/", "/nowhere/"]:
        assert "no-store" in visitor.get(page)["Cache-Control"], page


# ---- mails name the configured site, whatever host was asked for ----


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/account/password/reset/", "/account/signup/", "/account/login/", "/account/email/"])
def test_links_in_mails_are_the_sites(wanda, settings, path):
    settings.SITE_ADDRESS = SITE
    settings.EMAIL_VERIFICATION = True
    newt = accounts.sign_up(email="newt@example.org", password=PASSWORD, display_name="N", as_worker=True, now=wanda.now)
    site = Client(headers={"Host": "evil.example"})
    if path == "/account/password/reset/":
        site.post(path, {"email": "wanda@example.org"})
        site.post(path, {"email": "nobody@example.org"})
    elif path == "/account/signup/":
        for email in ("wanda@example.org", "fresh@example.org"):
            site.post(path, {"email": email, "password1": PASSWORD, "display_name": "x", "purpose": "work"})
    elif path == "/account/login/":
        site.post(path, {"login": newt.email, "password": PASSWORD})
    else:
        sign_in(site, wanda)
        site.post("/account/reauthenticate/", {"password": PASSWORD})
        site.post(
            "/account/password/change/", {"oldpassword": PASSWORD, "password1": "a new password", "password2": "a new password"}
        )
        site.post(path, {"email": "other@example.org", "action_add": ""})
    assert mail.outbox
    for sent in mail.outbox:
        whole = sent.subject + sent.body + "".join(str(part) for part, _ in getattr(sent, "alternatives", []))
        assert "evil.example" not in whole
        for link in re.findall(r"https?://[^\s\"<]+", whole):
            assert link.startswith(SITE + "/"), link


@pytest.mark.django_db
def test_the_link_of_an_invitation_is_the_sites(rita, settings):
    settings.SITE_ADDRESS = SITE
    vendor = ok(rita.post("organizations", {"name": "Vendor", "kind": "vendor"}), 201)["id"]
    made = ok(rita.post(f"organizations/{vendor}/invitations", {"name": "Spring", "max_uses": 2}), 201)
    assert made["href"].startswith(SITE + "/join/")


# ---- operators ----


@pytest.fixture
def strict(settings):
    """As outside development."""
    settings.OPERATORS_NEED_SECOND_FACTOR = True


def with_factor(person):
    TOTP.activate(person.user, SECRET)
    person.token = tokens.issue(person.user, name="x", now=person.now, scopes=["read", "post", "money", "admin"])[1]
    return person


def test_an_operator_without_a_second_factor_operates_nothing(olga, strict):
    agreement = {"slug": "terms", "title": "Terms", "text": "Fair work."}
    refused = olga.post("agreements", agreement)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_an_operator")
    site = Client()
    sign_in(site, olga)
    assert not access.actor_of_user(olga.user).is_operator
    page = site.get("/admin/", follow=True)
    assert page.status_code == 403
    assert "second factor" in page.content.decode()
    ok(with_factor(olga).post("agreements", agreement), 201)
    assert access.actor_of_user(olga.user).is_operator
    site = Client()
    assert sign_in(site, olga)["Location"] == "/account/2fa/authenticate/"
    site.post("/account/2fa/authenticate/", {"code": code_of(SECRET)})
    assert site.get("/admin/").status_code == 200


def test_recovery_codes_alone_are_no_second_factor(olga, strict):
    Authenticator.objects.create(user=olga.user, type="recovery_codes", data={})
    assert not olga.actor.is_operator
    assert not access.actor_of_user(olga.user).is_operator


@pytest.mark.django_db
def test_the_admins_own_form_signs_nobody_in(olga, wanda, now):
    """It asks for a password alone: through it, one operator's password would do for another's session."""
    second = builders.operator("oscar", now=now)
    for person in (wanda, None):
        site = Client()
        if person:
            sign_in(site, person)
        before = site.session.get("_auth_user_id")
        answer = site.post("/admin/login/", {"username": second.user.email, "password": PASSWORD})
        assert answer.status_code == (403 if person else 302)
        assert site.session.get("_auth_user_id") == before


@pytest.mark.django_db
def test_a_session_of_an_operator_ends_after_eight_hours_and_a_workers_does_not(olga, wanda, monkeypatch):
    began = clock.now()
    sites = {}
    for person in (olga, wanda):
        sites[person.user.email] = Client()
        sign_in(sites[person.user.email], person)
    for hours, alive in ((7.9, True), (8.1, False)):
        monkeypatch.setattr(clock, "now", lambda hours=hours: began + timedelta(hours=hours))
        assert (sites["olga@example.org"].get("/account/").status_code == 200) is alive, hours
        assert sites["wanda@example.org"].get("/account/").status_code == 200
    assert "/account/login/" in sites["olga@example.org"].get("/admin/", follow=True).redirect_chain[-1][0]


@pytest.mark.django_db
def test_who_becomes_an_operator_in_a_session_of_unknown_age_signs_in_again(wanda):
    site = Client()
    sign_in(site, wanda)
    session = site.session
    del session[sign_ins.BEGAN]
    session.save()
    assert site.get("/account/").status_code == 200
    User.objects.filter(id=wanda.user.id).update(is_staff=True)
    assert site.get("/account/").status_code == 302


# ---- what is audited ----


def entries(action: str) -> list[tuple[str, str]]:
    return [(entry.subject, entry.after["what"]) for entry in AuditEntry.objects.filter(action=action).order_by("number")]


@pytest.fixture
def limits(settings):
    settings.SIMULATION = False
    cache.clear()


def test_failed_log_ins_are_audited_here_and_on_the_site_without_addresses(wanda, limits):
    def api(**fields):
        return Client().post("/api/v1/tokens", {"email": "wanda@example.org"} | fields, content_type="application/json")

    subject = f"user:{wanda.user.id}"
    api(password="wrong wrong")
    sign_in(Client(), wanda, "wrong wrong")
    for n in range(3):
        api(email=f"nobody{n}@example.org", password="wrong wrong")
    assert entries("sign_in.failed") == [(subject, "password"), (subject, "password"), ("network:127.0.0.0/24", "password")]
    TOTP.activate(wanda.user, SECRET)
    api(password=PASSWORD, code="000000")
    site = Client()
    sign_in(site, wanda)
    site.post("/account/2fa/authenticate/", {"code": "000000"})
    assert entries("sign_in.failed")[3:] == [(subject, "second_factor")] * 2
    kept = str(list(AuditEntry.objects.values_list("subject", "after")))
    assert "@example.org" not in kept
    assert "127.0.0.1" not in kept


def test_who_is_slowed_down_is_audited_once_in_a_while(wanda, limits):
    body = {"email": "wanda@example.org", "password": "wrong wrong"}
    answers = [Client().post("/api/v1/tokens", body, content_type="application/json").status_code for _ in range(8)]
    assert answers.count(429) == 3
    assert entries("sign_in.slowed_down") == [("network:127.0.0.0/24", "api/v1/tokens")]
    sign_in(Client(), wanda)
    assert entries("sign_in.slowed_down")[1:] == [("network:127.0.0.0/24", "password")]


# ---- settings outside development ----

ASK = """
import django, json
from django.conf import settings
names = ["SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "LANGUAGE_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE",
         "LANGUAGE_COOKIE_SECURE", "SESSION_COOKIE_DOMAIN", "CSRF_COOKIE_DOMAIN", "SESSION_COOKIE_PATH", "CSRF_COOKIE_PATH",
         "OPERATORS_NEED_SECOND_FACTOR", "EMAIL_VERIFICATION"]
print(json.dumps({name: getattr(settings, name) for name in names}))
"""


def started(tmp_path, **variables):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FAIRHAND_")}
    strong = {
        "FAIRHAND_SECRET_KEY": "0123456789abcdefghij" * 3,
        "FAIRHAND_IDENTITY_KEYS": "k" * 41,
        "FAIRHAND_DATA_DIR": str(tmp_path),
        "FAIRHAND_SITE_ADDRESS": "https://fairhand.example",
    }
    environment = (
        kept | strong | {"DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_URL": "postgres://x@localhost/x"} | variables
    )
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ASK], env=environment, capture_output=True, text=True, check=False
    )


def test_outside_development_cookies_belong_to_this_host_and_operators_need_a_factor(tmp_path):
    done = started(tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for name in ("SESSION", "CSRF"):
        assert found[f"{name}_COOKIE_NAME"].startswith("__Host-")
        assert (found[f"{name}_COOKIE_SECURE"], found[f"{name}_COOKIE_DOMAIN"], found[f"{name}_COOKIE_PATH"]) == (True, None, "/")
    assert found["LANGUAGE_COOKIE_NAME"].startswith("__Host-")
    assert found["LANGUAGE_COOKIE_SECURE"]
    assert found["OPERATORS_NEED_SECOND_FACTOR"]
    assert found["EMAIL_VERIFICATION"]


@pytest.mark.parametrize("key", ["", "short", "x" * 60, "ab" * 30, "0123456789abcdefghij" * 2])
def test_a_weak_secret_key_is_refused(tmp_path, key):
    done = started(tmp_path, FAIRHAND_SECRET_KEY=key)
    assert done.returncode != 0
    assert "FAIRHAND_SECRET_KEY" in done.stderr


@pytest.mark.parametrize(
    "address", ["", "fairhand.example", "ftp://fairhand.example", "https://fairhand.example/path", "https://a b"]
)
def test_without_the_site_s_address_it_does_not_start(tmp_path, address):
    done = started(tmp_path, FAIRHAND_SITE_ADDRESS=address)
    assert done.returncode != 0
    assert "FAIRHAND_SITE_ADDRESS" in done.stderr
    assert started(tmp_path, FAIRHAND_SITE_ADDRESS="https://fairhand.example/").returncode == 0


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("https://fairhand.example", []),
        ("http://fairhand.example", ["fairhand.E001"]),
        ("https://localhost:8000", ["fairhand.E002"]),
    ],
)
def test_a_deployment_is_told_of_an_address_nobody_can_follow(settings, address, found):
    settings.SITE_ADDRESS = address
    told = run_checks(tags=["security"], include_deployment_checks=True)
    assert [one.id for one in told if one.id.startswith("fairhand.")] == found


def test_the_editor_finds_the_token_under_either_name():
    from tests.repo.test_the_code_itself import ROOT

    pattern = r"(?:^|; )(?:__Host-)?csrftoken="
    assert pattern in (ROOT / "tasks/static/tasks/editor.js").read_text()
