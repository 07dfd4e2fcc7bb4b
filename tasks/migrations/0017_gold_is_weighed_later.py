"""Gold is weighed by a job, and what is given back stays due: nothing of it happens while a worker waits."""

import django.db.models.deletion
from django.db import migrations, models

import foundation.ids
from foundation.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("qualification", "0006_evidence_can_be_withdrawn"),
        ("tasks", "0016_lost_time"),
        ("workforce", "0012_words_for_people"),
    ]

    operations = [
        migrations.CreateModel(
            name="GoldScore",
            fields=[
                ("id", models.UUIDField(default=foundation.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("number", models.PositiveSmallIntegerField()),
                ("kind", models.CharField(choices=[("answered", "Answered"), ("given_back", "Given Back")], max_length=12)),
                ("score", models.FloatField()),
                ("created_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Look",
            fields=[
                ("id", models.UUIDField(default=foundation.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("window", models.PositiveIntegerField()),
                ("due_at", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.RemoveField(
            model_name="answer",
            name="score",
        ),
        migrations.AddField(
            model_name="assignment",
            name="gold_try",
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="assignment",
            name="weighed_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="enrolment",
            name="gold_owed_once",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="enrolment",
            name="gold_owed_twice",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddIndex(
            model_name="assignment",
            index=models.Index(
                models.F("batch"),
                condition=models.Q(("gold_try__gt", 0), ("weighed_at", None), models.Q(("state", "leased"), _negated=True)),
                name="waiting_to_be_weighed",
            ),
        ),
        migrations.AddConstraint(
            model_name="assignment",
            constraint=models.CheckConstraint(condition=models.Q(("gold_try__lte", 3)), name="gold_is_tried_thrice_at_most"),
        ),
        migrations.AddField(
            model_name="goldscore",
            name="assignment",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="tasks.assignment"),
        ),
        migrations.AddField(
            model_name="goldscore",
            name="evidence",
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, to="qualification.evidence"),
        ),
        migrations.AddField(
            model_name="goldscore",
            name="task",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="tasks.task"),
        ),
        migrations.AddField(
            model_name="look",
            name="batch",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="tasks.batch"),
        ),
        migrations.AddField(
            model_name="look",
            name="worker",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="workforce.worker"),
        ),
        migrations.AddConstraint(
            model_name="goldscore",
            constraint=models.UniqueConstraint(models.F("assignment"), models.F("number"), name="gold_score_number_once"),
        ),
        migrations.AddConstraint(
            model_name="goldscore",
            constraint=models.CheckConstraint(condition=models.Q(("score__gte", 0), ("score__lte", 1)), name="gold_score_0_to_1"),
        ),
        migrations.AddConstraint(
            model_name="goldscore",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["answered", "given_back"])), name="gold_score_kind_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="look",
            constraint=models.UniqueConstraint(models.F("worker"), models.F("batch"), models.F("window"), name="one_look_ahead"),
        ),
        append_only("tasks_goldscore"),
        migrations.RemoveIndex(model_name="assignment", name="given_back_by_worker"),
        migrations.AddIndex(
            model_name="assignment",
            index=models.Index(
                models.F("worker"),
                models.F("batch"),
                models.F("task"),
                condition=models.Q(("state__in", ["returned", "expired"])),
                name="let_go_by_worker",
            ),
        ),
    ]
