"""The composition root as an app: management commands, and checks of the configuration."""

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import Error, register


class ConfigConfig(AppConfig):
    """Wires everything together; nobody imports it."""

    name = "config"

    def ready(self) -> None:
        """Register the configuration checks."""
        register(secret_key_is_set)


def secret_key_is_set(**_: Any) -> list[Error]:
    """A start without a secret key is refused: there is no default that anybody could know."""
    if settings.SECRET_KEY:
        return []
    return [Error("FAIRHAND_SECRET_KEY is not set.", hint="Set it to 50 random characters, or FAIRHAND_DEBUG=1.", id="fairhand.E001")]
