"""Hand-written statements for the two hot verbs: bound and prepared by the server, once per connection.

Django's own cursors bind on the client, so PostgreSQL would plan these long statements anew each time, which costs more than
running them. Everything that is not a hot verb uses the ORM.
"""

from typing import Any, cast

import psycopg
from django.db import connection
from psycopg.rows import dict_row

Row = dict[str, Any]


def rows_of(statement: str, parameters: dict[str, Any]) -> list[Row]:
    """Run `statement` on this thread's connection, inside its transaction if there is one, and return its rows as dicts.

    Raises psycopg's own errors. Counted like any other query when queries are logged (the query budgets look there).
    """
    connection.ensure_connection()
    raw = cast("psycopg.Connection[Any]", connection.connection)
    if connection.queries_logged:
        connection.queries_log.append({"sql": statement, "time": "0"})
    with psycopg.Cursor(raw, row_factory=dict_row) as cursor:
        cursor.execute(statement, parameters, prepare=True)
        return cursor.fetchall()
