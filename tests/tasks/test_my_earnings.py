"""My earnings: sums that agree with the ledger, by job, week and deadline; every movement; mine alone."""

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from psycopg.types.range import Range

from foundation.ids import new_id
from payments import statements, timekeeping
from tasks import earning, reviewing
from tasks.pages import my_earnings as page_of
from tests.builders import Visitor
from tests.tasks import scenes

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
QUERIES = 26


@pytest.fixture
def me(wanda):
    return Visitor(wanda)


@pytest.fixture
def batch(rita, olga):
    return scenes.opened(rita, olga, tasks=6)


def text(response):
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_who_has_earned_nothing_is_told_when_they_will(me):
    page = text(me.get("/my/earnings/"))
    assert "You have not earned anything yet" in page
    assert "Nothing has moved yet" in page


def test_earned_held_and_rejected_stand_apart_and_agree_with_the_ledger(me, batch, rita, wanda, now):
    accepted, rejected, after_all, waiting = scenes.answered(wanda, batch, count=4)
    reviewing.accept(rita.actor, accepted.id, now=now + HOUR)
    for row in (rejected, after_all):
        reviewing.reject(rita.actor, row.id, reason="low_effort", comment=scenes.COMMENT, evidence={"t": 1}, now=now + HOUR)
    reviewing.accept(rita.actor, after_all.id, now=now + 2 * HOUR)
    me.now = now + 3 * HOUR
    context = me.get("/my/earnings/").context
    [pay], [job], [week] = context["pay"]["currencies"], context["jobs"], context["weeks"]
    assert (pay["earned_micros"], pay["held_micros"]) == (2 * scenes.PRICE, scenes.PRICE)
    assert (job["earned_micros"], job["held_micros"], job["answers"], job["rejected"]) == (2 * scenes.PRICE, scenes.PRICE, 4, 1)
    assert week["earned"] == [{"currency": "USD", "micros": 2 * scenes.PRICE}]
    [held] = context["held"]
    assert (held["answers"], held["micros"], held["until"]) == (1, scenes.PRICE, waiting.review_due_at)
    assert [one["title"] for one in context["movements"]].count("Paid for an answer after all") == 1
    told = wanda.get("me/earnings").json()
    assert told["jobs"][0]["earned_micros"] == 2 * scenes.PRICE
    assert told["held"][0]["micros"] == scenes.PRICE


def test_an_overturned_rejection_without_a_place_is_counted_as_paid(batch, rita, wanda, walt, now):
    [row] = scenes.answered(wanda, batch)
    reviewing.reject(rita.actor, row.id, reason="low_effort", comment=scenes.COMMENT, evidence={"t": 1}, now=now + HOUR)
    scenes.answered(walt, batch, count=6)  # the place is taken again
    assert reviewing.accept(rita.actor, row.id, now=now + 2 * HOUR).state == "late"
    [job] = earning.by_job(wanda.worker.id)
    [pay] = statements.pay_of(wanda.worker.id, now=now + 3 * HOUR)["currencies"]
    assert job["earned_micros"] == pay["earned_micros"] == scenes.PRICE


def test_the_rate_counts_training_and_exams_too(batch, wanda, now):
    scenes.answered(wanda, batch, count=1, seconds=10)
    exam = [Range(now - timedelta(seconds=30), now - timedelta(seconds=20), "[)")]
    timekeeping.record(wanda.worker.id, kind="exam", reference=new_id(), periods=exam, now=now)
    [pay] = statements.pay_of(wanda.worker.id, now=now)["currencies"]
    assert (pay["hourly_micros"], pay["hourly_with_unpaid_micros"]) == (18_000_000, 9_000_000)


def test_weeks_begin_on_monday_and_are_as_many_as_there_are(batch, wanda, now):
    scenes.answered(wanda, batch)  # on a Monday morning
    weeks = earning.by_week(wanda.worker, now=now + 8 * 24 * HOUR)
    assert len(weeks) == earning.WEEKS
    assert [week["seconds"] for week in weeks[:3]] == [0, 10, 0]
    assert all(week["begins_at"].weekday() == 0 for week in weeks)


def test_movements_come_a_page_at_a_time_and_whole_as_a_file(me, batch, rita, wanda, now, monkeypatch):
    monkeypatch.setattr(page_of, "PER_PAGE", 2)
    rows = scenes.answered(wanda, batch, count=3)
    reviewing.accept(rita.actor, rows[0].id, now=now + HOUR)
    first = me.get("/my/earnings/")
    assert len(first.context["movements"]) == 2
    second = me.get("/my/earnings/", htmx=True, before=str(first.context["page"].older))
    assert "<html" not in second.content.decode()
    assert f"/my/work/{rows[0].id}/" in second.content.decode()
    assert second.context["page"].older is None
    file = me.get("/my/earnings/movements.csv")
    lines = list(csv.DictReader(io.StringIO(b"".join(file.streaming_content).decode())))
    assert [(line["phase"], line["direction"]) for line in lines] == [("hold", "in")] * 3 + [("settle", "in")]
    assert {line["amount"] for line in lines} == {"0.05"}


def test_money_is_shown_to_its_owner_alone(batch, wanda, walt, rita):
    scenes.answered(wanda, batch)
    other = Visitor(walt)
    assert other.get("/my/earnings/").context["movements"] == []
    assert b"".join(other.get("/my/earnings/movements.csv").streaming_content).count(b"\r\n") == 1
    assert rita.get("me/earnings").status_code == 403


def test_more_work_asks_no_more_queries(me, batch, wanda):
    scenes.answered(wanda, batch)

    def queries():
        with CaptureQueriesContext(connection) as caught:
            assert me.get("/my/earnings/").status_code == 200
        return len(caught)

    first = queries()
    scenes.answered(wanda, batch, count=4)
    assert queries() == first <= QUERIES
