"""One normal form of email addresses: what is folded, what is refused, and that nothing anywhere goes by another spelling."""

import re
from importlib import import_module

import pytest
from allauth.account import fields
from allauth.account import forms as asked
from allauth.account.models import EmailAddress
from django import forms
from django.apps import apps
from django.conf import settings as configured
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils.module_loading import import_string

from tests import builders
from tests.builders import PASSWORD
from tests.journeys.world import ok
from workforce import accounts, addresses, emails
from workforce.addresses import NORMAL_FORM, is_normal, normal
from workforce.errors import BadAddress, BadCredentials, EmailTaken
from workforce.models import User
from workforce.signing_up import ByNormalForm

FOLDED = [
    ("Wanda@Example.org", "wanda@example.org"),
    ("  a@x.org\t", "a@x.org"),
    ("a@BÜCHER.de", "a@xn--bcher-kva.de"),
    ("a@XN--BCHER-KVA.de", "a@xn--bcher-kva.de"),
    ("a@straße.de", "a@xn--strae-oqa.de"),  # not strasse.de, which is somebody else's
    ("a@ΣΑΣ.gr", "a@xn--mxa9ab.gr"),
    ("o'neil+Tag@x.co.uk", "o'neil+tag@x.co.uk"),
    ("a@ab--cd.org", "a@ab--cd.org"),
]
LOOK_ALIKES = [
    "wıtold@example.org",
    "wanda@ſite.org",
    "ſam@example.org",
    "İda@example.org",
    "\u212aate@example.org",
    "a@\u212aate.org",
]
REFUSED = [
    *LOOK_ALIKES,
    "a@bu\u0308cher.de",
    "a@ex。org",
    "a@x.org.",
    "a@127.0.0.1",
    "a@[127.0.0.1]",
    "a@localhost",
    "a@xn--abc.org",
    "a@a\u200db.org",
    "a@-x.org",
    "a@x..org",
    "a..b@x.org",
    ".a@x.org",
    '"a b"@x.org',
    "a@b@x.org",
    "a\0@x.org",
    "a@x.org\nBcc: b@x.org",
    "@x.org",
    "a@",
    "a",
    "",
    "x" * 65 + "@x.org",
    "a@" + "x" * 64 + ".org",
    "a@" + "x" * 60 + ("." + "x" * 60) * 4 + ".org",
]


@pytest.mark.parametrize(("spelling", "form"), FOLDED)
def test_spellings_of_one_address_have_one_form(spelling, form):
    assert normal(spelling) == form
    assert is_normal(form)


@pytest.mark.parametrize("spelling", REFUSED)
def test_what_could_be_taken_for_another_is_refused_and_not_folded(spelling):
    with pytest.raises(BadAddress) as refused:
        normal(spelling)
    assert refused.value.details["field"] == "email"
    assert not is_normal(spelling)


# ---- the database, the API and the site go by it ----


@pytest.mark.django_db
@pytest.mark.parametrize("spelling", ["Wanda@example.org", "wıtold@example.org", "wanda@bücher.de", "", "a"])
@pytest.mark.parametrize("model", [User, EmailAddress])
def test_the_database_keeps_no_other_spelling(wanda, model, spelling):
    rows = model.objects.filter(email="wanda@example.org")
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(email=spelling)


@pytest.mark.django_db
@pytest.mark.parametrize("spelling", LOOK_ALIKES)
def test_no_look_alike_opens_an_account_or_logs_in(now, spelling):
    for letter in ("k", "s", "i"):
        builders.person(f"{letter}ate", now=now)
    before = User.objects.count()
    body = {"email": spelling, "password": PASSWORD, "display_name": "x"}
    refused = Client().post("/api/v1/accounts", body, content_type="application/json")
    assert refused.status_code == 400
    assert "email" in refused.json()["details"]["fields"]
    assert Client().post("/api/v1/tokens", body, content_type="application/json").status_code == 400
    with pytest.raises(BadAddress):
        accounts.log_in(email=spelling, password=PASSWORD, name="x", now=now)
    site = Client()
    page = site.post("/account/login/", {"login": spelling, "password": PASSWORD})
    assert (page.status_code, "_auth_user_id" in site.session) == (200, False)
    fields_of_sign_up = {"email": spelling, "password1": PASSWORD, "display_name": "x", "purpose": "work"}
    assert site.post("/account/signup/", fields_of_sign_up).status_code == 200
    site.post("/account/password/reset/", {"email": spelling})
    assert (User.objects.count(), mail.outbox) == (before, [])


@pytest.mark.django_db
def test_every_spelling_of_ones_own_address_is_ones_own(now):
    user = accounts.sign_up(email="Anna@BÜCHER.de", password=PASSWORD, display_name="A", as_worker=True, now=now)
    assert user.email == EmailAddress.objects.get(user=user).email == "anna@xn--bcher-kva.de"
    for spelling in ("anna@bücher.de", "ANNA@xn--BCHER-kva.de"):
        body = {"email": spelling, "password": PASSWORD}
        ok(Client().post("/api/v1/tokens", body, content_type="application/json"), 201)
        site = Client()
        site.post("/account/login/", {"login": spelling, "password": PASSWORD})
        assert site.session["_auth_user_id"] == str(user.id)
        with pytest.raises(EmailTaken):
            accounts.sign_up(email=spelling, password=PASSWORD, display_name="A", as_worker=False, now=now)
        assert User.objects.get_by_natural_key(spelling) == user
    Client().post("/account/password/reset/", {"email": "anna@Bücher.de"})
    assert mail.outbox[-1].to == ["anna@xn--bcher-kva.de"], "the mail goes to the form, not to what somebody typed"
    with pytest.raises(BadCredentials):
        accounts.log_in(email="anna@bucher.de", password=PASSWORD, name="x", now=now)


