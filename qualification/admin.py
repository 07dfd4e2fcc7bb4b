"""Skills, exams and evidence, as operators see them."""

from django.contrib import admin

from foundation.read_only import ReadOnly
from qualification.models import Course, Estimate, Evidence, Exam, ExamAttempt, Grant, Lesson, Skill, Training


@admin.register(Skill)
class SkillAdmin(ReadOnly):
    """Skills."""

    list_display = ("name", "organization", "created_at")
    list_select_related = ("organization",)
    search_fields = ("name",)


@admin.register(Grant)
class GrantAdmin(ReadOnly):
    """Who holds what."""

    list_display = ("worker", "skill", "value", "source", "granted_at", "expires_at", "revoked_at")
    list_select_related = ("worker", "skill")


@admin.register(Exam)
class ExamAdmin(ReadOnly):
    """Exams."""

    list_display = ("title", "skill", "pass_percent", "time_limit_seconds", "max_attempts", "closed_at")
    list_select_related = ("skill",)


@admin.register(ExamAttempt)
class ExamAttemptAdmin(ReadOnly):
    """Sittings."""

    list_display = ("exam", "worker", "number", "state", "score_percent", "started_at")
    list_filter = ("state",)
    list_select_related = ("exam", "worker")


@admin.register(Evidence)
class EvidenceAdmin(ReadOnly):
    """Observations."""

    list_display = ("worker", "scope", "window", "score", "weight", "source", "observed_at")
    list_select_related = ("worker",)
    search_fields = ("=worker__id", "scope")


@admin.register(Estimate)
class EstimateAdmin(ReadOnly):
    """What the evidence says."""

    list_display = ("worker", "scope", "window", "alpha", "beta", "observations", "updated_at")
    list_select_related = ("worker",)
    search_fields = ("=worker__id", "scope")


@admin.register(Course)
class CourseAdmin(ReadOnly):
    """Courses."""

    list_display = ("title", "organization", "skill", "skill_value", "published_at", "closed_at")
    list_select_related = ("organization", "skill")
    search_fields = ("title",)


@admin.register(Lesson)
class LessonAdmin(ReadOnly):
    """Lessons."""

    list_display = ("title", "course", "position", "mastery_right", "mastery_window")
    list_select_related = ("course",)


@admin.register(Training)
class TrainingAdmin(ReadOnly):
    """Who takes which course, and why."""

    list_display = ("worker", "course", "number", "rule", "due_at", "created_at", "finished_at")
    list_select_related = ("worker", "course")
    search_fields = ("=worker__id",)
