"""From whole answers to one: spans, ratings, texts and pairs of a real batch, through the verbs and out again."""

import csv
import io

import orjson
import pytest
from django_q.models import OrmQ

from tasks import answering, consensus, exporting, publishing, results
from tasks.errors import AggregationRefused, BadParameter, MethodUnfit
from tasks.models import AggregationRun, Result, RunSkill, Task
from tests import builders
from tests.tasks import scenes
from tests.tasks.labels.faces import TEXT, entry, span

pytestmark = pytest.mark.django_db

INTERFACE = (
    '<View><Labels name="c" toName="t"><Label value="PER"/><Label value="LOC"/></Labels><Text name="t" value="$text"/>'
    '<Choices name="known" toName="t" perRegion="true"><Choice value="yes"/><Choice value="no"/></Choices>'
    '<Rating name="stars" toName="t"/><TextArea name="said" toName="t"/>'
    '<Pairwise name="better" toName="a,b"/><Text name="a" value="$a"/><Text name="b" value="$b"/></View>'
)
PAIRS = [("x", "y"), ("y", "z"), ("z", "x")]


def handed(spans, known, stars, said, better):
    result = [*spans]
    result += [entry("known", "t", "choices", {"choices": [known]}, one["id"]) for one in spans]
    result.append(entry("stars", "t", "rating", {"rating": stars}, "s"))
    result.append(entry("said", "t", "textarea", {"text": [said]}, "w"))
    result.append(entry("better", "better", "pairwise", {"selected": better}, "p"))
    return result


CREW = {
    "ann": handed([span(0, 12, "PER", "1"), span(36, 42, "LOC", "2")], "yes", 4, "the cat sat down", "left"),
    "bob": handed([span(0, 12, "PER", "1")], "yes", 5, "the cat sat", "left"),
    "cem": handed([span(4, 12, "PER", "1"), span(36, 42, "LOC", "2")], "no", 1, "a cat sat down", "right"),
}


@pytest.fixture
def batch(rita, olga, now):
    """Three tasks, each answered by the crew in the same way."""
    scenes.floor(olga)
    scenes.funds(olga, rita)
    project = publishing.create_project(
        rita.actor, organization_id=rita.organization.id, name="Many", description="", interface=INTERFACE, now=now
    )
    publishing.add_guideline(rita.actor, project.id, text="Mark names.", now=now)
    made = scenes.draft(rita, of=project, tasks=3, overlap=3)
    for task, (a, b) in zip(Task.objects.order_by("position"), PAIRS, strict=True):
        task.payload = {"text": TEXT, "a": a, "b": b}
        task.save(update_fields=["payload"])
    publishing.publish(rita.actor, made.id, now=now)
    for name, result in CREW.items():
        worker = builders.worker(name, now=now)
        for lease in scenes.claim(worker, made, count=3):
            answering.submit(lease.id, worker_id=worker.worker.id, token=lease.token, result=result, now=now)
    return made


def done(rita, batch, method, control=None):
    run = results.request_run(rita.actor, batch.id, method=method, control=control, now=rita.now)
    run = results.execute_run(run.id, now=rita.now)
    assert run.state == "done", run.refusal
    return run


def test_spans_come_to_one_answer_with_what_was_given_for_them(rita, batch):
    run = done(rita, batch, "CharacterVote")
    rows = Result.objects.filter(run=run)
    assert rows.count() == 3
    for row in rows:
        assert row.label == [
            {"start": 0, "end": 12, "text": "Ada Lovelace", "labels": ["PER"], "with": {"known": "yes"}},
            {
                "start": 36,
                "end": 42,
                "text": "London",
                "labels": ["LOC"],
                "with": {"known": "no"},
            },  # one each: of equals the first
        ]
        assert 0.7 < row.confidence < 1
        assert (row.answers, row.is_tie, row.tied) == (3, False, None)
    assert (run.labels, run.tasks, run.workers, run.parameters) == (9, 3, 3, {"control": "c"})
    assert len(run.input_digest) == 64
    assert 0 < run.pairwise_agreement < 1
    assert run.agreement < 1
    skills = {row.worker.user.email.partition("@")[0]: row.skill for row in RunSkill.objects.filter(run=run)}
    assert skills["ann"] == max(skills.values()), "the one who is nearest to what came out"
    assert done(rita, batch, "CharacterVote").input_digest == run.input_digest


