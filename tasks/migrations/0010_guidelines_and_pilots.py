"""Guidelines say what labels mean and from where on; batches may be pilots."""

import django.db.models.deletion
from django.db import migrations, models

# The guidelines there are say what they mean; written once, they are filled in with the trigger aside.
FILL_IN = """
ALTER TABLE tasks_guideline DISABLE TRIGGER tasks_guideline_append_only;
UPDATE tasks_guideline SET changes_meaning = true WHERE version = 1 AND NOT changes_meaning;
UPDATE tasks_guideline g
   SET meaning_version = (SELECT max(o.version) FROM tasks_guideline o
                           WHERE o.project_id = g.project_id AND o.version <= g.version AND o.changes_meaning)
 WHERE g.version > 1;
ALTER TABLE tasks_guideline ENABLE TRIGGER tasks_guideline_append_only;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("tasks", "0009_sensitive_content"),
        ("workforce", "0003_rules_restrict_a_day"),
    ]

    operations = [
        migrations.AddField(
            model_name="aggregationrun",
            name="meaning_version",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="batch",
            name="pilot_of",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to="tasks.batch"),
        ),
        migrations.AddField(
            model_name="batch",
            name="skip_pilot_reason",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="batch",
            name="workers_max",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="enrolment",
            name="meaning_version",
            field=models.PositiveIntegerField(db_default=1, default=1),
        ),
        migrations.AddField(
            model_name="guideline",
            name="entries",
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name="guideline",
            name="meaning_version",
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.RunSQL(FILL_IN, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="batch",
            constraint=models.CheckConstraint(
                condition=models.Q(("workers_max", None), ("workers_max__gte", models.F("overlap")), _connector="OR"),
                name="group_fills_a_task",
            ),
        ),
        migrations.AddConstraint(
            model_name="batch",
            constraint=models.CheckConstraint(
                condition=models.Q(("pilot_of", None), models.Q(("pilot_of", models.F("id")), _negated=True), _connector="OR"),
                name="pilot_of_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="batch",
            constraint=models.UniqueConstraint(
                models.F("pilot_of"), condition=models.Q(("state__in", ["draft", "open", "paused"])), name="one_pilot_at_a_time"
            ),
        ),
        migrations.AddConstraint(
            model_name="guideline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("changes_meaning", True), ("meaning_version", models.F("version"))),
                    models.Q(("changes_meaning", False), ("meaning_version__lt", models.F("version"))),
                    _connector="OR",
                ),
                name="meaning_changes_where_it_says_so",
            ),
        ),
    ]
