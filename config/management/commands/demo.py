"""`manage.py demo`: start everything, live a whole job end to end over HTTP, and say what happened."""

import secrets
import sys
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from rich.console import Console

from config import schedules
from config.processes import Cluster, WebServer, remember, stop_remembered
from foundation import clock
from foundation.queueing import enqueue
from simulation import demo, report
from workforce import accounts
from workforce.models import User


class Command(BaseCommand):
    """Leaves the site running in the background; `make stop` stops it."""

    help = "Run the demonstration on the embedded database and leave the site running."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to listen, and whether to stay."""
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--stop", action="store_true", help="Stop the site at the end.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Start, live, report."""
        console = Console(width=118)
        stop_remembered()
        console.print("Bringing the database up to date and starting web server and cluster.")
        call_command("migrate", verbosity=0)
        schedules.sync()
        web, cluster = WebServer(port=options["port"]).start(), Cluster().start()
        remember(web, cluster)
        story = demo.live(
            web.address,
            operator_token(),
            after_the_deadline=lambda at: enqueue("tasks.jobs.accept_due", at.isoformat()),
            tell=console.print,
        )
        console.print()
        fine = report.show(story, console, web.address)
        if options["stop"] or not fine:
            stop_remembered()
        if not fine:
            sys.exit(1)


def operator_token() -> str:
    """A token of an operator made for simulations, who cannot log in by password."""
    now = clock.now()
    email = "operator@simulation.example"
    user = User.objects.filter(email=email).first()
    if user is None:
        user = accounts.sign_up(
            email=email, password=secrets.token_urlsafe(24), display_name="Operator", as_worker=False, now=now
        )
        User.objects.filter(id=user.id).update(is_staff=True)
    return accounts.issue_token(user, name="simulation", now=now, days=7)[1]
