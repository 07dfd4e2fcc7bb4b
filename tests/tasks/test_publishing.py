from datetime import timedelta

import pytest

from foundation.errors import NotFound
from foundation.models import AuditEntry, Event
from payments.errors import MissingFunds, NoPayFloor
from payments.models import Account, Transfer
from qualification.errors import BadRequirement
from tasks import publishing, reviewing
from tasks.errors import BadBatch, BatchEmpty, BatchStateConflict, PriceTooLow
from tasks.labels import InterfaceInvalid
from tasks.models import Assignment, Batch, Project, Task
from tests.tasks import scenes
from workforce.errors import RoleTooLow

pytestmark = pytest.mark.django_db
PLACE = scenes.PRICE + scenes.FEE


@pytest.fixture
def viewer(rita, now):
    from tests import builders

    someone = builders.person("vera", now=now)
    builders.member(rita, "vera@example.org", "viewer")
    return someone


def untouched(batch):
    """Nothing of a refused publishing is there."""
    batch.refresh_from_db()
    return (
        batch.state == Batch.State.DRAFT
        and batch.escrow_id is None
        and batch.published_at is None
        and not Account.objects.filter(kind="escrow").exists()
        and not Transfer.objects.exclude(reason="deposit").exists()
        and not Event.objects.filter(kind="batch.published").exists()
        and not AuditEntry.objects.filter(action="batch.published").exists()
        and not Task.objects.filter(lane=Task.Lane.GOLD, need__gt=0).exists()
    )


# ---- projects and guidelines ----


def test_a_project_with_a_bad_interface_is_refused(rita):
    with pytest.raises(InterfaceInvalid):
        publishing.create_project(
            rita.actor,
            organization_id=rita.organization.id,
            name="Bad",
            description="",
            interface="<View><Script/></View>",
            now=rita.now,
        )
    assert not Project.objects.exists()


def test_strangers_learn_nothing_and_viewers_may_not(rita, rex, viewer):
    for actor, error in [(rex.actor, NotFound), (viewer.actor, RoleTooLow)]:
        with pytest.raises(error):
            publishing.create_project(
                actor,
                organization_id=rita.organization.id,
                name="Theirs",
                description="",
                interface=scenes.INTERFACE,
                now=rita.now,
            )
    assert not Project.objects.exists()


def test_guidelines_are_numbered_and_the_newest_is_in_force(rita, olga):
    batch = scenes.opened(rita, olga)
    second = publishing.add_guideline(rita.actor, batch.project_id, text="Choose b.", changes="b", now=rita.now)
    batch.refresh_from_db()
    assert second.version == 2
    assert batch.guideline_id == second.id


def test_a_lease_keeps_the_guideline_it_was_taken_under(rita, olga, wanda):
    batch = scenes.opened(rita, olga)
    (lease,) = scenes.claim(wanda, batch)
    publishing.add_guideline(rita.actor, batch.project_id, text="Choose b.", now=rita.now)
    assert Assignment.objects.get(id=lease.id).guideline_id == batch.guideline_id


def test_publishing_puts_the_newest_guideline_in_force(rita, olga):
    scenes.floor(olga)
    scenes.funds(olga, rita)
    batch = scenes.draft(rita)
    first = batch.guideline_id
    second = publishing.add_guideline(rita.actor, batch.project_id, text="Choose b.", now=rita.now)
    Batch.objects.filter(id=batch.id).update(guideline_id=first)  # as a twin that was made meanwhile would have it
    assert publishing.publish(rita.actor, batch.id, now=rita.now).guideline_id == second.id


# ---- drafts ----


def test_a_draft_gets_sensible_values(rita):
    batch = scenes.draft(rita, tasks=0, estimate_seconds=300)
    assert (batch.state, batch.lease_seconds, batch.review_seconds) == ("draft", 120 + 300 + 2 * 134, 48 * 3600)
    assert (batch.fee_micros, batch.idle_cap_seconds, batch.gold_percent) == (scenes.FEE, 120, 0)


@pytest.mark.parametrize(
    "fields",
    [{"lease_size": 5, "max_leases": 4}, {"idle_cap_seconds": 601}, {"review_seconds": 7 * 86_400 + 1}, {"gold_percent": 51}],
)
def test_settings_that_do_not_fit_are_refused(rita, fields):
    of = scenes.project(rita)
    with pytest.raises(BadBatch) as refused:
        scenes.draft(rita, of=of, tasks=0, **fields)
    assert {"field", "limit"} <= set(refused.value.details)
    assert not Batch.objects.exists()


