"""The one way in which staff look at rows: read-only. A module of its own, because the admin's site is made of it before any page registers."""

from typing import ClassVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest


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
