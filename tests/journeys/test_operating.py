"""Operating as documented: the clockwork is there after `migrate`, says when it stands still, and the application runs as a plain role."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import OperationalError, ProgrammingError, connection, transaction
from django.test import Client
from django_q.models import OrmQ, Schedule

from config import grants, readiness, schedules
from config.jobs import broken_invariants
from config.processes import Cluster, WebServer
from foundation import idempotency
from foundation.models import ScheduledRun
from simulation.client import Client as HTTP
from tasks import counting, jobs, leaving, publishing, reviewing
from tasks.models import Tally
from tests import builders
from tests.journeys.world import build
from tests.tasks import scenes
from workforce import erasure
from workforce.models import Worker

ROOT = Path(__file__).resolve().parents[2]
TABLE = {name: (job, minutes) for name, job, minutes in schedules.TABLE}


def scheduled():
    return sorted(Schedule.objects.values_list("name", "func", "minutes", "schedule_type", "repeats"))


WHOLE = sorted((name, job, minutes, "I", -1) for name, (job, minutes) in TABLE.items())


# ---- schedules ----


def test_migrating_leaves_every_schedule_and_no_other(db):
    assert scheduled() == WHOLE, "the database of the tests was migrated, and nothing more"
    kept = Schedule.objects.get(name="expire leases")
    Schedule.objects.filter(id=kept.id).update(next_run=datetime(2030, 1, 1, tzinfo=UTC))
    Schedule.objects.filter(name="credit rest").delete()
    Schedule.objects.filter(name="mail notices").update(minutes=99, repeats=0)
    Schedule.objects.create(name="expire leases", func="tasks.jobs.expire_leases", schedule_type="I", minutes=1)
    Schedule.objects.create(name="an old job", func="gone.jobs.old", schedule_type="D")
    Schedule.objects.create(func="nameless.job", schedule_type="D")
    ScheduledRun.objects.create(name="an old job", since=datetime(2026, 1, 1, tzinfo=UTC))
    call_command("migrate", verbosity=0)
    assert scheduled() == WHOLE
    assert Schedule.objects.get(name="expire leases").next_run == datetime(2030, 1, 1, tzinfo=UTC), (
        "what stays keeps its next run"
    )
    assert set(ScheduledRun.objects.values_list("name", flat=True)) == set(TABLE)


def test_several_hosts_may_sync_at_once(committed_db):
    Schedule.objects.all().delete()
    ScheduledRun.objects.all().delete()
    together, failures = threading.Barrier(6), []

    def host():
        try:
            together.wait(30)
            schedules.sync()
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    hosts = [threading.Thread(target=host) for _ in range(6)]
    for one in hosts:
        one.start()
    for one in hosts:
        one.join(60)
    assert failures == []
    assert scheduled() == WHOLE


# ---- ready? ----


def readyz():
    answer = Client().get("/api/readyz")
    return answer.status_code, answer.json()


def test_ready_when_everything_ran_in_time(db):
    ScheduledRun.objects.update(succeeded_at=datetime.now(UTC))
    status, told = readyz()
    assert (status, told["status"]) == (200, "ready")
    assert (told["schedules"]["late"], told["migrations"]["unapplied"], told["cluster"]["status"]) == ([], 0, "ok")


def test_what_is_late_is_named(db):
    now = datetime.now(UTC)
    ScheduledRun.objects.update(since=now - timedelta(days=9), succeeded_at=now)
    ScheduledRun.objects.filter(name="expire leases").update(succeeded_at=now - timedelta(minutes=7), failed_at=now)
    ScheduledRun.objects.filter(name="credit rest").update(succeeded_at=now - timedelta(hours=29))
    ScheduledRun.objects.filter(name="check invariants").update(succeeded_at=None)
    status, told = readyz()
    assert (status, told["status"]) == (503, "not_ready")
    late = {one["name"]: one for one in told["schedules"]["late"]}
    assert set(late) == {"expire leases", "check invariants"}, "a daily job has six hours of patience"
    assert late["expire leases"]["every_minutes"] == 1
    assert late["expire leases"]["last_failed_at"]
    assert late["check invariants"]["last_succeeded_at"] is None


def test_a_fresh_installation_is_ready_until_its_clockwork_should_have_run(db):
    now = datetime.now(UTC)
    ScheduledRun.objects.update(since=now)  # the database of the tests may have been migrated a while ago
    assert readiness.report(now)["status"] == "ready"
    told = readiness.report(now + timedelta(minutes=6, seconds=5))
    assert (told["status"], told["cluster"]["status"]) == ("not_ready", "silent")
    assert "expire leases" in {one["name"] for one in told["schedules"]["late"]}


def test_a_schedule_nobody_synced_a_waiting_job_and_a_missing_migration_are_told(db):
    now = datetime.now(UTC)
    ScheduledRun.objects.update(succeeded_at=now)
    ScheduledRun.objects.filter(name="mail notices").delete()
    assert [one["name"] for one in readiness.report(now)["schedules"]["late"]] == ["mail notices"]
    schedules.sync()
    OrmQ.objects.create(key="fairhand", payload="x", lock=now - timedelta(minutes=6))
    told = readiness.report(now)
    assert (told["status"], told["queue"]) == ("not_ready", {"status": "late", "longest_wait_seconds": 360})
    OrmQ.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'payments' AND name = '0005_long_days'")
    told = readiness.report(now)
    assert (told["status"], told["migrations"]) == ("not_ready", {"unapplied": 1})


def test_an_unreachable_database_is_told_to_strangers_without_its_address(db, monkeypatch):
    def fails(now):
        raise OperationalError("connection to db.internal:5432 as fairhand failed: password")

    monkeypatch.setattr(readiness, "report", fails)
    status, told = readyz()
    assert (status, told) == (503, {"status": "not_ready", "database": "unreachable"})


def test_healthz_stays_one_small_query(db, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert Client().get("/api/healthz").json() == {"status": "ok"}


def test_the_end_of_a_scheduled_job_is_noted_and_of_others_not(db):
    schedules.note_run(task={"group": "mail notices", "success": True})
    schedules.note_run(task={"group": "credit rest", "success": False})
    schedules.note_run(task={"success": True})
    noted = {row.name: (bool(row.succeeded_at), bool(row.failed_at)) for row in ScheduledRun.objects.all()}
    assert {name: ends for name, ends in noted.items() if any(ends)} == {
        "mail notices": (True, False),
        "credit rest": (False, True),
    }


# ---- as a plain role ----


@pytest.fixture
def role(committed_db) -> Iterator[str]:
    name = f"fairhand_app_{uuid4().hex[:8]}"
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE ROLE "{name}" LOGIN')
        cursor.execute(f'GRANT DELETE ON payments_transfer TO "{name}"')  # what was given beyond is taken back
    call_command("grant_role", name, verbosity=0)
    yield name
    with connection.cursor() as cursor:
        cursor.execute(f'DROP OWNED BY "{name}"; DROP ROLE "{name}"')


@contextmanager
def acting_as(role: str) -> Iterator[None]:
    """This process's own connections, as the role."""
    owner = connection.settings_dict["USER"]

    def connect_as(name: str) -> None:
        connection.close()
        connection.close_pool()
        connection.settings_dict["USER"] = name

    connect_as(role)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            assert cursor.fetchone() == (role,)
        yield
    finally:
        connect_as(owner)


