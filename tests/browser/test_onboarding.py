"""From a stranger to someone who may work, in Chromium, by keyboard; and every page of an account, with its second factors."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from django.test import Client
from playwright.sync_api import Page, expect

from foundation.encrypted import SEALED_PREFIX, unseal
from tests import builders
from tests.builders import PASSWORD
from tests.workforce import scenes
from workforce import checklist, onboarding, teams
from workforce.models import Acceptance, Identity, StepProgress, TeamMember, User, Worker

NEW_PASSWORD = "staple battery horse"  # noqa: S105
TERMS = "# Terms\n\nWork is **paid**.\n\n- Your time is counted.\n- You may appeal.\n\nThat is all."
CODE = re.compile(r"^[A-Z0-9]{4,}(-[A-Z0-9]+)*$", re.MULTILINE)


@pytest.fixture
def strict(settings):
    """As a real installation: addresses are proven, knocking is counted."""
    settings.EMAIL_VERIFICATION = True


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def heading(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()


def tab_to(page: Page, role: str, name: str) -> None:
    """Get there by Tab alone, as who has no mouse does."""
    wanted = page.get_by_role(role, name=name).first.element_handle()
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate("(wanted) => document.activeElement === wanted", wanted):
            return
    raise AssertionError(f"{role} {name!r} is not reached by the keyboard")


def test_a_stranger_becomes_someone_who_may_work_by_keyboard_alone(site, page, strict, olga, axe, shot):
    onboarding.publish_agreement(olga.actor, slug="terms", title="Terms", text=TERMS, now=olga.now)
    checklist.add_step(olga.actor, None, kind="text", title="How we speak", text="Be *kind*.", paid=True, now=olga.now)
    page.goto("/account/signup/")
    axe(page)
    shot(page, "sign-up")
    page.get_by_label("Name others see").focus()
    page.keyboard.type("Newt")
    press(page, "Tab")
    page.keyboard.type("newt@example.org")
    press(page, "Tab")
    page.keyboard.type(PASSWORD)
    tab_to(page, "button", "Sign Up")
    press(page, "Enter")
    heading(page, "Enter Email Verification Code")
    axe(page)
    shot(page, "email-code")
    tab_to(page, "textbox", "Code")
    page.keyboard.type(CODE.search(mail.outbox[-1].body).group())
    press(page, "Enter")
    heading(page, "Getting started")
    axe(page)
    shot(page, "checklist")
    expect(page.get_by_text("1 of 10 done")).to_be_visible()
    user = User.objects.get(email="newt@example.org")
    assert EmailAddress.objects.get(user=user).verified

    tab_to(page, "button", "Next: Say where you live")
    press(page, "Enter")
    heading(page, "Profile")
    axe(page)
    shot(page, "profile")
    page.get_by_label("Country you live in").focus()
    page.keyboard.type("Portugal")
    page.get_by_label("Time zone").focus()
    page.keyboard.type("Europe/Lisbon")
    first = page.get_by_role("group", name="Row 1")
    first.get_by_label("Language").focus()
    page.keyboard.type("Portuguese")
    first.get_by_label("How well").focus()
    page.keyboard.type("First")
    tab_to(page, "button", "Save")
    press(page, "Enter")
    heading(page, "Getting started")
    worker = Worker.objects.get(user=user)
    assert (worker.country, worker.time_zone, worker.languages) == ("PT", "Europe/Lisbon", ["pt"])
    assert worker.language_levels == {"pt": "native"}

    tab_to(page, "button", "Next: Read and accept the agreements")
    press(page, "Enter")
    heading(page, "Agreements")
    axe(page)
    tab_to(page, "link", "Terms")
    press(page, "Enter")
    heading(page, "Terms")
    axe(page)
    shot(page, "agreement")
    tab_to(page, "checkbox", "I have read this and accept it")
    press(page, "Space")
    tab_to(page, "button", "Accept")
    press(page, "Enter")
    heading(page, "Getting started")
    assert Acceptance.objects.filter(user=user).count() == 1

    tab_to(page, "button", "Next: How we speak")
    press(page, "Enter")
    heading(page, "How we speak")
    axe(page)
    shot(page, "text-step")
    tab_to(page, "checkbox", "I have read this text")
    press(page, "Space")
    tab_to(page, "button", "Confirm")
    press(page, "Enter")
    expect(page.get_by_text("Nothing required is left")).to_be_visible()
    worker.refresh_from_db()
    assert worker.onboarded_at is not None
    paid = StepProgress.objects.get(worker=worker, step__kind="text")
    assert paid.began_at < paid.finished_at

    _optional_steps(page, axe, shot)
    worker.refresh_from_db()
    assert worker.sensitive_accepted == ["medical"]
    assert worker.daily_cap_seconds == 6 * 3600
    assert worker.working_hours == [{"weekday": 1, "begins": "09:00", "ends": "17:00"}]
    assert Identity.objects.get(worker=worker).legal_name == "Newton Newt"
    shot(page, "checklist-done")
    page.goto("/")
    heading(page, "Jobs")
    page.goto("/account/")
    axe(page)
    shot(page, "account-of-a-worker")


def _optional_steps(page: Page, axe: Any, shot: Any) -> None:
    tab_to(page, "link", "Choose what you are willing to see")
    press(page, "Enter")
    heading(page, "What you are willing to see")
    axe(page)
    shot(page, "content")
    tab_to(page, "checkbox", "Medical images")
    press(page, "Space")
    tab_to(page, "button", "Save")
    press(page, "Enter")
    heading(page, "Getting started")
    tab_to(page, "link", "Say when and how much")
    press(page, "Enter")
    heading(page, "Hours and limits")
    axe(page)
    shot(page, "hours")
    page.get_by_label("Most hours in a day").focus()
    page.keyboard.type("6")
    row = page.get_by_role("group", name="Row 1")
    row.get_by_label("Day").focus()
    page.keyboard.type("Mon")
    row.get_by_label("From").fill("09:00")  # how a time is typed depends on the browser's language
    row.get_by_label("To").fill("17:00")
    tab_to(page, "button", "Save")
    press(page, "Enter")
    heading(page, "Getting started")
    tab_to(page, "link", "Say who you are")
    press(page, "Enter")
    heading(page, "Who you are")
    axe(page)
    shot(page, "identity")
    page.get_by_label("Full name").focus()
    page.keyboard.type("Newton Newt")
    page.get_by_label("Date of birth").fill("1990-05-01")
    tab_to(page, "button", "Save")
    press(page, "Enter")
    heading(page, "Getting started")


def test_mistakes_are_told_beside_the_field_and_nothing_is_lost(site, page, wanda, sign_in, axe, shot):
    sign_in(page, wanda)
    page.goto("/onboarding/hours/")
    page.get_by_label("Most hours in a day").fill("3")
    row = page.get_by_role("group", name="Row 1")
    row.get_by_label("Day").select_option("2")
    row.get_by_label("From").fill("17:00")
    row.get_by_label("To").fill("09:00")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert").first).to_contain_text("end before they begin")
    expect(page.get_by_label("Most hours in a day")).to_have_value("3")
    axe(page)
    shot(page, "hours-refused")
    page.goto("/onboarding/profile/")
    for n in (1, 2, 3):
        page.get_by_role("group", name=f"Row {n}").get_by_label("Language").select_option("")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert").first).to_contain_text("at least one language")
    assert Worker.objects.get(id=wanda.worker.id).languages == ["en"]


def test_a_new_version_shows_what_changed_and_is_accepted_again(site, page, wanda, olga, sign_in, axe, shot):
    first = onboarding.publish_agreement(olga.actor, slug="terms", title="Terms", text=TERMS, now=olga.now)
    onboarding.accept_agreement(wanda.actor, first.id, now=wanda.now)
    onboarding.publish_agreement(
        olga.actor, slug="terms", title="Terms", text=TERMS.replace("You may appeal", "You may appeal for 14 days"), now=olga.now
    )
    sign_in(page, wanda)
    page.goto("/")
    page.get_by_role("button", name="Next: Read and accept").click()
    page.get_by_role("link", name="Terms").first.click()
    expect(page.get_by_role("heading", name="What has changed")).to_be_visible()
    expect(page.locator(".added, ins").first).to_contain_text("14 days")
    axe(page)
    shot(page, "agreement-changed")
    page.get_by_label("I have read this and accept it").check()
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_text("Nothing required is left")).to_be_visible()
    page.goto("/onboarding/agreements/")
    expect(page.get_by_role("row")).to_have_count(3)
    axe(page)
    shot(page, "agreements")


# ---- teams ----


def test_who_has_a_link_signs_up_and_joins(site, page, strict, olga, axe, shot):
    vendor = scenes.vendor("vera", now=olga.now)
    checklist.add_step(vendor.actor, vendor.organization.id, kind="text", title="House rules", text="Knock.", now=olga.now)
    _, token = teams.invite(vendor.actor, vendor.organization.id, name="Spring", max_uses=1, days=7, now=olga.now)
    page.goto(f"/join/{token}/")
    heading(page, "Join the team of Vera")
    axe(page)
    shot(page, "join")
    page.get_by_role("link", name="Sign up and join").click()
    page.get_by_label("Name others see").fill("Joe")
    page.get_by_label("Email").fill("joe@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign Up").click()
    heading(page, "Enter Email Verification Code")
    page.get_by_label("Code").fill(CODE.search(mail.outbox[-1].body).group())
    page.get_by_role("button", name="Confirm").click()
    heading(page, "Join the team of Vera")
    page.get_by_role("button", name="Join the team").click()
    expect(page.get_by_role("heading", name="For the team of Vera")).to_be_visible()
    axe(page)
    shot(page, "checklist-of-a-team")
    assert TeamMember.objects.get().worker.display_name == "Joe"
    page.goto("/account/teams/")
    axe(page)
    shot(page, "teams")
    page.get_by_text("Leave this team").click()
    page.get_by_role("button", name="Leave Vera").click()
    expect(page.get_by_text("You have left the team")).to_be_visible()
    assert TeamMember.objects.get().left_at is not None
    page.goto(f"/join/{token}/")
    heading(page, "This invitation does not work")
    axe(page)
    shot(page, "join-over")


def test_an_account_that_posts_work_starts_to_work(site, page, rita, sign_in, axe, shot):
    sign_in(page, rita)
    page.goto("/account/")
    page.get_by_role("link", name="Start to work").click()
    axe(page)
    shot(page, "start-to-work")
    page.get_by_label("Name others see").fill("Rita")
    page.get_by_role("button", name="Start").click()
    heading(page, "Getting started")
    assert Worker.objects.get(user=rita.user).display_name == "Rita"


# ---- the account ----


def sign_in_by_password(page: Page, email: str, password: str = PASSWORD) -> None:
    page.goto("/account/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").first.fill(password)
    page.get_by_role("button", name="Sign In", exact=True).click()


def test_a_forgotten_password_is_set_anew_by_mail(site, page, wanda, axe, shot):
    page.goto("/account/login/")
    page.get_by_role("link", name="Forgot").click()
    axe(page)
    shot(page, "password-forgotten")
    page.get_by_label("Email").fill(wanda.user.email)
    page.get_by_role("button", name="Reset My Password").click()
    axe(page)
    shot(page, "password-mailed")
    page.goto(re.search(r"https?://\S+", mail.outbox[-1].body).group().replace("testserver", site.address.split("//")[1]))
    axe(page)
    shot(page, "password-new")
    page.get_by_label("New Password").first.fill(NEW_PASSWORD)
    if page.get_by_label("again").count():
        page.get_by_label("again").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Change Password").click()
    axe(page)
    sign_in_by_password(page, wanda.user.email, NEW_PASSWORD)
    heading(page, "Jobs")
    page.goto("/account/password/change/")
    axe(page)
    shot(page, "password-change")


def test_an_address_is_changed_once_the_new_one_is_proven(site, page, strict, olga, axe, shot):
    wanda = builders.worker("wanda", now=olga.now)
    EmailAddress.objects.filter(user=wanda.user).update(verified=True)
    sign_in_by_password(page, wanda.user.email)
    heading(page, "Jobs")
    page.goto("/account/email/")
    axe(page)
    shot(page, "email-change")
    page.get_by_label("Email").fill("wanda.new@example.org")
    page.get_by_role("button", name="Change email").click()
    heading(page, "Enter Email Verification Code")
    axe(page)
    assert User.objects.get(id=wanda.user.id).email == "wanda@example.org", "the old one stays until then"
    page.get_by_label("Code").fill(CODE.search(mail.outbox[-1].body).group())
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("wanda.new@example.org").first).to_be_visible()
    assert User.objects.get(id=wanda.user.id).email == "wanda.new@example.org"
    assert list(EmailAddress.objects.filter(user=wanda.user).values_list("email", "verified", "primary")) == [
        ("wanda.new@example.org", True, True)
    ]


def test_an_authenticator_app_and_its_recovery_codes(site, page, new_context, wanda, axe, shot):
    sign_in_by_password(page, wanda.user.email)
    heading(page, "Jobs")
    page.goto("/account/2fa/")
    axe(page)
    shot(page, "second-factors")
    page.get_by_role("link", name="Activate").click()
    axe(page)
    shot(page, "confirm-access")
    confirm(page)
    heading(page, "Activate Authenticator App")
    axe(page)
    shot(page, "authenticator-app")
    secret = page.get_by_label("Authenticator secret").input_value()
    page.get_by_label("Authenticator code").fill(code_of(secret))
    page.get_by_role("button", name="Activate").click()
    heading(page, "Recovery Codes")
    axe(page)
    shot(page, "recovery-codes")
    [spare, *_] = page.get_by_label("Unused codes").input_value().split()
    stored = Authenticator.objects.get(user=wanda.user, type="totp").data["secret"]
    assert stored.startswith(SEALED_PREFIX)
    assert unseal(stored) == secret
    other = new_context().new_page()
    sign_in_by_password(other, wanda.user.email)
    heading(other, "Two-Factor Authentication")
    axe(other)
    shot(other, "second-factor-asked")
    other.get_by_label("Code").fill("000000")
    other.get_by_role("button", name="Sign In", exact=True).click()
    expect(other.get_by_text("Incorrect code")).to_be_visible()
    other.get_by_label("Code").fill(spare)
    other.get_by_role("button", name="Sign In", exact=True).click()
    heading(other, "Jobs")
    other.goto("/account/sessions/")
    expect(other.get_by_role("row")).to_have_count(3)
    axe(other)
    shot(other, "sessions")
    other.get_by_role("button", name="Sign Out Other Sessions").click()
    page.goto("/account/")
    heading(page, "Sign In")


def test_a_passkey_is_made_and_signs_in_without_a_password(site, page, watched, wanda, axe, shot):
    watched.expect("request elsewhere: http://localhost:")
    virtual_authenticator(page)
    host = site.address.replace("127.0.0.1", "localhost")  # a passkey belongs to a name, not to a number
    page.context.clear_cookies()
    page.goto(f"{host}/account/login/")
    page.get_by_label("Email").fill(wanda.user.email)
    page.get_by_label("Password").first.fill(PASSWORD)
    page.get_by_role("button", name="Sign In", exact=True).click()
    heading(page, "Jobs")
    page.goto(f"{host}/account/2fa/webauthn/add/")
    confirm(page)
    heading(page, "Add Security Key")
    axe(page)
    shot(page, "passkey-add")
    page.get_by_label("Name").fill("Laptop")
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add").click()
    heading(page, "Recovery Codes")
    page.goto(f"{host}/account/2fa/webauthn/")
    expect(page.get_by_text("Laptop")).to_be_visible()
    axe(page)
    shot(page, "passkeys")
    page.get_by_role("button", name="Sign out").click()
    page.goto(f"{host}/account/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    heading(page, "Jobs")
    body = {"email": wanda.user.email, "password": PASSWORD}  # without a token: hers ended with the new factor
    refused = Client().post("/api/v1/tokens", body, content_type="application/json")
    assert refused.json()["code"] == "second_factor_needed"
    page.goto(f"{host}/account/tokens/")
    confirm(page)
    page.get_by_label("What it is for").fill("script")
    page.get_by_role("button", name="Make a token").click()
    token = page.locator("pre code").inner_text()
    assert token.startswith("fh_")
    axe(page)
    shot(page, "tokens")


def test_a_passkey_that_is_not_there_is_told_on_the_page(site, page, watched, axe):
    watched.expect("request elsewhere: http://localhost:")
    virtual_authenticator(page)
    page.goto(f"{site.address.replace('127.0.0.1', 'localhost')}/account/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("The passkey was not used")
    axe(page)


def confirm(page: Page) -> None:
    """Say once more who one is, before what only the owner may do."""
    heading(page, "Confirm Access")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()


def virtual_authenticator(page: Page) -> None:
    """A passkey device of Chromium's own, which says yes to everything (WebAuthn over the DevTools protocol)."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def code_of(secret: str) -> str:
    """What the app would show now."""
    return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))
