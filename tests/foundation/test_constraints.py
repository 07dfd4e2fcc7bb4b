"""A refusal is an answer only when it is the one that was expected."""

import logging

import psycopg
import pytest
from django.db import IntegrityError, transaction

from foundation import constraints
from foundation.statements import rows_of
from payments.models import Account

pytestmark = pytest.mark.django_db


def opened(now, **fields):
    settings = {"kind": "fees", "owner_id": None, "currency": "USD", "guard": "balance", "created_at": now}
    with transaction.atomic():
        return Account.objects.create(**(settings | fields))


def test_the_expected_refusal_passes_and_is_named(now):
    opened(now)
    with pytest.raises(IntegrityError) as refused:
        opened(now)
    assert constraints.violated(refused.value) == "account_once"
    assert constraints.only(refused.value, "something_else", "account_once") == "account_once"


def test_any_other_refusal_is_raised_again_and_logged(now, caplog):
    with pytest.raises(IntegrityError) as refused:
        opened(now, currency="usd")
    with caplog.at_level(logging.ERROR), pytest.raises(IntegrityError) as raised:
        constraints.only(refused.value, "account_once")
    assert raised.value is refused.value
    assert "account_currency_is_a_code" in caplog.text


def test_the_driver_s_own_errors_are_named_too():
    with pytest.raises(psycopg.IntegrityError) as refused, transaction.atomic():
        rows_of("INSERT INTO payments_account (id, folded_before) VALUES (gen_random_uuid(), 1) RETURNING id", {})
    assert constraints.violated(refused.value) == "account_starts_empty"
    with pytest.raises(psycopg.IntegrityError):
        constraints.only(refused.value, "account_once")


def test_what_is_no_refusal_of_the_database_has_no_name():
    assert constraints.violated(ValueError("no")) == ""
