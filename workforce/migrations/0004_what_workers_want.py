"""Content preferences, working hours and limits of one's own."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("workforce", "0003_rules_restrict_a_day"),
    ]

    operations = [
        migrations.AddField(
            model_name="worker",
            name="content_chosen_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="worker",
            name="daily_cap_seconds",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="worker",
            name="hours_chosen_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="worker",
            name="language_levels",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="worker",
            name="sensitive_accepted",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("violence", "Violence"),
                        ("injury", "Injuries, blood and death"),
                        ("medical", "Medical images"),
                        ("hate", "Hate and insults"),
                        ("harassment", "Harassment and threats"),
                        ("self_harm", "Suicide and self-harm"),
                        ("sexual", "Nudity and sex"),
                        ("abuse", "Accounts of abuse"),
                        ("extremism", "Extremism and terror"),
                        ("drugs", "Drugs"),
                        ("animals", "Cruelty to animals"),
                    ],
                    max_length=20,
                ),
                default=list,
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="worker",
            name="weekly_cap_seconds",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="worker",
            name="working_hours",
            field=models.JSONField(default=list),
        ),
        migrations.AddConstraint(
            model_name="worker",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "sensitive_accepted__contained_by",
                        [
                            "violence",
                            "injury",
                            "medical",
                            "hate",
                            "harassment",
                            "self_harm",
                            "sexual",
                            "abuse",
                            "extremism",
                            "drugs",
                            "animals",
                        ],
                    )
                ),
                name="accepted_content_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="worker",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("daily_cap_seconds", None), ("daily_cap_seconds__range", (900, 43200)), _connector="OR"),
                    models.Q(("weekly_cap_seconds", None), ("weekly_cap_seconds__range", (900, 302400)), _connector="OR"),
                ),
                name="own_caps_are_within_the_platform_s",
            ),
        ),
    ]