def test_a_bad_requirement_is_refused(rita):
    of = scenes.project(rita)
    with pytest.raises(BadRequirement):
        scenes.draft(rita, of=of, tasks=0, requirements=[{"subject": "age", "comparator": "exists"}])
    assert not Batch.objects.exists()


# ---- publish ----


def test_publishing_reserves_what_the_quote_said(rita, olga):
    scenes.floor(olga)
    scenes.funds(olga, rita)
    batch = scenes.draft(rita, tasks=3, overlap=2, gold=2, gold_percent=10)
    quote = publishing.quote(batch, now=rita.now)
    published = publishing.publish(rita.actor, batch.id, now=rita.now)
    places = 3 * 2 + 2
    assert quote["places"] == places
    assert quote["reserve_micros"] == places * PLACE * 5 // 4
    assert scenes.money(batch) == {
        "funds": scenes.FUNDS - quote["reserve_micros"],
        "escrow": quote["reserve_micros"],
        "fees": 0,
        "held": 0,
    }
    assert (published.state, published.published_at) == ("open", rita.now)
    assert Account.objects.get(id=published.escrow_id).unit_cap_micros == scenes.PRICE
    assert Event.objects.filter(kind="batch.published", subject_id=batch.id).count() == 1
    assert AuditEntry.objects.filter(action="batch.published").count() == 1


def test_publishing_again_reserves_nothing_more(rita, olga):
    batch = scenes.opened(rita, olga)
    before = scenes.money(batch)
    assert publishing.publish(rita.actor, batch.id, now=rita.now).state == "open"
    assert scenes.money(batch) == before
    assert Event.objects.filter(kind="batch.published").count() == 1


def test_a_price_under_the_floor_is_refused_with_the_least_price(rita, olga):
    scenes.floor(olga)
    scenes.funds(olga, rita)
    batch = scenes.draft(rita, price_micros=33_333)  # 10 s at 12 an hour: 33,333.3…
    with pytest.raises(PriceTooLow) as refused:
        publishing.publish(rita.actor, batch.id, now=rita.now)
    assert refused.value.details["limit"] == 33_334
    assert untouched(batch)


def test_the_least_price_is_enough(rita, olga):
    scenes.floor(olga)
    scenes.funds(olga, rita)
    batch = scenes.draft(rita, price_micros=33_334)
    assert publishing.publish(rita.actor, batch.id, now=rita.now).state == "open"


def test_the_floor_of_a_country_the_batch_admits_counts(rita, olga):
    scenes.floor(olga)
    scenes.floor(olga, hourly_micros=20_000_000, country="DE")
    scenes.funds(olga, rita)
    of = scenes.project(rita)
    only_germany = [{"subject": "country", "comparator": "equal_to", "values": ["DE"]}]
    batch = scenes.draft(rita, of=of, requirements=only_germany)
    with pytest.raises(PriceTooLow) as refused:
        publishing.publish(rita.actor, batch.id, now=rita.now)
    assert refused.value.details["limit"] == 55_556
    assert untouched(batch)
    assert publishing.publish(rita.actor, scenes.draft(rita, of=of).id, now=rita.now).state == "open"


def test_without_a_floor_nothing_is_published(rita, olga):
    scenes.funds(olga, rita)
    batch = scenes.draft(rita)
    with pytest.raises(NoPayFloor):
        publishing.publish(rita.actor, batch.id, now=rita.now)
    assert untouched(batch)


def test_missing_funds_are_told_and_nothing_is_reserved(rita, olga):
    scenes.floor(olga)
    needed = 2 * PLACE * 5 // 4
    scenes.funds(olga, rita, needed - 1)
    batch = scenes.draft(rita, tasks=2, gold=0)
    with pytest.raises(MissingFunds) as refused:
        publishing.publish(rita.actor, batch.id, now=rita.now)
    assert refused.value.details == {
        "needed_micros": needed,
        "available_micros": needed - 1,
        "shortfall_micros": 1,
        "currency": "USD",
    }
    assert untouched(batch)
    scenes.funds(olga, rita, 1, reference="wire 2")
    assert publishing.publish(rita.actor, batch.id, now=rita.now).state == "open"


def test_an_incomplete_batch_is_refused(rita, olga):
    scenes.floor(olga)
    scenes.funds(olga, rita)
    empty = scenes.draft(rita, tasks=0)
    only_gold = scenes.draft(rita, tasks=0, gold=2, gold_percent=10)
    gold_missing = scenes.draft(rita, tasks=1, gold_percent=10)
    no_guideline = scenes.draft(rita, of=scenes.project(rita, guideline=False))
    for batch, field in [(empty, "tasks"), (only_gold, "tasks"), (gold_missing, "gold"), (no_guideline, "guideline")]:
        with pytest.raises(BatchEmpty) as refused:
            publishing.publish(rita.actor, batch.id, now=rita.now)
        assert refused.value.details["field"] == field
        assert untouched(batch)


