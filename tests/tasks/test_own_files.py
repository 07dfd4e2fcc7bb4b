"""An organisation shows its own files and no others: refused where a foreign one is named, and never served if it is shown all the same."""

import re
from uuid import UUID
from xml.sax.saxutils import escape

import orjson
import pytest
from django.test import Client

from foundation import ids
from tasks import media, practising, sitting
from tasks.errors import ForeignFile
from tasks.labels import check_interface, interface_of
from tasks.models import Project, Task
from tests.browser import materials
from tests.browser.scenes import file
from tests.journeys.world import ok
from tests.tasks import learning_scenes, scenes
from tests.tasks.learning_scenes import skill

pytestmark = pytest.mark.django_db

IMAGE = (
    '<View><Image name="image" value="$image"/>'
    '<Choices name="label" toName="image"><Choice value="a"/><Choice value="b"/></Choices></View>'
)


@pytest.fixture(autouse=True)
def _store(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def own(rita) -> str:
    return media.address_of(file(rita, "own.png", materials.picture()))


@pytest.fixture
def foreign(rex) -> str:
    return media.address_of(file(rex, "foreign.png", materials.picture()))


@pytest.fixture
def batch(rita):
    return scenes.draft(rita, tasks=0, of=_project(rita))


def _project(rita):
    from tests.browser import scenes as pictures

    return pictures.project(rita, IMAGE)


def _rows(*payloads, **more) -> bytes:
    return b"\n".join(orjson.dumps({"payload": payload} | more) for payload in payloads)


def test_rows_that_show_foreign_files_are_refused_by_line(rita, batch, own, foreign):
    report = rita.upload(f"batches/{batch.id}/tasks?on_error=skip", _rows({"image": own}, {"image": foreign}, {"image": own}))
    told = ok(report, 201)
    assert (told["rows_added"], told["rows_bad"]) == (2, 1)
    assert (told["errors"][0]["line"], told["errors"][0]["code"]) == (2, "foreign_file")
    assert foreign.split("/")[2] == told["errors"][0]["details"]["got"]
    assert {task.payload["image"] for task in Task.objects.filter(batch=batch)} == {own}
    assert rita.upload(f"batches/{batch.id}/tasks", _rows({"image": own}, {"image": foreign})).status_code == 422
    assert Task.objects.filter(batch=batch).count() == 2


def test_a_file_nobody_has_is_refused_as_a_foreign_one(rita, batch, foreign):
    nobodys = f"/files/{'f' * 8}-ffff-ffff-ffff-{'f' * 12}/x.png"
    told = [rita.upload(f"batches/{batch.id}/tasks", _rows({"image": one})).json()["errors"][0] for one in (nobodys, foreign)]
    assert {one["code"] for one in told} == {"foreign_file"}
    assert told[0]["message"] == told[1]["message"]


def test_wherever_in_a_payload_and_in_the_explanation_of_gold(rita, batch, own, foreign):
    for payload in ({"image": own, "more": [{"deep": foreign}]}, {"image": own, "x": {"y": foreign}}):
        assert rita.upload(f"batches/{batch.id}/tasks", _rows(payload)).status_code == 422
    gold = _rows({"image": own}, solution={"label": "a"}, explanation=f"See ![this]({foreign}).")
    assert rita.upload(f"batches/{batch.id}/gold", gold).status_code == 422
    gold = _rows({"image": own}, solution={"label": "a"}, explanation=f"See ![this]({own}).")
    assert rita.upload(f"batches/{batch.id}/gold", gold).status_code == 201


def test_an_import_asks_for_the_files_once(rita, batch, own, django_assert_max_num_queries):
    with django_assert_max_num_queries(24):
        rita.upload(f"batches/{batch.id}/tasks", _rows(*({"image": own, "n": str(n)} for n in range(200))))


def test_an_exam_shows_own_files(rita, own, foreign):
    def exam(**changes):
        question = {"id": "q", "payload": {"image": own}, "solution": {"label": "a"}, "explanation": ""}
        return sitting.create_exam(
            rita.actor,
            organization_id=rita.organization.id,
            skill_id=made.id,
            title="Pictures",
            interface=IMAGE,
            questions=[question | changes.pop("question", {})],
            questions_per_attempt=1,
            pass_percent=50,
            time_limit_seconds=60,
            max_attempts=1,
            retry_delay_seconds=60,
            now=rita.now,
            **changes,
        )

    made = skill(rita)
    for changes, field in (
        ({"question": {"payload": {"image": foreign}}}, "questions[0].payload.image"),
        ({"question": {"explanation": f"![x]({foreign})"}}, "questions[0].explanation"),
        ({"instructions": f"Look: ![x]({foreign})"}, "instructions"),
    ):
        with pytest.raises(ForeignFile) as refused:
            exam(**changes)
        assert refused.value.details["field"] == field
    exam()


def test_a_course_and_its_lessons_show_own_files(rita, own, foreign):
    with pytest.raises(ForeignFile):
        practising.create_course(
            rita.actor, organization_id=rita.organization.id, title="x", description=f"![x]({foreign})", now=rita.now
        )
    course = learning_scenes.course(rita, published=False)
    task = {"id": "p", "payload": {"image": own}, "solution": {"label": "a"}, "explanation": ""}
    other = {"id": "o", "payload": {"image": own}, "solution": {"label": "b"}, "explanation": ""}
    for lesson in (
        {"text": f"![x]({foreign})"},
        {"interface": IMAGE, "examples": [task | {"payload": {"image": foreign}}]},
        {"interface": IMAGE, "practice": [task, other | {"explanation": f"![x]({foreign})"}]},
    ):
        with pytest.raises(ForeignFile):
            practising.add_lesson(rita.actor, course.id, **({"title": "Pictures", "text": "Look."} | lesson))
    practising.add_lesson(rita.actor, course.id, title="Pictures", text=f"![x]({own})", interface=IMAGE, practice=[task, other])


def test_what_got_in_all_the_same_is_signed_for_nothing(rita, rex, olga, wanda, own, foreign):
    """The second wall: a row that says what no import lets in is claimed, and the file stays closed."""
    scenes.floor(olga)
    scenes.funds(olga, rita)
    batch = scenes.draft(rita, tasks=0, of=_project(rita))
    scenes.add(batch, "one")
    Task.objects.filter(batch=batch).update(payload={"image": foreign, "also": own})
    ok(rita.post(f"batches/{batch.id}/publish"))
    payload = ok(wanda.post(f"batches/{batch.id}/claim"))["assignments"][0]["payload"]
    assert Client().get(payload["also"]).status_code == 200
    assert Client().get(payload["image"]).status_code == 404
    assert Client().get(media.signed_address(foreign, rex.organization.id)).status_code == 200, "the control: its owner shows it"


def test_addresses_are_whole_texts():
    """What looks like an address inside a text is not signed, and not refused."""
    for text in ("see /files/00000000-0000-0000-0000-000000000000/x.png", "/files/nothing/x.png"):
        assert media.ADDRESS.fullmatch(text) is None


# ---- pictures in HTML that the editor shows ----

HTML = (
    '<View><HyperText name="page" value="$page"/><List name="list" value="$items"/><Ranker name="rank" toName="list" required="false"/>'
    '<Choices name="label" toName="page"><Choice value="a"/><Choice value="b"/>{fixed}</Choices>'
    '<Choices name="more" toName="page" value="$offered" required="false"/></View>'
)
PICTURES = HTML.format(fixed="")
PLACES = ("page", "items", "offered", "deeper")


def _html(address: str) -> str:
    return f'<p>Seen.</p><img src="{address}">'


def _told(shown: dict[str, str]) -> dict:
    """A payload with a picture in each place where the editor makes HTML of it."""
    inner = {"value": "inner", "html": _html(shown["deeper"])}
    return {
        "page": _html(shown["page"]),
        "items": [{"id": "1", "title": "One", "html": _html(shown["items"])}],
        "offered": [{"value": "outer", "html": _html(shown["offered"]), "children": [inner]}],
    }


def _fixed(address: str) -> str:
    """An interface with a picture of its own in each place where the editor makes HTML of it."""
    html = escape(_html(address), {'"': "&quot;"})
    return HTML.replace("<List", f'<HyperText name="fixed" value="{html}"/><List').format(
        fixed=f'<Choice value="c" html="{html}"/>'
    )


def _addresses(shown) -> list[str]:
    return re.findall(r"/files/[^\"&\\]+", orjson.dumps(shown).decode())


@pytest.fixture
def pictures(rita, olga):
    from tests.browser import scenes as pages

    scenes.floor(olga)
    scenes.funds(olga, rita)
    return scenes.draft(rita, tasks=0, of=pages.project(rita, PICTURES))


@pytest.mark.parametrize("place", PLACES)
def test_a_foreign_picture_in_html_is_refused(place, rita, pictures, own, foreign):
    shown = dict.fromkeys(PLACES, own)
    refused = rita.upload(f"batches/{pictures.id}/tasks", _rows(_told(shown | {place: foreign})))
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "foreign_file")
    assert refused.json()["errors"][0]["details"]["got"] == foreign.split("/")[2]
    assert rita.upload(f"batches/{pictures.id}/tasks", _rows(_told(shown))).status_code == 201