@pytest.mark.django_db
def test_wrong_passwords_count_under_one_form(wanda, settings):
    settings.SIMULATION = False
    spellings = ["wanda@example.org", "WANDA@example.org", " Wanda@Example.ORG", "wanda@EXAMPLE.org", "wAnda@example.org"]
    for spelling in spellings:
        body = {"email": spelling, "password": "wrong wrong"}
        assert Client().post("/api/v1/tokens", body, content_type="application/json").status_code == 403
    page = Client().post("/account/login/", {"login": "WANDA@EXAMPLE.ORG", "password": PASSWORD}).content.decode()
    assert "Too many failed login attempts" in page


@pytest.mark.django_db
def test_an_address_is_changed_to_its_normal_form(wanda):
    site = Client()
    site.post("/account/login/", {"login": "wanda@example.org", "password": PASSWORD})
    site.post("/account/email/", {"email": "Wanda@Straße.de", "action_add": ""})
    assert mail.outbox[-1].to == ["wanda@xn--strae-oqa.de"]


def test_every_form_of_allauth_that_takes_an_address_is_ours(rf):
    ours = {import_string(path) for path in configured.ACCOUNT_FORMS.values()}
    for name, form in vars(asked).items():
        if not (isinstance(form, type) and issubclass(form, forms.BaseForm)) or name.startswith(("Base", "User")):
            continue
        takes = any(isinstance(field, fields.EmailField) for field in form.base_fields.values()) or name == "LoginForm"
        if takes:
            assert any(issubclass(one, form) and issubclass(one, ByNormalForm) for one in ours), name


def test_nothing_compares_addresses_in_any_other_way():
    from tests.repo.test_the_code_itself import ROOT, sources

    for path in sources():
        text = path.read_text()
        for loose in (
            "email__iexact",
            "email__icontains",
            "email__istartswith",
            "email__iregex",
            "email.lower()",
            'Upper("email")',
            'Lower("email")',
        ):
            assert loose not in text, f"{path.relative_to(ROOT)} has {loose}"


# ---- an address belongs to who proves it ----


@pytest.mark.django_db
def test_who_proves_an_address_takes_it_from_who_only_claims_it(now, settings):
    settings.EMAIL_VERIFICATION = True
    squatter = accounts.sign_up(email="wanda@new.org", password=PASSWORD, display_name="S", as_worker=True, now=now)
    settings.EMAIL_VERIFICATION = False
    wanda = builders.person("wanda", now=now)
    site = Client()
    site.post("/account/login/", {"login": "wanda@example.org", "password": PASSWORD})
    site.post("/account/email/", {"email": "wanda@new.org", "action_add": ""})
    confirmed = site.post("/account/confirm-email/", {"code": code_in(mail.outbox[-1])})
    assert confirmed.status_code == 302
    wanda.user.refresh_from_db()
    squatter.refresh_from_db()
    assert (wanda.user.email, squatter.is_active) == ("wanda@new.org", False)
    assert squatter.email == f"{squatter.id}@{addresses.UNPROVEN}"
    assert list(EmailAddress.objects.values_list("email", "user_id")) == [("wanda@new.org", wanda.user.id)]


@pytest.mark.django_db
def test_nobody_takes_an_address_that_is_proven(wanda, walt):
    site = Client()
    site.post("/account/login/", {"login": "walt@example.org", "password": PASSWORD})
    site.post("/account/email/", {"email": "wanda@example.org", "action_add": ""})
    assert mail.outbox[-1].to == ["wanda@example.org"]
    refused = site.post("/account/confirm-email/", {"code": code_in(mail.outbox[-1])})
    assert "already registered" in refused.content.decode()
    assert emails.release("wanda@example.org", to=walt.user.id) == 0
    assert User.objects.get(email="wanda@example.org") == wanda.user


def code_in(message) -> str:
    found = re.search(r"^[A-Z0-9]{4,}(-[A-Z0-9]+)*$", message.body, re.MULTILINE)
    assert found
    return found.group()


# ---- what was kept before ----

migration = import_module("workforce.migrations.0013_addresses_in_their_normal_form")


@pytest.fixture
def unconstrained(db):
    """As before the migration: any spelling may be kept."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE workforce_user DROP CONSTRAINT email_is_in_its_normal_form")
        cursor.execute("ALTER TABLE account_emailaddress DROP CONSTRAINT emailaddress_is_in_its_normal_form")


def spelled(person, email: str) -> None:
    User.objects.filter(id=person.user.id).update(email=email)
    EmailAddress.objects.filter(user=person.user).update(email=email.lower(), verified=False)


def test_rows_come_into_their_form(unconstrained, wanda, walt):
    spelled(wanda, "Wanda@Bücher.de")
    migration.normalise(apps, None)
    assert set(User.objects.values_list("email", flat=True)) == {"wanda@xn--bcher-kva.de", "walt@example.org"}
    assert set(EmailAddress.objects.values_list("email", flat=True)) == {"wanda@xn--bcher-kva.de", "walt@example.org"}


@pytest.mark.parametrize("spelling", ["Walt@example.org", "waſt@example.org"])
def test_rows_that_are_unclear_are_named_and_nothing_is_changed(unconstrained, wanda, walt, spelling):
    spelled(wanda, spelling)
    with pytest.raises(migration.Unclear) as refused:
        migration.normalise(apps, None)
    assert str(wanda.user.id) in str(refused.value)
    assert set(User.objects.values_list("email", flat=True)) == {spelling, "walt@example.org"}


def test_the_constraint_and_the_migration_mean_the_same_form():
    assert import_module("workforce.migrations.0014_one_normal_form_of_addresses").NORMAL_FORM == NORMAL_FORM
