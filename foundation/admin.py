"""What operators see of the ground: what happened and who did it."""

from django.contrib import admin

from foundation.models import AuditEntry, Event
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
