"""Courses and lessons, for those who write them and those who take them."""

from datetime import datetime
from typing import Any

from django.urls import path
from rest_framework import serializers
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from foundation.api.fields import ChoiceField
from foundation.api.filters import ClosedFilters
from foundation.errors import NotFound
from foundation.markdown import html_of
from qualification import mastery, training
from qualification.models import Course, Lesson, Training
from tasks import media, practising, questions
from tasks.labels import interface_of
from workforce import access, aliases, quoting
from workforce.api.aliases import worker_called
from workforce.api.commands import PostCommand, WorkCommand


class NewCourse(serializers.Serializer[Any]):
    """A course, and what finishing it grants."""

    organization_id = serializers.UUIDField()
    title = serializers.CharField(max_length=120)
    description = serializers.CharField(max_length=50_000, required=False, allow_blank=True, default="")
    skill_id = serializers.UUIDField(required=False, allow_null=True)
    skill_value = serializers.IntegerField(min_value=0, max_value=100, required=False, allow_null=True)
    valid_days = serializers.IntegerField(min_value=1, max_value=3650, required=False, allow_null=True)


class LessonLine(serializers.ModelSerializer[Lesson]):
    """A lesson as its course lists it."""

    practice_tasks = serializers.SerializerMethodField()

    class Meta:
        model = Lesson
        fields = ["id", "course_id", "position", "title", "practice_tasks", "mastery_right", "mastery_window", "right_percent"]

    def get_practice_tasks(self, lesson: Lesson) -> int:
        """How many there are."""
        return len(lesson.practice)


class CourseBody(serializers.ModelSerializer[Course]):
    """A course."""

    class Meta:
        model = Course
        fields = [
            "id",
            "organization_id",
            "title",
            "description",
            "skill_id",
            "skill_value",
            "valid_days",
            "created_at",
            "published_at",
            "closed_at",
        ]


class CourseWithLessons(CourseBody):
    """A course and its lessons in order."""

    lessons = serializers.SerializerMethodField()

    class Meta(CourseBody.Meta):
        fields = [*CourseBody.Meta.fields, "lessons"]

    def get_lessons(self, course: Course) -> list[dict[str, Any]]:
        """In order."""
        return LessonLine(Lesson.objects.filter(course=course).order_by("position"), many=True).data  # type: ignore[return-value]


class CreateCourse(PostCommand):
    """Begin a course; workers see it when it is published."""

    accepts = NewCourse
    answers = CourseBody
    status = 201

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Begin it."""
        return practising.create_course(access.actor_of(request), now=now, **data)


class Courses(ClosedFilters, ListAPIView[Course], CreateCourse):
    """GET lists the courses one may take or has made, POST begins one."""

    serializer_class = CourseBody
    queryset = Course.objects.none()
    filters = {"organization_id": "organization_id", "skill_id": "skill_id"}
    http_method_names = ["get", "post", "options"]

    def get_queryset(self) -> Any:
        """One's own, and for workers the open ones."""
        self.queryset = Course.objects.visible_to(access.actor_of(self.request))
        return super().get_queryset()


class OneCourse(RetrieveAPIView[Course]):
    """One course with its lessons."""

    serializer_class = CourseWithLessons
    lookup_url_kwarg = "course_id"

    def get_queryset(self) -> Any:
        """One's own, and for workers the open ones."""
        return Course.objects.visible_to(access.actor_of(self.request))


class NewLesson(serializers.Serializer[Any]):
    """Text, worked examples and practice tasks, and when it is mastered."""

    title = serializers.CharField(max_length=120)
    text = serializers.CharField(max_length=100_000, required=False, allow_blank=True, default="")
    interface = serializers.CharField(max_length=100_000, required=False, allow_blank=True, default="")
    examples = serializers.ListField(child=serializers.DictField(), required=False, max_length=training.QUESTIONS_MAX)
    practice = serializers.ListField(child=serializers.DictField(), required=False, max_length=training.QUESTIONS_MAX)
    mastery_right = serializers.IntegerField(min_value=0, max_value=mastery.WINDOW_MAX, required=False)
    mastery_window = serializers.IntegerField(min_value=0, max_value=mastery.WINDOW_MAX, required=False)
    right_percent = serializers.IntegerField(min_value=1, max_value=100, required=False)


