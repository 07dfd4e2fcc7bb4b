"""Evidence is written once."""

from django.db import migrations

from foundation.append_only import append_only


class Migration(migrations.Migration):
    """Triggers against update, delete and truncate."""

    dependencies = [("qualification", "0002_initial"), ("foundation", "0002_written_once")]
    operations = [append_only("qualification_evidence")]
