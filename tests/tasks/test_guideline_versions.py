"""Guidelines: versions that change the meaning or only the words, entries per label, and what a change asks of whom."""

from datetime import timedelta
from uuid import UUID

import pytest

from foundation import ids
from foundation.errors import Busy
from qualification.models import Estimate, Evidence
from tasks import answering, guidelines, media, publishing, reading, results
from tasks.errors import BadGuideline, NotEligible
from tasks.labels import interface_of
from tasks.measuring import typical_seconds
from tasks.models import Assignment, Batch, Enrolment, Guideline, MediaFile
from tests import builders
from tests.journeys.world import ok
from tests.races.crowd import all_at_once
from tests.tasks import scenes

EXAMPLE = {"right": True, "text": "A red ball", "explanation": "It names a colour."}
ENTRY = {"label": "b", "definition": "A *colour*.", "use_when": "Named.", "do_not_use_when": "Meant.", "examples": [EXAMPLE]}
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 80


def add(rita, project, **fields):
    return publishing.add_guideline(rita.actor, project.id, **({"text": "Choose.", "now": rita.now} | fields))


def read(worker, guideline, *, at=None):
    reading.begin(worker.actor, guideline.id, now=at or worker.now)
    return reading.finish(worker.actor, guideline.id, now=at or worker.now)


class _Bytes:
    def __init__(self, body):
        self.body = body

    def read(self, size=-1):
        part, self.body = (self.body[:size], self.body[size:]) if size >= 0 else (self.body, b"")
        return part


def picture(rita, name="cat.png", body=PNG) -> str:
    return media.address_of(media.receive(rita.actor, rita.organization.id, name=name, stream=_Bytes(body), now=rita.now))


# ---- versions and entries ----


def test_an_editorial_edit_keeps_the_meaning_and_a_semantic_one_begins_another(rita):
    project = scenes.project(rita)
    add(rita, project, changes_meaning=False)
    add(rita, project)
    add(rita, project, changes_meaning=False)
    rows = Guideline.objects.order_by("version").values_list("version", "changes_meaning", "meaning_version")
    assert list(rows) == [(1, True, 1), (2, False, 1), (3, True, 3), (4, False, 3)]


def test_the_first_version_always_says_what_is_meant(rita):
    project = scenes.project(rita, guideline=False)
    assert add(rita, project, changes_meaning=False).changes_meaning is True


def test_entries_are_kept_whole_in_the_order_of_the_interface_and_stay_until_others_come(rita):
    project = scenes.project(rita)
    row = add(rita, project, entries=[ENTRY, {"label": "a", "definition": "No colour."}])
    assert [entry["label"] for entry in row.entries] == ["a", "b"]
    assert row.entries[0] == {
        "label": "a",
        "definition": "No colour.",
        "use_when": "",
        "do_not_use_when": "",
        "examples": [],
    }
    assert row.entries[1]["examples"] == [EXAMPLE | {"image": "", "alt": ""}]
    assert add(rita, project, text="Other words.").entries == row.entries
    assert add(rita, project, entries=[]).entries == []


