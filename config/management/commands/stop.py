"""`manage.py stop`: end what `make demo` left running, and the embedded database."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config import embedded_postgres
from config.processes import stop_remembered


class Command(BaseCommand):
    """Stop web server, cluster and embedded PostgreSQL."""

    help = "Stop what runs in the background, the embedded database included."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Stop them in that order."""
        if stop_remembered():
            self.stdout.write("Stopped the web server and the cluster.")
        if not settings.DATABASE_URL and embedded_postgres.stop(settings.EMBEDDED_POSTGRES_DIR):
            self.stdout.write("Stopped the embedded PostgreSQL.")
