"""Who people are is encrypted at rest: in the table, after a change of key, in every row that was there before; and nowhere else."""

from importlib import import_module

import pytest
from django.core.exceptions import FieldError
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from foundation.encrypted import Unreadable, reseal, seal, unseal
from foundation.models import IdempotentRequest
from tests.journeys.world import ok
from workforce import onboarding, resealing
from workforce.models import Identity

OLD, NEW = "an old key of more than forty characters, drawn once", "a new key of more than forty characters, drawn later"
SECRET = {"legal_name": "Wanda Wonder", "address": "Lane 1\nTown", "birth_date": "1990-05-01"}


def stored() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT legal_name || address || birth_date FROM workforce_identity")
        return str(cursor.fetchone()[0])


@pytest.mark.django_db
def test_the_table_holds_nothing_that_can_be_read(wanda):
    assert set(ok(wanda.post("me/identity", SECRET, key="once"))) == {"updated_at"}
    body = ok(wanda.get("me/identity"))
    assert {name: body[name] for name in SECRET} == SECRET
    remembered = str(IdempotentRequest.objects.values())
    assert "updated_at" in remembered
    assert not [value for value in SECRET.values() if value in stored() or value in remembered]
    row = Identity.objects.get(worker=wanda.worker)
    assert (row.legal_name, row.address, row.birth_date) == tuple(SECRET.values())


@pytest.mark.django_db
def test_what_is_left_out_stays_and_a_date_can_be_taken_out(wanda):
    ok(wanda.post("me/identity", SECRET))
    ok(wanda.post("me/identity", {"address": ""}))
    ok(wanda.post("me/identity", {"birth_date": None}))
    row = Identity.objects.get(worker=wanda.worker)
    assert (row.legal_name, row.address, row.birth_date) == ("Wanda Wonder", "", "")


def test_the_same_text_is_sealed_differently_each_time_and_nothing_stays_nothing():
    assert seal("x") != seal("x")
    assert unseal(seal("Ünï")) == "Ünï"
    assert seal("") == unseal("") == reseal("") == ""


def test_a_key_that_was_taken_away_opens_nothing_and_says_so_without_the_value(settings):
    settings.IDENTITY_KEYS = [OLD]
    sealed = seal("Wanda Wonder")
    settings.IDENTITY_KEYS = [NEW]
    for attempt in (unseal, reseal):
        with pytest.raises(Unreadable) as refused:
            attempt(sealed)
        assert "Wanda" not in str(refused.value)
        assert sealed not in str(refused.value)


@pytest.mark.django_db
def test_a_change_of_key_in_three_steps(wanda, settings, capsys):
    settings.IDENTITY_KEYS = [OLD]
    ok(wanda.post("me/identity", SECRET))
    settings.IDENTITY_KEYS = [NEW, OLD]
    assert Identity.objects.get(worker=wanda.worker).legal_name == "Wanda Wonder"
    call_command("reencrypt_identities")
    assert "1 identities" in capsys.readouterr().out
    settings.IDENTITY_KEYS = [NEW]
    assert Identity.objects.get(worker=wanda.worker).legal_name == "Wanda Wonder"
    assert resealing.reencrypt_all() == (1, 0)


@pytest.mark.django_db
def test_the_control_without_the_second_step_the_old_rows_cannot_be_read(wanda, settings):
    settings.IDENTITY_KEYS = [OLD]
    ok(wanda.post("me/identity", SECRET))
    settings.IDENTITY_KEYS = [NEW]
    with pytest.raises(Unreadable):
        Identity.objects.get(worker=wanda.worker)


@pytest.mark.django_db
def test_an_identity_changed_while_the_keys_change_keeps_the_change(wanda, settings, monkeypatch):
    ok(wanda.post("me/identity", SECRET))

    def slow(sealed: str) -> str:
        onboarding.update_identity(wanda.worker.id, now=wanda.now, legal_name="Changed meanwhile")
        return reseal(sealed)

    monkeypatch.setattr(resealing, "reseal", slow)
    assert resealing.reencrypt_all() == (0, 0)
    assert Identity.objects.get(worker=wanda.worker).legal_name == "Changed meanwhile"


@pytest.mark.django_db
def test_nobody_can_search_by_it_and_the_database_takes_nothing_in_the_clear(wanda):
    ok(wanda.post("me/identity", SECRET))
    with pytest.raises(FieldError):
        Identity.objects.filter(legal_name="Wanda Wonder").exists()
    with pytest.raises(DatabaseError, match="identity_is_sealed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE workforce_identity SET legal_name = 'Wanda Wonder'")


@pytest.mark.django_db
def test_rows_from_before_are_sealed_by_the_migration(wanda):
    migration = import_module("workforce.migrations.0005_identities_are_sealed")
    onboarding.update_identity(wanda.worker.id, now=wanda.now)
    with connection.cursor() as cursor, connection.schema_editor() as editor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(migration.ANYTHING)
        cursor.execute("UPDATE workforce_identity SET legal_name = 'Wanda Wonder', birth_date = '1990-05-01'")
        migration.seal_all(None, editor)
        migration.seal_all(None, editor)  # a second run leaves what is sealed alone
        cursor.execute(migration.ONLY_SEALED)
    row = Identity.objects.get(worker=wanda.worker)
    assert (row.legal_name, row.birth_date) == ("Wanda Wonder", "1990-05-01")
    assert "Wanda" not in stored()


@pytest.mark.django_db
def test_it_is_in_no_other_answer_and_not_in_the_admin(wanda, rita, olga):
    ok(wanda.post("me/identity", SECRET))
    for path in ("me", "me/pay", "me/quality", "decisions", "tokens"):
        assert "Wonder" not in wanda.get(path).content.decode()
    from django.contrib import admin

    assert Identity not in admin.site._registry
