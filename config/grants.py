"""What the application's role may do in the database: the whole list, in one place. `manage.py grant_role NAME` makes it so.

The role owns nothing, so it cannot switch a trigger off, change a table or empty one. It reads and adds everywhere; it changes rows
except where rows are written once, and deletes only where a verb deletes.
"""

from typing import Any

from django.apps import apps
from django.db import connection, transaction
from psycopg import sql

READ_ONLY = {"django_migrations"}
# Rows that are written once; a trigger refuses changes to them for every role (foundation.append_only).
WRITTEN_ONCE = {
    "foundation.Event",
    "foundation.AuditEntry",
    "payments.Transfer",
    "payments.WorkInterval",
    "payments.LongDay",
    "payments.RestDay",
    "qualification.Evidence",
    "qualification.PracticeAnswer",
    "qualification.Withdrawal",
    "tasks.Answer",
    "tasks.Review",
    "tasks.GoldScore",
    "tasks.Guideline",
    "workforce.Acceptance",
    "workforce.Decision",
}
# Who deletes: erasure, housekeeping, the queue, and the libraries that keep sessions, addresses and second factors.
DELETED = {
    "account.EmailAddress",
    "account.EmailConfirmation",
    "django_q.OrmQ",
    "django_q.Schedule",
    "django_q.Failure",  # with Success one table, the queue's own record
    "django_q.Success",
    "foundation.FailedJob",
    "foundation.IdempotentRequest",
    "foundation.ScheduledRun",
    "mfa.Authenticator",
    "sessions.Session",
    "tasks.Draft",
    "tasks.Look",
    "tasks.Tally",  # folded by a trigger, with the rights of whoever writes
    "usersessions.UserSession",
    "workforce.DataCopy",
    "workforce.EmailCode",
    "workforce.Identity",
    "workforce.MemberInvitation",
    "workforce.NoticePreference",
    "workforce.Notification",
    "workforce.WorkerAlias",
}
DELETED_TABLES = {"foundation_cache"}  # no model: limits on log-ins, which run out


class UnfitRole(Exception):
    """The role cannot be what the application runs as; the message says why."""


def table_of(label: str) -> str:
    """The table of a model named `app.Model`."""
    return str(apps.get_model(label)._meta.db_table)


def privileges() -> dict[str, list[str]]:
    """Table → what the role may do there, for every table there is."""
    written_once = {table_of(label) for label in WRITTEN_ONCE}
    deleted = {table_of(label) for label in DELETED} | DELETED_TABLES
    found: dict[str, list[str]] = {}
    for table in sorted(connection.introspection.table_names()):
        more = [] if table in written_once else ["UPDATE", "DELETE"] if table in deleted else ["UPDATE"]
        found[table] = ["SELECT"] if table in READ_ONLY else ["SELECT", "INSERT", *more]
    return found


@transaction.atomic
def grant(role: str) -> dict[str, list[str]]:
    """Give the role exactly `privileges()`, and the first three of them on what later migrations add; returns what was given.

    Run it as the owner of the tables, who migrates. Safe to repeat: what was given beyond is taken back. Raises UnfitRole.
    """
    with connection.cursor() as cursor:
        _check(cursor, role)
        name, schema, database = sql.Identifier(role), sql.Identifier("public"), sql.Identifier(connection.settings_dict["NAME"])

        def run(statement: str, **parts: Any) -> None:
            cursor.execute(sql.SQL(statement).format(role=name, schema=schema, database=database, **parts))

        for kind in ("TABLES", "SEQUENCES"):
            run(f"REVOKE ALL ON ALL {kind} IN SCHEMA {{schema}} FROM {{role}}")
        run("REVOKE ALL ON SCHEMA {schema} FROM {role}")
        run("GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {role}")  # imports are staged in a temporary table
        run("GRANT USAGE ON SCHEMA {schema} TO {role}")
        run("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}")
        given = privileges()
        for table, allowed in given.items():
            run(f"GRANT {', '.join(allowed)} ON {{table}} TO {{role}}", table=sql.Identifier(table))
        run("ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT, INSERT, UPDATE ON TABLES TO {role}")
        run("ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT USAGE, SELECT ON SEQUENCES TO {role}")
    return given


def _check(cursor: Any, role: str) -> None:
    cursor.execute(
        "SELECT rolsuper, rolcreaterole, rolbypassrls, rolname = current_user FROM pg_roles WHERE rolname = %s", [role]
    )
    row = cursor.fetchone()
    if row is None:
        raise UnfitRole(f"There is no role {role}. Make it first: CREATE ROLE {role} LOGIN PASSWORD '…'")
    if row[3]:
        raise UnfitRole(f"You are connected as {role}. Connect as the owner of the tables, who migrates, and name another role.")
    if any(row[:3]):
        raise UnfitRole(f"{role} is a superuser, or may make roles or pass row security, and could switch triggers off.")
    cursor.execute(
        "SELECT count(*) FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'S') "
        "AND pg_has_role(%s, c.relowner, 'USAGE')",
        [role],
    )
    if cursor.fetchone()[0]:
        raise UnfitRole(f"{role} owns tables here, or is a member of the role that does: it could switch their triggers off.")
