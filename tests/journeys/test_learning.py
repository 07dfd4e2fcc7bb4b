"""From knowing nothing to a job: a course, an exam and the work it opens, over HTTP alone."""

from datetime import timedelta

import pytest

from tasks import media
from tests.browser import materials
from tests.browser.scenes import file
from tests.journeys.world import batch, ok, rows
from tests.tasks import scenes
from workforce import aliases

BOXES = (
    '<View><Image name="image" value="$image"/><RectangleLabels name="box" toName="image">'
    '<Label value="cat"/><Label value="dog"/></RectangleLabels></View>'
)


def box(label, x=10.0):
    value = {"x": x, "y": 10.0, "width": 20.0, "height": 20.0, "rotation": 0, "rectanglelabels": [label]}
    return [
        {
            "id": "r1",
            "from_name": "box",
            "to_name": "image",
            "type": "rectanglelabels",
            "original_width": 100,
            "original_height": 100,
            "image_rotation": 0,
            "value": value,
        }
    ]


@pytest.mark.django_db
def test_wanda_learns_is_examined_and_gets_the_job(rita, wanda, olga, now, settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)
    organization = str(rita.organization.id)
    scenes.floor(olga)
    scenes.funds(olga, rita)
    skill = ok(rita.post("skills", {"organization_id": organization, "name": "Animals"}), 201)["id"]
    picture = {"image": media.address_of(file(rita, "a.png", materials.picture()))}
    course = ok(
        rita.post(
            "courses", {"organization_id": organization, "title": "Boxes", "skill_id": skill, "skill_value": 40, "valid_days": 90}
        ),
        201,
    )["id"]
    lesson = {
        "title": "Draw tightly",
        "interface": BOXES,
        "examples": [{"id": "e", "payload": picture, "solution": box("cat"), "explanation": "Touch the *fur*."}],
        "practice": [{"id": f"p{n}", "payload": picture, "solution": box("cat")} for n in range(2)],
        "mastery_right": 1,
        "mastery_window": 2,
        "right_percent": 70,
    }
    lesson_id = ok(rita.post(f"courses/{course}/lessons", lesson), 201)["id"]
    assert wanda.get(f"courses/{course}").status_code == 404, "being written"
    ok(rita.post(f"courses/{course}/publish"))
    exam = ok(
        rita.post(
            "exams",
            {
                "organization_id": organization,
                "skill_id": skill,
                "title": "Boxes",
                "interface": BOXES,
                "questions": [{"id": f"q{n}", "payload": picture, "solution": box("dog")} for n in range(2)],
                "questions_per_attempt": 2,
                "pass_percent": 80,
                "time_limit_seconds": 600,
                "max_attempts": 2,
                "retry_delay_seconds": 0,
                "review_allowed": "always",
            },
        ),
        201,
    )["id"]
    project = {"organization_id": organization, "name": "Animals", "description": "", "interface": scenes.INTERFACE}
    project_id = ok(rita.post("projects", project), 201)["id"]
    ok(rita.post(f"projects/{project_id}/guidelines", {"text": "Choose."}), 201)
    settings = batch(skill) | {"gold_percent": 0, "accuracy_bar": None}
    batch_id = ok(rita.post(f"projects/{project_id}/batches", settings), 201)["id"]
    ok(rita.upload(f"batches/{batch_id}/tasks", rows({"payload": {"text": "x"}})), 201)
    ok(rita.post(f"batches/{batch_id}/publish"))

    [job] = ok(wanda.get("jobs"))["results"]
    [gap] = job["missing"]
    assert "Animals" in gap["message"]
    assert [(way["kind"], way["href"]) for way in gap["ways"]] == [("exam", f"/exams/{exam}/")], "the course grants too little"

    ok(wanda.post(f"courses/{course}/start"), 201)
    shown = ok(wanda.get(f"lessons/{lesson_id}"))
    assert "practice" not in shown
    assert shown["standing"]["question"]["id"] == "p0"

    def practise(number, name, result, **at):
        body = {"number": number, "question_id": name, "result": result}
        return ok(wanda.post(f"lessons/{lesson_id}/practise", body, **at))

    assert practise(1, "p0", box("dog"))["verdict"] == "wrong"
    close = practise(2, "p1", box("cat", x=11.0), at=now + timedelta(seconds=30))
    assert (close["verdict"], close["solution"][0]["value"]["rectanglelabels"]) == ("right", ["cat"])
    assert 0.7 < close["score"] < 1, "partial credit by the family's own comparison"
    assert close["standing"]["finished_at"]
    [training] = ok(wanda.get("trainings"))["results"]
    assert (training["lessons_mastered"], training["lessons"]) == (1, 1)
    assert ok(rita.get("trainings", course_id=course))["results"][0]["worker"] == aliases.alias_of(
        wanda.worker.id, rita.organization.id
    )

    attempt = ok(wanda.post(f"exams/{exam}/attempts"), 201)["id"]
    ok(wanda.post(f"attempts/{attempt}/save", {"question_id": "q0", "result": box("dog")}))
    assert ok(wanda.get(f"attempts/{attempt}"))["saved"]["q0"] == box("dog")
    done = ok(wanda.post(f"attempts/{attempt}/submit", {"answers": {"q1": box("dog", x=11.0)}}))
    assert (done["state"], done["may_review"]) == ("passed", True)
    assert 80 < float(done["score_percent"]) < 100
    [first, _] = ok(wanda.get(f"attempts/{attempt}/review"))["questions"]
    assert first["solution"][0]["value"]["rectanglelabels"] == ["dog"]
    assert ok(wanda.get("jobs"))["results"][0]["eligible"]
    assert ok(wanda.post(f"batches/{batch_id}/claim"))["assignments"]