@pytest.mark.parametrize(
    ("entries", "field"),
    [
        ("b", "entries"),
        ([ENTRY] * 501, "entries"),
        (["b"], "entries[0]"),
        ([ENTRY | {"label": "c"}], "entries[0].label"),
        ([ENTRY | {"label": ["b"]}], "entries[0].label"),
        ([ENTRY, ENTRY], "entries[1].label"),
        ([ENTRY | {"colour": "x"}], "entries[0].colour"),
        ([{"label": "b"}], "entries[0].definition"),
        ([ENTRY | {"definition": "x" * 4001}], "entries[0].definition"),
        ([ENTRY | {"use_when": 5}], "entries[0].use_when"),
        ([ENTRY | {"examples": [EXAMPLE] * 21}], "entries[0].examples"),
        ([ENTRY | {"examples": ["x"]}], "entries[0].examples[0]"),
        ([ENTRY | {"examples": [EXAMPLE | {"right": "yes"}]}], "entries[0].examples[0].right"),
        ([ENTRY | {"examples": [{"right": True}]}], "entries[0].examples[0].text"),
        ([ENTRY | {"examples": [EXAMPLE | {"text": "x" * 5001}]}], "entries[0].examples[0].text"),
        (
            [ENTRY | {"examples": [{"right": True, "image": "https://x.example/y.png", "alt": "x"}]}],
            "entries[0].examples[0].image",
        ),
        ([ENTRY | {"examples": [{"right": True, "image": ["x"], "alt": "x"}]}], "entries[0].examples[0].image"),
    ],
)
def test_an_entry_that_says_nothing_usable_is_refused_by_name_and_nothing_is_kept(rita, entries, field):
    project = scenes.project(rita)
    with pytest.raises(BadGuideline) as refused:
        add(rita, project, entries=entries)
    assert refused.value.details["field"] == field
    assert Guideline.objects.count() == 1


def test_a_guideline_says_something_and_not_too_much(rita):
    project = scenes.project(rita)
    for fields, field in [({"text": " \n"}, "text"), ({"text": "x" * 100_001}, "text"), ({"changes": "x" * 2001}, "changes")]:
        with pytest.raises(BadGuideline) as refused:
            add(rita, project, **fields)
        assert refused.value.details["field"] == field


def test_pictures_are_image_files_of_the_organisation(rita, rex):
    project = scenes.project(rita)
    mine, foreign = picture(rita), picture(rex)
    sound = picture(rita, name="a.mp3", body=b"ID3" + b"0" * 80)
    shown = {"right": False, "image": mine, "alt": "A cat", "explanation": f"Not ![this]({mine})"}
    row = add(rita, project, text=f"See ![a cat]({mine}).", entries=[ENTRY | {"examples": [shown]}])
    assert row.entries[0]["examples"][0]["image"] == mine
    gone = mine.replace(mine.split("/")[2], "0190a0a0-1111-7111-8111-123456789abc")
    for address in (foreign, sound, gone, mine + "?for=1:2:3"):
        with pytest.raises(BadGuideline) as refused:
            add(rita, project, text=f"![x]({address})")
        assert refused.value.details["field"] == "text"
        with pytest.raises(BadGuideline) as refused:
            add(rita, project, entries=[ENTRY | {"definition": f"![x]({address})"}])
        assert refused.value.details["field"] == "entries[0].definition"
        with pytest.raises(BadGuideline) as refused:
            add(rita, project, entries=[ENTRY | {"examples": [{"right": True, "image": address, "alt": "x"}]}])
        assert refused.value.details["field"] == "entries[0].examples[0].image"
    with pytest.raises(BadGuideline) as refused:
        add(rita, project, entries=[ENTRY | {"examples": [{"right": True, "image": mine}]}])
    assert refused.value.details["field"] == "entries[0].examples[0].alt"
    assert Guideline.objects.count() == 2
    assert MediaFile.objects.count() == 3


def test_labels_are_found_in_every_control_that_offers_some():
    more = (
        '<Choices name="tone" toName="text" choice="multiple"><Choice value="R&amp;B"/><Choice value="a"/><Choice value="0"/></Choices>'
        '<TextArea name="why" toName="text"/></View>'
    )
    assert guidelines.labels_of(interface_of(scenes.INTERFACE.replace("</View>", more))) == ["a", "b", "R&B", "0"]


def test_entries_are_found_by_the_words_of_their_label(rita):
    row = add(rita, scenes.project(rita), entries=[ENTRY, {"label": "a", "definition": "No colour."}])
    assert [entry["label"] for entry in guidelines.entries_matching(row, " B ")] == ["b"]
    assert len(guidelines.entries_matching(row, "")) == 2
    assert guidelines.entries_matching(row, "colour") == []


# ---- who reads what changed ----


@pytest.fixture
def batch(rita, olga):
    return scenes.opened(rita, olga, tasks=20, overlap=2)


