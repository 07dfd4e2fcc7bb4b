import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from tasks.models import Batch
from tests.tasks import scenes
from workforce.models import User

pytestmark = pytest.mark.django_db
OURS = [model for model in admin.site._registry if model._meta.app_label == "tasks"]


@pytest.fixture
def staff(db):
    client = Client()
    client.force_login(User.objects.create_superuser("admin@example.org"))
    return client


def address(model, page, *arguments):
    return reverse(f"admin:tasks_{model._meta.model_name}_{page}", args=arguments)


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_lists_and_rows_can_be_looked_at_and_not_changed(staff, rita, olga, wanda, model):
    batch = scenes.opened(rita, olga, tasks=2, gold=1, gold_percent=10)
    scenes.answered(wanda, batch)
    assert staff.get(address(model, "changelist"), secure=True).status_code == 200
    assert staff.get(address(model, "add"), secure=True).status_code == 403
    row = model.objects.first()
    if row is not None:
        page = address(model, "change", row.pk)
        assert staff.get(page, secure=True).status_code == 200
        assert staff.post(page, {}, secure=True).status_code == 403
        assert staff.post(address(model, "delete", row.pk), {"post": "yes"}, secure=True).status_code == 403


def test_operators_pause_resume_and_close_by_the_same_verbs(staff, rita, olga):
    batch = scenes.opened(rita, olga)
    for action, state in [("resume", "open"), ("pause", "paused"), ("resume", "open"), ("close", "closed"), ("pause", "closed")]:
        body = {"action": action, "_selected_action": [str(batch.pk)]}
        assert staff.post(address(Batch, "changelist"), body, secure=True).status_code == 302
        batch.refresh_from_db()
        assert batch.state == state
    assert scenes.money(batch)["funds"] == scenes.FUNDS


def test_strangers_are_sent_to_the_login(rita, olga):
    assert Client().get(address(Batch, "changelist"), secure=True).status_code == 302
