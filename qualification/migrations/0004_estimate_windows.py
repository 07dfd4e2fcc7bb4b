"""Estimates of accuracy come in windows: where what is right changes, another begins."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("qualification", "0003_written_once"),
        ("workforce", "0003_rules_restrict_a_day"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="estimate",
            name="estimate_once_per_scope",
        ),
        migrations.AddField(
            model_name="estimate",
            name="window",
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AddField(
            model_name="evidence",
            name="window",
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AddConstraint(
            model_name="estimate",
            constraint=models.UniqueConstraint(
                models.F("worker"), models.F("scope"), models.F("window"), name="estimate_once_per_window"
            ),
        ),
    ]
