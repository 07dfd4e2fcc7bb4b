"""From answers in the database to stored results: what is counted, what is kept, what a second process may not do."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import psycopg
import pytest
from django.db import connection
from django_q.models import OrmQ

from foundation.errors import NotFound
from foundation.models import Event
from tasks import aggregation, consensus, jobs, results, reviewing
from tasks.errors import BadParameter, MethodUnfit, TooManyRuns
from tasks.models import AggregationRun, Answer, Assignment, Result, RunSkill, Task
from tests import builders
from tests.tasks.scenes import answered, claim, opened, submit
from workforce import aliases
from workforce.errors import RoleTooLow

pytestmark = pytest.mark.django_db


@pytest.fixture
def crew(now):
    """Three workers: two will agree, one will not."""
    return [builders.worker(name, now=now) for name in ("ann", "bob", "cem")]


@pytest.fixture
def batch(rita, olga, crew):
    """Four tasks, answered b, b, a by the crew."""
    made = opened(rita, olga, tasks=4, overlap=3)
    for worker, choice in zip(crew, "bba", strict=True):
        answered(worker, made, count=4, choice=choice)
    return made


def asked(rita, batch, method="MajorityVote", **about):
    return results.request_run(rita.actor, batch.id, method=method, now=rita.now, **about)


def done(rita, batch, method="MajorityVote", **about):
    run = results.execute_run(asked(rita, batch, method, **about).id, now=rita.now)
    assert run.state == "done", run.refusal
    return run


# ---- asking ----


def test_a_run_is_queued_with_its_job_in_one_transaction(rita, batch, now):
    run = asked(rita, batch, "DawidSkene", parameters={"n_iter": 7})
    assert (run.state, run.created_at, run.requested_by_id) == ("queued", now, rita.user.id)
    assert run.parameters == {"control": "label", "n_iter": 7, "tol": 1e-5}
    [job] = [row for row in OrmQ.objects.all() if row.func() == "tasks.jobs.aggregate"]
    assert job.task["args"] == (str(run.id),)


def test_what_cannot_be_run_is_refused_before_anything_is_queued(rita, rex, batch):
    with pytest.raises(BadParameter) as unknown:
        asked(rita, batch, "Oracle")
    assert "MajorityVote" in unknown.value.details["known"]
    with pytest.raises(BadParameter):
        asked(rita, batch, parameters={"n_iter": 5})
    with pytest.raises(MethodUnfit) as other:
        asked(rita, batch, control="comment")
    assert other.value.details["known"] == ["label"]
    with pytest.raises(NotFound):
        asked(rex, batch)
    assert not AggregationRun.objects.exists()
    assert not [row for row in OrmQ.objects.all() if row.func() == "tasks.jobs.aggregate"]


def test_a_viewer_may_read_and_not_ask(rita, batch, now):

    vera = builders.person("vera", now=now)
    builders.member(rita, "vera@example.org", "viewer")
    with pytest.raises(RoleTooLow):
        asked(vera, batch)
    assert not AggregationRun.objects.exists()


def test_so_many_runs_wait_and_no_more(rita, batch):
    for _ in range(results.RUNS_WAITING_MAX):
        asked(rita, batch)
    with pytest.raises(TooManyRuns):
        asked(rita, batch)
    assert AggregationRun.objects.count() == results.RUNS_WAITING_MAX
    results.execute_run(AggregationRun.objects.earliest("created_at").id, now=rita.now)
    asked(rita, batch)  # one has ended


# ---- running ----


def test_a_run_stores_a_label_per_task_and_a_skill_per_worker(rita, batch, crew):
    run = done(rita, batch)
    rows = Result.objects.filter(run=run).select_related("task")
    assert {row.task.key: (row.label, row.is_tie, row.tied, row.answers) for row in rows} == {
        f"t{n}": ("b", False, None, 3) for n in range(4)
    }
    assert {row.confidence for row in rows} == {2 / 3}
    ann, bob, cem = crew
    skills = {row.worker_id: (row.skill, row.answers) for row in RunSkill.objects.filter(run=run)}
    assert skills == {ann.worker.id: (1.0, 4), bob.worker.id: (1.0, 4), cem.worker.id: (0.0, 4)}


def test_a_run_keeps_what_it_rests_on(rita, batch, crew, now):
    run = done(rita, batch)
    assert (run.labels, run.tasks, run.workers, run.ties, run.attempts, run.progress) == (12, 4, 3, 0, 1, "")
    assert run.started_at == now
    assert now < run.ended_at < now + timedelta(minutes=1)
    assert run.versions == aggregation.versions()
    assert run.versions["crowd-kit"] == "1.4.2"
    votes = results.votes_of(batch.id, "label")
    assert run.input_digest == aggregation.digest(votes, {})
    assert sorted(aggregation.rows_of(votes)) == sorted(
        (row.assignment.task.key, str(row.assignment.worker_id), row.canonical["label"]) for row in Answer.objects.all()
    )
    assert run.agreement == pytest.approx(1 - (2 / 3) / (2 * 8 * 4 / (12 * 11)))  # two of three pairs differ; 8 answers b, 4 a
    assert run.pairwise_agreement == pytest.approx(1 / 3)
    assert Event.objects.get(kind="aggregation.done").subject_id == run.id


def test_a_tie_is_stored_as_one(rita, olga, crew):
    batch = opened(rita, olga, tasks=1, overlap=2)
    for worker, choice in zip(crew, "ab", strict=False):
        answered(worker, batch, choice=choice)
    run = done(rita, batch)
    row = Result.objects.get(run=run)
    assert (row.is_tie, row.tied, row.confidence) == (True, ["a", "b"], 0.5)
    assert run.ties == 1


def test_rejected_answers_are_out_and_accepted_ones_in(rita, batch, crew):
    *_, cem = crew
    mine = list(Assignment.objects.filter(worker=cem.worker).order_by("task__key"))
    reviewing.accept(rita.actor, mine[0].id, now=rita.now + timedelta(minutes=5))
    before = results.votes_of(batch.id, "label")
    Assignment.objects.filter(id=mine[1].id).update(state="rejected")
    after = results.votes_of(batch.id, "label")
    gone = (mine[1].task.key, str(cem.worker.id), "a")
    assert set(aggregation.rows_of(before)) - set(aggregation.rows_of(after)) == {gone}


def test_leased_returned_and_late_work_is_no_vote(rita, batch, crew):
    states = ["leased", "returned", "expired", "late"]
    for state, row in zip(states, Assignment.objects.filter(worker=crew[2].worker), strict=True):
        Assignment.objects.filter(id=row.id).update(state=state)
    assert len(results.votes_of(batch.id, "label")) == 8


def test_an_answer_without_the_control_is_no_vote(rita, batch):
    assert len(results.votes_of(batch.id, "another")) == 0


def test_no_answers_end_in_a_refusal_that_says_so(rita, olga):
    batch = opened(rita, olga, tasks=1)
    run = results.execute_run(asked(rita, batch).id, now=rita.now)
    assert (run.state, run.refusal["code"], run.labels) == ("refused", "aggregation_refused", 0)
    assert "no answers" in run.refusal["message"]
    assert not Result.objects.exists()
    assert Event.objects.filter(kind="aggregation.refused", subject_id=run.id).exists()


def test_a_method_that_cannot_take_the_answers_ends_refused_with_what_fits(rita, batch):
    run = results.execute_run(asked(rita, batch, "GoldMajorityVote").id, now=rita.now)
    assert run.state == "refused"
    assert run.refusal["details"]["fitting"][:3] == ["MajorityVote", "Wawa", "DawidSkene"]
    assert (run.labels, run.versions["crowd-kit"]) == (12, "1.4.2")
    assert run.pairwise_agreement is not None
    assert not Result.objects.exists()


@pytest.fixture
def with_gold(rita, olga, crew):
    """An ordinary task and a gold task (truth b) that ann and bob got wrong and cem right; another is open, so that gold is handed out."""
    made = opened(rita, olga, tasks=2, gold=1, overlap=3, gold_first=1)
    for worker, said in zip(crew, "aab", strict=True):
        for _ in range(2):
            [lease] = claim(worker, made)
            submit(worker, lease, choice=said)
    return made


def test_gold_is_given_to_the_methods_that_take_it_and_to_no_other(rita, with_gold):
    def label_of_gold(method, **about):
        return Result.objects.get(run=done(rita, with_gold, method, **about), task__lane=Task.Lane.GOLD).label

    assert label_of_gold("DawidSkene") == "b"
    assert label_of_gold("DawidSkene", use_gold=False) == "a"
    assert label_of_gold("MajorityVote") == "a"


def test_gold_majority_vote_weighs_by_gold_and_without_gold_is_refused(rita, with_gold):
    run = done(rita, with_gold, "GoldMajorityVote")
    assert {row.label for row in Result.objects.filter(run=run)} == {"b"}  # cem alone has weight
    refused = results.execute_run(asked(rita, with_gold, "GoldMajorityVote", use_gold=False).id, now=rita.now)
    assert refused.state == "refused"
    assert refused.input_digest != run.input_digest


# ---- once ----


def test_a_run_that_has_ended_is_left_alone(rita, batch):
    run = done(rita, batch)
    again = results.execute_run(run.id, now=rita.now + timedelta(days=1))
    assert (again.state, again.ended_at, again.attempts) == ("done", run.ended_at, 1)
    assert Result.objects.count() == 4


def test_a_run_in_other_hands_is_left_alone_until_they_must_be_lost(rita, batch, now):
    run = asked(rita, batch)
    seen = now + timedelta(hours=2)
    AggregationRun.objects.filter(id=run.id).update(state="running", started_at=now, seen_at=seen, attempts=1)
    assert results.execute_run(run.id, now=seen + results.LOST_AFTER).state == "running"
    assert not Result.objects.exists()
    taken = results.execute_run(run.id, now=seen + results.LOST_AFTER + timedelta(seconds=1))
    assert (taken.state, taken.attempts, Result.objects.count()) == ("done", 2, 4)


def test_a_run_that_loses_its_process_each_time_is_given_up(rita, batch, now):
    run = asked(rita, batch)
    AggregationRun.objects.filter(id=run.id).update(state="running", started_at=now, attempts=results.ATTEMPTS_MAX)
    given_up = results.execute_run(run.id, now=now + timedelta(days=1))
    assert (given_up.state, given_up.refusal["details"]) == ("failed", {"attempts": results.ATTEMPTS_MAX})
    assert not Result.objects.exists()


def trigger(cursor, table, body):
    """Let the database itself do something when the run comes to that table: no part of the code under test is replaced."""
    cursor.execute(f"CREATE FUNCTION pg_temp.interrupt() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NEW; END $$")
    cursor.execute(f"CREATE TRIGGER interrupt BEFORE INSERT ON {table} FOR EACH STATEMENT EXECUTE FUNCTION pg_temp.interrupt()")


def test_a_crash_while_storing_leaves_no_result_and_says_it_failed(rita, batch):
    run = asked(rita, batch)
    with connection.cursor() as cursor:
        trigger(cursor, "tasks_runskill", "RAISE EXCEPTION 'the disk is full';")
    with pytest.raises(psycopg.errors.RaiseException, match="the disk is full"):
        results.execute_run(run.id, now=rita.now)
    run.refresh_from_db()
    assert (run.state, run.refusal["code"], run.ties) == ("failed", "failed", None)
    assert "the disk is full" in run.refusal["message"]
    assert not Result.objects.exists()
    assert not Event.objects.filter(kind="aggregation.done").exists()


def test_a_process_whose_run_was_taken_over_stores_nothing(rita, batch):
    run = asked(rita, batch)
    with connection.cursor() as cursor:  # another process takes the run while this one notes its progress
        cursor.execute(
            "CREATE FUNCTION pg_temp.take() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.attempts := 2; RETURN NEW; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER take BEFORE UPDATE ON tasks_aggregationrun FOR EACH ROW "
            "WHEN (NEW.progress = 'storing results') EXECUTE FUNCTION pg_temp.take()"
        )
    left = results.execute_run(run.id, now=rita.now)
    assert (left.state, left.attempts) == ("running", 2)
    assert not Result.objects.exists()
    assert not RunSkill.objects.exists()


def test_lost_runs_get_a_job_again_and_waiting_ones_do_not(rita, batch, now):
    waiting, unseen, lost = asked(rita, batch), asked(rita, batch), asked(rita, batch)
    AggregationRun.objects.filter(id=unseen.id).update(created_at=now - timedelta(minutes=2, seconds=1))
    AggregationRun.objects.filter(id=lost.id).update(state="running", started_at=now - timedelta(minutes=4))
    alive = asked(rita, batch)
    AggregationRun.objects.filter(id=alive.id).update(state="running", started_at=now - timedelta(hours=1), seen_at=now)
    OrmQ.objects.all().delete()
    assert results.due_again(now=now) == 2
    assert {row.task["args"] for row in OrmQ.objects.all()} == {(str(unseen.id),), (str(lost.id),)}
    assert waiting.state == "queued"
    AggregationRun.objects.exclude(id__in=[unseen.id, lost.id]).delete()
    assert results.due_again(now=now + timedelta(minutes=9)) == 0, "a queue that is merely long is not filled with doubles"


def test_the_job_runs_the_run(rita, batch):
    run = asked(rita, batch, "Wawa")
    jobs.aggregate(str(run.id))
    run.refresh_from_db()
    assert run.state == "done"


# ---- over HTTP ----


def cursor_of(page):
    return parse_qs(urlsplit(page["next"]).query)["cursor"][0]


def test_the_requester_asks_polls_and_reads(rita, batch, crew):
    answer = rita.post(f"batches/{batch.id}/aggregations", {"method": "MajorityVote"}, key="k")
    assert answer.status_code == 202
    run_id = answer.json()["id"]
    assert rita.post(f"batches/{batch.id}/aggregations", {"method": "MajorityVote"}, key="k").json()["id"] == run_id
    assert rita.get(f"aggregations/{run_id}").json()["state"] == "queued"
    assert rita.get(f"aggregations/{run_id}/results").json()["results"] == []
    jobs.aggregate(run_id)
    body = rita.get(f"aggregations/{run_id}").json()
    assert (body["state"], body["labels"], body["ties"], body["pairwise_agreement"]) == ("done", 12, 0, pytest.approx(1 / 3))
    assert [row["id"] for row in rita.get(f"batches/{batch.id}/aggregations", state="done").json()["results"]] == [run_id]
    first = rita.get(f"aggregations/{run_id}/results", page_size="3").json()
    assert {row["label"] for row in first["results"]} == {"b"}
    rest = rita.get(f"aggregations/{run_id}/results", page_size="3", cursor=cursor_of(first)).json()
    both = [row["task_id"] for row in first["results"] + rest["results"]]
    assert len(both) == 4
    assert both == sorted(both)
    assert rita.get(f"aggregations/{run_id}/results", is_tie="True").json()["results"] == []


def test_skills_are_told_best_first_under_aliases(rita, batch, crew):
    run = done(rita, batch)
    rows = rita.get(f"aggregations/{run.id}/skills").json()["results"]
    assert [row["skill"] for row in rows] == [1.0, 1.0, 0.0]
    assert rows[-1]["worker"] == aliases.alias_of(crew[2].worker.id, rita.organization.id)
    assert str(crew[2].worker.id) not in str(rows)
    paged = rita.get(f"aggregations/{run.id}/skills", page_size="1").json()
    again = rita.get(f"aggregations/{run.id}/skills", page_size="2", cursor=cursor_of(paged)).json()
    assert [row["worker"] for row in paged["results"] + again["results"]] == [row["worker"] for row in rows]


def test_agreement_is_that_of_the_newest_run_that_read_answers(rita, batch):
    assert rita.get(f"batches/{batch.id}/agreement").json() == {"results": []}
    refused = results.execute_run(asked(rita, batch, "GoldMajorityVote").id, now=rita.now)
    [row] = rita.get(f"batches/{batch.id}/agreement").json()["results"]
    assert (row["control"], row["run_id"], row["labels"]) == ("label", str(refused.id), 12)
    assert row["pairwise_agreement"] == pytest.approx(1 / 3)
    newer = results.execute_run(asked(rita, batch).id, now=rita.now + timedelta(hours=1))
    assert rita.get(f"batches/{batch.id}/agreement").json()["results"][0]["run_id"] == str(newer.id)


def test_strangers_and_workers_find_nothing(rita, rex, batch, crew):
    run = done(rita, batch)
    addresses = [f"aggregations/{run.id}{rest}" for rest in ("", "/results", "/skills")]
    addresses += [f"batches/{batch.id}/aggregations", f"batches/{batch.id}/agreement"]
    for stranger in (rex, crew[0]):
        assert {stranger.get(address).status_code for address in addresses} == {404}
        assert stranger.post(f"batches/{batch.id}/aggregations", {"method": "Wawa"}).status_code == 404
    assert rita.get(f"aggregations/{uuid4()}/results").status_code == 404
    assert AggregationRun.objects.count() == 1


def test_an_unknown_method_is_a_400_that_lists_the_methods(rita, batch):
    answer = rita.post(f"batches/{batch.id}/aggregations", {"method": "Oracle"})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_parameter")
    assert answer.json()["details"]["known"] == [*aggregation.METHODS, *consensus.METHODS]
    assert not AggregationRun.objects.exists()


def test_too_many_waiting_runs_are_a_409(rita, batch):
    for _ in range(results.RUNS_WAITING_MAX):
        asked(rita, batch)
    answer = rita.post(f"batches/{batch.id}/aggregations", {"method": "Wawa"})
    assert (answer.status_code, answer.json()["details"]) == (409, {"limit": results.RUNS_WAITING_MAX})
