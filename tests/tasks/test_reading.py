"""Reading a guideline counts as work: once per version, by the server's clock, up to ten minutes, never over other credited time."""

from datetime import timedelta

import pytest

from payments.models import WorkInterval
from tests.journeys.world import ok
from tests.tasks import scenes


def seconds(worker):
    rows = WorkInterval.objects.filter(worker_id=worker.worker.id, kind="reading")
    return sum((row.period.upper - row.period.lower).total_seconds() for row in rows)


@pytest.fixture
def path(rita, olga):
    batch = scenes.opened(rita, olga)
    return f"guidelines/{batch.guideline_id}"


def test_a_version_is_credited_once(path, wanda):
    ok(wanda.post(f"{path}/begin-reading"), 201)
    later = wanda.now + timedelta(seconds=90)
    assert ok(wanda.post(f"{path}/begin-reading", at=later), 201)["began_at"] == wanda.now.isoformat().replace("+00:00", "Z")
    ok(wanda.post(f"{path}/finish-reading", at=later))
    ok(wanda.post(f"{path}/finish-reading", at=later + timedelta(seconds=90)))
    assert seconds(wanda) == 90
    assert ok(wanda.get("me/pay"))["seconds_total"] == 90


def test_who_walks_away_is_credited_ten_minutes(path, wanda):
    ok(wanda.post(f"{path}/begin-reading"), 201)
    ok(wanda.post(f"{path}/finish-reading", at=wanda.now + timedelta(hours=8)))
    assert seconds(wanda) == 600


def test_seconds_of_a_task_are_not_credited_again(path, rita, wanda):
    batch = scenes.draft(rita)
    ok(wanda.post(f"{path}/begin-reading"), 201)
    WorkInterval.objects.create(
        worker_id=wanda.worker.id,
        kind="task",
        reference=batch.id,
        period=(wanda.now + timedelta(seconds=20), wanda.now + timedelta(seconds=50)),
        created_at=wanda.now,
    )
    ok(wanda.post(f"{path}/finish-reading", at=wanda.now + timedelta(seconds=100)))
    assert seconds(wanda) == 70


def test_what_was_never_begun_or_published_is_not_there(path, rita, wanda):
    assert wanda.post(f"{path}/finish-reading").status_code == 404
    draft = scenes.draft(rita)
    assert wanda.post(f"guidelines/{draft.guideline_id}/begin-reading").status_code == 404
    assert not WorkInterval.objects.exists()
