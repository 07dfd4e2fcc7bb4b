"""Every id in a body that names a row: somebody else's is refused exactly as one that nobody has. The fields come from the API's own document."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from config import schema
from foundation.ids import new_id
from qualification.models import Skill
from tasks import framing
from tasks.models import Batch, Task
from tests.journeys.world import batch, build, exam, lesson, ok, rows
from tests.tasks import scenes
from tests.tasks.scenes import INTERFACE
from workforce import aliases

# What names no row of anybody: proofs of holding something, and what is looked up within the object in the path alone.
NO_ROW = {
    ("assignments/{assignment_id}/begin", "token"),
    ("assignments/{assignment_id}/draft", "token"),
    ("assignments/{assignment_id}/heartbeat", "token"),
    ("assignments/{assignment_id}/return", "token"),
    ("assignments/{assignment_id}/submit", "token"),
    ("attempts/{attempt_id}/save", "question_id"),
    ("lessons/{lesson_id}/practise", "question_id"),
}
# Objects whose inside the document leaves open. Payloads name files (tests/tasks/test_own_files.py); the others name nothing of ours.
OPEN = {
    ("assignments/{assignment_id}/reject", "evidence"),
    ("attempts/{attempt_id}/save", "result"),
    ("attempts/{attempt_id}/submit", "answers"),
    ("batches/{batch_id}/aggregations", "parameters"),
    ("courses/{course_id}/lessons", "examples"),
    ("courses/{course_id}/lessons", "practice"),
    ("exams", "questions"),
    ("exams", "label_minimums"),
    ("exams", "scoring"),
    ("lessons/{lesson_id}/practise", "result"),
    ("me/profile", "language_levels"),
}
OPEN_WITH_IDS = {("projects/{project_id}/batches", "requirements")}
NAMES = ("_id", "_ids", "worker", "user", "task", "batch", "project", "skill", "course", "exam", "guideline", "file", "thread")


def named() -> Iterator[tuple[str, str, bool]]:
    """Route, field and whether its inside is open, of every field in a body that is or may hold an id."""
    document = json.loads(schema.documents()["json"].body)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for content in operation.get("requestBody", {}).get("content", {}).values() if method != "get" else ():
                for name, is_open in _fields(content.get("schema", {}), document["components"]["schemas"]):
                    yield path.removeprefix("/api/v1/"), name, is_open


def _fields(shape: Any, shapes: Any) -> Iterator[tuple[str, bool]]:
    shape = shapes[shape["$ref"].rsplit("/", 1)[-1]] if "$ref" in shape else shape
    for part in (*shape.get("allOf", ()), *shape.get("oneOf", ()), *shape.get("anyOf", ())):
        yield from _fields(part, shapes)
    for name, inner in shape.get("properties", {}).items():
        if inner.get("readOnly"):
            continue
        item = inner.get("items", inner)
        if item.get("format") == "uuid" or "string" in str(item.get("type")) and name.endswith(NAMES):
            yield name, False
        elif item.get("type") == "object" and not item.get("properties"):
            yield name, True
        else:
            yield from _fields(item, shapes)


def test_every_id_in_a_body_is_tried_or_names_no_row():
    found = set(named())
    assert {(path, name) for path, name, is_open in found if is_open} == OPEN | OPEN_WITH_IDS
    tried = {one[:2] for one in TRIED}
    assert tried >= OPEN_WITH_IDS
    assert {(path, name) for path, name, is_open in found if not is_open} == NO_ROW | tried - OPEN_WITH_IDS


def requirement(skill_id: str) -> dict[str, Any]:
    return {"requirements": [{"subject": "skill", "skill_id": skill_id, "comparator": "greater_than", "values": [80]}]}


# Route, field, who calls, what of rita's is named, and the body with an id in that place.
TRIED: list[tuple[str, str, str, str, Any]] = [
    ("skills", "organization_id", "rex", "organization_id", lambda own, id_: {"organization_id": id_, "name": "Mine"}),
    ("projects", "organization_id", "rex", "organization_id",
     lambda own, id_: {"organization_id": id_, "name": "Mine", "description": "", "interface": INTERFACE}),
    ("courses", "organization_id", "rex", "organization_id", lambda own, id_: {"organization_id": id_, "title": "Mine"}),
    ("courses", "skill_id", "rex", "skill_id",
     lambda own, id_: {"organization_id": own["organization_id"], "title": "Mine", "skill_id": id_, "skill_value": 70}),
    ("courses/{course_id}/assign", "worker", "rex", "worker", lambda own, id_: {"worker": id_}),
    ("courses/{course_id}/assign", "project_id", "rex", "project_id", lambda own, id_: {"project_id": id_}),
    ("exams", "organization_id", "rex", "organization_id", lambda own, id_: exam(id_, own["skill_id"])),
    ("exams", "skill_id", "rex", "skill_id", lambda own, id_: exam(own["organization_id"], id_)),
    ("projects/{project_id}/batches", "requirements", "rex", "skill_id", lambda own, id_: batch(own["skill_id"]) | requirement(id_)),
    ("projects/{project_id}/batches", "retrain_course_id", "rex", "course_id",
     lambda own, id_: batch(own["skill_id"]) | {"retrain_course_id": id_}),
    ("skills/{skill_id}/grants", "worker", "rex", "worker", lambda own, id_: {"worker": id_, "value": 50}),
    ("skills/{skill_id}/grants", "worker_id", "rex", "worker_id", lambda own, id_: {"worker_id": id_, "value": 50}),
    ("batches/{batch_id}/claim", "task_id", "walt", "public_id", lambda own, id_: {"count": 1, "task_id": id_}),
]  # fmt: skip
REFUSED_ALWAYS = {("skills/{skill_id}/grants", "worker_id")}  # rex has no platform skill, and his own skills take aliases


def _own(rex: Any, olga: Any, walt: Any) -> dict[str, str]:
    """Rex's own rows, as far as the bodies name them; walt works for him."""
    organization = str(rex.organization.id)
    deposit = {"amount_micros": 50_000_000, "currency": "USD", "reference": "rex", "reason": "bank transfer"}
    ok(olga.post(f"organizations/{organization}/deposits", deposit), 201)
    own = {"organization_id": organization}
    own["skill_id"] = ok(rex.post("skills", {"organization_id": organization, "name": "Own"}), 201)["id"]
    own["course_id"] = ok(rex.post("courses", {"organization_id": organization, "title": "Own"}), 201)["id"]
    ok(rex.post(f"courses/{own['course_id']}/lessons", lesson()), 201)
    ok(rex.post(f"courses/{own['course_id']}/publish"))
    project = {"organization_id": organization, "name": "Own", "description": "", "interface": INTERFACE}
    own["project_id"] = ok(rex.post("projects", project), 201)["id"]
    ok(rex.post(f"projects/{own['project_id']}/guidelines", {"text": "Choose."}), 201)
    settings = batch(own["skill_id"]) | {"requirements": [], "gold_percent": 0, "workers_choose": True}
    own["batch_id"] = ok(rex.post(f"projects/{own['project_id']}/batches", settings), 201)["id"]
    ok(rex.upload(f"batches/{own['batch_id']}/tasks", rows({"key": "t", "payload": {"text": "Text"}})), 201)
    ok(rex.post(f"batches/{own['batch_id']}/publish"))
    own["public_id"] = _public_id(own)
    own["worker"] = _alias(walt, rex)
    own["worker_id"] = str(walt.worker.id)
    return own


