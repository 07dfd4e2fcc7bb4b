"""What operators see of the ground: what happened, who did it, and which jobs failed."""

from collections.abc import Callable

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from foundation import clock, queueing
from foundation.models import AuditEntry, Event, FailedJob
from foundation.read_only import ReadOnly


@admin.register(Event)
class EventAdmin(ReadOnly):
    """Events."""

    list_display = ("kind", "subject_id", "actor_id", "happened_at")
    list_filter = ("kind",)
    search_fields = ("=subject_id",)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly):
    """The audit trail."""

    list_display = ("number", "action", "subject", "actor_id", "reason", "happened_at")
    list_filter = ("action",)
    search_fields = ("subject",)


@admin.register(FailedJob)
class FailedJobAdmin(ReadOnly):
    """Jobs that failed: those with a next try look after themselves, the others were given up."""

    list_display = ("job", "args", "tries", "failed_at", "next_at", "error")
    list_filter = ("job", ("next_at", admin.EmptyFieldListFilter))
    ordering = ("-failed_at",)
    actions = ("run_again", "let_go")

    def get_queryset(self, request: HttpRequest) -> QuerySet[FailedJob]:
        """Without those whose first try runs."""
        return super().get_queryset(request).filter(id__in=FailedJob.objects.failed().values("id"))

    @admin.action(description="Run again: those that were given up", permissions=["view"])
    def run_again(self, request: HttpRequest, queryset: QuerySet[FailedJob]) -> None:
        """Enqueue the chosen jobs that were given up."""
        self._each(request, queryset, queueing.run_again)

    @admin.action(description="Let go: those that were given up will never run", permissions=["view"])
    def let_go(self, request: HttpRequest, queryset: QuerySet[FailedJob]) -> None:
        """Forget the chosen jobs that were given up."""
        self._each(request, queryset, queueing.let_go)

    def _each(self, request: HttpRequest, queryset: QuerySet[FailedJob], verb: Callable[..., bool]) -> None:
        now = clock.now()
        done = [verb(job_id, actor_id=request.user.pk, now=now) for job_id in queryset.values_list("id", flat=True)]
        self.message_user(request, f"{sum(done)} of {len(done)}")
