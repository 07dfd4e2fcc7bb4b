"""Jobs as pages: what they say, how they are narrowed, where they lead, and how many queries they take."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from foundation.ids import new_id
from tasks import publishing
from tasks.models import Batch
from tests.builders import Visitor
from tests.tasks import learning_scenes, scenes
from tests.tasks.test_job_list import FRENCH
from workforce import decisions

pytestmark = pytest.mark.django_db
QUERIES = 30


@pytest.fixture
def me(wanda):
    return Visitor(wanda)


def text(response):
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_the_start_page_takes_workers_to_the_jobs(me, rita):
    assert me.get("/").url == "/jobs/"
    assert Visitor(rita).get("/").url == "/account/"
    assert Client().get("/jobs/").url.startswith("/account/login/")


def test_without_jobs_it_says_so(me):
    assert "There are no open jobs" in text(me.get("/jobs/"))


def test_an_estimate_is_called_one_and_a_measured_rate_too(me, rita, olga):
    batch = scenes.opened(rita, olga)
    page = text(me.get("/jobs/"))
    assert "as the requester estimates, not measured yet" in page
    assert "$18.00" in page
    rates = {"hourly_p10_micros": 9_000_000, "hourly_p50_micros": 12_000_000, "hourly_p90_micros": 21_000_000}
    Batch.objects.filter(id=batch.id).update(median_seconds=15, p90_seconds=31, measured_workers=6, **rates)
    for address in ("/jobs/", f"/jobs/{batch.id}/"):
        page = text(me.get(address))
        assert "measured; most got $9.00 to $21.00" in page
        assert "nine of ten at most 31 s" in page
    assert "the 6 people" in page


def test_filters_narrow_without_the_frame_for_htmx(me, rita, olga, now):
    scenes.opened(rita, olga, name="Easy")
    hard = scenes.draft(rita, name="Hard", requirements=FRENCH)
    publishing.publish(rita.actor, hard.id, now=now)
    assert "Hard" in text(me.get("/jobs/"))
    part = me.get("/jobs/", htmx=True, eligible_only="on", order="pay")
    assert "<html" not in part.content.decode()
    assert "Hard" not in text(part)
    assert "Easy" in text(part)
    assert "Easy" in text(me.get("/jobs/", order="nonsense")), "an order that is none is the usual one"


def test_a_job_says_what_is_missing_and_until_when(me, rita, olga, wanda, now):
    batch = scenes.opened(rita, olga, requirements=FRENCH)
    decisions.record(
        wanda.worker.id,
        kind="pause",
        scope=f"project:{batch.project_id}",
        reason="Too many answers were not as expected.",
        rule="gold-accuracy/1",
        now=now,
        effective_until=now + timedelta(hours=24),
    )
    page = text(me.get(f"/jobs/{batch.id}/"))
    assert "Too many answers were not as expected." in page
    assert "3 Mar 2026, 09:00" in page
    assert "fr" in page
    assert reverse("workspace", args=[batch.id]) not in page


def test_what_one_holds_is_gone_on_with(me, rita, olga, wanda):
    batch = scenes.opened(rita, olga)
    assert "Start working" in text(me.get("/jobs/"))
    scenes.claim(wanda, batch)
    page = text(me.get("/jobs/"))
    assert "Go on working" in page
    assert "You hold 1 task" in page


def test_a_closed_job_can_still_be_read_and_a_draft_cannot(me, rita, olga, now):
    batch = scenes.opened(rita, olga)
    publishing.close(rita.actor, batch.id, now=now)
    assert "It hands out no tasks now" in text(me.get(f"/jobs/{batch.id}/"))
    assert me.get(f"/jobs/{scenes.draft(rita).id}/").status_code == 404
    assert me.get(f"/jobs/{new_id()}/").status_code == 404


def test_today_is_summed_up(me, rita, olga, wanda):
    batch = scenes.opened(rita, olga, tasks=3)
    scenes.answered(wanda, batch, count=2, seconds=10)
    me.now += timedelta(minutes=1)
    page = text(me.get("/jobs/"))
    assert "Earned today, 2 answers<strong>$0.10</strong>" in page
    assert "<strong>20 s</strong>" in page


def test_more_jobs_ask_no_more_queries(me, rita, olga, now):
    scenes.opened(rita, olga)
    of = scenes.project(rita)

    def queries():
        with CaptureQueriesContext(connection) as caught:
            assert me.get("/jobs/").status_code == 200
        return len(caught)

    first = queries()
    for _ in range(4):
        publishing.publish(rita.actor, scenes.draft(rita, of=of, tasks=1).id, now=now)
    assert queries() == first <= QUERIES


def test_what_is_asked_about_stands_in_the_title(me, rita, olga, wanda, now):
    batch = scenes.opened(rita, olga)
    made = decisions.record(
        wanda.worker.id,
        kind="pause",
        scope=f"project:{batch.project_id}",
        reason="Too many answers were not as expected.",
        rule="gold-accuracy/1",
        now=now,
        effective_until=now + timedelta(hours=24),
    )
    page = text(me.get(f"/decisions/{made.id}/ask/"))
    title, heading = (re.search(rf"<{tag}[^>]*>(.*?)</{tag}>", page, re.DOTALL).group(1).strip() for tag in ("title", "h1"))
    assert title == f"{heading} · Fairhand"


def test_a_course_not_begun_says_of_each_lesson_what_is_to_do(me, rita):
    made = learning_scenes.course(rita)
    page = text(me.get(f"/training/{made.id}/"))
    assert "to read" in page
    assert "to practise, until" in page
    assert "mastered" not in page