@pytest.mark.parametrize(
    ("method", "control", "label"),
    [
        ("Median", None, 4),
        ("Medoid", "stars", 4),
        ("ROVER", None, ["the cat sat down"]),
        ("Medoid", "said", ["the cat sat down"]),
        ("MajorityVote", None, "left"),
    ],
)
def test_every_kind_of_answer_has_its_method(rita, batch, method, control, label):
    run = done(rita, batch, method, control)
    rows = list(Result.objects.filter(run=run))
    assert {orjson.dumps(row.label) for row in rows} == {orjson.dumps(label)}
    assert all(0 <= row.confidence <= 1 for row in rows)
    assert 0 <= run.pairwise_agreement <= 1


def test_pairs_are_combined_across_tasks_by_what_they_show(rita, batch):
    """x beats y, y beats z and z beats x as often: nothing is stronger, and the run says that each is a tie."""
    run = done(rita, batch, "BradleyTerry")
    rows = Result.objects.filter(run=run)
    assert [(row.is_tie, row.tied) for row in rows] == [(True, ["left", "right"])] * 3
    assert all(row.confidence == pytest.approx(0.5) for row in rows)
    Task.objects.filter(key="t2").update(
        payload={"text": TEXT, "a": "x", "b": "z"}
    )  # as if it had been shown the other way round
    found = {row.task.key: (row.label, row.is_tie) for row in Result.objects.filter(run=done(rita, batch, "BradleyTerry"))}
    assert found == {"t0": ("left", False), "t1": ("left", False), "t2": ("left", False)}


def test_a_method_that_does_not_fit_is_refused_with_what_does(rita, batch):
    with pytest.raises(MethodUnfit) as refused:
        results.request_run(rita.actor, batch.id, method="DawidSkene", control="c", now=rita.now)
    assert refused.value.details["known"] == ["better"]
    assert refused.value.details["methods"] == ["CharacterVote", "RegionVote", "Medoid"]
    for control in (None, "known"):  # what fits several must be named; what is given per region goes with its region
        with pytest.raises(MethodUnfit):
            results.request_run(rita.actor, batch.id, method="Medoid", control=control, now=rita.now)
    with pytest.raises(BadParameter):
        results.request_run(rita.actor, batch.id, method="Median", parameters={"n_iter": 3}, now=rita.now)
    assert not AggregationRun.objects.exists()
    assert not [row for row in OrmQ.objects.all() if row.func() == "tasks.jobs.aggregate"]


def test_too_many_answers_for_comparing_each_with_each_are_refused(rita, batch, monkeypatch):
    monkeypatch.setattr(consensus, "ANSWERS_OF_A_TASK_MAX", 2)
    run = results.request_run(rita.actor, batch.id, method="CharacterVote", now=rita.now)
    run = results.execute_run(run.id, now=rita.now)
    assert (run.state, run.refusal["code"], run.refusal["details"]["limit"]) == ("refused", "aggregation_refused", 2)
    assert not Result.objects.exists()


def test_no_answers_are_no_result(rita, olga, now):
    batch = scenes.opened(rita, olga)
    from tasks.answering import interface_of_project

    with pytest.raises(AggregationRefused):
        consensus.run(batch.id, interface_of_project(batch.project_id), "label", "Medoid")


def test_answers_leave_as_a_table(rita, batch):
    columns, rows = exporting.answers(rita.actor, batch.id)
    table = list(csv.DictReader(io.StringIO(b"".join(exporting.as_csv(columns, rows)).decode())))
    assert len(table) == 9
    assert {row["label.c.count"] for row in table} == {"1", "2"}
    assert "PER [0:12] Ada Lovelace; LOC [36:42] London" in {row["label.c.regions"] for row in table}
    assert {row["label.said.text"] for row in table} == {"the cat sat down", "the cat sat", "a cat sat down"}
    assert {row["label.better"] for row in table} == {"left", "right"}
    assert "label.known" not in columns, "it stands in its region"
    columns, rows = exporting.answers(rita.actor, batch.id)
    assert orjson.loads(next(exporting.as_ndjson(rows)).splitlines()[0])["label.c"][0]["labels"] == ["PER"]


def test_results_leave_as_a_table(rita, batch):
    run = done(rita, batch, "RegionVote")
    columns, rows = exporting.results(rita.actor, run.id)
    [first, *_] = csv.DictReader(io.StringIO(b"".join(exporting.as_csv(columns, rows)).decode()))
    assert first["label.count"] == "2"
    assert first["label.regions"].startswith("PER [0:12] Ada Lovelace")
