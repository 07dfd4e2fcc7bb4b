"""An organisation can be closed for good; its members are told."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("workforce", "0022_mails_are_noted_once_sent"),
    ]

    operations = [
        migrations.AddField(
            model_name="organization",
            name="closed_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.RemoveConstraint(
            model_name="noticepreference",
            name="preference_kind_is_known",
        ),
        migrations.RemoveConstraint(
            model_name="notification",
            name="notice_kind_is_known",
        ),
        migrations.AlterField(
            model_name="noticepreference",
            name="kind",
            field=models.CharField(
                choices=[
                    ("question_asked", "Somebody asks my organisation, or flags one of its tasks"),
                    ("answered", "My question is answered"),
                    ("work_accepted", "My work is accepted"),
                    ("work_rejected", "My work is rejected"),
                    ("decided", "A decision about me"),
                    ("case_opened", "A worker's case waits for a decision of my organisation"),
                    ("appeal_filed", "Somebody appeals a decision of my organisation"),
                    ("organization_closed", "An organisation I act for is closed"),
                    ("appeal_decided", "My appeal is decided"),
                    ("skill_granted", "I hold a new skill"),
                    ("skill_expiring", "A skill of mine is about to expire"),
                    ("skill_renewable", "A skill of mine can be renewed"),
                    ("training_assigned", "I am given a course to take"),
                    ("guideline_changed", "A guideline I work by has changed"),
                    ("new_agreement", "An agreement has a new version"),
                    ("my_data", "My data: a download is ready, or erasing me goes on"),
                ],
                max_length=30,
            ),
        ),
        migrations.AlterField(
            model_name="notification",
            name="kind",
            field=models.CharField(
                choices=[
                    ("question_asked", "Somebody asks my organisation, or flags one of its tasks"),
                    ("answered", "My question is answered"),
                    ("work_accepted", "My work is accepted"),
                    ("work_rejected", "My work is rejected"),
                    ("decided", "A decision about me"),
                    ("case_opened", "A worker's case waits for a decision of my organisation"),
                    ("appeal_filed", "Somebody appeals a decision of my organisation"),
                    ("organization_closed", "An organisation I act for is closed"),
                    ("appeal_decided", "My appeal is decided"),
                    ("skill_granted", "I hold a new skill"),
                    ("skill_expiring", "A skill of mine is about to expire"),
                    ("skill_renewable", "A skill of mine can be renewed"),
                    ("training_assigned", "I am given a course to take"),
                    ("guideline_changed", "A guideline I work by has changed"),
                    ("new_agreement", "An agreement has a new version"),
                    ("my_data", "My data: a download is ready, or erasing me goes on"),
                ],
                max_length=30,
            ),
        ),
        migrations.AddConstraint(
            model_name="noticepreference",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "question_asked",
                            "answered",
                            "work_accepted",
                            "work_rejected",
                            "decided",
                            "case_opened",
                            "appeal_filed",
                            "organization_closed",
                            "appeal_decided",
                            "skill_granted",
                            "skill_expiring",
                            "skill_renewable",
                            "training_assigned",
                            "guideline_changed",
                            "new_agreement",
                            "my_data",
                        ],
                    )
                ),
                name="preference_kind_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "question_asked",
                            "answered",
                            "work_accepted",
                            "work_rejected",
                            "decided",
                            "case_opened",
                            "appeal_filed",
                            "organization_closed",
                            "appeal_decided",
                            "skill_granted",
                            "skill_expiring",
                            "skill_renewable",
                            "training_assigned",
                            "guideline_changed",
                            "new_agreement",
                            "my_data",
                        ],
                    )
                ),
                name="notice_kind_is_known",
            ),
        ),
    ]