def refused_step(worker, batch):
    with pytest.raises(NotEligible) as refused:
        scenes.claim(worker, batch)
    [step] = refused.value.details["missing"]
    return step


def test_who_worked_under_an_earlier_meaning_reads_the_new_one_before_the_next_task(batch, rita, wanda, walt):
    scenes.answered(wanda, batch)
    guideline = add(rita, batch.project)
    step = refused_step(wanda, batch)
    assert (step["step"], step["guideline_id"], step["version"]) == ("guideline", str(guideline.id), 2)
    assert step["url"] == f"/guidelines/{guideline.id}/"
    reading.begin(wanda.actor, guideline.id, now=wanda.now)
    assert refused_step(wanda, batch) == step, "opened is not read"
    read(wanda, guideline)
    [lease] = scenes.claim(wanda, batch)
    assert lease.guideline_id == guideline.id
    assert scenes.claim(walt, batch), "who never knew another meaning has nothing to unlearn"


def test_who_read_an_earlier_meaning_and_never_worked_reads_the_new_one_too(batch, rita, wanda):
    read(wanda, batch.guideline)
    guideline = add(rita, batch.project)
    assert refused_step(wanda, batch)["guideline_id"] == str(guideline.id)


def test_an_editorial_edit_keeps_nobody_and_touches_no_enrolment(batch, rita, wanda):
    scenes.answered(wanda, batch)
    before = Enrolment.objects.values().get()
    guideline = add(rita, batch.project, changes_meaning=False)
    [lease] = scenes.claim(wanda, batch)
    assert lease.guideline_id == guideline.id
    after = Enrolment.objects.values().get()
    assert {name for name in before if before[name] != after[name]} == {"claimed", "cursor"}


def test_reading_a_later_version_of_the_same_meaning_is_enough(batch, rita, wanda):
    scenes.answered(wanda, batch)
    add(rita, batch.project)
    newest = add(rita, batch.project, changes_meaning=False)
    assert refused_step(wanda, batch)["version"] == 3
    read(wanda, newest)
    assert scenes.claim(wanda, batch)


def test_a_lease_taken_keeps_its_guideline(batch, rita, wanda):
    first = batch.guideline_id
    [lease] = scenes.claim(wanda, batch)
    add(rita, batch.project)
    assert scenes.submit(wanda, lease).guideline_id == first


def test_batches_are_switched_where_that_is_wished(batch, rita, wanda):
    scenes.answered(wanda, batch)
    add(rita, batch.project, switch_batches=False)
    batch.refresh_from_db()
    assert batch.guideline.version == 1
    assert scenes.claim(wanda, batch)[0].guideline_id == batch.guideline_id
    third = add(rita, batch.project)
    batch.refresh_from_db()
    assert batch.guideline_id == third.id


def test_the_job_list_says_what_to_read(batch, rita, wanda):
    scenes.answered(wanda, batch)
    guideline = add(rita, batch.project)
    [job] = ok(wanda.get("jobs"))["results"]
    assert job["eligible"] is False
    assert [step["guideline_id"] for step in job["missing"]] == [str(guideline.id)]


def test_the_newest_version_a_worker_knows_is_the_one_read_or_worked_under(batch, rita, wanda):
    first = batch.guideline
    second = add(rita, batch.project)
    assert reading.newest_read(wanda.worker.id, second) is None
    read(wanda, first)
    assert reading.newest_read(wanda.worker.id, second) == first
    read(wanda, second)
    third = add(rita, batch.project)
    assert reading.newest_read(wanda.worker.id, third) == second


# ---- windows ----


