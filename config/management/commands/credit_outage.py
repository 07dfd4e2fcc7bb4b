"""`manage.py credit_outage SINCE UNTIL --reason`: credit the time that workers lost because the site was down."""

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from foundation import clock
from tasks import lost_time


class Command(BaseCommand):
    """The second time adds nothing."""

    help = "Credit the time seen at tasks whose lease ran out between two instants, because the site was down."

    def add_arguments(self, parser: CommandParser) -> None:
        """From when, until when, and why."""
        parser.add_argument("since", help="ISO 8601 with its zone, such as 2026-11-24T09:30:00+00:00")
        parser.add_argument("until")
        parser.add_argument("--reason", required=True, help="Kept in the audit trail.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Credit it and say how much."""
        since, until = (_instant(options, name) for name in ("since", "until"))
        if until <= since or until > clock.now():
            raise CommandError("`until` lies after `since`, and not in the future.")
        tasks, seconds = lost_time.credit_outage(since=since, until=until, reason=options["reason"], now=clock.now())
        self.stdout.write(f"Credited {round(seconds)} seconds at {tasks} tasks.")


def _instant(options: dict[str, Any], name: str) -> datetime:
    try:
        instant = datetime.fromisoformat(options[name])
    except ValueError as error:
        raise CommandError(f"`{name}` is no ISO 8601 instant: {options[name]}") from error
    if instant.tzinfo is None:
        raise CommandError(f"`{name}` names no time zone: add +00:00 for UTC.")
    return instant
