"""Work, as operators see it: everything is read-only here; what acts calls the same verbs as the API."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from foundation import clock
from foundation.errors import DomainError
from foundation.read_only import ReadOnly
from tasks import publishing
from tasks.models import AggregationRun, Assignment, Batch, Enrolment, Gold, Guideline, Import, Project, Review, Task
from workforce import access
from workforce.access import Actor
from workforce.models import User

Verb = Callable[..., Batch]


@admin.register(Project)
class ProjectAdmin(ReadOnly):
    """Projects."""

    list_display = ("name", "organization", "created_at", "archived_at")
    list_select_related = ("organization",)
    search_fields = ("name",)


@admin.register(Guideline)
class GuidelineAdmin(ReadOnly):
    """Guidelines."""

    list_display = ("project", "version", "changes", "created_at")
    list_select_related = ("project",)


@admin.register(Batch)
class BatchAdmin(ReadOnly):
    """Batches; an operator may pause, resume and close any of them."""

    list_display = ("name", "organization", "state", "overlap", "price_micros", "currency", "published_at")
    list_filter = ("state",)
    list_select_related = ("organization",)
    search_fields = ("name",)
    actions = ("pause", "resume", "close")

    @admin.action(description="Pause: hand out no more tasks", permissions=["view"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Batch]) -> None:
        """Pause the chosen batches."""
        self._each(request, queryset, publishing.pause)

    @admin.action(description="Resume: hand out tasks again", permissions=["view"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Batch]) -> None:
        """Resume the chosen batches."""
        self._each(request, queryset, publishing.resume)

    @admin.action(description="Close: end it and give unspent money back", permissions=["view"])
    def close(self, request: HttpRequest, queryset: QuerySet[Batch]) -> None:
        """Close the chosen batches."""
        self._each(request, queryset, publishing.close)

    def _each(self, request: HttpRequest, queryset: QuerySet[Batch], verb: Verb) -> None:
        actor, now = _actor_of(request), clock.now()
        for batch_id, name in queryset.values_list("id", "name"):
            self.message_user(request, *_told(verb, actor, batch_id, name, now))


def _actor_of(request: HttpRequest) -> Actor:
    assert isinstance(request.user, User), "the admin lets nobody else in"
    return access.actor_of_user(request.user)


def _told(verb: Verb, actor: Actor, batch_id: UUID, name: str, now: datetime) -> tuple[str, int]:
    try:
        return f"{name}: {verb(actor, batch_id, now=now).state}", messages.SUCCESS
    except DomainError as error:
        return f"{name}: {error.told()}", messages.WARNING


@admin.register(Task)
class TaskAdmin(ReadOnly):
    """Tasks."""

    list_display = ("key", "batch", "lane", "state", "overlap", "need", "done")
    list_filter = ("state", "lane")
    list_select_related = ("batch",)


@admin.register(Gold)
class GoldAdmin(ReadOnly):
    """Known truths."""

    list_display = ("task", "solution", "created_at")
    list_select_related = ("task",)


@admin.register(Assignment)
class AssignmentAdmin(ReadOnly):
    """Who holds or held what."""

    list_display = ("id", "worker_id", "batch_id", "state", "leased_at", "submitted_at", "review_due_at")
    list_filter = ("state",)


@admin.register(Review)
class ReviewAdmin(ReadOnly):
    """Verdicts."""

    list_display = ("assignment_id", "number", "verdict", "reason", "reviewer", "created_at")
    list_filter = ("verdict", "reason")
    list_select_related = ("reviewer",)


@admin.register(Enrolment)
class EnrolmentAdmin(ReadOnly):
    """Who takes part where."""

    list_display = ("worker_id", "batch", "claimed", "gold_given", "eligible_until", "created_at")
    list_select_related = ("batch",)


@admin.register(Import)
class ImportAdmin(ReadOnly):
    """Uploads."""

    list_display = ("batch", "kind", "state", "rows_read", "rows_added", "rows_bad", "created_at")
    list_filter = ("state", "kind")
    list_select_related = ("batch",)


@admin.register(AggregationRun)
class AggregationRunAdmin(ReadOnly):
    """Aggregations."""

    list_display = ("batch", "method", "state", "labels", "ties", "created_at", "ended_at")
    list_filter = ("state", "method")
    list_select_related = ("batch",)