def test_evidence_under_another_meaning_begins_from_the_prior_and_the_old_estimate_stays(rita, olga, wanda):
    batch = scenes.opened(rita, olga, tasks=20, gold=10, overlap=2, gold_percent=50)
    wrong = [row for row in scenes.answered(wanda, batch, count=10, choice="a") if row.gold_try]
    assert len(wrong) == 5
    scenes.weighed(wanda.now)
    guideline = add(rita, batch.project)
    read(wanda, guideline)
    later = wanda.now + timedelta(hours=1)
    right = []
    for n in range(10):
        [lease] = scenes.claim(wanda, batch, now=later + timedelta(minutes=n))
        right.append(scenes.submit(wanda, lease, choice="b"))
    scored = [row for row in right if row.gold_try]
    assert len(scored) == 5
    scenes.weighed(later)
    windows = Estimate.objects.filter(worker_id=wanda.worker.id).order_by("window")
    assert [(row.window, row.alpha, row.beta, row.observations) for row in windows] == [
        (1, 1.0, 1.0 + len(wrong), len(wrong)),
        (2, 1.0 + len(scored), 1.0, len(scored)),
    ]
    assert sorted(Evidence.objects.values_list("window", flat=True)) == [1] * len(wrong) + [2] * len(scored)
    wanda.now += timedelta(days=1)  # what today tells is shown tomorrow
    shown = ok(wanda.get("me/quality"))["results"]
    assert [row["window"] for row in shown] == [2, 1]


def test_an_answer_is_evidence_for_the_meaning_it_was_given_under(rita, olga, wanda):
    batch = scenes.opened(rita, olga, tasks=20, gold=8, overlap=2, gold_percent=50)
    leases = [scenes.claim(wanda, batch)[0] for _ in range(2)]
    add(rita, batch.project)
    for lease in leases:
        scenes.submit(wanda, lease)
    scenes.weighed(wanda.now)
    assert set(Estimate.objects.values_list("window", flat=True)) == {1}


def crew_of(now, n=5):
    return [builders.worker(f"w{i}", now=now) for i in range(n)]


def test_typical_time_is_of_the_meaning_in_force(batch, rita, now):
    crew = crew_of(now)
    for worker in crew:
        Batch.objects.filter(id=batch.id).update(overlap=5)
        scenes.answered(worker, batch, seconds=10)
    assert typical_seconds(batch.id) == 10
    editorial = add(rita, batch.project, changes_meaning=False)
    assert editorial.meaning_version == 1
    assert typical_seconds(batch.id) == 10
    add(rita, batch.project)
    assert typical_seconds(batch.id) is None


def test_agreement_is_of_the_newest_meaning_answered_under(rita, olga, wanda, walt):
    batch = scenes.opened(rita, olga, tasks=2, overlap=2)
    scenes.answered(wanda, batch, choice="a")
    scenes.answered(walt, batch, choice="b")
    guideline = add(rita, batch.project)
    for worker in (wanda, walt):
        read(worker, guideline)
        scenes.answered(worker, batch, choice="b")
    run = results.request_run(rita.actor, batch.id, method="MajorityVote", now=rita.now)
    run = results.execute_run(run.id, now=rita.now)
    assert (run.state, run.labels, run.meaning_version, run.pairwise_agreement) == ("done", 4, 2, 1.0)
    [shown] = ok(rita.get(f"batches/{batch.id}/agreement"))["results"]
    assert shown["meaning_version"] == 2


# ---- answers given under an earlier meaning ----


def test_outdated_answers_are_listed_and_counted(batch, rita, wanda):
    scenes.answered(wanda, batch, count=3)
    path = f"projects/{batch.project_id}/outdated-answers"
    assert ok(rita.get(path)) == {"count": 0, "next": None, "previous": None, "results": []}
    add(rita, batch.project, changes_meaning=False)
    assert ok(rita.get(path))["count"] == 0, "the same meaning in other words"
    guideline = add(rita, batch.project)
    page = ok(rita.get(path, page_size=2))
    assert (page["count"], len(page["results"]), page["results"][0]["guideline_version"]) == (3, 2, 1)
    read(wanda, guideline)
    [fresh] = scenes.answered(wanda, batch)
    page = ok(rita.get(path, batch_id=str(batch.id)))
    assert page["count"] == 3
    assert str(fresh.id) not in [row["id"] for row in page["results"]]
    assert ok(rita.get(path, state="accepted"))["count"] == 0
    assert rita.get(path, worker="x").status_code == 400


