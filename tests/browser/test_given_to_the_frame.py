"""What the editor's frame is given: pictures that load wherever a task is shown, and nothing about who looks at it."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from qualification import training
from tasks import answering, media, practising, sitting
from tasks.labels import interface_of
from tasks.models import Assignment
from tests.browser import materials
from tests.browser.scenes import file, opened
from tests.tasks import learning_scenes as learning
from workforce.models import Worker

NAME = "Zebulon Quist"
HEARD = "window.heard = []; window.addEventListener('message', (event) => window.heard.push(JSON.stringify(event.data)));"
PLACES = ["page", "fixed", "choice", "offered", "item"]


def interface(address: str) -> str:
    def of(place: str) -> str:
        return f"&lt;img src=&quot;{address}&quot; alt=&quot;{place}&quot;&gt;"

    return (
        f'<View><HyperText name="page" value="$page"/><HyperText name="fixed" value="{of("fixed")}"/>'
        '<List name="items" value="$items"/><Ranker name="rank" toName="items" required="false"/>'
        f'<Choices name="label" toName="page"><Choice value="a" html="{of("choice")} a"/><Choice value="b"/></Choices>'
        '<Choices name="more" toName="page" value="$offered" required="false"/></View>'
    )


def payload(address: str) -> dict[str, Any]:
    def of(place: str) -> str:
        return f'<img src="{address}" alt="{place}">'

    return {
        "page": f"<p>Look.</p>{of('page')}",
        "items": [{"id": "1", "title": "One", "html": of("item")}, {"id": "2", "title": "Two"}],
        "offered": [{"value": "c", "html": f"{of('offered')} c"}, {"value": "d"}],
    }


def editor(page: Page):
    return next(frame for frame in page.frames if frame != page.main_frame)


def looked_at(page: Page, address: str) -> None:
    """The task is there, each of its pictures has loaded, and no word in the frame, or said to it, tells whose screen it is."""
    page.goto(address)
    for place in PLACES:
        picture = page.frame_locator("#editor iframe").get_by_alt_text(place, exact=True)
        expect(picture).to_be_visible()
        assert picture.evaluate("(one) => one.decode().then(() => one.naturalWidth)") > 0, place
    heard = editor(page).evaluate("() => window.heard")
    shown = [one for one in heard if json.loads(one).get("fairhand") != "load"]  # that is the editor's own code
    assert any(json.loads(one)["fairhand"] == "show" for one in shown)
    given = json.dumps(shown) + editor(page).locator("#editor").evaluate("(one) => one.outerHTML")
    for told in (NAME, "Zebulon", "wanda", "firstName"):
        assert told not in given, (address, told)


@pytest.fixture
def picture(site, rita) -> str:
    return media.address_of(file(rita, "a.png", materials.picture()))


@pytest.fixture
def worker(page, wanda, sign_in):
    Worker.objects.filter(id=wanda.worker.id).update(display_name=NAME)
    page.context.add_init_script(HEARD)
    sign_in(page, wanda)
    return wanda


def test_a_task_and_my_answer_to_it(page, rita, olga, worker, picture):
    batch = opened(rita, olga, interface(picture), [payload(picture)])
    looked_at(page, f"/work/{batch.id}/")
    lease = Assignment.objects.get()
    result = [{"from_name": "label", "to_name": "page", "type": "choices", "value": {"choices": ["a"]}}]
    answering.submit(lease.id, worker_id=worker.worker.id, token=lease.token, result=result, now=worker.now)
    looked_at(page, f"/my/work/{lease.id}/")


def test_a_question_of_an_exam_and_its_solution(page, rita, worker, picture):
    exam = sitting.create_exam(
        rita.actor,
        organization_id=rita.organization.id,
        skill_id=learning.skill(rita).id,
        title="Pictures",
        interface=interface(picture),
        questions=[{"id": "q", "payload": payload(picture), "solution": {"label": "a"}, "explanation": ""}],
        questions_per_attempt=1,
        pass_percent=60,
        time_limit_seconds=600,
        max_attempts=2,
        retry_delay_seconds=0,
        valid_days=30,
        renewal_days=7,
        review_allowed="always",
        now=rita.now,
    )
    attempt = sitting.start(worker.worker.id, exam.id, now=worker.now)
    looked_at(page, f"/attempts/{attempt.id}/")
    solution = interface_of(exam.interface).result_of({"label": "a"})
    sitting.submit(attempt.id, worker_id=worker.worker.id, answers={"q": solution}, now=worker.now)
    looked_at(page, f"/attempts/{attempt.id}/review/")


def test_an_example_of_a_lesson(page, rita, worker, picture):
    course = learning.course(rita, reading=False, published=False)
    task = {"payload": payload(picture), "solution": {"label": "a"}, "explanation": ""}
    lesson = practising.add_lesson(
        rita.actor,
        course.id,
        title="Pictures",
        interface=interface(picture),
        examples=[task | {"id": "e"}],
        practice=[task | {"id": "p"}, task | {"id": "o", "solution": {"label": "b"}}],
    )
    training.publish_course(rita.actor, course.id, now=rita.now)
    training.start(worker.worker.id, course.id, now=worker.now)
    looked_at(page, f"/training/{course.id}/{lesson.id}/")
