"""The composition root as an app, for its management commands."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Wires everything together; nobody imports it."""

    name = "config"