class AddLesson(PostCommand):
    """Add the next lesson of a course that is not published yet."""

    accepts = NewLesson
    answers = LessonLine
    status = 201

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Add it."""
        return practising.add_lesson(access.actor_of(request), path["course_id"], **data)


class PublishCourse(PostCommand):
    """Let workers take a course. Its lessons do not change any more."""

    answers = CourseWithLessons

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Publish it."""
        return training.publish_course(access.actor_of(request), path["course_id"], now=now)


class CloseCourse(PostCommand):
    """Take nobody new; who has begun may finish."""

    answers = CourseWithLessons

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Close it."""
        return training.close_course(access.actor_of(request), path["course_id"], now=now)


class TrainingBody(serializers.ModelSerializer[Training]):
    """A worker takes a course: why, until when, how far they are."""

    worker = serializers.SerializerMethodField(help_text="The alias of the course's organisation.")
    lessons_mastered = serializers.SerializerMethodField()
    lessons = serializers.SerializerMethodField()

    class Meta:
        model = Training
        fields = [
            "id",
            "worker",
            "course_id",
            "number",
            "reason",
            "rule",
            "inputs",
            "threshold",
            "scope",
            "decision_id",
            "due_at",
            "lessons_mastered",
            "lessons",
            "created_at",
            "finished_at",
        ]

    def get_worker(self, row: Training) -> str:
        """The alias."""
        return aliases.alias_of(row.worker_id, row.course.organization_id)

    def get_lessons_mastered(self, row: Training) -> int:
        """So far."""
        return training.progress_of([row])[row.id][0]

    def get_lessons(self, row: Training) -> int:
        """In all."""
        return training.progress_of([row])[row.id][1]


class StartCourse(WorkCommand):
    """Begin a course; the one that is open or finished is returned instead of another."""

    answers = TrainingBody
    status = 201

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Begin it."""
        return training.start(access.require_worker(access.actor_of(request)), path["course_id"], now=now)


class Assigning(serializers.Serializer[Any]):
    """Whom, why, until when."""

    worker = serializers.CharField(
        max_length=aliases.ALIAS_MAX_CHARACTERS,
        required=False,
        allow_null=True,
        help_text="The organisation's alias of the worker.",
    )
    project_id = serializers.UUIDField(required=False, allow_null=True, help_text="Everybody who takes part in it, or what for.")
    note = serializers.CharField(
        max_length=quoting.NOTE_MAX_CHARACTERS,
        required=False,
        allow_blank=True,
        default="",
        help_text="Quoted in what the worker is told; without links.",
    )
    due_at = serializers.DateTimeField(required=False, allow_null=True)
    blocks = serializers.BooleanField(required=False, default=False)


class Assigned(serializers.Serializer[Any]):
    """The trainings, in no order."""

    trainings = TrainingBody(many=True)


class AssignCourse(PostCommand):
    """Send a worker, or everyone who takes part in a project, to a course; what they are told quotes the note."""

    accepts = Assigning
    answers = Assigned
    status = 201

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Send them."""
        return {"trainings": practising.assign(access.actor_of(request), path["course_id"], now=now, **data)}


class Trainings(ClosedFilters, ListAPIView[Training]):
    """Who takes which course: one's own, and those in one's organisations' courses."""

    serializer_class = TrainingBody
    queryset = Training.objects.none()
    filters = {"course_id": "course_id"}
    narrowing = {"worker": worker_called(owner="course__organization_id")}

    def get_queryset(self) -> Any:
        """As far as one may see them."""
        self.queryset = Training.objects.visible_to(access.actor_of(self.request)).select_related("course")
        return super().get_queryset()


class OneLesson(APIView):
    """One lesson: for those who made it with the solutions of its practice; for who takes it with the task that comes next."""

    def get(self, request: Request, **path: Any) -> Response:
        """As far as one may see it."""
        actor = access.actor_of(request)
        lesson = Lesson.objects.select_related("course").filter(id=path["lesson_id"]).first()
        if lesson is None or not Course.objects.visible_to(actor).filter(id=lesson.course_id).exists():
            raise NotFound
        owner = lesson.course.organization_id
        shown: dict[str, Any] = {
            **LessonLine(lesson).data,
            "text": lesson.text,
            "interface": media.config_of(interface_of(lesson.interface), owner) if lesson.interface else "",
            "examples": [questions.solved(example, lesson.interface, owner) for example in lesson.examples],
        }
        if lesson.course.organization_id in actor.organization_ids:
            shown["practice"] = lesson.practice
        if actor.worker_id is not None and Training.objects.filter(worker_id=actor.worker_id, course=lesson.course).exists():
            shown["standing"] = standing_shown(training.standing(actor.worker_id, lesson.id))
        return Response(shown)


