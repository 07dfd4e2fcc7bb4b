"""Identities are encrypted from now on, those there are included; and the database refuses a value that is not."""

from typing import Any

from django.db import migrations

import foundation.encrypted
from foundation.encrypted import SEALED_PREFIX, seal, unseal

COLUMNS = ("legal_name", "address", "birth_date")
CHUNK_ROWS = 500

TO_TEXT = """
ALTER TABLE workforce_identity
    ALTER COLUMN legal_name TYPE text,
    ALTER COLUMN birth_date TYPE text USING coalesce(birth_date::text, ''),
    ALTER COLUMN birth_date SET NOT NULL;
"""
TO_DATE = """
ALTER TABLE workforce_identity
    ALTER COLUMN birth_date DROP NOT NULL,
    ALTER COLUMN birth_date TYPE date USING nullif(birth_date, '')::date,
    ALTER COLUMN legal_name TYPE varchar(200);
"""
ONLY_SEALED = (
    "ALTER TABLE workforce_identity ADD CONSTRAINT identity_is_sealed CHECK ("
    + " AND ".join(f"({column} = '' OR {column} LIKE '{SEALED_PREFIX}%')" for column in COLUMNS)
    + ");"
)
ANYTHING = "ALTER TABLE workforce_identity DROP CONSTRAINT identity_is_sealed;"


def seal_all(apps: Any, schema_editor: Any) -> None:
    """Encrypt what stands in the clear; a row that a broken run has sealed already is left alone."""
    _rewrite(schema_editor, lambda value: value if value.startswith(SEALED_PREFIX) else seal(value))


def unseal_all(apps: Any, schema_editor: Any) -> None:
    """The way back."""
    _rewrite(schema_editor, unseal)


def _rewrite(schema_editor: Any, change: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT worker_id, legal_name, address, birth_date FROM workforce_identity")
        while rows := cursor.fetchmany(CHUNK_ROWS):
            with schema_editor.connection.cursor() as writing:
                writing.executemany(
                    "UPDATE workforce_identity SET legal_name = %s, address = %s, birth_date = %s WHERE worker_id = %s",
                    [(*(change(value) for value in row[1:]), row[0]) for row in rows],
                )


class Migration(migrations.Migration):
    """Columns, content, constraint."""

    dependencies = [("workforce", "0004_what_workers_want")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(TO_TEXT, TO_DATE)],
            state_operations=[
                migrations.AlterField("identity", column, foundation.encrypted.EncryptedTextField(blank=True))
                for column in COLUMNS
            ],
        ),
        migrations.RunPython(seal_all, unseal_all),
        migrations.RunSQL(ONLY_SEALED, ANYTHING),
    ]
