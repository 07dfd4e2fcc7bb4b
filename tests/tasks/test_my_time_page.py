"""My time as a page: what it shows, how many queries it takes, and the clock that the workspace asks for."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from psycopg.types.range import Range

from foundation.ids import new_id
from payments import timekeeping
from payments.models import LongDay
from tests.builders import Visitor
from workforce.models import Worker

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
QUERIES = 12


def worked(person, hours, *, until, kind="task"):
    period = Range(until - hours * HOUR, until, "[)")
    timekeeping.record(person.worker.id, kind=kind, reference=new_id(), periods=[period], now=until, currency="USD")


@pytest.fixture
def me(wanda, now):
    return Visitor(wanda, now)


def test_it_is_for_workers_who_are_signed_in(rita, now):
    assert Client().get("/my/time/").url.startswith("/account/login/")
    assert Visitor(rita, now).get("/my/time/").url == "/account/"


def test_without_any_work_it_says_so(me):
    page = me.get("/my/time/").content.decode()
    assert "Nothing has been credited yet" in page
    assert 'role="status"' not in page


def test_days_kinds_and_rest_to_come(me, wanda, now):
    worked(wanda, 2, until=now)
    worked(wanda, 1, until=now - 30 * HOUR, kind="reading")
    page = me.get("/my/time/").content.decode()
    assert "2 h" in page
    assert "Guidelines read" in page
    assert "Earned and still to be credited: 15 min" in page, "ten for today's two hours, five for the one before"


def test_a_day_is_cut_at_midnight_where_one_lives_and_has_its_own_length(me, wanda, now):
    Worker.objects.filter(id=wanda.worker.id).update(time_zone="Europe/Berlin")
    me.now = datetime.fromisoformat("2026-03-30T12:00:00+00:00")
    night = datetime.fromisoformat("2026-03-29T22:00:00+00:00")  # midnight in Berlin, now on summer time
    worked(wanda, 2, until=night + HOUR)
    days = {day["date"].isoformat(): day["seconds"] for day in me.get("/my/time/").context["days"]}
    assert (days["2026-03-29"], days["2026-03-30"]) == (3600, 3600)
    assert len(days) == 14


def test_days_before_are_found_by_date(me, wanda, now):
    worked(wanda, 1, until=now - 30 * 24 * HOUR)
    assert all(day["seconds"] == 0 for day in me.get("/my/time/").context["days"])
    older = me.get("/my/time/", until=(now - 29 * 24 * HOUR).date().isoformat())
    assert sum(day["seconds"] for day in older.context["days"]) == 3600
    assert "Newest days" in older.content.decode()
    assert me.get("/my/time/", until="yesterday").status_code == 400


def test_the_stop_of_a_long_day_is_shown_and_lifted_from_there(me, wanda, now):
    worked(wanda, 8, until=now)
    page = me.get("/my/time/").content.decode()
    assert "You have worked eight hours" in page
    assert "I go on today" in page
    assert me.post("/my/time/go-on", next="/my/time/").url == "/my/time/"
    assert LongDay.objects.count() == 1
    assert "I go on today" not in me.get("/my/time/").content.decode()
    assert me.post("/my/time/go-on", next="https://elsewhere.example/").url == "/my/time/", "only ever back to this site"
    assert LongDay.objects.count() == 1


def test_a_full_day_cannot_be_lifted(me, wanda, now):
    worked(wanda, 12, until=now)
    assert "I go on today" not in me.get("/my/time/").content.decode()
    refused = me.post("/my/time/go-on")
    assert refused.status_code == 409
    assert "twelve hours" in refused.content.decode()


def test_the_clock_of_the_workspace(me, wanda, now):
    worked(wanda, 1, until=now)
    answer = me.get("/my/time/now")
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.json()
    assert (told["advice"], told["seconds_without_break"], told["stops"]) == ("take_a_break", 3600, False)


def test_more_days_of_work_ask_no_more_queries(me, wanda, now):
    def queries():
        with CaptureQueriesContext(connection) as caught:
            assert me.get("/my/time/").status_code == 200
        return len(caught)

    first = queries()
    for n in range(20):
        worked(wanda, 0.5, until=now - n * HOUR)
    assert queries() == first <= QUERIES
