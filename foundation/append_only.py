"""Rows that are written once: a trigger that refuses update, delete and truncate, for use in migrations.

A superuser can still switch triggers off; production runs as a plain role (docs/operating.md).
"""

from django.db import migrations

FUNCTION = """
CREATE OR REPLACE FUNCTION fairhand_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation', HINT = 'Correct by adding a row.';
END $$;
"""


def define_function() -> migrations.RunSQL:
    """The trigger function itself; the first migration of `foundation` runs it."""
    return migrations.RunSQL(FUNCTION, "DROP FUNCTION IF EXISTS fairhand_append_only() CASCADE")


def append_only(table: str) -> migrations.RunSQL:
    """Refuse every UPDATE, DELETE and TRUNCATE on `table` from now on (SQLSTATE 23001)."""
    return migrations.RunSQL(
        f"""
        CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION fairhand_append_only();
        CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION fairhand_append_only();
        """,
        f"DROP TRIGGER {table}_append_only ON {table}; DROP TRIGGER {table}_no_truncate ON {table};",
    )
