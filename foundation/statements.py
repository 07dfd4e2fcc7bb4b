"""Hand-written statements for the two hot verbs: bound and prepared by the server, once per connection.

Django's own cursors bind on the client, so PostgreSQL would plan these long statements anew each time, which costs more than
running them. Everything that is not a hot verb uses the ORM.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, cast

import psycopg
from django.db import OperationalError, connection, transaction
from psycopg.rows import dict_row

from foundation.errors import Busy

Row = dict[str, Any]
PARAMETER = re.compile(r"%\((\w+)\)s")


def rows_of(statement: str, parameters: dict[str, Any]) -> list[Row]:
    """Run `statement` on this thread's connection, inside its transaction if there is one, and return its rows as dicts.

    Parameters are written %(name)s, a percent sign %%. Raises psycopg's own errors. Counted like any other query when queries are
    logged (the query budgets look there).
    """
    connection.ensure_connection()
    raw = cast("psycopg.Connection[Any]", connection.connection)
    if connection.queries_logged:
        connection.queries_log.append({"sql": statement, "time": "0"})
    text, names = _numbered(statement)
    with psycopg.RawCursor(raw, row_factory=dict_row) as cursor:
        cursor.execute(text, [parameters[name] for name in names], prepare=True)
        return cursor.fetchall()


@lru_cache(maxsize=64)
def _numbered(statement: str) -> tuple[bytes, list[str]]:
    """The statement with $1, $2… for its parameters, and their names in that order; translated once, not at every call."""
    names = list(dict.fromkeys(PARAMETER.findall(statement)))
    text = PARAMETER.sub(lambda match: f"${names.index(match.group(1)) + 1}", statement).replace("%%", "%")
    return text.encode(), names


def hold_name(name: str) -> None:
    """Wait until no other transaction holds this name, and hold it until this one ends (an advisory lock): for what has no row to lock yet."""
    assert connection.in_atomic_block, "the lock lasts as long as the transaction"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


@contextmanager
def waiting_at_most(milliseconds: int) -> Iterator[None]:
    """A transaction in which no statement waits longer than that for a lock. Raises Busy when one had to, and nothing has changed then.

    Inside another transaction the bound holds until that one ends.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{milliseconds}ms"])
            yield
    except OperationalError as error:
        if isinstance(error.__cause__, psycopg.errors.LockNotAvailable):
            raise Busy from error
        raise
