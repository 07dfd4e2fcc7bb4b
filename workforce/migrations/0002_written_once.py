"""Acceptances and decisions are written once."""

from django.db import migrations

from foundation.append_only import append_only


class Migration(migrations.Migration):
    """Triggers against update, delete and truncate."""

    dependencies = [("workforce", "0001_initial"), ("foundation", "0002_written_once")]
    operations = [append_only("workforce_acceptance"), append_only("workforce_decision")]
