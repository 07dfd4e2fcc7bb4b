"""A second pause running waits for a person, and gold that was wrong is corrected."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import foundation.ids


class Migration(migrations.Migration):
    dependencies = [
        ("tasks", "0023_imports_know_their_format"),
        ("workforce", "0019_cases_are_told"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="batch",
            name="case_waiting",
            field=models.CharField(blank=True, choices=[("work", "work"), ("paid", "paid")], db_default="", max_length=4),
        ),
        migrations.AddField(
            model_name="gold",
            name="retired_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.CreateModel(
            name="Case",
            fields=[
                ("id", models.UUIDField(default=foundation.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("window", models.PositiveIntegerField()),
                ("rule", models.CharField(max_length=60)),
                ("inputs", models.JSONField(default=dict)),
                ("threshold", models.JSONField(default=dict)),
                ("finding", models.TextField()),
                ("waiting", models.CharField(choices=[("work", "Work"), ("paid", "Paid")], max_length=4)),
                ("currency", models.CharField(max_length=3)),
                ("daily_micros", models.BigIntegerField(default=0)),
                ("hold_id", models.UUIDField(null=True)),
                ("paid_micros", models.BigIntegerField(default=0)),
                ("opened_at", models.DateTimeField()),
                ("decide_due_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Open"), ("decided", "Decided"), ("lapsed", "Lapsed"), ("moot", "Moot")],
                        default="open",
                        max_length=10,
                    ),
                ),
                (
                    "verdict",
                    models.CharField(
                        blank=True, choices=[("nothing", "Nothing"), ("pause", "Pause"), ("exclude", "Exclude")], max_length=10
                    ),
                ),
                ("reason", models.TextField(blank=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("batch", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="tasks.batch")),
                (
                    "decided_by",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL),
                ),
                (
                    "decision",
                    models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, to="workforce.decision"),
                ),
                ("organization", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="workforce.organization")),
                ("project", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="tasks.project")),
                ("worker", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="workforce.worker")),
            ],
            options={
                "indexes": [models.Index(models.F("decide_due_at"), condition=models.Q(("state", "open")), name="case_due")],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("worker"), models.F("project"), condition=models.Q(("state", "open")), name="one_open_case"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["open", "decided", "lapsed", "moot"])), name="case_state_is_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "decided"), _negated=True),
                            models.Q(
                                ("decided_by__isnull", False),
                                ("ended_at__isnull", False),
                                models.Q(("reason", ""), _negated=True),
                                models.Q(("verdict", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="case_is_decided_by_a_person",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("waiting", "work"), ("hold_id__isnull", False), _connector="OR"),
                        name="paid_waiting_has_its_money",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="GoldChange",
            fields=[
                ("id", models.UUIDField(default=foundation.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(choices=[("corrected", "Corrected"), ("retired", "Retired")], max_length=10)),
                ("solution_before", models.JSONField()),
                ("solution", models.JSONField(null=True)),
                ("reason", models.TextField()),
                ("created_at", models.DateTimeField()),
                ("applied_at", models.DateTimeField(null=True)),
                ("answers", models.PositiveIntegerField(default=0)),
                ("workers", models.PositiveIntegerField(default=0)),
                ("lifted", models.PositiveIntegerField(default=0)),
                ("changed_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ("task", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="tasks.task")),
            ],
            options={
                "indexes": [
                    models.Index(models.F("created_at"), condition=models.Q(("applied_at", None)), name="gold_change_to_apply")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "corrected"), ("solution__isnull", False)),
                            models.Q(("kind", "retired"), ("solution", None)),
                            _connector="OR",
                        ),
                        name="correction_has_a_solution",
                    ),
                    models.CheckConstraint(condition=models.Q(("reason", ""), _negated=True), name="gold_change_has_a_reason"),
                ],
            },
        ),
    ]
