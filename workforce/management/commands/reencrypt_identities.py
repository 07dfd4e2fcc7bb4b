"""`manage.py reencrypt_identities`: after a new key was put first, let everything be sealed under it."""

from typing import Any

from django.core.management.base import BaseCommand

from workforce import resealing


class Command(BaseCommand):
    """The second of three steps of changing the key; docs/operating.md tells the others."""

    help = "Encrypt every identity and every second factor under the first key of FAIRHAND_IDENTITY_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        """Re-encrypt, and say how many."""
        identities, factors = resealing.reencrypt_all()
        self.stdout.write(f"Now under the first key: {identities} identities, {factors} second factors.")
