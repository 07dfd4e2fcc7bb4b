"""`manage.py mark_simulation`: say that this database is a simulation, so that requests may carry simulated instants in it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from foundation import clock
from foundation.models import Mark
from payments.models import Transfer


class Command(BaseCommand):
    """Mark the database; refused when money has moved in it, because marked time could then be anybody's."""

    help = "Mark this database as a simulation. Refused once money has moved in it."

    def handle(self, *args: Any, **options: Any) -> None:
        """Mark it; the second time changes nothing."""
        if Mark.objects.filter(name=Mark.SIMULATION).exists():
            return
        if Transfer.objects.exists():
            raise CommandError("Money has moved in this database, so it is not a simulation. Use a fresh one.")
        Mark.objects.create(name=Mark.SIMULATION, made_at=clock.now())
        self.stdout.write("This database is now marked as a simulation.")
