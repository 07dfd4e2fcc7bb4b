"""My work: every answer with its story, a page at a time, mine alone, and never a word of gold."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from foundation.ids import new_id
from tasks import assigning, reviewing
from tasks.models import Assignment
from tasks.pages import my_work as page_of
from tests.builders import Visitor
from tests.tasks import scenes

pytestmark = pytest.mark.django_db
LIST_QUERIES, ONE_QUERIES = 8, 20


@pytest.fixture
def me(wanda):
    return Visitor(wanda)


def text(response):
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def reject(rita, row, now):
    evidence = {"task": "the sky is blue"}
    return reviewing.reject(rita.actor, row.id, reason="low_effort", comment=scenes.COMMENT, evidence=evidence, now=now)


def test_who_has_done_nothing_is_shown_the_way(me):
    page = text(me.get("/my/work/"))
    assert "You have not taken a task yet" in page
    assert 'href="/jobs/"' in page


def test_every_state_is_listed_newest_first_and_filtered(me, rita, olga, wanda, now):
    batch = scenes.opened(rita, olga, tasks=4)
    first, second, third = scenes.answered(wanda, batch, count=3)
    reviewing.accept(rita.actor, first.id, now=now + timedelta(hours=1))
    reject(rita, second, now + timedelta(hours=1))
    (lease,) = scenes.claim(wanda, batch, now=now + timedelta(minutes=2))
    assigning.return_task(lease.id, worker_id=wanda.worker.id, token=lease.token, now=now + timedelta(minutes=3), reason="broken")
    rows = me.get("/my/work/").context["rows"]
    assert [one["row"].state for one in rows] == ["returned", "submitted", "rejected", "accepted"]
    narrowed = me.get("/my/work/", htmx=True, state="rejected")
    assert [one["row"].id for one in narrowed.context["rows"]] == [second.id]
    assert "<html" not in narrowed.content.decode()
    assert [one["row"].id for one in me.get("/my/work/", state="submitted", batch=str(batch.id)).context["rows"]] == [third.id]
    assert "Nothing of your work is like that" in text(me.get("/my/work/", state="expired"))
    assert len(me.get("/my/work/", batch=str(new_id())).context["rows"]) == 4, "a job I had no part in narrows nothing"


def test_pages_follow_one_another_without_gap_or_repeat(me, rita, olga, wanda, monkeypatch):
    monkeypatch.setattr(page_of, "PER_PAGE", 2)
    batch = scenes.opened(rita, olga, tasks=5)
    scenes.answered(wanda, batch, count=5)
    seen, before = [], ""
    while True:
        answer = me.get("/my/work/", before=before, state="submitted")
        seen += [one["row"].id for one in answer.context["rows"]]
        if answer.context["page"].older is None:
            break
        before = str(answer.context["page"].older)
        assert f"state=submitted&amp;before={before}" in answer.content.decode()
    assert seen == list(Assignment.objects.order_by("-id").values_list("id", flat=True))
    assert me.get("/my/work/", before="yesterday").status_code == 400


def test_an_accepted_answer_tells_its_story(me, rita, olga, wanda, now):
    batch = scenes.opened(rita, olga)
    [row] = scenes.answered(wanda, batch)
    page = me.get(f"/my/work/{row.id}/")
    assert "Held for you" in text(page)
    reviewing.accept(rita.actor, row.id, now=now + timedelta(hours=1))
    page = me.get(f"/my/work/{row.id}/")
    assert [step.title for step in page.context["steps"]] == [
        "You took the task",
        "You handed it in",
        "Pay reserved for you",
        "Accepted",
        "Paid into your earnings",
    ]
    assert (page.context["paid_micros"], page.context["held_micros"]) == (scenes.PRICE, 0)
    assert page.context["shown"]["draft"] == scenes.result("b")
    assert page.context["shown"]["payload"] == {"text": "t0"}
    assert "version 1" in text(page)
    assert page.headers["Content-Security-Policy"].count("frame-src 'self'") == 1


def test_a_rejected_answer_says_why_and_leads_to_the_appeal(me, rita, olga, wanda, now):
    batch = scenes.opened(rita, olga)
    [row] = scenes.answered(wanda, batch)
    reject(rita, row, now + timedelta(hours=1))
    page = text(me.get(f"/my/work/{row.id}/"))
    for said in ("The guideline asks for b", "the sky is blue", "by a person", "Read the decision, and appeal it"):
        assert said in page
    assert "Reserved pay given back" in page
    told = wanda.get(f"assignments/{row.id}").json()
    assert (told["state"], told["paid_micros"], told["held_micros"]) == ("rejected", 0, 0)
    assert told["reviews"][0]["reason"] == "low_effort"
    assert f"/decisions/{told['decision_id']}/" in page


def test_the_api_tells_the_same(rita, olga, wanda, now):
    batch = scenes.opened(rita, olga)
    (lease,) = scenes.claim(wanda, batch)
    told = wanda.get(f"assignments/{lease.id}").json()
    assert (told["id"], told["state"], told["result"], told["reviews"], told["decision_id"]) == (
        str(lease.id),
        "leased",
        None,
        [],
        None,
    )
    assert told["payload"] == {"text": "t0"}


def test_anothers_answer_is_not_there(rita, olga, wanda, walt):
    [row] = scenes.answered(wanda, scenes.opened(rita, olga))
    assert Visitor(walt).get(f"/my/work/{row.id}/").status_code == 404
    assert Visitor(walt).get("/my/work/").context["rows"] == []


def test_nothing_tells_gold_from_any_other_task(me, rita, olga, wanda, now):
    """The pages of a gold task and of another differ in nothing but what identifies them."""
    batch = scenes.opened(rita, olga, tasks=30, gold=3, gold_percent=50, max_leases=40, lease_size=1)
    scenes.answered(wanda, batch, count=8, choice="a")
    rows = {row.task.lane: row for row in Assignment.objects.select_related("task")}
    assert set(rows) == {0, 2}, "both kinds were handed out"

    def shape(row):
        found = me.get(f"/my/work/{row.id}/").context
        told = wanda.get(f"assignments/{row.id}").json()
        return (
            sorted(found["shown"]),
            [step.title for step in found["steps"]],
            found["paid_micros"],
            found["held_micros"],
            sorted(told),
            told["price_micros"],
        )

    assert shape(rows[0]) == shape(rows[2])
    for row in rows.values():
        page = text(me.get(f"/my/work/{row.id}/")) + wanda.get(f"assignments/{row.id}").content.decode()
        assert "gold" not in page.lower()
        assert "score" not in page.lower()
        assert "solution" not in page.lower()


def test_longer_lists_ask_no_more_queries(me, rita, olga, wanda):
    batch = scenes.opened(rita, olga, tasks=6)
    [row] = scenes.answered(wanda, batch)

    def queries(path):
        with CaptureQueriesContext(connection) as caught:
            assert me.get(path).status_code == 200
        return len(caught)

    first = queries("/my/work/")
    scenes.answered(wanda, batch, count=4)
    assert queries("/my/work/") == first <= LIST_QUERIES
    assert queries(f"/my/work/{row.id}/") <= ONE_QUERIES