def test_only_managers_of_the_organisation_publish(rita, rex, olga, viewer):
    scenes.floor(olga)
    scenes.funds(olga, rita)
    batch = scenes.draft(rita)
    for actor, error in [(rex.actor, NotFound), (viewer.actor, RoleTooLow)]:
        with pytest.raises(error):
            publishing.publish(actor, batch.id, now=rita.now)
    assert untouched(batch)


def test_a_closed_batch_cannot_be_opened(rita, olga):
    batch = scenes.opened(rita, olga)
    publishing.close(rita.actor, batch.id, now=rita.now)
    for verb in (publishing.publish, publishing.pause, publishing.resume):
        with pytest.raises(BatchStateConflict):
            verb(rita.actor, batch.id, now=rita.now)


# ---- pause, resume, close ----


def test_pause_and_resume_are_safe_to_repeat(rita, olga):
    batch = scenes.opened(rita, olga)
    for verb, state in [(publishing.pause, "paused"), (publishing.resume, "open")]:
        for _ in range(2):
            assert verb(rita.actor, batch.id, now=rita.now).state == state
    kinds = Event.objects.filter(subject_id=batch.id).order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["batch.published", "batch.paused", "batch.resumed"]


def test_closing_an_untouched_batch_gives_everything_back(rita, olga):
    batch = scenes.opened(rita, olga, tasks=3)
    publishing.close(rita.actor, batch.id, now=rita.now)
    assert scenes.money(batch) == {"funds": scenes.FUNDS, "escrow": 0, "fees": 0, "held": 0}
    assert set(Task.objects.filter(batch=batch).values_list("state", "need")) == {("cancelled", 0)}


def test_closing_keeps_what_outstanding_places_can_earn(rita, olga, wanda, walt):
    batch = scenes.opened(rita, olga, tasks=4)
    scenes.answered(wanda, batch)
    (lease,) = scenes.claim(walt, batch)
    publishing.close(rita.actor, batch.id, now=rita.now)
    assert scenes.money(batch, wanda) == {
        "funds": scenes.FUNDS - 2 * PLACE,
        "escrow": 2 * PLACE,
        "fees": 0,
        "earnings": 0,
        "held": scenes.PRICE,
    }
    assert Task.objects.get(id=lease.task_id).state == "open"  # its lease is honoured
    late = rita.now + timedelta(hours=1)
    submitted = scenes.submit(walt, lease)
    assert submitted.state == "submitted"
    for row in Assignment.objects.filter(batch=batch):
        reviewing.accept(rita.actor, row.id, now=late)
    assert publishing.close(rita.actor, batch.id, now=late).closed_at == rita.now
    assert scenes.money(batch, wanda) == {
        "funds": scenes.FUNDS - 2 * PLACE,
        "escrow": 0,
        "fees": 2 * scenes.FEE,
        "earnings": scenes.PRICE,
        "held": 0,
    }


def test_closing_again_releases_nothing_twice(rita, olga):
    batch = scenes.opened(rita, olga)
    for _ in range(3):
        publishing.close(rita.actor, batch.id, now=rita.now)
    assert scenes.money(batch)["funds"] == scenes.FUNDS
    assert Transfer.objects.filter(reason="release").count() == 1


def test_a_returned_lease_of_a_closed_batch_frees_its_money(rita, olga, wanda):
    from tasks import assigning

    batch = scenes.opened(rita, olga, tasks=1)
    (lease,) = scenes.claim(wanda, batch)
    publishing.close(rita.actor, batch.id, now=rita.now)
    assert scenes.money(batch)["escrow"] == PLACE
    assigning.return_task(lease.id, worker_id=wanda.worker.id, token=lease.token, now=rita.now)
    publishing.release_spare(batch, now=rita.now)
    assert scenes.money(batch) == {"funds": scenes.FUNDS, "escrow": 0, "fees": 0, "held": 0}
    assert Task.objects.get(id=lease.task_id).state == "cancelled"


