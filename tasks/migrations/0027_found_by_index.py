"""The gold of a batch, and a worker's answers in a state, are found without reading the rest."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tasks", "0026_rejections_beyond_the_share"),
        ("workforce", "0021_who_tells"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="assignment",
            index=models.Index(
                models.F("worker"),
                models.F("state"),
                models.F("id"),
                condition=models.Q(("state__in", ["submitted", "rejected", "late", "returned", "expired"])),
                name="assignment_by_worker_and_state",
            ),
        ),
        migrations.AddIndex(
            model_name="task",
            index=models.Index(models.F("batch"), models.F("position"), condition=models.Q(("lane", 2)), name="gold_of_batch"),
        ),
    ]
