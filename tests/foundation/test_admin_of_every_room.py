"""Staff look at every kind of row and change none, whoever registered its page; what says who someone is, or lets someone in, is not shown."""

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import ImproperlyConfigured
from django.test import Client, RequestFactory
from django.urls import reverse
from django_q.models import Schedule

from foundation.encrypted import SEALED_PREFIX
from foundation.models import AuditEntry
from foundation.read_only import ReadOnly
from tests.builders import PASSWORD
from tests.journeys.world import build
from tests.workforce.test_tokens import SECRET
from workforce.models import ApiToken, EmailCode, Identity, User

ROOMS = ["foundation", "workforce", "qualification", "payments"]  # tests/tasks looks at its own
OURS = [model for model in admin.site._registry if model._meta.app_label in ROOMS]
VERBS = {  # actions, each a verb of a room that asks and writes down
    "tasks.Batch": {"pause", "resume", "close"},
    "foundation.FailedJob": {"run_again", "let_go"},
}


@pytest.fixture
def staff(db):
    client = Client()
    client.force_login(User.objects.create_superuser("admin@example.org", PASSWORD))
    return client


def address(model, page, *arguments):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=arguments)


def test_no_page_of_the_admin_writes(staff):
    request = RequestFactory().get("/admin/")
    request.user = User.objects.get()
    assert len(admin.site._registry) >= len(OURS) + 3
    for model, page in admin.site._registry.items():
        assert isinstance(page, ReadOnly), model
        may = [page.has_add_permission(request), page.has_change_permission(request), page.has_delete_permission(request)]
        assert may == [False] * 3, model
        assert not page.inlines, model
        assert not page.list_editable, model
        assert set(page.get_actions(request)) == VERBS.get(model._meta.label, set()), model


def test_a_page_that_writes_is_not_taken():
    class Writes(admin.ModelAdmin):
        """As a library brings it."""

    Writes.__module__ = "some_library.admin"
    admin.site.register(Schedule, Writes)
    assert not {Group, Schedule} & set(admin.site._registry)
    Writes.__module__ = "workforce.admin"
    for page in (Writes, None):
        with pytest.raises(ImproperlyConfigured):
            admin.site.register(Schedule, page)


def test_everything_can_be_looked_at_and_nothing_changed(staff, rita, wanda, olga):
    build(rita, wanda, olga)
    assert len(OURS) >= 18
    for model in OURS:
        assert staff.get(address(model, "changelist"), secure=True).status_code == 200, model
        assert staff.get(address(model, "add"), secure=True).status_code == 403, model
        row = model._default_manager.first()
        if row is not None:
            page = staff.get(address(model, "change", row.pk), secure=True)
            assert page.status_code == 200, model
            assert "pbkdf2" not in page.content.decode() and "md5$" not in page.content.decode()  # noqa: PT018
            assert staff.post(address(model, "change", row.pk), {}, secure=True).status_code == 403, model


def test_how_people_sign_in_is_not_changed_here(staff, wanda):
    TOTP.activate(wanda.user, SECRET)
    RecoveryCodes.activate(wanda.user)
    Client().post("/account/login/", {"login": wanda.user.email, "password": PASSWORD})
    entries = AuditEntry.objects.count()
    planted = {
        "user": wanda.user.pk,
        "email": "planted@example.org",
        "verified": "on",
        "type": "totp",
        "data": "{}",
        "ip": "127.0.0.1",
    }
    for model in (EmailAddress, Authenticator, UserSession):
        rows = model._default_manager.count()
        first = model._default_manager.order_by("pk").first()
        assert staff.post(address(model, "add"), planted, secure=True).status_code == 403, model
        if first is not None:
            assert staff.post(address(model, "change", first.pk), planted, secure=True).status_code == 403, model
            assert staff.post(address(model, "delete", first.pk), {"post": "yes"}, secure=True).status_code == 403, model
        assert model._default_manager.count() == rows, model
    assert not EmailAddress.objects.filter(email="planted@example.org").exists()
    assert AuditEntry.objects.count() == entries


def test_nothing_sealed_and_nothing_that_lets_in_is_shown(staff, rita, wanda, olga):
    build(rita, wanda, olga)
    TOTP.activate(wanda.user, SECRET)
    RecoveryCodes.activate(wanda.user)
    signed_in = Client()
    signed_in.force_login(rita.user)
    signed_in.get("/account/")
    UserSession.objects.get_or_create(
        user=rita.user, session_key=signed_in.session.session_key, defaults={"ip": "127.0.0.1", "user_agent": "x"}
    )
    secrets = {SEALED_PREFIX, SECRET, "pbkdf2", "md5$", signed_in.session.session_key}
    for model in (EmailAddress, Authenticator, UserSession, User):
        pages = [address(model, "changelist"), *(address(model, "change", row.pk) for row in model._default_manager.all())]
        for page in pages:
            text = staff.get(page, secure=True)
            assert text.status_code == 200, page
            assert not [one for one in secrets if one in text.content.decode()], page
    assert not {Identity, ApiToken, EmailCode} & set(admin.site._registry)


def test_operators_change_their_password_and_sign_out_as_everybody_does(staff):
    assert staff.get("/admin/password_change/", secure=True)["Location"] == reverse("account_change_password")
    new = {"old_password": PASSWORD, "new_password1": "another long one", "new_password2": "another long one"}
    staff.post("/admin/password_change/", new, secure=True)
    assert User.objects.get(email="admin@example.org").check_password(PASSWORD)
    assert staff.post("/admin/logout/", secure=True)["Clear-Site-Data"] == '"storage"'
    assert staff.get("/admin/", secure=True).status_code == 302
