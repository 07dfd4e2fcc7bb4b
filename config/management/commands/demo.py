"""`manage.py demo`: start everything, live a whole job end to end over HTTP, and say what happened."""

import secrets
import sys
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from rich.console import Console

from config.processes import Cluster, WebServer, remember, stop_remembered
from foundation import clock
from foundation.queueing import enqueue
from simulation import demo, report, showcase
from workforce import accounts, tokens
from workforce.models import Scope, User

OPERATOR = "operator@simulation.example"


class Command(BaseCommand):
    """Leaves the site running in the background; `make stop` stops it."""

    help = "Run the demonstration on the embedded database and leave the site running."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to listen, and whether to stay."""
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--stop", action="store_true", help="Stop the site at the end.")
        parser.add_argument(
            "--only", choices=["story", "showcase"], help="The job on digits alone, or the site to look around in."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Start, live, report."""
        console = Console(width=118)
        stop_remembered()
        console.print("Bringing the database up to date and starting web server and cluster.")
        call_command("migrate", verbosity=0)
        web, cluster = WebServer(port=options["port"]).start(), Cluster().start()
        remember(web, cluster)
        fine = options["only"] == "showcase" or self._story(console, web.address)
        if options["only"] != "story":
            shown = showcase.live(web.address, operator_token(), tell=console.print)
            enqueue("tasks.jobs.measure_times")
            enqueue("tasks.jobs.weigh_gold")
            report.show_around(shown, let_in(), console, web.address, mail=settings.EMAIL_FILE_PATH)
        if options["stop"] or not fine:
            stop_remembered()
        if not fine:
            sys.exit(1)

    def _story(self, console: Console, address: str) -> bool:
        """A whole job on handwritten digits; False when the money does not add up."""
        story = demo.live(
            address,
            operator_token(),
            each_minute=lambda: enqueue("tasks.jobs.weigh_gold"),
            after_the_deadline=lambda at: enqueue("tasks.jobs.accept_due", at.isoformat()),
            tell=console.print,
        )
        console.print()
        return report.show(story, console, address)


def let_in() -> showcase.Account:
    """Let the operator sign in, too; the password is drawn anew every time, and ends the one of the run before."""
    operator = User.objects.get(email=OPERATOR)
    password = secrets.token_urlsafe(9)
    operator.set_password(password)
    operator.is_superuser = True
    operator.save(update_fields=["password", "is_superuser"])
    EmailAddress.objects.update_or_create(user=operator, email=OPERATOR, defaults={"verified": True, "primary": True})
    return showcase.Account("operator", OPERATOR, password, "everything, at /admin/")


def operator_token() -> str:
    """A token of an operator made for simulations, who cannot log in by password unless `let_in` gives them one."""
    now = clock.now()
    user = User.objects.filter(email=OPERATOR).first()
    if user is None:
        user = accounts.sign_up(
            email=OPERATOR, password=secrets.token_urlsafe(24), display_name="Operator", as_worker=False, now=now
        )
        User.objects.filter(id=user.id).update(is_staff=True)
    return tokens.issue(user, name="simulation", now=now, scopes=list(Scope), days=7)[1]
