"""The checklist with how far people have got, codes that prove addresses, and teams of vendors."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import foundation.ids


class Migration(migrations.Migration):
    dependencies = [
        ("workforce", "0007_what_a_thread_is_in_full"),
    ]

    operations = [
        migrations.CreateModel(
            name="EmailCode",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("nonce", models.UUIDField(unique=True)),
                ("email", models.EmailField(max_length=254)),
                ("tries_left", models.PositiveSmallIntegerField()),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("verified_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="OnboardingStep",
            fields=[
                ("id", models.UUIDField(default=foundation.ids.new_id, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("email", "Verify the email address"),
                            ("profile", "Say where you live"),
                            ("languages", "Say which languages you speak"),
                            ("agreements", "Read and accept the agreements"),
                            ("identity", "Say who you are"),
                            ("content", "Choose what you are willing to see"),
                            ("hours", "Say when and how much you want to work"),
                            ("second_factor", "Protect the account with a second factor"),
                            ("payout", "Say where the money goes"),
                            ("exam", "Pass an exam"),
                            ("course", "Finish a course"),
                            ("text", "Read a text and confirm it"),
                        ],
                        max_length=20,
                    ),
                ),
                ("title", models.CharField(blank=True, max_length=120)),
                ("text", models.TextField(blank=True)),
                ("reference", models.CharField(blank=True, max_length=120)),
                ("position", models.PositiveSmallIntegerField()),
                ("required", models.BooleanField(default=True)),
                ("paid", models.BooleanField(default=False)),
                ("estimate_seconds", models.PositiveIntegerField(null=True)),
                ("created_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "organization",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to="workforce.organization"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="StepProgress",
            fields=[
                ("id", models.UUIDField(default=foundation.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("began_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                ("credited_at", models.DateTimeField(null=True)),
                ("step", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="workforce.onboardingstep")),
                ("worker", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="workforce.worker")),
            ],
        ),
        migrations.CreateModel(
            name="TeamInvitation",
            fields=[
                ("id", models.UUIDField(default=foundation.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=80)),
                ("digest", models.BinaryField(max_length=32, unique=True)),
                ("max_uses", models.PositiveIntegerField()),
                ("uses", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(null=True)),
                ("created_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ("organization", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="workforce.organization")),
            ],
        ),
        migrations.CreateModel(
            name="TeamMember",
            fields=[
                ("id", models.UUIDField(default=foundation.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("joined_at", models.DateTimeField()),
                ("onboarded_at", models.DateTimeField(null=True)),
                ("left_at", models.DateTimeField(null=True)),
                ("end_reason", models.TextField(blank=True)),
                (
                    "ended_by",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL),
                ),
                ("invitation", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="workforce.teaminvitation")),
                ("organization", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="workforce.organization")),
                ("worker", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="workforce.worker")),
            ],
        ),
        migrations.AddConstraint(
            model_name="onboardingstep",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "email",
                            "profile",
                            "languages",
                            "agreements",
                            "identity",
                            "content",
                            "hours",
                            "second_factor",
                            "payout",
                            "exam",
                            "course",
                            "text",
                        ],
                    )
                ),
                name="step_kind_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="onboardingstep",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["exam", "course"]), ("reference", ""), _connector="XOR"),
                name="step_names_what_it_needs",
            ),
        ),
        migrations.AddConstraint(
            model_name="onboardingstep",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "text"), _negated=True),
                    models.Q(models.Q(("text", ""), _negated=True), models.Q(("title", ""), _negated=True)),
                    _connector="OR",
                ),
                name="text_step_has_a_text",
            ),
        ),
        migrations.AddConstraint(
            model_name="onboardingstep",
            constraint=models.CheckConstraint(
                condition=models.Q(("estimate_seconds", None), ("estimate_seconds__lte", 28800), _connector="OR"),
                name="step_fits_a_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="onboardingstep",
            constraint=models.UniqueConstraint(
                models.F("organization"),
                models.F("kind"),
                models.F("reference"),
                condition=models.Q(("ended_at", None), models.Q(("kind", "text"), _negated=True)),
                name="step_once_on_a_list",
                nulls_distinct=False,
            ),
        ),
        migrations.AddIndex(
            model_name="stepprogress",
            index=models.Index(
                condition=models.Q(("credited_at", None), ("finished_at__isnull", False)),
                fields=["finished_at"],
                name="progress_to_credit",
            ),
        ),
        migrations.AddConstraint(
            model_name="stepprogress",
            constraint=models.UniqueConstraint(models.F("worker"), models.F("step"), name="step_begun_once"),
        ),
        migrations.AddConstraint(
            model_name="stepprogress",
            constraint=models.CheckConstraint(
                condition=models.Q(("finished_at", None), ("finished_at__gte", models.F("began_at")), _connector="OR"),
                name="step_ends_after_it_begins",
            ),
        ),
        migrations.AddConstraint(
            model_name="stepprogress",
            constraint=models.CheckConstraint(
                condition=models.Q(("credited_at", None), ("finished_at__isnull", False), _connector="OR"),
                name="credit_follows_the_end",
            ),
        ),
        migrations.AddConstraint(
            model_name="teaminvitation",
            constraint=models.CheckConstraint(
                condition=models.Q(("uses__lte", models.F("max_uses"))), name="invitation_within_its_uses"
            ),
        ),
        migrations.AddConstraint(
            model_name="teaminvitation",
            constraint=models.CheckConstraint(
                condition=models.Q(("expires_at__gt", models.F("created_at"))), name="invitation_ends_after_it_starts"
            ),
        ),
        migrations.AddConstraint(
            model_name="teammember",
            constraint=models.UniqueConstraint(
                models.F("organization"),
                models.F("worker"),
                condition=models.Q(("left_at", None)),
                name="in_a_team_once_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="teammember",
            constraint=models.CheckConstraint(
                condition=models.Q(("left_at", None), ("left_at__gte", models.F("joined_at")), _connector="OR"),
                name="team_ends_after_it_starts",
            ),
        ),
        migrations.AddConstraint(
            model_name="teammember",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ended_by", None),
                    models.Q(("left_at__isnull", False), models.Q(("end_reason", ""), _negated=True)),
                    _connector="OR",
                ),
                name="vendor_ends_with_a_reason",
            ),
        ),
    ]
