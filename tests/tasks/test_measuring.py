"""What an hour really brought: over workers, with nothing hidden, and not before enough people worked."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from tasks import measuring, reviewing
from tasks.models import Batch
from tests import builders
from tests.tasks import scenes


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=30), st.floats(0, 1))
def test_a_percentile_lies_between_the_ends_and_grows_with_its_share(values, share):
    ordered = sorted(values)
    place = measuring.percentile(ordered, share)
    assert ordered[0] <= place <= ordered[-1]
    assert measuring.percentile(ordered, share / 2) <= place + 1e-9
    assert measuring.percentile(ordered, 0) == ordered[0]
    assert measuring.percentile(ordered, 1) == ordered[-1]


def test_a_percentile_by_hand():
    assert measuring.percentile([10, 20, 30, 40, 50], 0.5) == 30
    assert measuring.percentile([10, 20, 30, 40, 50], 0.1) == pytest.approx(14)


@pytest.fixture
def crowd(db, now):
    return [builders.worker(f"w{n}", now=now) for n in range(5)]


def test_nothing_is_measured_before_five_people_worked(rita, olga, crowd):
    batch = scenes.opened(rita, olga, tasks=4, overlap=5)
    for worker in crowd[:4]:
        scenes.answered(worker, batch)
    assert measuring.rates(batch.id) is None
    scenes.answered(crowd[4], batch)
    assert measuring.rates(batch.id).workers == 5


def test_each_worker_counts_once_and_rejected_work_is_time_without_pay(rita, olga, crowd, now):
    batch = scenes.opened(rita, olga, tasks=4, overlap=5)
    rows = [scenes.answered(worker, batch, count=2, seconds=10) for worker in crowd[:4]]
    scenes.answered(crowd[4], batch, count=4, seconds=20)
    found = measuring.rates(batch.id)
    full = scenes.PRICE * 360  # an answer every ten seconds
    assert (found.p50_micros, found.p90_micros) == (full, full)
    assert found.p10_micros == full / 2 + 0.4 * full / 2, "between the slowest and the one before"
    assert found.p90_seconds == 20
    for row in rows[0]:
        at = row.submitted_at + timedelta(hours=1)
        reviewing.reject(rita.actor, row.id, reason="low_effort", comment=scenes.COMMENT, evidence={"text": "t"}, now=at)
    assert measuring.rates(batch.id).p10_micros == 0.4 * full / 2, "one of five got nothing for an honest minute's work"


def test_the_job_notes_them_where_lists_read(rita, olga, crowd, now, wanda):
    batch = scenes.opened(rita, olga, tasks=4, overlap=5)
    for worker in crowd:
        scenes.answered(worker, batch)
    assert measuring.measure_open_batches() == 1
    batch.refresh_from_db()
    assert (batch.median_seconds, batch.p90_seconds, batch.measured_workers) == (10, 10, 5)
    assert batch.hourly_p10_micros == batch.hourly_p50_micros == batch.hourly_p90_micros == 18_000_000
    [job] = wanda.get("jobs").json()["results"]
    assert (job["hourly_p50_micros"], job["seconds_p90"], job["measured_workers"]) == (18_000_000, 10, 5)


def test_rates_out_of_order_are_refused(rita, olga):
    batch = scenes.opened(rita, olga)
    for rates in ({"hourly_p50_micros": 1}, {"hourly_p10_micros": 2, "hourly_p50_micros": 1, "hourly_p90_micros": 3}):
        with pytest.raises(IntegrityError, match="hourly_rates_stand_together_in_order"), transaction.atomic():
            Batch.objects.filter(id=batch.id).update(**rates)