def test_a_foreign_picture_in_an_interface_is_refused(rita, own, foreign):
    def project(address):
        return rita.post("projects", {"organization_id": rita.organization.id, "name": "x", "interface": _fixed(address)})

    assert (project(foreign).status_code, project(foreign).json()["code"]) == (400, "foreign_file")
    assert project(foreign).json()["details"] == {"field": "interface", "got": foreign.split("/")[2]}
    assert project(own).status_code == 201
    task = {"id": "p", "payload": _told(dict.fromkeys(PLACES, own)), "solution": {"label": "a"}, "explanation": ""}
    course = learning_scenes.course(rita, published=False)
    for lesson, field in (
        ({"interface": _fixed(foreign), "practice": [task]}, "interface"),
        (
            {"interface": PICTURES, "practice": [task | {"payload": task["payload"] | {"page": _html(foreign)}}]},
            "practice[0].payload.page",
        ),
    ):
        with pytest.raises(ForeignFile) as refused:
            practising.add_lesson(rita.actor, course.id, title="Pictures", text="Look.", **lesson)
        assert refused.value.details["field"] == field
        with pytest.raises(ForeignFile):
            sitting.create_exam(
                rita.actor,
                organization_id=rita.organization.id,
                skill_id=skill(rita, name=field).id,
                title="Pictures",
                interface=lesson["interface"],
                questions=lesson["practice"],
                now=rita.now,
            )


