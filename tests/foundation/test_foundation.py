"""The ground: clock, audit chain, idempotency, events, filters, schema, the embedded database's complaints."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, OperationalError, connection, transaction
from django.test import Client, RequestFactory

from config import embedded_postgres
from config.api import error_response
from foundation import audit, clock, events, idempotency
from foundation.append_only import append_only
from foundation.errors import Conflict, Invalid
from foundation.ids import new_id
from foundation.models import AuditEntry, Event, IdempotentRequest, Mark
from foundation.paging import in_chunks
from tests.journeys.world import ok


def test_ids_are_uuid_version_7_and_ascend():
    ids = [new_id() for _ in range(1000)]
    assert {one.version for one in ids} == {7}
    assert ids == sorted(ids)


# ---- time ----


def asked(**headers):
    return RequestFactory().get("/", headers=headers)


def test_a_simulation_lets_a_request_carry_its_instant(settings):
    settings.SIMULATION = True
    stated = clock.instant_of(asked(**{"Fairhand-Now": "2026-03-02T10:00:00+01:00"}))
    assert stated == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert abs(clock.instant_of(asked()) - datetime.now(UTC)) < timedelta(seconds=5)


def test_real_time_refuses_a_stated_instant_instead_of_ignoring_it(settings):
    settings.SIMULATION = False
    with pytest.raises(clock.SimulationRefused):
        clock.instant_of(asked(**{"Fairhand-Now": "2026-03-02T10:00:00+01:00"}))


@pytest.mark.parametrize("stated", ["yesterday", "2026-03-02T10:00:00", ""])
def test_an_instant_without_zone_or_sense_is_refused(settings, stated):
    settings.SIMULATION = True
    with pytest.raises(clock.BadInstant):
        clock.instant_of(asked(**{"Fairhand-Now": stated}))


@pytest.mark.django_db
def test_outside_development_only_a_marked_database_is_a_simulation(settings, now):
    settings.SIMULATION, settings.DEBUG = True, False
    clock._database_is_marked.cache_clear()
    assert not clock.simulation_allowed()
    Mark.objects.create(name=Mark.SIMULATION, made_at=now)
    clock._database_is_marked.cache_clear()
    assert clock.simulation_allowed()
    clock._database_is_marked.cache_clear()


# ---- the audit trail ----


@pytest.mark.django_db
def test_the_audit_chain_verifies_and_shows_where_it_was_changed(now):
    for n in range(5):
        audit.append("thing.done", subject=f"thing:{n}", now=now, before={"n": n}, after=None)
    assert audit.verify() is None
    assert list(AuditEntry.objects.values_list("number", flat=True)) == [1, 2, 3, 4, 5]
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # as only a superuser can
        cursor.execute("UPDATE foundation_auditentry SET reason = 'forged' WHERE number = 3")
        cursor.execute("SET session_replication_role = origin")
    assert audit.verify() == 3


@pytest.mark.django_db
@pytest.mark.parametrize("change", ["UPDATE {} SET kind = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
def test_events_are_written_once(now, change):
    events.record("thing.done", subject_id=new_id(), now=now)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change.format("foundation_event"))
    assert Event.objects.filter(kind="thing.done").count() == 1
    assert "foundation_event" in append_only("foundation_event").sql


@pytest.mark.django_db
def test_an_event_of_what_was_undone_is_never_told(now):
    subject = new_id()
    with pytest.raises(Invalid), transaction.atomic():
        events.record("thing.done", subject_id=subject, now=now)
        raise Invalid
    assert not Event.objects.filter(subject_id=subject).exists()


# ---- one key, one answer ----


def answer(now, body, *, key="k", digest="d"):
    return idempotency.answer_once(actor_id="a", key=key, digest=digest, now=now, perform=lambda: (201, body))


@pytest.mark.django_db
def test_the_second_request_gets_the_first_answer(now):
    assert answer(now, {"n": 1}) == (201, {"n": 1})
    assert answer(now, {"n": 2}) == (201, {"n": 1})
    with pytest.raises(idempotency.KeyReused):
        answer(now, {"n": 3}, digest="other")


@pytest.mark.django_db
def test_a_refused_request_is_not_remembered(now):
    def refuse():
        raise Conflict

    with pytest.raises(Conflict):
        idempotency.answer_once(actor_id="a", key="k", digest="d", now=now, perform=refuse)
    assert not IdempotentRequest.objects.exists()
    assert answer(now, {"n": 1}) == (201, {"n": 1})


@pytest.mark.django_db
def test_old_answers_are_forgotten(now):
    answer(now, {}, key="old")
    answer(now + timedelta(days=6), {}, key="young")
    assert idempotency.forget_old(now=now + timedelta(days=8)) == 1
    assert [row.key for row in IdempotentRequest.objects.all()] == ["young"]


# ---- reading, refusing, describing ----


@pytest.mark.django_db
def test_chunks_cover_everything_once(now):
    for _ in range(7):
        events.record("chunk.made", subject_id=new_id(), now=now)
    chunks = list(in_chunks(Event.objects.filter(kind="chunk.made"), rows=3))
    assert [len(chunk) for chunk in chunks] == [3, 3, 1]
    assert len({event.id for chunk in chunks for event in chunk}) == 7


@pytest.mark.django_db
def test_every_refusal_has_the_one_body():
    for response, status, code in [
        (Client().get("/api/v1/me"), 401, "not_authenticated"),
        (Client().get("/api/v1/me", headers={"Authorization": "Bearer fh_wrong"}), 401, "authentication_failed"),
        (Client().get("/api/v1/nowhere"), 404, "not_found"),
        (Client().delete("/api/v1/me"), 401, "not_authenticated"),
        (Client().post("/api/v1/tokens", "{", content_type="application/json"), 400, "parse_error"),
        (Client().post("/api/v1/tokens", {"email": "x"}, content_type="application/json"), 400, "invalid"),
        (Client().post("/api/v1/tokens", "x", content_type="text/plain"), 415, "unsupported_media_type"),
    ]:
        assert response.status_code == status
        assert set(response.json()) == {"code", "message", "details"}
        assert response.json()["code"] == code
    assert 'Bearer realm="fairhand"' in Client().get("/api/v1/me")["WWW-Authenticate"]


@pytest.mark.django_db
def test_no_list_passes_an_unknown_filter_on(rita):
    for path in [
        "projects",
        "batches",
        "organizations",
        "skills",
        "exams",
        "agreements",
        "pay-floors",
        "decisions",
        "grants",
        "tokens",
    ]:
        for parameter in ["organization__name", "user__password", "id__gt", "ordering", "x"]:
            refused = rita.get(path, **{parameter: "1"})
            assert (refused.status_code, refused.json()["code"]) == (400, "unknown_filter"), (path, parameter)
        assert ok(rita.get(path, page_size=1)) is not None


@pytest.mark.django_db
def test_an_over_long_key_is_refused(rita):
    refused = rita.post("organizations", {"name": "x"}, key="k" * 101)
    assert (refused.status_code, refused.json()["details"]["limit"]) == (400, 100)


# ---- the embedded database ----


def test_an_unusable_directory_is_named_with_the_way_out(tmp_path):
    (tmp_path / "postgres").write_text("a file where a directory should be")
    with pytest.raises(ImproperlyConfigured, match="FAIRHAND_DATA_DIR") as refused:
        embedded_postgres.connection_settings(tmp_path / "postgres", name="x")
    assert str(tmp_path) in str(refused.value)


def test_stopping_what_does_not_run_says_so(tmp_path):
    assert embedded_postgres.stop(tmp_path / "postgres") is False


def test_a_database_out_of_reach_is_a_503_and_its_other_refusals_are_not(db):
    with pytest.raises(OperationalError) as gone, connection.wrap_database_errors:
        psycopg.connect("host=127.0.0.1 port=1 connect_timeout=2")
    answer = error_response(gone.value, {})
    assert answer is not None
    assert (answer.status_code, answer.data["code"], answer["Retry-After"]) == (503, "database_out_of_reach", "1")

    with pytest.raises(OperationalError) as late, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 1")
        cursor.execute("SELECT pg_sleep(1)")
    assert error_response(late.value, {}) is None, "our own mistake: logged, and a 500"
