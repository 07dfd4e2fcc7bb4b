"""People, and the database: rolled back after each test, or really committed for tests that race."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.db import connection
from hypothesis import HealthCheck, settings

from tests import template_database

# How long an example or its making takes is the machine's affair: no test fails because others are at work on it.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    """A Monday morning: tests live at a stated instant."""
    return NOW


@pytest.fixture(autouse=True)
def _simulated_time(settings):
    """The runner switches DEBUG off; without it a request may carry its own instant only in a database marked as a simulation."""
    settings.DEBUG = True


@pytest.fixture(scope="session")
def django_db_setup(
    request, django_test_environment, django_db_blocker, django_db_modify_db_settings, django_db_keepdb, django_db_createdb
):
    """Always make the test database: the runner's own fixture would not when only `committed_db` asks for it, and the real one would be used.

    The migrations run once per state of the code, into a template that every test database is copied from.
    """
    from django.test.utils import setup_databases, teardown_databases

    keep = django_db_keepdb and not django_db_createdb
    with django_db_blocker.unblock():
        connection.settings_dict["TEST"]["TEMPLATE"] = template_database.ready()
        made = setup_databases(verbosity=0, interactive=False, aliases={"default"}, serialized_aliases=set(), keepdb=keep)
    yield
    if not django_db_keepdb:
        with django_db_blocker.unblock():
            teardown_databases(made, verbosity=0)


@pytest.fixture
def committed_db(django_db_setup, django_db_blocker) -> Iterator[None]:
    """Really committed rows, for threads and for the web server; everything is wiped afterwards.

    The triggers that refuse DELETE are stepped round as only a superuser can: by playing a replica.
    """
    with django_db_blocker.unblock():
        assert connection.settings_dict["NAME"].startswith("test_"), "only ever a test database"
        yield
        wipe()
        connection.close()


def wipe() -> None:
    """Empty every table but those that migrating fills with names of models; the first checklist is put back."""
    assert connection.settings_dict["NAME"].startswith("test_"), "only ever a test database"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg('DELETE FROM ' || quote_ident(tablename), '; ') FROM pg_tables WHERE schemaname = 'public' AND "
            "tablename NOT IN ('django_migrations', 'django_content_type', 'auth_permission')"
        )
        deletes = cursor.fetchone()[0]  # DELETE, because TRUNCATE of 66 tables makes and syncs as many files
        cursor.execute(f"SET session_replication_role = replica; {deletes}; SET session_replication_role = origin")
    from config import schedules
    from workforce import checklist

    checklist.seed_platform(now=NOW)
    schedules.sync()  # as `migrate` leaves them


# ---- people: wanda and walt work; rita owns a requester, rex another who must never see hers; olga operates the platform ----


@pytest.fixture
def wanda(db, now):
    from tests import builders

    return builders.worker("wanda", now=now)


@pytest.fixture
def walt(db, now):
    from tests import builders

    return builders.worker("walt", now=now)


@pytest.fixture
def rita(db, now):
    from tests import builders

    return builders.requester("rita", now=now)


@pytest.fixture
def rex(db, now):
    from tests import builders

    return builders.requester("rex", now=now)


@pytest.fixture
def olga(db, now):
    from tests import builders

    return builders.operator("olga", now=now)
