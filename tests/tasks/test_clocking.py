"""The stops of a long day where tasks are claimed: what is refused, what is not, and that an ordinary claim pays nothing for it."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.test.utils import CaptureQueriesContext
from psycopg.types.range import Range

from foundation.ids import new_id
from payments import stops, timekeeping
from payments.models import LongDay
from tasks import answering, clocking
from tasks.errors import BreakNeeded, DayIsFull, WeekIsFull
from tasks.models import Assignment, Enrolment
from tests.tasks import scenes
from workforce import onboarding

HOUR = timedelta(hours=1)


def worked(person, hours, *, until, kind="task", currency="USD"):
    period = Range(until - hours * HOUR, until, "[)")
    timekeeping.record(person.worker.id, kind=kind, reference=new_id(), periods=[period], now=until, currency=currency)


@pytest.fixture
def batch(rita, olga):
    return scenes.opened(rita, olga, tasks=8)


def test_after_eight_hours_a_claim_is_refused_until_the_worker_goes_on(batch, wanda, now):
    worked(wanda, 8, until=now)
    refused = wanda.post(f"batches/{batch.id}/claim")
    assert (refused.status_code, refused.json()["code"]) == (409, "break_needed")
    details = refused.json()["details"]
    assert (details["reason"], details["worked_seconds"], details["limit_seconds"]) == ("day_is_long", 28_800, 28_800)
    assert details["until"] == "2026-03-03T00:00:00+00:00", "since midnight, so until midnight"
    assert not Assignment.objects.exists()
    told = wanda.post("me/time/go-on").json()
    assert (told["stops"], told["advice"]) == (False, "take_a_break")
    assert wanda.post("me/time/go-on").status_code == 200
    assert [(row.worked_seconds, row.confirmed_at) for row in LongDay.objects.all()] == [(28_800, now)], "noted, and once"
    assert wanda.post(f"batches/{batch.id}/claim").status_code == 200


def test_after_twelve_hours_nothing_lifts_it_but_rest(batch, wanda, now):
    worked(wanda, 11, until=now - HOUR)
    clocking.go_on(wanda.worker.id, now=now - HOUR)
    worked(wanda, 1, until=now)
    assert wanda.post(f"batches/{batch.id}/claim").json()["code"] == "day_is_full"
    assert wanda.post("me/time/go-on").json()["code"] == "day_is_full"
    assert LongDay.objects.count() == 1
    with pytest.raises(DayIsFull):
        scenes.claim(wanda, batch, now=now + stops.REST - timedelta(seconds=1))
    assert len(scenes.claim(wanda, batch, now=now + stops.REST)) == 1


def test_what_is_held_is_handed_in_and_paid_whatever_the_hour(batch, wanda, now):
    worked(wanda, 11.99, until=now)
    clocking.go_on(wanda.worker.id, now=now)
    (lease,) = scenes.claim(wanda, batch, now=now)
    at = now + timedelta(seconds=60)
    answering.heartbeat(lease.id, worker_id=wanda.worker.id, token=lease.token, now=at)
    with pytest.raises(DayIsFull):
        scenes.claim(wanda, batch, now=at)
    done = answering.submit(lease.id, worker_id=wanda.worker.id, token=lease.token, result=scenes.result("a"), now=at)
    assert (done.state, done.price_micros, done.credited_seconds) == ("submitted", scenes.PRICE, 60)


def test_time_at_the_task_in_hand_counts_before_it_is_handed_in(batch, wanda, now):
    worked(wanda, 7.99, until=now)
    (lease,) = scenes.claim(wanda, batch, now=now)
    at = now + timedelta(seconds=60)
    answering.heartbeat(lease.id, worker_id=wanda.worker.id, token=lease.token, now=at)
    assert clocking.clock_of(wanda.worker.id, now=at).seconds_in_day == 28_764 + 60
    with pytest.raises(BreakNeeded):
        scenes.claim(wanda, batch, now=now + timedelta(minutes=2))


def test_the_clock_is_asked_when_a_stop_could_have_come_and_not_before(batch, wanda, now):
    scenes.claim(wanda, batch, now=now)
    assert Enrolment.objects.get().clear_until == now + stops.LONG_DAY
    wanda.actor  # noqa: B018 - notes the day the token is used, once a day
    standing = wanda.actor.standing

    def statements(at):
        from tasks import assigning

        with CaptureQueriesContext(connection) as caught:
            assigning.claim_next(wanda.worker.id, standing=standing, batch_id=batch.id, now=at)
        return len(caught)

    assert statements(now + timedelta(hours=7)) == 1, "a warm claim is one statement, as ever"
    assert statements(now + timedelta(hours=8)) > 1
    assert Enrolment.objects.get().clear_until > now + timedelta(hours=8)
    assert statements(now + timedelta(hours=8, minutes=1)) == 1


def test_a_cap_of_ones_own_holds_at_the_next_claim(batch, wanda, now):
    worked(wanda, 2, until=now)
    scenes.claim(wanda, batch, now=now)
    onboarding.choose_hours(wanda.worker.id, working_hours=[], daily_cap_seconds=7200, weekly_cap_seconds=None, now=now)
    with pytest.raises(DayIsFull) as refused:
        scenes.claim(wanda, batch, now=now)
    assert refused.value.details["reason"] == "own_day_is_full"
    onboarding.choose_hours(wanda.worker.id, working_hours=[], daily_cap_seconds=None, weekly_cap_seconds=7200, now=now)
    with pytest.raises(WeekIsFull) as refused:
        scenes.claim(wanda, batch, now=now)
    assert refused.value.details["worked_seconds"] == 7200
    onboarding.choose_hours(wanda.worker.id, working_hours=[], daily_cap_seconds=7260, weekly_cap_seconds=36_000, now=now)
    assert len(scenes.claim(wanda, batch, now=now)) == 1


def test_reading_and_exams_make_a_day_long_too(batch, wanda, now):
    worked(wanda, 4, until=now - 4 * HOUR, kind="exam", currency="")
    worked(wanda, 4, until=now, kind="reading", currency="")
    with pytest.raises(BreakNeeded):
        scenes.claim(wanda, batch)


def test_what_was_said_stays(wanda, now):
    timekeeping.confirm_long_day(wanda.worker.id, worked_seconds=28_800, now=now)
    for statement in ("UPDATE payments_longday SET worked_seconds = 0", "DELETE FROM payments_longday"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_the_summary_is_for_workers(wanda, rita, now):
    worked(wanda, 1, until=now)
    told = wanda.get("me/time/summary").json()
    assert (told["advice"], told["stops"], told["may_go_on"], told["until"]) == ("take_a_break", False, False, None)
    assert (told["seconds_without_break"], told["seconds_today"], told["seconds_this_week"]) == (3600, 3600, 3600)
    assert "break" in told["words"]
    assert rita.get("me/time/summary").status_code == 403
    assert rita.post("me/time/go-on").status_code == 403