def run_queue():
    """Every job on the queue, as a cluster would."""
    for row in list(OrmQ.objects.order_by("id")):
        module, _, name = row.task["func"].rpartition(".")
        getattr(import_module(module), name)(*row.task["args"])
        row.delete()


REFUSED = [
    "DELETE FROM payments_transfer",
    "UPDATE payments_transfer SET amount_micros = 1",
    "UPDATE payments_workinterval SET kind = 'rest'",
    "DELETE FROM foundation_auditentry",
    "UPDATE workforce_decision SET reason = ''",
    "TRUNCATE payments_transfer",
    "ALTER TABLE payments_transfer DISABLE TRIGGER ALL",
    "DROP TRIGGER payments_transfer_append_only ON payments_transfer",
    "DROP TABLE payments_account CASCADE",
    "CREATE TABLE mine (id int)",
    "SET session_replication_role = replica",
    "DELETE FROM tasks_assignment",
    "DELETE FROM tasks_task",
    "DELETE FROM workforce_user",
    "DELETE FROM payments_account",
    "UPDATE django_migrations SET name = ''",
]


def a_whole_job(rita, wanda, now):
    """A batch from its upload to its last cent, whose counts are folded by the trigger on the way."""
    batch = scenes.draft(rita, tasks=300)
    assert Tally.objects.filter(batch_id=batch.id).count() < 300, "each task was a statement of its own: some were folded"
    assert counting.of_batch(batch.id)["places"] == 300
    publishing.publish(rita.actor, batch.id, skip_pilot_reason="The same tasks ran last month under the same guideline.", now=now)
    for agreement in wanda.get("agreements").json()["results"]:
        wanda.post(f"agreements/{agreement['id']}/accept")
    before = scenes.money(batch, wanda)["earnings"]
    first, second = scenes.answered(wanda, batch, count=2)
    reviewing.accept(rita.actor, first.id, now=now + timedelta(minutes=5))
    reviewing.reject(
        rita.actor, second.id, reason="low_effort", comment=scenes.COMMENT, evidence={"x": 1}, now=now + timedelta(minutes=5)
    )
    assert reviewing.accept(rita.actor, second.id, now=now + timedelta(minutes=6)).state == "accepted"
    publishing.close(rita.actor, batch.id, now=now + timedelta(minutes=7))
    jobs.finish_closings()
    counts = counting.of_batch(batch.id)
    assert (counts["accepted"], scenes.money(batch, wanda)["earnings"] - before) == (2, 2 * 50_000)
    assert rita.get(f"batches/{batch.id}/export").status_code == 200


