"""The ground everything stands on."""

from django.apps import AppConfig


class FoundationConfig(AppConfig):
    """Errors, clock, queue, events, audit trail, API plumbing; no business words."""

    name = "foundation"
