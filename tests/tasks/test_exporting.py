"""Streams out: what counts and nothing else, workers by alias, no formula that a spreadsheet would run, in constant memory."""

import csv
import io

import orjson
import pytest

from foundation.errors import NotFound
from foundation.ids import new_id
from tasks import exporting, results, reviewing
from tasks.models import Assignment
from tests.journeys.world import ok
from tests.tasks import scenes
from workforce import aliases


def stream(response) -> bytes:
    assert response.status_code == 200
    return b"".join(response.streaming_content)


@pytest.fixture
def batch(rita, olga, wanda, walt):
    made = scenes.opened(rita, olga, tasks=4, gold=2, gold_percent=50, overlap=2)
    scenes.answered(wanda, made, count=3)
    scenes.answered(walt, made, count=2, choice="a")
    scenes.weighed(walt.now)
    return made


def test_answers_that_count_leave_by_alias(rita, batch, wanda):
    rows = [orjson.loads(line) for line in stream(rita.get(f"batches/{batch.id}/export")).splitlines()]
    assert len(rows) == 5
    assert {row["label.label"] for row in rows} == {"a", "b"}
    alias = aliases.alias_of(wanda.worker.id, rita.organization.id)
    assert sum(row["worker"] == alias for row in rows) == 3
    assert all((row["gold_score"] is not None) == row["is_gold"] for row in rows)
    assert aliases.alias_of(wanda.worker.id, new_id()) != alias


def test_rejected_and_unfinished_work_stays(rita, batch, wanda):
    first = Assignment.objects.filter(batch=batch, worker=wanda.worker).first()
    reviewing.reject(rita.actor, first.id, reason="low_effort", comment=scenes.COMMENT, evidence={"x": 1}, now=rita.now)
    scenes.claim(wanda, batch)
    body = stream(rita.get(f"batches/{batch.id}/export")).decode()
    assert str(first.id) not in body
    assert len(body.splitlines()) == 4


def test_csv_escapes_what_a_spreadsheet_would_run(rita, batch):
    task = Assignment.objects.filter(batch=batch).first().task
    type(task).objects.filter(id=task.id).update(key='=HYPERLINK("x")')
    body = stream(rita.get(f"batches/{batch.id}/export", format="csv")).decode()
    table = list(csv.DictReader(io.StringIO(body)))
    assert '\'=HYPERLINK("x")' in {row["task_key"] for row in table}
    assert all(row["price_micros"] == "50000" for row in table)
    for cell, escaped in [("=1", "'=1"), ("+1", "'+1"), ("-1", "'-1"), ("@x", "'@x"), ("\tx", "'\tx"), ("x=1", "x=1"), (-1, -1)]:
        assert exporting._cell(cell) == escaped


def test_results_of_a_run(rita, rex, batch):
    run = ok(rita.post(f"batches/{batch.id}/aggregations", {"method": "MajorityVote"}), 202)
    assert stream(rita.get(f"aggregations/{run['id']}/export")) == b"", "nothing yet"
    results.execute_run(run["id"], now=rita.now)
    rows = [orjson.loads(line) for line in stream(rita.get(f"aggregations/{run['id']}/export")).splitlines()]
    assert {row["method"] for row in rows} == {"MajorityVote"}
    assert all(row["tied"] == ["a", "b"] for row in rows if row["is_tie"])
    with pytest.raises(NotFound):
        exporting.results(rex.actor, run["id"])


def test_an_unknown_format_is_refused(rita, batch):
    assert rita.get(f"batches/{batch.id}/export", format="xlsx").status_code == 400
    assert rita.get(f"batches/{batch.id}/export", worker="x").status_code == 400


def test_answers_are_read_in_short_pages(rita, batch, django_assert_max_num_queries, monkeypatch):
    monkeypatch.setattr("foundation.paging.CHUNK_ROWS", 2)
    _, rows = exporting.answers(rita.actor, batch.id)
    first = next(iter(rows))
    assert first["task_key"]
    with django_assert_max_num_queries(6):
        assert len(list(exporting.answers(rita.actor, batch.id)[1])) == 5
