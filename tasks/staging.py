"""The stage of a bulk upload: checked rows go by COPY into a temporary table, are looked through as a whole, and move into the queue.

What a row refers to (workers by alias, files, keys) is checked here for all rows in one statement each.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import IO, Any
from uuid import UUID

import psycopg
from django.db import connection

from tasks.models import Batch

STAGE = """
CREATE TEMPORARY TABLE import_stage (line bigint, id uuid, key text, payload jsonb, lane int, overlap int,
    reserved_for text[], unavailable_for text[], solution jsonb, explanation text, prelabel jsonb,
    files uuid[]) ON COMMIT DROP
"""
CHUNK_BYTES = 64 * 1024
COPY_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t"})
ARRAY_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\""})

DUPLICATES = """
SELECT line, key FROM (
    SELECT s.line, s.key, row_number() OVER (PARTITION BY s.key ORDER BY s.line) AS nth,
           EXISTS (SELECT 1 FROM tasks_task t WHERE t.batch_id = %(batch_id)s AND t.key = s.key) AS known
      FROM import_stage s WHERE s.key IS NOT NULL) d
 WHERE nth > 1 OR known ORDER BY line
"""

# Workers come by alias; a name that is none of this organisation's is a fault of its row.
UNKNOWN_WORKERS = """
SELECT DISTINCT ON (s.line) s.line, ARRAY[w.field, w.alias]
  FROM import_stage s
 CROSS JOIN LATERAL (SELECT 'reserved_for' AS field, unnest(s.reserved_for) AS alias
                     UNION ALL SELECT 'unavailable_for', unnest(s.unavailable_for)) w
 WHERE NOT EXISTS (SELECT 1 FROM workforce_workeralias a
                    WHERE a.organization_id = %(organization_id)s AND a.alias = w.alias)
 ORDER BY s.line
"""

FOREIGN_FILES = """
SELECT DISTINCT ON (s.line) s.line, f.id FROM import_stage s CROSS JOIN unnest(s.files) f (id)
 WHERE NOT EXISTS (SELECT 1 FROM tasks_mediafile m WHERE m.id = f.id AND m.organization_id = %(organization_id)s)
 ORDER BY s.line
"""

INSERT = """
WITH fresh AS (
    SELECT s.*, %(tail)s + row_number() OVER (ORDER BY s.line) AS position FROM import_stage s
), added AS (
    INSERT INTO tasks_task (id, project_id, batch_id, key, payload, lane, position, overlap, need, done, state, reserved_for,
                            unavailable_for, created_at)
    SELECT id, %(project_id)s, %(batch_id)s, coalesce(key, id::text), payload, lane, position, overlap,
           CASE WHEN lane = 2 THEN 0 ELSE overlap END, 0, 'open',
           CASE WHEN reserved_for IS NOT NULL THEN (SELECT array_agg(a.worker_id) FROM workforce_workeralias a
               WHERE a.organization_id = %(organization_id)s AND a.alias = ANY (reserved_for)) END,
           CASE WHEN unavailable_for IS NOT NULL THEN (SELECT array_agg(a.worker_id) FROM workforce_workeralias a
               WHERE a.organization_id = %(organization_id)s AND a.alias = ANY (unavailable_for)) END, %(now)s
      FROM fresh ORDER BY position
    RETURNING id
), truths AS (
    INSERT INTO tasks_gold (task_id, solution, explanation, created_at)
    SELECT id, solution, explanation, %(now)s FROM fresh WHERE solution IS NOT NULL
), suggestions AS (
    INSERT INTO tasks_prelabel (task_id, result, model_version, score, created_at)
    SELECT id, prelabel -> 'result', prelabel ->> 'model_version', (prelabel ->> 'score')::float8, %(now)s
      FROM fresh WHERE prelabel IS NOT NULL
)
SELECT count(*) FROM added
"""


def line_of(row: Iterable[Any]) -> bytes:
    """A row of the stage in COPY's text format: a list is an array, None is NULL, JSON comes encoded."""
    return "\t".join(_copied(value) for value in row).encode() + b"\n"


def _copied(value: Any) -> str:
    if value is None:
        return r"\N"
    if isinstance(value, list):
        value = "{" + ",".join(f'"{str(one).translate(ARRAY_ESCAPES)}"' for one in value) + "}"
    return str(int(value) if isinstance(value, int) else value).translate(COPY_ESCAPES)


def fill(lines: IO[bytes]) -> None:
    """COPY the checked rows, written by `line_of`, into the stage, which lives until the transaction ends."""
    lines.seek(0)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS import_stage")
        cursor.execute(STAGE)
    raw: psycopg.Connection[Any] = connection.connection
    with psycopg.Cursor(raw).copy("COPY import_stage FROM STDIN") as copy:
        while chunk := lines.read(CHUNK_BYTES):
            copy.write(chunk)


def take_unknown_workers(organization_id: UUID) -> list[tuple[int, list[str]]]:
    """The rows that name somebody whom the organisation does not know: line, and field and name. They leave the stage."""
    return _take(UNKNOWN_WORKERS, organization_id=organization_id)


def take_foreign_files(organization_id: UUID) -> list[tuple[int, UUID]]:
    """The rows that show a file of somebody else: line and file. They leave the stage."""
    return _take(FOREIGN_FILES, organization_id=organization_id)


def take_duplicates(batch_id: UUID) -> list[tuple[int, str]]:
    """The rows whose key is in the batch or stands on an earlier line: line and key. They leave the stage."""
    return _take(DUPLICATES, batch_id=batch_id)


def _take(query: str, **parameters: UUID) -> list[tuple[int, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        found: list[tuple[int, Any]] = cursor.fetchall()
        if found:
            cursor.execute("DELETE FROM import_stage WHERE line = ANY (%s)", [[line for line, _ in found]])
    return found


def count() -> int:
    """How many rows are in the stage."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM import_stage")
        return int(cursor.fetchone()[0])


def insert(batch: Batch, *, now: datetime) -> int:
    """Put what is left in the stage at the tail of the batch's queue; returns how many. The caller holds the batch's lock."""
    parameters: dict[str, Any] = {"tail": batch.tail, "project_id": batch.project_id, "batch_id": batch.id, "now": now}
    with connection.cursor() as cursor:
        cursor.execute(INSERT, parameters | {"organization_id": batch.organization_id})
        return int(cursor.fetchone()[0])
