"""The ground everything stands on."""

from django.apps import AppConfig


class FoundationConfig(AppConfig):
    """Errors, clock, queue, events, audit trail, API plumbing; no business words."""

    name = "foundation"

    def ready(self) -> None:
        """Numbers are read strictly everywhere."""
        from foundation.api import numbers

        numbers.be_strict()
