"""What stands between an account and a first task; and decisions, with their receipts."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from foundation.errors import NotFound
from tests import builders
from tests.journeys.world import ok
from tests.races.crowd import all_at_once
from workforce import decisions, onboarding
from workforce.errors import BadField, NotAnOperator, NotLiftable, RoleTooLow
from workforce.models import Acceptance, Decision, Identity, Worker


@pytest.mark.django_db
def test_a_new_worker_is_told_each_missing_step_and_how(olga, now):
    agreement = onboarding.publish_agreement(olga.actor, slug="terms", title="Terms", text="Fair.", now=now)
    walt = builders.person("walt", now=now, as_worker=True)
    steps = ok(walt.get("me"))["missing"]
    assert [step["step"] for step in steps] == ["country", "languages", "agreement"]
    assert all("POST" in step["command"] and "POST" not in step["message"] for step in steps)
    ok(walt.post("me/profile", {"country": "DE", "languages": ["de", "en"], "time_zone": "Europe/Berlin"}))
    ok(walt.post(f"agreements/{agreement.id}/accept"))
    assert ok(walt.get("me"))["missing"] == []
    assert Worker.objects.get(id=walt.worker.id).onboarded_at == now


@pytest.mark.django_db
def test_a_new_version_must_be_accepted_again_and_the_old_acceptance_stays(olga, wanda, now):
    first = onboarding.publish_agreement(olga.actor, slug="terms", title="Terms", text="1", now=now)
    onboarding.accept_agreement(wanda.actor, first.id, now=now)
    standing = Worker.objects.get(id=wanda.worker.id).standing
    second = onboarding.publish_agreement(olga.actor, slug="terms", title="Terms", text="2", now=now)
    assert second.version == 2
    assert Worker.objects.get(id=wanda.worker.id).standing > standing, "access derived before is stale now"
    assert [row.id for row in onboarding.outstanding_agreements(wanda.user.id)] == [second.id]
    again = onboarding.accept_agreement(wanda.actor, first.id, now=now + timedelta(days=1))
    assert again.accepted_at == now


@pytest.mark.django_db
def test_only_operators_publish_agreements(rita, now):
    with pytest.raises(NotAnOperator):
        onboarding.publish_agreement(rita.actor, slug="x", title="x", text="x", now=now)
    refused = rita.post("agreements", {"slug": "x", "title": "x", "text": "x"})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_an_operator")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"country": "Germany"}, "country"),
        ({"languages": ["not a tag!"]}, "languages"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
    ],
)
def test_a_bad_profile_names_the_field_and_changes_nothing(wanda, body, field):
    before = Worker.objects.values().get(id=wanda.worker.id)
    refused = wanda.post("me/profile", body)
    assert refused.status_code == 400
    assert field in refused.json()["details"]["fields"]
    assert Worker.objects.values().get(id=wanda.worker.id) == before
    with pytest.raises(BadField):
        onboarding.update_profile(wanda.worker.id, now=wanda.now, standing=99)


@pytest.mark.django_db
def test_identity_stands_apart_and_keeps_what_is_left_out(wanda):
    ok(wanda.post("me/identity", {"legal_name": "Wanda W.", "birth_date": "1990-05-01"}))
    ok(wanda.post("me/identity", {"address": "Lane 1"}))
    row = Identity.objects.get(worker=wanda.worker)
    assert (row.legal_name, row.address) == ("Wanda W.", "Lane 1")
    assert "Wanda W." not in wanda.get("me").content.decode()


@pytest.mark.usefixtures("committed_db")
def test_accepting_at_the_same_moment_is_accepting_once(now):
    olga, wanda = builders.operator("olga", now=now), builders.worker("wanda", now=now)
    agreement = onboarding.publish_agreement(olga.actor, slug="terms", title="Terms", text="1", now=now)
    all_at_once(lambda _: onboarding.accept_agreement(wanda.actor, agreement.id, now=now), 16)
    assert Acceptance.objects.count() == 1


# ---- decisions ----


def pause(wanda, now, **fields):
    settings = {
        "kind": "pause",
        "scope": "project:x",
        "reason": "Because.",
        "rule": "r/1",
        "effective_until": now + timedelta(hours=24),
    }
    return decisions.record(wanda.worker.id, now=now, **(settings | fields))


@pytest.mark.django_db
def test_a_pause_holds_until_it_ends_and_can_be_appealed(wanda, now):
    decision = pause(wanda, now)
    assert decision.appeal_until == now + timedelta(days=14)
    for hours, held in [(0, True), (23, True), (24, False)]:
        at = now + timedelta(hours=hours)
        assert bool(decisions.in_force(wanda.worker.id, scopes=["project:x"], now=at)) is held
    assert not decisions.in_force(wanda.worker.id, scopes=["project:other"], now=now)
    assert ok(wanda.get(f"decisions/{decision.id}"))["reason"] == "Because."


@pytest.mark.django_db
@pytest.mark.parametrize(
    "fields",
    [
        {"effective_until": timedelta(hours=25)},  # a rule restricts a day at most
        {"effective_until": None},
        {"rule": ""},  # nobody decided it
        {"reason": ""},
        {"kind": "exclude"},  # for good: people only
        {"kind": "reject_work"},
        {"kind": "lift"},  # names nothing it lifts
        {"kind": "banish"},
    ],
)
def test_the_database_refuses_a_decision_that_is_not_fair(wanda, now, fields):
    if isinstance(fields.get("effective_until"), timedelta):
        fields = {"effective_until": now + fields["effective_until"]}
    with pytest.raises(IntegrityError), transaction.atomic():
        pause(wanda, now, **fields)
    assert not Decision.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("table", ["workforce_decision", "workforce_acceptance"])
@pytest.mark.parametrize("change", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_decisions_and_acceptances_are_written_once(olga, wanda, now, table, change):
    pause(wanda, now)
    agreement = onboarding.publish_agreement(olga.actor, slug="terms", title="Terms", text="1", now=now)
    onboarding.accept_agreement(wanda.actor, agreement.id, now=now)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(change.format(table))
    assert Decision.objects.count() == Acceptance.objects.count() == 1


@pytest.mark.django_db
def test_a_manager_lifts_a_decision_of_the_organisation_once(rita, rex, wanda, now):
    decision = pause(wanda, now, organization_id=rita.organization.id)
    with pytest.raises(NotFound):
        decisions.lift(rex.actor, decision.id, reason="x", now=now)
    lifted = ok(rita.post(f"decisions/{decision.id}/lift", {"reason": "The gold was wrong."}), 201)
    assert lifted["lifts_id"] == str(decision.id)
    assert not decisions.in_force(wanda.worker.id, scopes=["project:x"], now=now)
    with pytest.raises(NotLiftable):
        decisions.lift(rita.actor, decision.id, reason="again", now=now)
    assert {row["kind"] for row in ok(wanda.get("decisions"))["results"]} == {"pause", "lift"}


@pytest.mark.django_db
def test_a_viewer_lifts_nothing_and_what_is_over_is_not_lifted(rita, wanda, walt, now):
    decision = pause(wanda, now, organization_id=rita.organization.id)
    builders.member(rita, "walt@example.org", "viewer")
    with pytest.raises(RoleTooLow):
        decisions.lift(walt.actor, decision.id, reason="x", now=now)
    with pytest.raises(NotLiftable):
        decisions.lift(rita.actor, decision.id, reason="x", now=now + timedelta(days=2))
    assert Decision.objects.count() == 1