def standing_shown(standing: training.Standing) -> dict[str, Any]:
    """Where a worker stands, and the task that comes next."""
    name, lesson = standing.next_question_id, standing.lesson
    return {
        "training_id": standing.training.id,
        "number": standing.number,
        "recent": standing.recent,
        "mastered_at": standing.mastered_at,
        "finished_at": standing.training.finished_at,
        "question": questions.asked(practising.question_of(lesson, name), lesson.interface, lesson.course.organization_id)
        if name
        else None,
    }


class StandingBody(serializers.Serializer[Any]):
    """Where a worker stands in a lesson: the number of the next answer, the last ones that count, the task that comes next."""

    training_id = serializers.UUIDField()
    number = serializers.IntegerField()
    recent = serializers.ListField(child=serializers.BooleanField())
    mastered_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    question = serializers.DictField(allow_null=True)


class StudyLesson(WorkCommand):
    """Say that you are at a lesson, every 15 seconds while you are: it is how your time is counted."""

    answers = StandingBody
    shaped = False
    remembered = False

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Note it."""
        worker_id = access.require_worker(access.actor_of(request))
        practising.at_work(worker_id, path["lesson_id"], now=now)
        return standing_shown(training.standing(worker_id, path["lesson_id"]))


class ReadLesson(WorkCommand):
    """Say that you have read a lesson without practice."""

    answers = StandingBody
    shaped = False

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Note it."""
        worker_id = access.require_worker(access.actor_of(request))
        return standing_shown(practising.read(worker_id, path["lesson_id"], now=now))


class PracticeRequest(serializers.Serializer[Any]):
    """The answer to a practice task; `number` counts one's answers in the lesson from 1."""

    number = serializers.IntegerField(min_value=1, max_value=32_000)
    question_id = serializers.CharField(max_length=questions.ID_MAX_CHARACTERS)
    result = serializers.ListField(child=serializers.DictField())


class FeedbackBody(serializers.Serializer[Any]):
    """What the answer was worth, the solution and the explanation, and where that leaves one."""

    verdict = ChoiceField(choices=["right", "partly", "wrong"])
    score = serializers.FloatField()
    counts = serializers.BooleanField()
    solution = serializers.ListField(child=serializers.DictField())
    explanation = serializers.CharField(allow_blank=True)  # Markdown
    explanation_html = serializers.CharField(allow_blank=True)
    standing = StandingBody()


class PractiseLesson(WorkCommand):
    """Answer a practice task and learn at once whether it was right. The same number and answer again returns the first outcome."""

    accepts = PracticeRequest
    answers = FeedbackBody
    shaped = False
    remembered = False

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Score it."""
        worker_id = access.require_worker(access.actor_of(request))
        feedback = practising.practise(worker_id, path["lesson_id"], now=now, **data)
        return {
            "verdict": feedback.outcome.verdict,
            "score": feedback.outcome.answer.score,
            "counts": feedback.outcome.answer.counts,
            "solution": feedback.question["solution"],
            "explanation": feedback.question["explanation"],
            "explanation_html": html_of(
                feedback.question["explanation"], sign=media.signer_for(feedback.standing.lesson.course.organization_id)
            ),
            "standing": standing_shown(feedback.standing),
        }


urlpatterns = [
    path("courses", Courses.as_view()),
    path("courses/<uuid:course_id>", OneCourse.as_view()),
    path("courses/<uuid:course_id>/lessons", AddLesson.as_view()),
    path("courses/<uuid:course_id>/publish", PublishCourse.as_view()),
    path("courses/<uuid:course_id>/close", CloseCourse.as_view()),
    path("courses/<uuid:course_id>/assign", AssignCourse.as_view()),
    path("courses/<uuid:course_id>/start", StartCourse.as_view()),
    path("trainings", Trainings.as_view()),
    path("lessons/<uuid:lesson_id>", OneLesson.as_view()),
    path("lessons/<uuid:lesson_id>/study", StudyLesson.as_view()),
    path("lessons/<uuid:lesson_id>/practise", PractiseLesson.as_view()),
    path("lessons/<uuid:lesson_id>/read", ReadLesson.as_view()),
]
