"""A training whose practice is used up has ended, unfinished."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("qualification", "0006_evidence_can_be_withdrawn"),
        ("workforce", "0019_cases_are_told"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="training",
            name="training_open_once",
        ),
        migrations.AddField(
            model_name="training",
            name="used_up_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddConstraint(
            model_name="training",
            constraint=models.UniqueConstraint(
                models.F("worker"),
                models.F("course"),
                condition=models.Q(("finished_at", None), ("used_up_at", None)),
                name="training_open_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="training",
            constraint=models.CheckConstraint(
                condition=models.Q(("finished_at", None), ("used_up_at", None), _connector="OR"), name="training_ends_one_way"
            ),
        ),
    ]
