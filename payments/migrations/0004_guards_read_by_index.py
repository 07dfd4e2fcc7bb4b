"""Make the guards read by index, whatever the planner believes when it first sees them.

The plans inside a function are kept for the life of a connection. One made while the table was nearly empty reads it whole, and goes
on doing so for every row of a long transaction: two thousand settlements then read two million rows.
"""

from django.db import migrations


class Migration(migrations.Migration):
    """A setting of three functions."""

    dependencies = [("payments", "0003_firmer_guards")]
    operations = [
        migrations.RunSQL(
            "ALTER FUNCTION payments_transfer_check() SET enable_seqscan = off; "
            "ALTER FUNCTION payments_balance(uuid) SET enable_seqscan = off; "
            "ALTER FUNCTION payments_account_is_fixed() SET enable_seqscan = off;",
            "ALTER FUNCTION payments_transfer_check() RESET enable_seqscan; "
            "ALTER FUNCTION payments_balance(uuid) RESET enable_seqscan; "
            "ALTER FUNCTION payments_account_is_fixed() RESET enable_seqscan;",
        ),
    ]
