"""The list a platform begins with, and the addresses of the accounts there are, which nobody has verified."""

from typing import Any

from django.db import migrations
from django.utils import timezone

STEPS: list[tuple[str, bool, bool, int | None]] = [  # kind, required, paid, seconds
    ("email", True, False, 60),
    ("profile", True, False, 60),
    ("languages", True, False, 60),
    ("agreements", True, True, 300),
    ("content", False, False, 60),
    ("hours", False, False, 60),
    ("second_factor", False, False, 120),
    ("identity", False, False, 120),
    ("payout", False, False, None),
]

ADDRESSES = """
INSERT INTO account_emailaddress (user_id, email, verified, "primary")
SELECT u.id, lower(u.email), false, true FROM workforce_user u
 WHERE NOT EXISTS (SELECT 1 FROM account_emailaddress e WHERE e.user_id = u.id)
"""


def seed(apps: Any, schema_editor: Any) -> None:
    """Nine steps, four of them required."""
    step = apps.get_model("workforce", "OnboardingStep")
    step.objects.bulk_create(
        step(kind=kind, required=required, paid=paid, estimate_seconds=seconds, position=10 * n, created_at=timezone.now())
        for n, (kind, required, paid, seconds) in enumerate(STEPS, start=1)
    )


class Migration(migrations.Migration):
    """Rows."""

    dependencies = [
        ("workforce", "0008_onboarding_and_teams"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]
    operations = [
        migrations.RunPython(seed, migrations.RunPython.noop),
        migrations.RunSQL(ADDRESSES, migrations.RunSQL.noop),
    ]
