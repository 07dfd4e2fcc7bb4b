"""The table behind Django's cache, made by `migrate` like every other: no second command to forget."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("foundation", "0002_written_once")]
    operations = [
        migrations.RunSQL(
            """
            CREATE TABLE foundation_cache (
                cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL);
            CREATE INDEX foundation_cache_expires ON foundation_cache (expires);
            """,
            "DROP TABLE foundation_cache",
        )
    ]
