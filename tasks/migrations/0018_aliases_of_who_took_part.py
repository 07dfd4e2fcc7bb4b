"""An alias for everybody who has taken part in something of an organisation's, and how much the files that are kept use up."""

from django.db import migrations

WHO = """
SELECT DISTINCT e.worker_id, b.organization_id FROM tasks_enrolment e JOIN tasks_batch b ON b.id = e.batch_id
UNION SELECT a.worker_id, e.organization_id FROM qualification_examattempt a JOIN qualification_exam e ON e.id = a.exam_id
UNION SELECT t.worker_id, c.organization_id FROM qualification_training t JOIN qualification_course c ON c.id = t.course_id
UNION SELECT worker_id, organization_id FROM workforce_teammember
"""
USED = """
INSERT INTO workforce_usage (owner_id, kind, used)
SELECT organization_id, 'files_per_organization', count(*) FROM tasks_mediafile GROUP BY 1 UNION ALL
SELECT organization_id, 'bytes_per_organization', sum(size_bytes) FROM tasks_mediafile GROUP BY 1 UNION ALL
SELECT created_by_id, 'files_per_account', count(*) FROM tasks_mediafile GROUP BY 1 UNION ALL
SELECT created_by_id, 'bytes_per_account', sum(size_bytes) FROM tasks_mediafile GROUP BY 1
"""
CHUNK = 1000


def name_those_who_took_part(apps, schema_editor):
    from workforce.aliases import alias_of

    model = apps.get_model("workforce", "WorkerAlias")
    erased = set(apps.get_model("workforce", "Erasure").objects.filter(state="done").values_list("user__worker__id", flat=True))
    epoch = apps.get_model("workforce", "Organization").objects.in_bulk()
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(WHO)
        rows = [
            model(worker_id=worker, organization_id=owner, alias=alias_of(worker, owner), created_at=epoch[owner].created_at)
            for worker, owner in cursor.fetchall()
            if worker not in erased
        ]
    model.objects.bulk_create(rows, batch_size=CHUNK, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [
        ("tasks", "0017_gold_is_weighed_later"),
        ("qualification", "0005_training_and_exams"),
        ("workforce", "0015_aliases_and_usage"),
    ]

    operations = [
        migrations.RunPython(name_those_who_took_part, migrations.RunPython.noop, elidable=True),
        migrations.RunSQL(USED, migrations.RunSQL.noop, elidable=True),
    ]
