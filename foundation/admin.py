"""What operators see of the ground: what happened and who did it. And the one way in which staff look at rows: read-only."""

from typing import ClassVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from foundation.models import AuditEntry, Event


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]  # subscriptable in the stubs only
    """Looks, and changes nothing: rows come, change and end by verbs."""

    list_per_page = 50
    show_full_result_count = False  # counting millions of rows for a page of fifty
    ordering: ClassVar[tuple[str, ...] | list[str]] = ("-pk",)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False


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