def test_answers_that_do_not_count_are_not_listed(batch, rita, wanda):
    [row] = scenes.answered(wanda, batch)
    Assignment.objects.filter(id=row.id).update(state="rejected")
    add(rita, batch.project)
    assert ok(rita.get(f"projects/{batch.project_id}/outdated-answers"))["count"] == 0


# ---- over HTTP ----


def test_a_version_is_added_read_and_compared_over_http(rita, olga, wanda, rex):
    batch = scenes.opened(rita, olga)
    address = picture(rita)
    shown = {"right": True, "image": address, "alt": "A cat", "explanation": "<script>alert(1)</script>"}
    body = {"text": f"Choose a or <b>c</b>. ![x]({address})", "entries": [ENTRY | {"examples": [shown]}], "changes": "More."}
    made = ok(rita.post(f"projects/{batch.project_id}/guidelines", body), 201)
    assert (made["version"], made["changes_meaning"], made["meaning_version"]) == (2, True, 2)
    seen = ok(wanda.get(f"guidelines/{made['id']}"))
    public = f"/files/{ids.opaque('file', UUID(address.split('/')[2]))}/file.png?for="
    assert f'<img src="{public}' in seen["html"]
    assert "&lt;b&gt;" in seen["html"]
    assert seen["entries"][0]["examples"][0]["image"].startswith(public)
    changes = ok(wanda.get(f"guidelines/{made['id']}/changes"))
    assert (changes["since"], changes["version"], changes["changes_meaning"]) == (1, 2, True)
    assert changes["parts"][0]["kind"] == "changed"
    assert [entry["kind"] for entry in changes["entries"]] == ["added"]
    assert "<script" not in str(changes)
    for since in ("2", "x", "-1", "9" * 40):
        assert wanda.get(f"guidelines/{made['id']}/changes", since=since).status_code == 400
    assert rex.get(f"guidelines/{made['id']}/changes").status_code == 404
    refused = rita.post(f"projects/{batch.project_id}/guidelines", {"text": "x", "entries": [{"label": "z"}]})
    assert (refused.status_code, refused.json()["code"]) == (400, "bad_guideline")
    assert refused.json()["details"]["field"] == "entries[0].label"


# ---- races ----


@pytest.mark.usefixtures("committed_db")
def test_versions_added_at_once_are_numbered_without_a_gap_and_mean_what_they_say(now):
    rita = builders.requester("rita", now=now)
    project = scenes.project(rita)
    all_at_once(lambda n: add(rita, project, changes_meaning=n % 2 == 0), 8)
    rows = list(Guideline.objects.order_by("version"))
    assert [row.version for row in rows] == list(range(1, 10))
    meaning = 1
    for row in rows[1:]:
        meaning = row.version if row.changes_meaning else meaning
        assert row.meaning_version == meaning


@pytest.mark.usefixtures("committed_db")
def test_nobody_takes_a_task_under_a_meaning_they_have_not_read(now):
    rita, olga = builders.requester("rita", now=now), builders.operator("olga", now=now)
    batch = scenes.opened(rita, olga, tasks=80, overlap=2)
    first = batch.guideline_id
    crew = crew_of(now, 7)
    for worker in crew:
        scenes.answered(worker, batch)

    def act(n: int) -> None:
        if n == 0:
            add(rita, batch.project)
            return
        for _ in range(8):
            try:
                [lease] = scenes.claim(crew[n - 1], batch)
                answering.submit(lease.id, worker_id=crew[n - 1].worker.id, token=lease.token, result=scenes.result("a"), now=now)
            except (NotEligible, Busy):
                return

    all_at_once(act, 8)
    assert set(Assignment.objects.filter(batch=batch).values_list("guideline_id", flat=True)) == {first}
    for worker in crew:
        with pytest.raises(NotEligible):
            scenes.claim(worker, batch)
