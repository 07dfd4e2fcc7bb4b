"""What the database refuses at a hand-in for another reason than that somebody was quicker is raised and logged, not tried again."""

import logging

import psycopg
import pytest
from django.db import transaction

from payments import ledger
from tasks.models import Answer, Assignment, Enrolment
from tests.tasks import scenes

pytestmark = pytest.mark.django_db


@pytest.fixture
def lease(rita, olga, wanda):
    batch = scenes.opened(rita, olga)
    (lease,) = scenes.claim(wanda, batch)
    return lease


def test_what_is_not_ours_to_retry_is_raised_and_logged(lease, wanda, now, caplog):
    in_euro = ledger.account("earnings", owner_id=wanda.worker.id, currency="EUR", now=now)
    Enrolment.objects.update(earnings_id=in_euro.id)
    with caplog.at_level(logging.ERROR), pytest.raises(psycopg.IntegrityError, match="mixes currencies"), transaction.atomic():
        scenes.submit(wanda, lease)
    assert "transfer_in_one_currency" in caplog.text
    assert Assignment.objects.get(id=lease.id).state == "leased"
    assert not Answer.objects.exists()
