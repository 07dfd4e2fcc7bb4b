"""Leases are looked up by worker at every claim and by their end when they expire; a pause lives in Decision alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Two narrow indexes for one wide one."""

    dependencies = [("tasks", "0003_written_once")]
    operations = [
        migrations.RemoveIndex("assignment", "live_lease"),
        migrations.AddIndex(
            "assignment", models.Index(models.F("worker"), condition=models.Q(state="leased"), name="lease_by_worker")
        ),
        migrations.AddIndex(
            "assignment",
            models.Index(models.F("batch"), models.F("expires_at"), condition=models.Q(state="leased"), name="lease_by_expiry"),
        ),
        migrations.RemoveField("enrolment", "paused_until"),
    ]
