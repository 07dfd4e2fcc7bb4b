"""Gold that a worker could tell by looking is refused before its batch opens, with what tells; and looking costs the same at any size."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tasks import gold_looks, publishing
from tasks.errors import GoldStandsOut
from tasks.models import Batch, Prelabel, Task
from tests.journeys.world import ok
from tests.tasks import scenes

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(rita, olga):
    scenes.floor(olga)
    scenes.funds(olga, rita)
    return scenes.draft(rita, tasks=8, gold=3, gold_percent=10)


def shown(rows, **fields) -> None:
    for row in rows:
        Task.objects.filter(id=row.id).update(payload={"text": row.key} | fields)


def suggested(rows) -> None:
    Prelabel.objects.bulk_create(Prelabel(task=row, result=[], created_at=row.created_at) for row in rows)


def of(batch, *lanes):
    return list(Task.objects.filter(batch=batch, lane__in=lanes).order_by("position"))


def refused(rita, draft):
    with pytest.raises(GoldStandsOut) as error:
        publishing.publish(rita.actor, draft.id, now=rita.now)
    draft.refresh_from_db()
    assert (draft.state, draft.escrow_id) == ("draft", None)
    return error.value.details


def test_gold_that_looks_like_the_rest_is_published(rita, draft):
    assert publishing.publish(rita.actor, draft.id, now=rita.now).state == "open"


def test_another_field_another_type_or_a_lacking_one_is_named(rita, draft):
    shown(of(draft, 2), source="ours")
    details = refused(rita, draft)
    assert (details["only_gold"], details["only_others"]) == (["payload.source (string)"], [])
    assert details["tasks"] == ["g0", "g1", "g2"]
    shown(of(draft, 0), source=7)
    details = refused(rita, draft)
    assert (details["only_gold"], details["only_others"]) == (["payload.source (string)"], ["payload.source (number)"])
    shown(of(draft, 2))
    assert refused(rita, draft)["only_others"] == ["payload.source (number)"]


def test_so_is_one_gold_task_among_several_alike(rita, draft):
    shown(of(draft, 2)[:1], hint="x")
    assert refused(rita, draft)["tasks"] == ["g0"]


def test_suggestions_on_one_kind_alone_tell_too(rita, draft):
    suggested(of(draft, 0))
    assert refused(rita, draft)["only_others"] == ["prelabel"]
    suggested(of(draft, 2))
    Prelabel.objects.filter(task__lane=0).delete()
    assert refused(rita, draft)["only_gold"] == ["prelabel"]


def test_what_differs_among_the_others_as_well_tells_nothing(rita, draft):
    suggested([*of(draft, 0)[:4], *of(draft, 2)[:1]])
    assert publishing.publish(rita.actor, draft.id, now=rita.now).state == "open"


def test_a_look_that_is_rare_among_the_others_still_tells(rita, draft):
    shown([*of(draft, 0)[:1], *of(draft, 2)], hint="x")
    assert refused(rita, draft)["only_gold"] == ["payload.hint (string)"]


def test_over_http(rita, draft):
    shown(of(draft, 2), source="ours")
    answer = rita.post(f"batches/{draft.id}/publish")
    assert (answer.status_code, answer.json()["code"]) == (409, "gold_stands_out")
    assert answer.json()["details"]["only_gold"] == ["payload.source (string)"]
    shown(of(draft, 2))
    ok(rita.post(f"batches/{draft.id}/publish"))


def test_a_pilot_is_judged_by_the_batch_it_tries_out(rita, draft):
    shown(of(draft, 2), source="ours")
    pilot = Batch.objects.get(id=scenes.draft(rita, tasks=2, of=draft.project).id)
    pilot.pilot_of = draft
    with pytest.raises(GoldStandsOut):
        gold_looks.refuse_if_it_stands_out(pilot)


def test_it_reads_no_more_than_a_sample_by_index(rita, draft, monkeypatch):
    monkeypatch.setattr(gold_looks, "SAMPLE", 5)
    for n in range(300):
        scenes.add(draft, f"more{n}")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE tasks_task")
    draft.refresh_from_db()
    with CaptureQueriesContext(connection) as asked:
        gold_looks.refuse_if_it_stands_out(draft)
    assert len(asked) == 2
    parameters = {"project_id": draft.project_id, "batch_id": draft.id, "sample": 5, "positions": gold_looks._positions(draft)}
    read = {}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for name, statement in (("gold", gold_looks.GOLD), ("others", gold_looks.OTHERS)):
            cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + statement, parameters)
            read[name] = rows_read(cursor.fetchone()[0][0]["Plan"])
    assert read["gold"] <= 5
    assert read["others"] <= 5


def rows_read(plan) -> int:
    """Rows that a scan of the tasks gave or threw away."""
    own = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0) if plan.get("Relation Name") == "tasks_task" else 0
    return own + sum(rows_read(one) for one in plan.get("Plans", []))
