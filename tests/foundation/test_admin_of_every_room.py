"""Staff look at every kind of row and change none; what says who someone is has no page."""

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from tests.journeys.world import build
from workforce.models import Identity, User

ROOMS = ["foundation", "workforce", "qualification", "payments"]  # tests/tasks looks at its own
OURS = [model for model in admin.site._registry if model._meta.app_label in ROOMS]


@pytest.mark.django_db
def test_everything_can_be_looked_at_and_nothing_changed(rita, wanda, olga):
    build(rita, wanda, olga)
    staff = Client()
    staff.force_login(User.objects.create_superuser("admin@example.org"))
    assert len(OURS) >= 18
    for model in OURS:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        assert staff.get(reverse(f"{name}_changelist"), secure=True).status_code == 200, model
        assert staff.get(reverse(f"{name}_add"), secure=True).status_code == 403, model
        row = model._default_manager.first()
        if row is not None:
            page = staff.get(reverse(f"{name}_change", args=[row.pk]), secure=True)
            assert page.status_code == 200, model
            assert "pbkdf2" not in page.content.decode() and "md5$" not in page.content.decode()  # noqa: PT018
            assert staff.post(reverse(f"{name}_change", args=[row.pk]), {}, secure=True).status_code == 403, model


def test_identities_have_no_page():
    assert Identity not in admin.site._registry
