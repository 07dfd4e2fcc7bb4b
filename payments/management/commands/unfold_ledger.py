"""`manage.py unfold_ledger`: after restoring a dump, let balances be summed from the first transfer again."""

from typing import Any

from django.core.management.base import BaseCommand

from payments import ledger


class Command(BaseCommand):
    """Folded sums name transactions of the server that made them; on another server they must be forgotten once."""

    help = "Forget the folded sums of all accounts, as after restoring a dump on another server. Balances do not change."

    def handle(self, *args: Any, **options: Any) -> None:
        """Unfold, and say how many accounts were folded."""
        self.stdout.write(f"Accounts unfolded: {ledger.unfold()}. The next fold sums them anew.")
