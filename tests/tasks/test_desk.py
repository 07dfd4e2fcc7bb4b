"""What lies before a worker: taking ahead, beginning, the page's figures."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from foundation.errors import NotFound
from payments.models import WorkInterval
from tasks import answering, desk, drafting, outside
from tasks.errors import LeaseLost
from tasks.models import Assignment
from tests.tasks.scenes import answered, claim, draft, opened, result, submit

pytestmark = pytest.mark.django_db


def begin(worker, lease, at):
    return answering.begin(lease.id, worker_id=worker.worker.id, token=lease.token, now=at)


def test_a_task_taken_ahead_has_its_whole_time_limit_from_when_it_is_begun(rita, olga, wanda, now):
    batch = opened(rita, olga, tasks=2, lease_seconds=600, max_leases=2, lease_size=1)
    [lease] = claim(wanda, batch)
    later = now + timedelta(seconds=500)
    row = begin(wanda, lease, later)
    assert (row.leased_at, row.expires_at) == (later, later + timedelta(seconds=600))
    again = begin(wanda, lease, later + timedelta(seconds=100))
    assert again.leased_at == later, "once: nobody holds a task for ever by opening it again"


def test_the_time_before_it_was_begun_is_nobodys_work(rita, olga, wanda, now):
    batch = opened(rita, olga, tasks=2, lease_seconds=600, max_leases=2, lease_size=1, estimate_seconds=15)
    [first] = claim(wanda, batch)
    begin(wanda, first, now)
    [ahead] = claim(wanda, batch, now=now + timedelta(seconds=1))
    for second in (15, 30, 45):
        answering.heartbeat(first.id, worker_id=wanda.worker.id, token=first.token, now=now + timedelta(seconds=second))
    assert submit(wanda, first, now=now, seconds=60).credited_seconds == 60, "a task in the drawer takes no share of it"
    away = now + timedelta(seconds=160)  # a hundred seconds of nothing
    begin(wanda, ahead, away)
    done = submit(wanda, ahead, now=away, seconds=12)
    assert done.credited_seconds == 12
    assert WorkInterval.objects.filter(reference=ahead.id).count() == 1


def test_who_lost_the_lease_cannot_begin(rita, olga, wanda, walt, now):
    batch = opened(rita, olga, tasks=2)
    [lease] = claim(wanda, batch)
    with pytest.raises(NotFound):
        begin(walt, lease, now)
    submit(wanda, lease)
    with pytest.raises(LeaseLost):
        begin(wanda, lease, now)


def test_an_expired_lease_is_not_brought_back_by_beginning(rita, olga, wanda, now):
    batch = opened(rita, olga, tasks=2, lease_seconds=60)
    [lease] = claim(wanda, batch)
    row = begin(wanda, lease, now + timedelta(seconds=61))
    assert row.leased_at == now
    assert row.seen_at is None


def test_the_desk_shows_what_is_held_with_its_draft_and_what_today_brought(rita, olga, wanda, now):
    batch = opened(rita, olga, tasks=5, max_leases=3, lease_size=1)
    answered(wanda, batch, count=2)
    [old], [new] = claim(wanda, batch), claim(wanda, batch)
    begin(wanda, new, now)
    drafting.save(new.id, worker_id=wanda.worker.id, token=new.token, result=result("a"), base_revision=0, now=now)
    found = desk.desk_of(wanda.worker, batch.id, now=now)
    assert [lease["id"] for lease in found.leases] == [new.id, old.id], "what was worked on last comes first"
    assert found.leases[0]["draft"]["result"] == result("a")
    assert found.leases[1]["draft"] is None
    assert (found.answers_today, found.earned_today_micros) == (2, 100_000)
    tomorrow = desk.desk_of(wanda.worker, batch.id, now=now + timedelta(days=1))
    assert tomorrow.answers_today == 0
    assert Assignment.objects.filter(state="leased").count() == 2, "looking claims nothing"


def test_a_batch_that_was_never_open_is_not_there(rita, olga, wanda, now):
    batch = draft(rita)
    with pytest.raises(NotFound):
        desk.desk_of(wanda.worker, batch.id, now=now)


def test_only_the_editors_own_page_has_the_looser_policy(rita, olga, wanda):
    batch = opened(rita, olga)
    batch.media_origins = ["https://pictures.example"]
    batch.save()
    outside.tell(wanda.worker.id, batch.media_origins, now=wanda.now)
    client = Client()
    client.force_login(wanda.user)
    page, island = client.get(f"/work/{batch.id}/"), client.get(f"/work/{batch.id}/editor/")
    assert "unsafe-inline" not in page.headers["Content-Security-Policy"]
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    policy = dict(part.strip().partition(" ")[::2] for part in island.headers["Content-Security-Policy"].split(";"))
    assert re.fullmatch(r"'nonce-[\w+/=]+'", policy["script-src"])
    assert policy["sandbox"] == "allow-scripts allow-forms"
    assert policy["default-src"] == policy["form-action"] == policy["base-uri"] == "'none'"
    assert policy["frame-ancestors"] == "'self'"
    for directive in ("img-src", "media-src", "connect-src"):
        assert policy[directive] == "http://testserver/files/ data: blob: https://pictures.example"
    assert not island.cookies
    assert {found for found in re.findall(rb"<script([^>]*)>", island.content) if b"nonce=" not in found} == set()
    assert "pictures.example" not in client.get("/editor/").headers["Content-Security-Policy"]
    assert island.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_the_workspace_is_for_workers(rita, olga):
    batch = opened(rita, olga)
    assert Client().get(f"/work/{batch.id}/").status_code == 302
    client = Client()
    client.force_login(rita.user)
    assert client.get(f"/work/{batch.id}/").status_code == 302
