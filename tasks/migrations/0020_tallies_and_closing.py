"""What a batch has, counted as it changes: appended by triggers, summed by readers, folded as it goes; and closing in chunks."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

import foundation.ids

OF_A_TASK = {
    "tasks": "CASE WHEN lane <> 2 THEN 1 ELSE 0 END",
    "places": "CASE WHEN lane <> 2 THEN overlap ELSE 0 END",
    "complete": "CASE WHEN lane <> 2 AND state = 'complete' THEN 1 ELSE 0 END",
    "answered": "CASE WHEN lane <> 2 THEN done ELSE 0 END",
    "need": "need",
    "gold_wished": "CASE WHEN lane = 2 THEN overlap ELSE 0 END",
    "gold_others": "CASE WHEN lane = 2 AND overlap = 0 THEN 1 ELSE 0 END",
    "gold_answered": "CASE WHEN lane = 2 THEN done ELSE 0 END",  # so that an answer to gold writes as much as any other
}
STATES = ["leased", "submitted", "accepted", "rejected", "returned", "expired", "late"]
OF_AN_ASSIGNMENT = {state: f"CASE WHEN state = '{state}' THEN 1 ELSE 0 END" for state in STATES} | {
    "owed_micros": "CASE state WHEN 'leased' THEN price_micros + fee_micros WHEN 'submitted' THEN fee_micros ELSE 0 END"
}
COLUMNS = [*OF_A_TASK, *OF_AN_ASSIGNMENT]


def _added(counts, source, sign=""):
    columns = ", ".join(f"{sign}({how}) AS {name}" for name, how in counts.items())
    return f"SELECT batch_id, {columns} FROM {source}"  # noqa: S608 - made of the constants above


def _insert(counts, rows):
    names = ", ".join(counts)
    sums = ", ".join(f"sum({name})" for name in counts)
    changed = " OR ".join(f"sum({name}) <> 0" for name in counts)
    return (
        f"INSERT INTO tasks_tally (batch_id, {names}) SELECT batch_id, {sums} FROM ({rows}) r GROUP BY batch_id HAVING {changed}"  # noqa: S608
    )


def _triggers(table, counts):
    """Per statement: what the rows it touched count now, less what they counted before, one row per batch."""
    before, after = _added(counts, "gone", "-"), _added(counts, "added")
    return f"""
    CREATE FUNCTION {table}_tally() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            {_insert(counts, after)};
        ELSIF TG_OP = 'UPDATE' THEN
            {_insert(counts, f"{after} UNION ALL {before}")};
        ELSE
            {_insert(counts, before)};
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER {table}_tally_insert AFTER INSERT ON {table}
        REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION {table}_tally();
    CREATE TRIGGER {table}_tally_update AFTER UPDATE ON {table}
        REFERENCING NEW TABLE AS added OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION {table}_tally();
    CREATE TRIGGER {table}_tally_delete AFTER DELETE ON {table}
        REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION {table}_tally();
    {_insert(counts, _added(counts, table))};
    """


def _no_triggers(table):
    return f"""
    DROP TRIGGER {table}_tally_insert ON {table};
    DROP TRIGGER {table}_tally_update ON {table};
    DROP TRIGGER {table}_tally_delete ON {table};
    DROP FUNCTION {table}_tally();
    """


# Every 256th row, whoever writes it, folds what its batch has into one: the more a batch changes, the oftener. Readers see all of the old
# rows or the one new one; two folds at once skip what the other holds.
FOLD = f"""
CREATE FUNCTION tasks_fold_tally(uuid) RETURNS void LANGUAGE sql AS $$
    WITH held AS MATERIALIZED (
        SELECT id FROM tasks_tally WHERE batch_id = $1 ORDER BY id LIMIT 10000 FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM tasks_tally t USING held WHERE t.id = held.id AND (SELECT count(*) FROM held) > 1 RETURNING t.*
    )
    INSERT INTO tasks_tally (batch_id, {", ".join(COLUMNS)})
    SELECT $1, {", ".join(f"sum({name})" for name in COLUMNS)} FROM gone HAVING count(*) > 0
$$;
CREATE FUNCTION tasks_tally_fold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tasks_fold_tally(NEW.batch_id);
    RETURN NULL;
END $$;
CREATE TRIGGER tasks_tally_fold AFTER INSERT ON tasks_tally FOR EACH ROW WHEN (NEW.id % 256 = 0)
    EXECUTE FUNCTION tasks_tally_fold();
"""  # noqa: S608
NO_FOLD = "DROP TRIGGER tasks_tally_fold ON tasks_tally; DROP FUNCTION tasks_tally_fold(); DROP FUNCTION tasks_fold_tally(uuid);"


class Migration(migrations.Migration):
    """A table of deltas with its triggers, and what closing in chunks and pilot seats note."""

    dependencies = [("tasks", "0019_signs_of_life_of_jobs")]
    operations = [
        migrations.CreateModel(
            name="Tally",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("batch_id", models.UUIDField(db_index=True)),
                *[(name, models.BigIntegerField(db_default=0, default=0)) for name in COLUMNS],
            ],
            options={"verbose_name_plural": "tallies"},
        ),
        migrations.RunSQL(FOLD, NO_FOLD),
        migrations.RunSQL(_triggers("tasks_task", OF_A_TASK), _no_triggers("tasks_task")),
        migrations.RunSQL(_triggers("tasks_assignment", OF_AN_ASSIGNMENT), _no_triggers("tasks_assignment")),
        migrations.AddIndex(
            "assignment", models.Index("batch", "ended_at", condition=Q(state="rejected"), name="rejected_by_batch")
        ),
        migrations.AddIndex("assignment", models.Index("batch", "id", condition=Q(state="submitted"), name="submitted_by_batch")),
        migrations.AddIndex(
            "assignment",
            models.Index("worker", "submitted_at", condition=Q(submitted_at__isnull=False), name="handed_in_by_worker"),
        ),
        migrations.AddField("batch", "emptied_at", models.DateTimeField(null=True)),
        migrations.RunSQL(
            "UPDATE tasks_batch SET emptied_at = coalesce(closed_at, created_at) WHERE state = 'closed'", migrations.RunSQL.noop
        ),
        migrations.AddConstraint(
            "batch",
            models.CheckConstraint(condition=Q(emptied_at=None) | Q(state="closed"), name="only_closed_batches_are_emptied"),
        ),
        migrations.AddIndex(
            "batch", models.Index("closed_at", condition=Q(state="closed", emptied_at=None), name="batch_being_closed")
        ),
        migrations.AddField("enrolment", "seated_at", models.DateTimeField(null=True)),
        migrations.RunSQL("UPDATE tasks_enrolment SET seated_at = created_at", migrations.RunSQL.noop),
        migrations.CreateModel(
            name="BulkAcceptance",
            fields=[
                ("id", models.UUIDField(default=foundation.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("waiting", models.PositiveIntegerField()),
                ("accepted", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("batch", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="tasks.batch")),
                ("requested_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="workforce.user")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(F("batch"), condition=Q(ended_at=None), name="one_acceptance_of_a_batch_at_a_time")
                ]
            },
        ),
    ]