def test_the_daily_job_releases_what_became_free_since(rita, olga, wanda, now):
    batch = scenes.opened(rita, olga, tasks=2)
    scenes.answered(wanda, batch)
    publishing.close(rita.actor, batch.id, now=now)
    assert publishing.release_closed(now=now) == 0
    (answer,) = Assignment.objects.filter(batch=batch)
    reviewing.reject(rita.actor, answer.id, reason="low_effort", comment=scenes.COMMENT, evidence={"text": "t"}, now=now)
    assert publishing.release_closed(now=now + timedelta(days=1)) == 0
    assert publishing.release_closed(now=now + timedelta(days=20)) == PLACE
    assert publishing.release_closed(now=now + timedelta(days=21)) == 0
    assert scenes.money(batch)["funds"] == scenes.FUNDS


def test_a_draft_can_be_closed(rita):
    batch = scenes.draft(rita)
    assert publishing.close(rita.actor, batch.id, now=rita.now).state == "closed"
    assert not Account.objects.filter(kind="escrow").exists()


# ---- over HTTP ----


def test_a_requester_sets_up_a_batch_over_http(rita, olga):
    scenes.floor(olga)
    scenes.funds(olga, rita)
    made = rita.post("projects", {"organization_id": str(rita.organization.id), "name": "P", "interface": scenes.INTERFACE})
    assert made.status_code == 201, made.content
    project_id = made.json()["id"]
    assert rita.post(f"projects/{project_id}/guidelines", {"text": "Choose."}).status_code == 201
    settings = {"name": "B", "overlap": 1, "price_micros": 50_000, "currency": "USD", "estimate_seconds": 10}
    batch = rita.post(f"projects/{project_id}/batches", settings)
    assert batch.status_code == 201, batch.content
    batch_id = batch.json()["id"]
    assert rita.upload(f"batches/{batch_id}/tasks", b'{"payload": {"text": "one"}}\n').status_code == 201
    quote = rita.get(f"batches/{batch_id}/quote").json()
    assert quote["reserve_micros"] == 75_000
    opened = rita.post(f"batches/{batch_id}/publish", key="publish 1")
    assert (opened.status_code, opened.json()["state"]) == (200, "open")
    assert rita.post(f"batches/{batch_id}/publish", key="publish 1").json() == opened.json()
    assert rita.post(f"batches/{batch_id}/pause").json()["state"] == "paused"
    assert rita.post(f"batches/{batch_id}/resume").json()["state"] == "open"
    assert rita.get(f"batches/{batch_id}").json()["progress"]["places"] == 1
    assert [row["id"] for row in rita.get("batches", state="open").json()["results"]] == [batch_id]
    assert rita.post(f"batches/{batch_id}/close").json()["state"] == "closed"


def test_foreign_projects_and_batches_are_not_there(rita, rex, olga):
    batch = scenes.opened(rita, olga)
    for path in ("publish", "pause", "resume", "close"):
        assert rex.post(f"batches/{batch.id}/{path}").status_code == 404
    project = f"projects/{batch.project_id}"
    for path in (f"batches/{batch.id}", f"batches/{batch.id}/quote", project, f"{project}/batches", f"{project}/guidelines"):
        assert rex.get(path).status_code == 404
    assert rex.get("batches").json()["results"] == rex.get("projects").json()["results"] == []
    batch.refresh_from_db()
    assert batch.state == "open"


def test_viewers_read_and_may_not_act(rita, olga, viewer):
    batch = scenes.opened(rita, olga)
    assert viewer.get(f"batches/{batch.id}").status_code == 200
    refused = viewer.post(f"batches/{batch.id}/close")
    assert (refused.status_code, set(refused.json())) == (403, {"code", "message", "details"})


def test_missing_funds_are_402_over_http(rita, olga):
    scenes.floor(olga)
    batch = scenes.draft(rita)
    refused = rita.post(f"batches/{batch.id}/publish")
    assert refused.status_code == 402
    assert refused.json()["details"]["shortfall_micros"] == 150_000
    assert untouched(batch)


def test_operators_see_every_batch(rita, olga):
    batch = scenes.opened(rita, olga)
    assert olga.get(f"batches/{batch.id}").status_code == 200
    assert [row["id"] for row in olga.get("projects").json()["results"]] == [str(batch.project_id)]


def test_workers_read_the_guideline_of_a_published_batch_and_no_other(rita, olga, wanda):
    hidden = scenes.draft(rita)
    batch = scenes.opened(rita, olga)
    assert wanda.get(f"guidelines/{batch.guideline_id}").json()["text"] == "Choose a or b."
    assert wanda.get(f"guidelines/{hidden.guideline_id}").status_code == 404
    assert wanda.get(f"batches/{batch.id}").status_code == 404
    assert wanda.get("projects").json()["results"] == []
