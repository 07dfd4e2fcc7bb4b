"""`manage.py check_invariants`: recompute what must be true of money, time and work."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from config.jobs import broken_invariants
from payments import invariants as money
from tasks import invariants as work


class Command(BaseCommand):
    """Exit code 1 and a list of offences when something that must be true is not."""

    help = "Recompute what must be true of money, time and work."

    def handle(self, *args: Any, **options: Any) -> None:
        """Check everything and report each check."""
        found = broken_invariants()
        for name in [*money.CHECKS, *work.CHECKS, "I7 the audit chain verifies"]:
            offences = found.get(name, [])
            self.stdout.write(f"{'BROKEN' if offences else 'holds '}  {name}")
            for offence in offences:
                self.stdout.write(f"          {offence}")
        if found:
            sys.exit(1)
