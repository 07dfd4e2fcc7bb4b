"""Answers, reviews and guidelines are written once."""

from django.db import migrations

from foundation.append_only import append_only


class Migration(migrations.Migration):
    """Triggers against update, delete and truncate."""

    dependencies = [("tasks", "0002_initial"), ("foundation", "0002_written_once")]
    operations = [append_only("tasks_answer"), append_only("tasks_review"), append_only("tasks_guideline")]
