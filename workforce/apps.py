"""People, organisations, and what was decided about them."""

from django.apps import AppConfig


class WorkforceConfig(AppConfig):
    """People, organisations, and what was decided about them."""

    name = "workforce"
