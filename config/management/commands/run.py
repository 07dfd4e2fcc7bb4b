"""`manage.py run`: the whole installation in the foreground, until Ctrl-C."""

import signal
import time
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.database_role import refuse_superusers
from config.processes import Cluster, WebServer
from workforce.models import User


class Command(BaseCommand):
    """Bring the database up to date, start web server and cluster, and stop both at the end."""

    help = "Run the web server and the cluster until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to listen."""
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--host", default="127.0.0.1")

    def handle(self, *args: Any, **options: Any) -> None:
        """Start, wait, stop."""
        try:
            refuse_superusers()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        call_command("migrate", verbosity=0)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with WebServer(port=options["port"], host=options["host"]) as web, Cluster() as cluster:
            self.stdout.write(f"Fairhand runs at {web.address} (API: {web.address}/api/docs/). Ctrl-C stops it.")
            if settings.DEBUG and settings.EMAIL_BACKEND.endswith("filebased.EmailBackend"):
                self.stdout.write(f"Mail is not sent but kept, one file each, in {settings.EMAIL_FILE_PATH}.")
            if not User.objects.filter(is_staff=True).exists():
                self.stdout.write("Nobody operates it yet: `manage.py createsuperuser` makes the first operator.")
            self.stdout.flush()
            try:
                while web.process and cluster.process and web.process.poll() is None and cluster.process.poll() is None:
                    time.sleep(0.5)
                self.stderr.write(f"A process ended by itself. The logs are in {web.log.parent}.")
            except KeyboardInterrupt:
                self.stdout.write("Stopping.")
