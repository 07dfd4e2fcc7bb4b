"""`manage.py remove_second_factors EMAIL --reason`: for the operator who has lost theirs and has no colleague to ask."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from foundation import clock
from foundation.errors import DomainError
from workforce import addresses, recovering
from workforce.models import User


class Command(BaseCommand):
    """The second time removes nothing."""

    help = "Take the second factors off an account whose owner has lost them. They are mailed the reason."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose, and why."""
        parser.add_argument("email")
        parser.add_argument("--reason", required=True, help="Kept in the audit trail, and mailed to the person.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Remove them and say how many."""
        try:
            user = User.objects.filter(email=addresses.normal(options["email"])).first()
            if user is None:
                raise CommandError("There is no account with this address.")
            done = recovering.without_second_factors(user.id, by=None, reason=options["reason"], now=clock.now())
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"Removed {done['second_factors']}; ended {done['sessions']} sessions and {done['tokens']} tokens.")
