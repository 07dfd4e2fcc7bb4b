"""Time that brings no answer: it always counts for the stops, and is credited where the worker is not the one who lost it."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from psycopg.types.range import Range

from config.jobs import broken_invariants
from foundation.ids import new_id
from foundation.models import AuditEntry
from payments import stops, timekeeping
from payments.models import WorkInterval
from tasks import answering, assigning, clocking, drafting, lost_time, publishing
from tasks.errors import BreakNeeded, DayIsFull
from tasks.models import Assignment
from tests.tasks import scenes
from workforce import onboarding

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def batch(rita, olga):
    return scenes.opened(rita, olga, tasks=12, lease_seconds=3 * 3600, estimate_seconds=60, price_micros=400_000)


def beats(person, lease, *, since, seconds):
    """Signs of life once a minute for so long."""
    at = since
    while at < since + timedelta(seconds=seconds):
        at = min(at + MINUTE, since + timedelta(seconds=seconds))
        answering.heartbeat(lease.id, worker_id=person.worker.id, token=lease.token, now=at)
    return at


def gives_back(person, lease, at, reason=""):
    return assigning.return_task(lease.id, worker_id=person.worker.id, token=lease.token, now=at, reason=reason)


def saves_draft(person, lease, at):
    drafting.save(lease.id, worker_id=person.worker.id, token=lease.token, result=scenes.result("a"), base_revision=0, now=at)


def runs_out(lease, at):
    Assignment.objects.filter(id=lease.id).update(expires_at=at)
    assert assigning.expire_due(now=at) == 1


def credited(lease):
    assert lost_time.settle_due(now=scenes_end(lease)) in (0, 1)
    row = Assignment.objects.get(id=lease.id)
    booked = sum((one.period.upper - one.period.lower).total_seconds() for one in WorkInterval.objects.filter(reference=lease.id))
    assert row.credited_seconds == booked
    return row.credited_seconds


def scenes_end(lease):
    return lease.leased_at + timedelta(days=3)


def seconds_today(person, at):
    return clocking.clock_of(person.worker.id, now=at).seconds_today


# ---- the stops see it ----


def test_nine_hours_of_signs_of_life_and_then_giving_back_do_not_vanish_from_the_day(batch, wanda, now):
    at = now
    for _ in range(3):
        (lease,) = scenes.claim(wanda, batch, now=at)
        at = beats(wanda, lease, since=at, seconds=3 * 3600 - 60)
        gives_back(wanda, lease, at)
    clock = clocking.clock_of(wanda.worker.id, now=at)
    assert (clock.code, clock.seconds_in_day) == (stops.DAY_IS_LONG, 9 * 3600 - 180)
    with pytest.raises(BreakNeeded):
        scenes.claim(wanda, batch, now=at)
    clocking.go_on(wanda.worker.id, now=at)
    (lease,) = scenes.claim(wanda, batch, now=at)
    at = beats(wanda, lease, since=at, seconds=3 * 3600)
    assert wanda.post(f"assignments/{lease.id}/return", {"token": str(lease.token)}, at=at).status_code == 200
    (lease,) = scenes.claim(wanda, batch, now=at)
    at = beats(wanda, lease, since=at, seconds=180)
    gives_back(wanda, lease, at)
    with pytest.raises(DayIsFull):
        scenes.claim(wanda, batch, now=at + MINUTE)
    assert not WorkInterval.objects.exists(), "none of it is credited"


def test_what_ran_out_counts_at_once_and_when_it_is_found(batch, wanda, now):
    (lease,) = scenes.claim(wanda, batch, now=now)
    at = beats(wanda, lease, since=now, seconds=600)
    Assignment.objects.filter(id=lease.id).update(expires_at=at)
    assert seconds_today(wanda, at + HOUR) == 600, "nobody has looked at the lease yet"
    assigning.expire_due(now=at + HOUR)
    assert seconds_today(wanda, at + HOUR) == 600


def test_what_is_handed_in_late_counts_once(batch, wanda, walt, now):
    (lease,) = scenes.claim(wanda, batch, now=now)
    at = beats(wanda, lease, since=now, seconds=600)
    runs_out(lease, at)
    answering.submit(lease.id, worker_id=wanda.worker.id, token=lease.token, result=scenes.result("a"), now=at + MINUTE)
    assert seconds_today(wanda, at + HOUR) == 660


def test_a_cap_of_ones_own_counts_it_too(batch, wanda, now):
    onboarding.choose_hours(wanda.worker.id, working_hours=[], daily_cap_seconds=None, weekly_cap_seconds=3600, now=now)
    (lease,) = scenes.claim(wanda, batch, now=now)
    at = beats(wanda, lease, since=now, seconds=3600)
    gives_back(wanda, lease, at)
    assert clocking.clock_of(wanda.worker.id, now=at + 24 * HOUR).code == stops.OWN_WEEK_IS_FULL


def test_a_break_is_advised_after_returned_work(batch, wanda, now):
    (lease,) = scenes.claim(wanda, batch, now=now)
    at = beats(wanda, lease, since=now, seconds=50 * 60)
    gives_back(wanda, lease, at)
    assert clocking.clock_of(wanda.worker.id, now=at).code == stops.TAKE_A_BREAK


def test_giving_back_is_a_sign_of_life_up_to_the_idle_cap(batch, wanda, now):
    first, second, ahead = scenes.claim(wanda, batch, count=3, now=now)
    for lease in (first, second):
        answering.begin(lease.id, worker_id=wanda.worker.id, token=lease.token, now=now)
    gives_back(wanda, first, now + 30 * SECOND)
    assert seconds_today(wanda, now + HOUR) == 30
    gives_back(wanda, second, now + HOUR)
    gives_back(wanda, ahead, now + HOUR)
    assert seconds_today(wanda, now + HOUR) == 120, "the idle cap; a task never begun is nobody's time"
    gives_back(wanda, second, now + 2 * HOUR)
    assert seconds_today(wanda, now + 2 * HOUR) == 120, "once"


def test_the_clock_reads_each_second_once_however_many_tasks_it_was_seen_at(batch, wanda, now):
    leases = scenes.claim(wanda, batch, count=3, now=now)
    for lease in leases:
        beats(wanda, lease, since=now, seconds=600)
    for lease in leases:
        gives_back(wanda, lease, now + 600 * SECOND, "broken")
    lost_time.settle_due(now=now + HOUR)
    assert seconds_today(wanda, now + HOUR) == 600


# ---- what is credited ----


@pytest.mark.parametrize(
    ("reason", "seconds"),
    [("broken", 180), ("unclear", 180), ("cannot_tell", 0), ("uncomfortable", 0), ("other", 0), ("", 0)],
)
def test_what_was_not_the_workers_fault_is_credited_within_a_bound(batch, wanda, now, reason, seconds):
    (lease,) = scenes.claim(wanda, batch, now=now)
    at = beats(wanda, lease, since=now, seconds=600)
    gives_back(wanda, lease, at, reason)
    assert credited(lease) == seconds, "three times what an answer takes at most"
    assert credited(lease) == seconds, "once"
    assert broken_invariants() == {}


def test_what_the_requester_withdrew_is_credited_whole(batch, wanda, rita, now):
    first, second, ahead = scenes.claim(wanda, batch, count=3, now=now)
    beats(wanda, first, since=now, seconds=600)
    publishing.close(rita.actor, batch.id, now=now + 600 * SECOND)
    at = beats(wanda, second, since=now + 600 * SECOND, seconds=60)
    gives_back(wanda, first, at)
    runs_out(second, at)
    runs_out(ahead, at + SECOND)
    assert credited(first) + credited(second) + credited(ahead) == 660


def test_what_was_given_back_before_the_requester_withdrew_is_not(batch, wanda, rita, now):
    (lease,) = scenes.claim(wanda, batch, now=now)
    at = beats(wanda, lease, since=now, seconds=600)
    gives_back(wanda, lease, at)
    publishing.close(rita.actor, batch.id, now=at + MINUTE)
    assert credited(lease) == 0


@pytest.mark.parametrize(("seen", "seconds"), [(20, 20), (60, 60), (600, 60)])
def test_a_lease_that_ran_out_with_a_draft_is_credited_pro_rata(batch, wanda, now, seen, seconds):
    (lease,) = scenes.claim(wanda, batch, now=now)
    at = beats(wanda, lease, since=now, seconds=seen)
    saves_draft(wanda, lease, at)
    runs_out(lease, at + HOUR)
    assert credited(lease) == seconds, "what was seen, a whole answer's time at most"


def test_a_lease_that_ran_out_without_a_draft_is_not_credited(batch, wanda, now):
    (lease,) = scenes.claim(wanda, batch, now=now)
    runs_out(lease, beats(wanda, lease, since=now, seconds=600))
    assert credited(lease) == 0


def test_without_signs_of_life_the_time_up_to_the_draft_counts(batch, wanda, now):
    (lease,) = scenes.claim(wanda, batch, now=now)
    saves_draft(wanda, lease, now + 40 * SECOND)
    runs_out(lease, now + HOUR)
    assert credited(lease) == 40


def test_a_late_hand_in_is_credited_what_is_left_and_tells_the_whole(batch, wanda, now):
    (lease,) = scenes.claim(wanda, batch, now=now)
    at = beats(wanda, lease, since=now, seconds=600)
    saves_draft(wanda, lease, at)
    runs_out(lease, at)
    assert credited(lease) == 60
    body = {"token": str(lease.token), "result": scenes.result("a")}
    done = wanda.post(f"assignments/{lease.id}/submit", body, at=at).json()
    assert (done["state"], done["credited_seconds"]) == ("submitted", 600)
    assert wanda.post(f"assignments/{lease.id}/submit", body, at=at).json()["credited_seconds"] == 600
    assert credited(lease) == 600
    assert broken_invariants() == {}


def test_a_second_credited_for_something_else_is_not_credited_again(batch, wanda, now):
    (lease,) = scenes.claim(wanda, batch, now=now)
    at = beats(wanda, lease, since=now, seconds=100)
    reading = [Range(now, now + 70 * SECOND, "[)")]
    timekeeping.record(wanda.worker.id, kind="reading", reference=new_id(), periods=reading, now=at)
    gives_back(wanda, lease, at, "broken")
    assert credited(lease) == 30


def test_a_collision_in_the_time_book_waits_and_stops_nobody(batch, wanda, walt, now, monkeypatch):
    leases = [scenes.claim(person, batch, now=now)[0] for person in (wanda, walt)]
    for person, lease in zip((wanda, walt), leases, strict=True):
        gives_back(person, lease, beats(person, lease, since=now, seconds=100), "broken")
    reading = [Range(now, now + 70 * SECOND, "[)")]
    timekeeping.record(wanda.worker.id, kind="reading", reference=new_id(), periods=reading, now=now)
    with monkeypatch.context() as patched:  # the time book as it was before that was written
        patched.setattr(timekeeping, "credited_in", lambda *args, **window: None)
        assert lost_time.settle_due(now=now + HOUR) == 1
    assert lost_time.settle_due(now=now + HOUR) == 1
    assert lost_time.settle_due(now=now + HOUR) == 0
    assert [Assignment.objects.get(id=one.id).credited_seconds for one in leases] == [30, 100]


def test_what_an_outage_took_is_credited_by_an_operators_word(batch, wanda, now, capsys):
    (lease,) = scenes.claim(wanda, batch, now=now)
    at = beats(wanda, lease, since=now, seconds=600)
    runs_out(lease, at + 10 * MINUTE)
    assert credited(lease) == 0
    since, until = at.isoformat(), (at + HOUR).isoformat()
    for _ in range(2):
        call_command("credit_outage", since, until, reason="The disk was full.")
    assert Assignment.objects.get(id=lease.id).credited_seconds == 600
    assert [row.after["seconds"] for row in AuditEntry.objects.filter(action="time.outage_credited").order_by("number")] == [
        600,
        0,
    ]
    for bad in ((until, since), ("yesterday", until), (since, "2026-03-02T10:00:00"), (since, "2126-03-02T10:00:00+00:00")):
        with pytest.raises(CommandError):
            call_command("credit_outage", *bad, reason="x")
