"""Of which organisation's act a notice tells, so that its pace can be kept."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("workforce", "0020_signs_of_life_in_steps"),
    ]

    operations = [
        migrations.AddField(
            model_name="notification",
            name="told_by",
            field=models.UUIDField(null=True),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                models.F("told_by"),
                models.F("created_at"),
                condition=models.Q(("told_by__isnull", False)),
                name="notices_of_organization",
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                models.F("user"),
                models.F("told_by"),
                models.F("created_at"),
                condition=models.Q(("mail", "at_once"), ("told_by__isnull", False)),
                name="mails_of_organization",
            ),
        ),
    ]
