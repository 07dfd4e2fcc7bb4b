"""Batches say what sensitive content their tasks may show."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tasks", "0008_drafts_suggestions_files"),
        ("workforce", "0004_what_workers_want"),
    ]

    operations = [
        migrations.AddField(
            model_name="batch",
            name="sensitive",
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
        migrations.AddConstraint(
            model_name="batch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "sensitive__contained_by",
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
                name="sensitive_content_is_known",
            ),
        ),
    ]