def _shown_as(address):
    """The address, without its signature, from which people load what is kept under that one."""
    return f"/files/{ids.opaque('file', UUID(address.split('/')[2]))}/file.png"


def test_pictures_in_html_are_signed_wherever_a_task_is_shown(rita, wanda, pictures, own, foreign):
    """Over the API: the lease, the draft of an exam, a lesson, one's own answer. Each address loads; a foreign one that got in does not."""
    Project.objects.filter(id=pictures.project_id).update(interface=check_interface(_fixed(own)).xml)
    ok(rita.upload(f"batches/{pictures.id}/tasks", _rows(_told(dict.fromkeys(PLACES, own)))), 201)
    Task.objects.filter(batch=pictures).update(payload=_told(dict.fromkeys(PLACES, own) | {"deeper": foreign}))
    ok(rita.post(f"batches/{pictures.id}/publish"))
    lease = ok(wanda.post(f"batches/{pictures.id}/claim"))["assignments"][0]
    mine = ok(wanda.get(f"assignments/{lease['id']}"))
    for shown, n in ((lease["payload"], 4), (lease["interface"], 2), (mine["payload"], 4)):
        addresses = _addresses(shown)
        assert len(addresses) == n
        opened = {address.partition("?")[0]: Client().get(address).status_code for address in addresses}
        assert opened == {_shown_as(own): 200} | ({_shown_as(foreign): 404} if n == 4 else {})
    assert "?for=" not in orjson.dumps(Task.objects.get(batch=pictures).payload).decode(), "what is kept is not signed"


def test_text_that_only_speaks_of_a_picture_is_left_alone(rita, own):
    html = f'<p title="src=&quot;{own}&quot;"> src="{own}" &lt;img src="{own}"&gt;</p>'
    of = interface_of(PICTURES)
    payload = of.check_payload(_told(dict.fromkeys(PLACES, own)) | {"page": html})
    assert own not in {address for name, address in of.pictures_of(payload) if name == "page"}
    assert media.payload_of(of, payload, rita.organization.id)["page"] == payload["page"]
