"""Whether the time of a step is paid is fixed when it is begun, and a step that opens again is begun again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("workforce", "0010_learning_notices"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="stepprogress",
            name="step_begun_once",
        ),
        migrations.RemoveIndex(
            model_name="stepprogress",
            name="progress_to_credit",
        ),
        migrations.AddField(
            model_name="stepprogress",
            name="paid",
            field=models.BooleanField(default=False),
        ),
        migrations.AddIndex(
            model_name="stepprogress",
            index=models.Index(
                condition=models.Q(("credited_at", None), ("finished_at__isnull", False), ("paid", True)),
                fields=["finished_at"],
                name="progress_to_credit",
            ),
        ),
        migrations.AddConstraint(
            model_name="stepprogress",
            constraint=models.UniqueConstraint(
                models.F("worker"), models.F("step"), condition=models.Q(("finished_at", None)), name="step_begun_once_at_a_time"
            ),
        ),
    ]