@pytest.mark.timeout(400)
def test_everything_works_as_the_documented_role_and_nothing_beyond(role, now, tmp_path, settings):
    settings.MEDIA_ROOT = str(tmp_path)
    with acting_as(role):
        rita, wanda, olga = (
            builders.requester("rita", now=now),
            builders.worker("wanda", now=now),
            builders.operator("olga", now=now),
        )
        walt = builders.worker("walt", now=now)
        ids = build(rita, wanda, olga)  # one of everything, over HTTP
        a_whole_job(rita, wanda, now)
        walt.post("me/identity", {"legal_name": "Walt", "address": "Here 1", "birth_date": "1990-01-02"}, key="identity")
        assert Worker.objects.filter(id=walt.worker.id).exists()
        run_queue()
        assert rita.get(f"aggregations/{ids['run_id']}").json()["state"] == "done"
        for job, _ in TABLE.values():
            module, _, name = job.rpartition(".")
            getattr(import_module(module), name)()
        schedules.sync()
        leaving.ask(walt.actor, gives_up_money=True, now=now)
        assert erasure.ask_for_copy(walt.actor, now=now)
        run_queue()
        assert leaving.erase_due(now=now + erasure.WAIT) == 1
        idempotency.forget_old(now=now + timedelta(days=400))
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM foundation_idempotentrequest")
            assert cursor.fetchone() == (0,)
        assert broken_invariants() == {}
        for statement in REFUSED:
            with (
                pytest.raises((ProgrammingError, OperationalError), match="permission denied|must be owner"),
                transaction.atomic(),
            ):
                connection.cursor().execute(statement)


@pytest.mark.timeout(400)
def test_web_and_cluster_run_as_the_role_and_the_clockwork_goes(role, now, monkeypatch):
    rita, wanda, olga = builders.requester("rita", now=now), builders.worker("wanda", now=now), builders.operator("olga", now=now)
    ids = build(rita, wanda, olga)
    wanda.post(f"agreements/{ids['agreement_id']}/accept")
    database = connection.settings_dict
    url = f"postgres://{role}@/{database['NAME']}?host={database['HOST']}&port={database['PORT']}"
    for name, value in {"DATABASE_URL": url, "FAIRHAND_DEBUG": "1", "FAIRHAND_SIMULATION": "1"}.items():
        monkeypatch.setenv(name, value)
    with WebServer(workers=1, threads=2) as web, Cluster():
        worker, requester = HTTP(web.address, token=wanda.token, at=now), HTTP(web.address, token=rita.token, at=now)
        [lease] = worker.post(f"batches/{ids['batch_id']}/claim")["assignments"]
        result = [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": ["a"]}}]
        worker.post(f"assignments/{lease['id']}/submit", {"token": lease["token"], "result": result})
        run = requester.post(f"batches/{ids['batch_id']}/aggregations", {"method": "MajorityVote"})
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            state = requester.get(f"aggregations/{run['id']}")["state"]
            if state == "done" and ScheduledRun.objects.filter(name="expire leases", succeeded_at__isnull=False).exists():
                break
            time.sleep(0.5)
        assert state == "done"
        assert ScheduledRun.objects.get(name="expire leases").succeeded_at, (
            "scheduled by migrating alone, run by the cluster, noted"
        )
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT DISTINCT usename::text FROM pg_stat_activity WHERE datname = current_database() AND usename = %s", [role]
            )
            assert cursor.fetchone() == (role,)


