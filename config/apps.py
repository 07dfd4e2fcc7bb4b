"""The composition root as an app, for its management commands."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Wires everything together; nobody imports it."""

    name = "config"

    def ready(self) -> None:
        """Connect what happens after migrating and after each job."""
        from config import checks, schedules  # noqa: F401 - a check is there once its module is loaded

        schedules.connect()
