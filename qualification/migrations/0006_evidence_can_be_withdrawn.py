"""Evidence can be withdrawn, says when its work was done, and an estimate from when on it counts."""

import django.db.models.deletion
from django.db import migrations, models

from foundation.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("qualification", "0005_training_and_exams"),
    ]

    operations = [
        migrations.CreateModel(
            name="Withdrawal",
            fields=[
                (
                    "evidence",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        serialize=False,
                        to="qualification.evidence",
                    ),
                ),
                ("reason", models.CharField(max_length=120)),
                ("withdrawn_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="estimate",
            name="counted_from",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="evidence",
            name="happened_at",
            field=models.DateTimeField(null=True),
        ),
        append_only("qualification_withdrawal"),
    ]
