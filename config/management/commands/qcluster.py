"""`manage.py qcluster`: the queue's own command, which a superuser of the database may not run outside development."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError
from django_q.management.commands import qcluster

from config.database_role import refuse_superusers


class Command(qcluster.Command):  # type: ignore[misc]  # untyped
    """Runs jobs and schedules until it is stopped."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Refuse, or run."""
        try:
            refuse_superusers()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        super().handle(*args, **options)
