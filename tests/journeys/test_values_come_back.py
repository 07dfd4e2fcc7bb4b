"""What was stored can always be read again: every JSON column of every model, written through the API with any value, and read back.

A new JSON column without a row here fails.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from hypothesis import HealthCheck, example, given, settings

from foundation import values
from foundation.values import Unkeepable
from tasks.models import Gold
from tests.foundation.test_values import anything, deep
from tests.journeys import test_matrix
from tests.journeys.world import batch, build, exam, lesson, ok, rows
from tests.tasks.scenes import COMMENT, result

pytestmark = pytest.mark.django_db

# Columns whose values callers choose freely: what the gate lets through is stored, and comes back as it was sent.
FREE = {"Task.payload", "Prelabel.result", "Answer.result", "Draft.result", "Review.evidence", "Exam.questions", "ExamAttempt.saved",
        "ExamAttempt.answers", "Lesson.examples", "Lesson.practice", "PracticeAnswer.result"}  # fmt: skip
# Columns with a closed form: whatever else is sent is refused.
CLOSED = {"Gold.solution", "GoldChange.solution", "GoldChange.solution_before",
          "Guideline.entries", "Batch.requirements", "AggregationRun.parameters", "Worker.language_levels",
          "Worker.working_hours", "Exam.label_minimums", "Exam.scoring"}  # fmt: skip
# Columns that we write ourselves, from values that have passed the gate, and in a form of our own.
OURS = {"Event.data", "Case.inputs", "Case.threshold",
        "AuditEntry.before", "AuditEntry.after", "IdempotentRequest.body", "Decision.inputs", "Decision.threshold",
        "Notification.data", "ExamAttempt.scores", "ExamAttempt.labels", "Answer.canonical", "Import.errors", "AggregationRun.refusal",
        "AggregationRun.versions", "Result.label", "Result.tied", "Training.inputs", "Training.threshold", "FailedJob.args"}  # fmt: skip


def test_every_json_column_has_a_row_here():
    ours = {"foundation", "workforce", "qualification", "payments", "tasks"}
    found = {
        f"{model.__name__}.{field.name}"
        for model in apps.get_models()
        if model._meta.app_label in ours
        for field in model._meta.get_fields()
        if isinstance(field, models.JSONField)
    }
    assert found == FREE | CLOSED | OURS


class Scene:
    """One installation, and for each column how a value gets there and how it is read back."""

    def __init__(self, rita: Any, wanda: Any, olga: Any) -> None:
        self.rita, self.wanda, self.olga, self.n = rita, wanda, olga, 0
        self.ids = build(rita, wanda, olga)
        ok(wanda.post(f"agreements/{self.ids['agreement_id']}/accept"))
        self.draft, self.open = self.batch(), self.batch()
        ok(rita.upload(f"batches/{self.open}/tasks", rows(*({"payload": {"text": f"Text {n}"}} for n in range(150)))), 201)
        ok(rita.post(f"batches/{self.open}/publish"))
        self.held, self.revision = self.lease(), 0
        course = ok(rita.post("courses", {"organization_id": self.ids["organization_id"], "title": "Free"}), 201)["id"]
        self.lesson = ok(rita.post(f"courses/{course}/lessons", lesson() | {"mastery_right": 3, "mastery_window": 3}), 201)["id"]
        ok(rita.post(f"courses/{course}/publish"))
        ok(wanda.post(f"courses/{course}/start"), 201)

    def batch(self) -> str:
        body = batch(self.ids["skill_id"]) | {"gold_percent": 0, "overlap": 1, "max_leases": 10}
        return str(ok(self.rita.post(f"projects/{self.ids['project_id']}/batches", body), 201)["id"])

    def lease(self) -> dict[str, Any]:
        return dict(ok(self.wanda.post(f"batches/{self.open}/claim"))["assignments"][0])

    def upload(self, kind: str, row: dict[str, Any]) -> bool:
        report = self.rita.upload(f"batches/{self.draft}/{kind}?on_error=skip", json.dumps(row).encode())
        return bool(ok(report, 201)["rows_added"])

    def newest_task(self) -> dict[str, Any]:
        return dict(ok(self.rita.get(f"batches/{self.draft}/tasks"))["results"][0])

    # ---- free: each returns what came back, or Refused ----

    def payload(self, value: Any) -> Any:
        taken = self.upload("tasks", {"payload": {"text": "A", "more": value}})
        return self.newest_task()["payload"]["more"] if taken else Refused

    def prelabel(self, value: Any) -> Any:
        region = result("a")[0] | {"meta": value}
        taken = self.upload("tasks", {"payload": {"text": "A"}, "prelabel": {"result": [region]}})
        if not taken:
            return Refused
        from tasks.models import Prelabel

        return Prelabel.objects.get(task_id=self.newest_task()["id"]).result[0]["meta"]

    def answer(self, value: Any) -> Any:
        path = f"assignments/{self.held['id']}"
        if not self.took(self.wanda.post(f"{path}/submit", self.answered(value))):
            return Refused
        mine = ok(self.wanda.get(path))["result"][0]["meta"]
        theirs = ok(self.rita.get(f"batches/{self.open}/assignments"))["results"][0]["result"][0]["meta"]
        self.held, self.revision = self.lease(), 0
        assert mine == theirs
        return mine

    def answered(self, value: Any) -> dict[str, Any]:
        return {"token": self.held["token"], "result": [result("a")[0] | {"meta": value}]}

    def work_in_progress(self, value: Any) -> Any:
        body = {"token": self.held["token"], "result": [{"v": value}], "base_revision": self.revision}
        answer = self.wanda.post(f"assignments/{self.held['id']}/draft", body)
        if not self.took(answer):
            return Refused
        self.revision = answer.json()["revision"]
        from tasks.models import Draft

        return Draft.objects.get(assignment_id=self.held["id"]).result[0]["v"]

    def evidence(self, value: Any) -> Any:
        path = f"assignments/{self.held['id']}"
        rejection = {"reason": "low_effort", "comment": COMMENT, "evidence": {"v": [value]}}
        if keepable(value):
            ok(self.wanda.post(f"{path}/submit", self.answered(None)))
        answer = self.olga.post(f"{path}/reject", rejection)
        if not keepable(value):
            assert answer.status_code == 400
            return Refused
        ok(answer)
        self.held, self.revision = self.lease(), 0
        ok(self.wanda.get("decisions"))
        return ok(self.wanda.get(path))["reviews"][-1]["evidence"]["v"][0]

    def exam(self, value: Any) -> Any:
        self.n += 1
        body = exam(self.ids["organization_id"], self.ids["skill_id"]) | {"title": f"Exam {self.n}"}
        for question in body["questions"]:
            question["payload"]["more"] = value
        answer = self.rita.post("exams", body)
        if not self.took(answer):
            return Refused
        self.attempt = ok(self.wanda.post(f"exams/{answer.json()['id']}/attempts"), 201)
        ok(self.rita.get(f"exams/{answer.json()['id']}"))
        return self.attempt["questions"][0]["payload"]["more"]

    def saved(self, value: Any) -> Any:
        name = self.attempt["questions"][0]["id"]
        path = f"attempts/{self.attempt['id']}"
        if not self.took(self.wanda.post(f"{path}/save", {"question_id": name, "result": [{"v": value}]})):
            return Refused
        ok(self.wanda.get(path))
        from qualification.models import ExamAttempt

        return ExamAttempt.objects.get(id=self.attempt["id"]).saved[name][0]["v"]

    def handed_in(self, value: Any) -> Any:
        answers = {question["id"]: [result("a")[0] | {"meta": value}] for question in self.attempt["questions"]}
        if not self.took(self.wanda.post(f"attempts/{self.attempt['id']}/submit", {"answers": answers})):
            return Refused
        ok(self.wanda.get(f"attempts/{self.attempt['id']}/review"))
        from qualification.models import ExamAttempt

        kept = next(iter((ExamAttempt.objects.get(id=self.attempt["id"]).answers or {}).values()))[0]["meta"]
        ok(self.exam_again())
        return kept

    def exam_again(self) -> Any:
        body = exam(self.ids["organization_id"], self.ids["skill_id"]) | {"title": f"Again {self.n}"}
        self.attempt = ok(self.wanda.post(f"exams/{ok(self.rita.post('exams', body), 201)['id']}/attempts"), 201)
        return self.wanda.get("attempts")

    def taught(self, name: str) -> Callable[[Any], Any]:
        def write(value: Any) -> Any:
            course = ok(self.rita.post("courses", {"organization_id": self.ids["organization_id"], "title": "More"}), 201)["id"]
            body = lesson()
            question = body["practice"][0] | {"payload": {"text": "A", "more": value}}
            body[name] = [question, *body["practice"][1:]] if name == "practice" else [question]
            if not self.took(self.rita.post(f"courses/{course}/lessons", body)):
                return Refused
            from qualification.models import Lesson

            ok(self.rita.get(f"courses/{course}"))
            return getattr(Lesson.objects.get(course_id=course), name)[0]["payload"]["more"]

        return write

    def practised(self, value: Any) -> Any:
        standing = ok(self.wanda.post(f"lessons/{self.lesson}/study"))
        body = {"number": standing["number"], "question_id": standing["question"]["id"]}
        answer = self.wanda.post(f"lessons/{self.lesson}/practise", body | {"result": [result("b")[0] | {"meta": value}]})
        if not self.took(answer):
            return Refused
        ok(self.wanda.get(f"lessons/{self.lesson}"))
        from qualification.models import PracticeAnswer

        return PracticeAnswer.objects.latest("number").result[0]["meta"]

    # ---- closed: only that they answer ----

    def closed(self, value: Any) -> None:
        organization, project = self.ids["organization_id"], self.ids["project_id"]
        requirement = {"subject": "country", "comparator": "in", "values": ["DE"]}
        self.upload("gold", {"payload": {"text": "A"}, "solution": value})
        self.upload("gold", {"payload": {"text": "A"}, "solution": {"label": value}})
        assert self.upload("gold", {"payload": {"text": "A"}, "solution": {"label": "a"}})
        gold = Gold.objects.values_list("task_id", flat=True)[0]
        for solution in (value, {"label": value}):
            self.took(self.rita.post(f"tasks/{gold}/correct-gold", {"solution": solution, "reason": COMMENT}))
        self.took(
            self.rita.post(f"projects/{project}/guidelines", {"text": "T", "entries": [{"label": "a", "definition": value}]})
        )
        self.took(self.rita.post(f"projects/{project}/guidelines", {"text": "T", "entries": [{"label": value}]}))
        for name in requirement:
            body = batch(self.ids["skill_id"]) | {"requirements": [requirement | {name: value}]}
            self.took(self.rita.post(f"projects/{project}/batches", body))
        run = {"method": "DawidSkene", "parameters": {"n_iter": value}}
        self.took(self.rita.post(f"batches/{self.ids['batch_id']}/aggregations", run))
        self.took(self.wanda.post("me/profile", {"languages": ["en"], "language_levels": {"en": value}}))
        self.took(self.wanda.post("me/hours", {"working_hours": [{"weekday": value, "begins": "09:00", "ends": "17:00"}]}))
        test = exam(organization, self.ids["skill_id"])
        for more in ({"label_minimums": {"every": value}}, {"label_minimums": {"labels": value}}, {"scoring": {"questions": value}},
                     {"scoring": {"questions": {}, "mapping": value}}, {"scoring": {"mapping": {"kind": value}, "questions": {}}}):  # fmt: skip
            self.took(self.rita.post("exams", test | more))

    @staticmethod
    def took(answer: Any) -> bool:
        assert answer.status_code in (200, 201, 202, 400, 402, 409), (answer.status_code, answer.content)
        return bool(answer.status_code < 400)

    def free(self) -> dict[str, Callable[[Any], Any]]:
        return {
            "Task.payload": self.payload,
            "Prelabel.result": self.prelabel,
            "Answer.result": self.answer,
            "Draft.result": self.work_in_progress,
            "Review.evidence": self.evidence,
            "Exam.questions": self.exam,
            "ExamAttempt.saved": self.saved,
            "ExamAttempt.answers": self.handed_in,
            "Lesson.examples": self.taught("examples"),
            "Lesson.practice": self.taught("practice"),
            "PracticeAnswer.result": self.practised,
        }


class Refused:
    """Not stored."""


def keepable(value: Any) -> bool:
    try:
        values.check([[[[value]]]])  # as deep as it stands in the deepest body
    except Unkeepable:
        return False
    return True


def test_whatever_is_written_is_refused_or_comes_back(rita, wanda, olga):
    scene = Scene(rita, wanda, olga)
    scene.exam_again()
    free = scene.free()
    assert set(free) == FREE

    @settings(max_examples=12, database=None, suppress_health_check=list(HealthCheck))
    @example(123456789012345678901)
    @example(1e21)
    @example(2**53 - 1)
    @example(-0.0)
    @example(float("nan"))
    @example(deep(50))
    @example(deep(260))
    @example("x\0y")
    @example("\ud800")
    @example({"": [[], {}, None, 5e-324, "漢😀\u2028"]})
    @given(anything)
    def write_and_read(value: Any) -> None:
        for column, write in free.items():
            back = write(value)
            assert (back is Refused) != keepable(value), (column, value)
            assert back is Refused or back == value, (column, value)
        scene.closed(value)

    write_and_read()
    for route in sorted(test_matrix.ROWS.keys() | test_matrix.LISTS):
        path = route
        for name, identity in scene.ids.items():
            path = path.replace(f"<uuid:{name}>", identity)
        for person in (rita, wanda, olga):
            if "get" in test_matrix.ROWS.get(route, {"get": ()}):
                answer = person.get(path, **({"page_size": 500} if route in test_matrix.LISTS else {}))
                assert answer.status_code in (200, 400, 403, 404, 405), (route, answer.content)
    for path in (f"batches/{scene.draft}/tasks", f"batches/{scene.open}/assignments", f"batches/{scene.draft}/imports"):
        assert "unreadable" not in str(ok(rita.get(path, page_size=500)))
    b"".join(rita.get(f"batches/{scene.open}/export").streaming_content)
