from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tasks import job_list, publishing, reviewing
from tasks.models import Batch
from tests.tasks import scenes

pytestmark = pytest.mark.django_db
FRENCH = [{"subject": "language", "comparator": "equal_to", "values": ["fr"]}]
NO_RECORD = {
    "answers_judged": 0,
    "rejected_percent": None,
    "overturned_percent": None,
    "median_hours_to_verdict": None,
    "median_hours_to_pay": None,
    "median_hours_to_reply": None,
}


def test_a_job_tells_pay_time_and_deadline(rita, olga, wanda, now):
    batch = scenes.opened(rita, olga, review_seconds=3600)
    (job,) = job_list.jobs_for(wanda.worker.id, now=now)
    assert (job["batch_id"], job["requester"], job["eligible"], job["missing"]) == (batch.id, "Rita", True, [])
    assert (job["price_micros"], job["currency"], job["review_seconds"]) == (scenes.PRICE, "USD", 3600)
    assert (job["seconds"], job["seconds_are_measured"], job["hourly_micros"]) == (10, False, 18_000_000)
    assert job["requester_record"] == NO_RECORD


def test_a_measured_time_is_shown_instead_of_the_stated_one(rita, olga, wanda, now):
    batch = scenes.opened(rita, olga)
    Batch.objects.filter(id=batch.id).update(median_seconds=20)
    (job,) = job_list.jobs_for(wanda.worker.id, now=now)
    assert (job["seconds"], job["seconds_are_measured"], job["hourly_micros"]) == (20, True, 9_000_000)


def test_what_is_missing_is_told_and_such_jobs_come_last(rita, olga, wanda, now):
    easy = scenes.opened(rita, olga)
    hard = scenes.draft(rita, requirements=FRENCH)
    publishing.publish(rita.actor, hard.id, now=now + timedelta(minutes=1))
    first, second = job_list.jobs_for(wanda.worker.id, now=now)
    assert (first["batch_id"], first["eligible"]) == (easy.id, True)
    assert (second["batch_id"], second["eligible"]) == (hard.id, False)
    assert second["missing"][0]["requirement"]["subject"] == "language"


def test_a_job_with_nothing_left_comes_after_those_with_places(rita, olga, wanda, walt, now):
    full = scenes.opened(rita, olga, tasks=1)
    fresh = scenes.draft(rita, tasks=1)
    publishing.publish(rita.actor, fresh.id, now=now - timedelta(hours=1))
    scenes.claim(walt, full)
    assert [(job["batch_id"], job["has_places"]) for job in job_list.jobs_for(wanda.worker.id, now=now)] == [
        (fresh.id, True),
        (full.id, False),
    ]


def test_only_open_batches_are_jobs(rita, olga, wanda, now):
    batch = scenes.opened(rita, olga)
    scenes.draft(rita)
    publishing.pause(rita.actor, batch.id, now=now)
    assert job_list.jobs_for(wanda.worker.id, now=now) == []
    publishing.resume(rita.actor, batch.id, now=now)
    assert len(job_list.jobs_for(wanda.worker.id, now=now)) == 1
    publishing.close(rita.actor, batch.id, now=now)
    assert job_list.jobs_for(wanda.worker.id, now=now) == []


def test_a_requesters_record_is_counted_from_their_verdicts(rita, rex, olga, wanda, now):
    batch = scenes.opened(rita, olga, tasks=4)
    rows = scenes.answered(wanda, batch, count=4)
    for row, hours in zip(rows[:2], (2, 4), strict=True):
        reviewing.accept(rita.actor, row.id, now=row.submitted_at + timedelta(hours=hours))
    for row in rows[2:]:
        at = row.submitted_at + timedelta(hours=6)
        reviewing.reject(rita.actor, row.id, reason="low_effort", comment=scenes.COMMENT, evidence={"text": "t"}, now=at)
    reviewing.accept(rita.actor, rows[3].id, now=now + timedelta(days=1))
    records = job_list.requester_records([rita.organization.id, rex.organization.id])
    assert records == {
        rita.organization.id: {
            "answers_judged": 4,
            "rejected_percent": 50.0,
            "overturned_percent": 25.0,
            "median_hours_to_verdict": 5.0,
            "median_hours_to_pay": 3.0,
            "median_hours_to_reply": None,
        },
        rex.organization.id: NO_RECORD,
    }


def test_more_jobs_ask_no_more_queries(rita, olga, wanda, now):
    scenes.opened(rita, olga)
    of = scenes.project(rita)

    def queries():
        with CaptureQueriesContext(connection) as caught:
            job_list.jobs_for(wanda.worker.id, now=now)
        return len(caught)

    one = queries()
    for _ in range(4):
        publishing.publish(rita.actor, scenes.draft(rita, of=of, tasks=1).id, now=now)
    assert queries() == one


def test_jobs_over_http_are_for_workers(rita, olga, wanda):
    batch = scenes.opened(rita, olga)
    listed = wanda.get("jobs")
    assert listed.status_code == 200
    assert [job["batch_id"] for job in listed.json()["results"]] == [str(batch.id)]
    assert rita.get("jobs").status_code == 403
    assert [job["batch_id"] for job in wanda.get("jobs", order="pay", eligible_only="true").json()["results"]] == [str(batch.id)]
    assert wanda.get("jobs", order="luck").status_code == 400
    assert wanda.get("jobs", colour="red").json()["code"] == "unknown_filter"


def test_best_paid_first_goes_by_what_was_measured(rita, olga, wanda, now):
    stated = scenes.opened(rita, olga, estimate_seconds=5)
    measured = scenes.draft(rita, name="Second")
    publishing.publish(rita.actor, measured.id, now=now - timedelta(hours=1))
    rates = {"hourly_p10_micros": 30_000_000, "hourly_p50_micros": 40_000_000, "hourly_p90_micros": 50_000_000}
    Batch.objects.filter(id=measured.id).update(**rates)
    names = [job["batch_id"] for job in job_list.jobs_for(wanda.worker.id, now=now, order="pay")]
    assert names == [measured.id, stated.id]
    assert [job["batch_id"] for job in job_list.jobs_for(wanda.worker.id, now=now)] == [stated.id, measured.id]


def test_what_one_holds_comes_first_and_only_what_one_may_do_if_asked(rita, olga, wanda, now):
    scenes.opened(rita, olga)
    hard = scenes.draft(rita, requirements=FRENCH)
    publishing.publish(rita.actor, hard.id, now=now)
    older = scenes.draft(rita)
    publishing.publish(rita.actor, older.id, now=now - timedelta(days=1))
    scenes.claim(wanda, older)
    listed = job_list.jobs_for(wanda.worker.id, now=now)
    assert (listed[0]["batch_id"], listed[0]["held"]) == (older.id, 1)
    assert hard.id in [job["batch_id"] for job in listed]
    assert hard.id not in [job["batch_id"] for job in job_list.jobs_for(wanda.worker.id, now=now, eligible_only=True)]
