"""Skills, exams and evidence, as operators see them."""

from django.contrib import admin

from foundation.admin import ReadOnly
from qualification.models import Estimate, Evidence, Exam, ExamAttempt, Grant, Skill


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
