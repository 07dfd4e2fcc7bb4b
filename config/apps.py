"""The composition root as an app, for its management commands."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Wires everything together; nobody imports it."""

    name = "config"

    def ready(self) -> None:
        """Connect what happens after migrating and after each job; choices of serializers made from models are refused with what there is."""
        from rest_framework.serializers import ModelSerializer

        from config import checks, schedules  # noqa: F401 - a check is there once its module is loaded
        from foundation import queueing
        from foundation.api.fields import ChoiceField

        schedules.connect()
        queueing.connect()
        ModelSerializer.serializer_choice_field = ChoiceField
