"""`manage.py grant_role NAME`: give the role that the application runs as exactly what it needs (config/grants.py)."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config import grants


class Command(BaseCommand):
    """Run it as the owner of the tables, after `migrate`; safe to repeat."""

    help = "Give a database role exactly what web processes and clusters need, and nothing that switches a guard off."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which role."""
        parser.add_argument("role", help="An existing role that owns nothing here.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Grant, and say what."""
        try:
            given = grants.grant(options["role"])
        except grants.UnfitRole as error:
            raise CommandError(str(error)) from error
        deleting = sum("DELETE" in allowed for allowed in given.values())
        fixed = sum("UPDATE" not in allowed for allowed in given.values())
        self.stdout.write(
            f"{options['role']}: {len(given)} tables, of which {fixed} cannot be changed and {deleting} can be deleted from."
        )
