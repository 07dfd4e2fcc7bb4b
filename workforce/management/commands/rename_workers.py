"""`manage.py rename_workers`: after FAIRHAND_SECRET_KEY was changed, write the organisations' aliases of workers anew."""

from typing import Any

from django.core.management.base import BaseCommand

from workforce import aliases


class Command(BaseCommand):
    """Until it has run, organisations see the new aliases and cannot name anybody by them."""

    help = "Write every organisation's aliases of workers as the current FAIRHAND_SECRET_KEY makes them."

    def handle(self, *args: Any, **options: Any) -> None:
        """Write them, and say how many."""
        self.stdout.write(f"{aliases.rename_all()} aliases written anew.")