def _public_id(ids: dict[str, str]) -> str:
    """What workers call a task of that batch that is open."""
    task = Task.objects.filter(batch_id=ids["batch_id"], need__gt=0).first()
    assert task
    return str(framing.public_id_of(task.id))


def _alias(worker: Any, requester: Any) -> str:
    aliases.note(worker.worker.id, requester.organization.id, now=worker.now)
    return aliases.alias_of(worker.worker.id, requester.organization.id)


@pytest.mark.django_db
def test_what_is_somebody_elses_is_refused_as_what_nobody_has(rita, rex, wanda, walt, olga):
    foreign = build(rita, wanda, olga)
    own = _own(rex, olga, walt)
    ok(walt.post(f"agreements/{foreign['agreement_id']}/accept"))
    foreign |= {"worker": _alias(wanda, rita), "worker_id": str(wanda.worker.id)}
    foreign["public_id"] = _public_id(foreign)
    nobodys = {"worker": "w" + uuid4().hex[:24]}
    for route, field, caller, kind, body in TRIED:
        person = rex if caller == "rex" else walt
        path = route.format(**own)

        def answer(id_, person=person, path=path, body=body):
            told = person.post(path, body(own, id_))
            return told.status_code, told.content.decode().replace(id_, "…")

        theirs, nothing = answer(foreign[kind]), answer(nobodys.get(kind, str(new_id())))
        assert 400 <= theirs[0] < 500, (route, field, theirs)
        assert theirs == nothing, (route, field)
        if (route, field) not in REFUSED_ALWAYS:
            assert answer(own[kind])[0] in (200, 201), (route, field, answer(own[kind]))


# ---- a skill of another organisation, asked for before that was refused ----


@pytest.fixture
def secret(rex) -> Skill:
    made = ok(rex.post("skills", {"organization_id": str(rex.organization.id), "name": "Tested panel"}), 201)
    return Skill.objects.get(id=made["id"])


def _asking_for(batch: Batch, skill: Skill) -> Batch:
    Batch.objects.filter(id=batch.id).update(**requirement(str(skill.id)))
    return batch


@pytest.mark.django_db
def test_a_stored_draft_that_asks_for_one_is_not_published_and_has_no_pilot(rita, olga, secret):
    scenes.floor(olga)
    scenes.funds(olga, rita)
    draft = _asking_for(scenes.draft(rita), secret)
    for verb in ("publish", "pilots"):
        refused = rita.post(f"batches/{draft.id}/{verb}")
        assert (refused.status_code, refused.json()["code"]) == (400, "bad_requirement"), refused.content
        assert refused.json()["details"]["field"] == "requirements[0].skill_id"
    assert list(Batch.objects.values_list("state", flat=True)) == ["draft"]


@pytest.mark.django_db
def test_an_open_batch_that_asks_for_one_tells_nobody_what_it_is_or_who_holds_it(rita, rex, walt, wanda, olga, secret):
    opened = _asking_for(scenes.opened(rita, olga), secret)
    ok(rex.post(f"skills/{secret.id}/grants", {"worker": _alias(walt, rex), "value": 90}), 201)
    for worker in (walt, wanda):
        listed = ok(worker.get("jobs"))["results"]
        assert [one["eligible"] for one in listed] == [False]
        assert secret.name not in str(listed)
        assert str(secret.id) not in str(listed)
    assert walt.post(f"batches/{opened.id}/claim").status_code == 403


@pytest.mark.django_db
def test_a_skill_of_the_platform_is_anybodys_to_ask_for_and_is_named(rita, walt, olga, now):
    skill = Skill.objects.create(organization=None, name="Of the house", created_at=now)
    scenes.opened(rita, olga, **requirement(str(skill.id)))
    (job,) = ok(walt.get("jobs"))["results"]
    assert "Of the house" in job["missing"][-1]["message"]