def test_the_list_of_privileges_is_true_of_the_database(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE t.tgname LIKE '%%\\_append\\_only'"
        )
        append_only = {row[0] for row in cursor.fetchall()}
    declared = {grants.table_of(label) for label in grants.WRITTEN_ONCE}
    assert declared == append_only
    given = grants.privileges()
    assert not [table for table in declared if {"UPDATE", "DELETE"} & set(given[table])]
    deleted = {table for table, allowed in given.items() if "DELETE" in allowed}
    assert deleted == {grants.table_of(label) for label in grants.DELETED} | grants.DELETED_TABLES


def test_roles_that_could_switch_guards_off_are_refused(committed_db):
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE ROLE fairhand_test_root SUPERUSER; CREATE ROLE fairhand_test_owner; CREATE ROLE fairhand_test_member"
        )
        cursor.execute("CREATE TABLE fairhand_test_table (id int); ALTER TABLE fairhand_test_table OWNER TO fairhand_test_owner")
        cursor.execute("GRANT fairhand_test_owner TO fairhand_test_member")
    try:
        for name, why in {
            "fairhand_test_root": "superuser",
            "fairhand_test_owner": "owns tables",
            "fairhand_test_member": "owns tables",
            "nobody_at_all": "no role",
            connection.settings_dict["USER"]: "connected as",
        }.items():
            with pytest.raises(CommandError, match=why):
                call_command("grant_role", name)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(
                "DROP TABLE fairhand_test_table; DROP ROLE fairhand_test_root, fairhand_test_member, fairhand_test_owner"
            )


# ---- not as a superuser ----


def production(url: str, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FAIRHAND_", "DJANGO_", "DATABASE_"))}
    secrets = {"FAIRHAND_SECRET_KEY": "s" * 25 + "0123456789abcdefghijklmnopqrstuvwxyz", "FAIRHAND_IDENTITY_KEYS": "k" * 50}
    site = {"FAIRHAND_ALLOWED_HOSTS": "127.0.0.1", "FAIRHAND_SITE_ADDRESS": "https://fairhand.example"}
    return kept | secrets | site | {"DATABASE_URL": url} | more


def starts(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "ignore", *command],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.timeout(400)
def test_a_superuser_is_refused_outside_development_unless_told_so(role):
    database = connection.settings_dict

    def url(name: str) -> str:
        return f"postgres://{name}@/{database['NAME']}?host={database['HOST']}&port={database['PORT']}"

    web = ["-c", "import config.wsgi; from django.db import connection; connection.ensure_connection(); print('serves')"]
    for command in (web, ["manage.py", "qcluster"], ["manage.py", "run"]):
        refused = starts(command, production(url(database["USER"])))
        assert refused.returncode != 0
        assert "FAIRHAND_ALLOW_SUPERUSER=1" in refused.stderr
        assert "grant_role" in refused.stderr
    assert "serves" in starts(web, production(url(database["USER"]), FAIRHAND_ALLOW_SUPERUSER="1")).stdout
    assert "serves" in starts(web, production(url(role))).stdout
    assert "serves" in starts(web, production(url(database["USER"]), FAIRHAND_DEBUG="1")).stdout


def test_the_setting_is_documented():
    text = (ROOT / "docs" / "operating.md").read_text()
    assert "FAIRHAND_ALLOW_SUPERUSER" in text
    assert "grant_role" in text
    assert settings.ALLOW_SUPERUSER is False
