"""A worker may say it took longer than was seen; what the rules cannot credit goes to a person."""

from datetime import timedelta

import pytest

from foundation.models import Event
from tests.journeys.world import ok
from tests.tasks import scenes


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("reported", "credited", "told"),
    [
        (None, 30, False),  # no heartbeats: three times what is typical, ten seconds
        (20, 30, False),  # a report takes nothing away
        (40, 40, False),  # one and a half times 30 is 45
        (60, 45, True),  # beyond the bound
    ],
)
def test_a_report_raises_what_is_credited_up_to_the_bound(rita, olga, wanda, reported, credited, told):
    batch = scenes.opened(rita, olga)
    [lease] = ok(wanda.post(f"batches/{batch.id}/claim"))["assignments"]
    body = {"token": lease["token"], "result": scenes.result("a")} | ({"seconds": reported} if reported else {})
    answer = ok(wanda.post(f"assignments/{lease['id']}/submit", body, at=wanda.now + timedelta(seconds=100)))
    assert answer["credited_seconds"] == credited
    cases = Event.objects.filter(kind="time.reported_beyond_bound", subject_id=lease["id"])
    assert [case.data for case in cases] == ([{"reported_seconds": 60, "credited_seconds": 45}] if told else [])
