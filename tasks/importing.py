"""Bulk upload of tasks and gold: NDJSON or CSV, with an error per bad row, all or nothing or skipping the bad.

The upload is spooled whole, then its rows are checked, and only then a transaction begins: no client's pace and no parsing holds one
open. Good rows go by COPY into a temporary table and from there, in one statement, into the queue: memory stays constant and either
all of them are in or none. Rows are counted from line 1 of the upload.
"""

import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.db import transaction
from django.db.models import F

from foundation import events
from foundation.bodies import Readable
from foundation.errors import DomainError
from foundation.idempotency import KeyReused
from foundation.ids import new_id
from tasks import media, staging
from tasks.answering import interface_of_project
from tasks.errors import BadRow, BadUpload, BatchStateConflict, ForeignFile
from tasks.labels import Interface
from tasks.models import Batch, Import, Task
from tasks.publishing import own_batch
from tasks.uploads import ROW_MAX_BYTES, Row, rows_of, spooled
from workforce import access, aliases, limits
from workforce.access import Actor

ROWS_MAX = 1_000_000
KEY_MAX_CHARACTERS = 200
VERSION_MAX_CHARACTERS = 120
ERRORS_KEPT = 1000
ORIGINS_MAX = 10  # other sites that the media of one batch may come from
LIST_MAX = 1000  # workers a task may be reserved for, or kept from
OVERLAP_MAX = 1000
TASK_FIELDS = {"key", "payload", "priority", "overlap", "reserved_for", "unavailable_for", "prelabel"}
GOLD_FIELDS = TASK_FIELDS | {"solution", "explanation"}
PRELABEL_FIELDS = {"result", "model_version", "score"}


def import_rows(
    actor: Actor,
    batch_id: UUID,
    *,
    kind: str,
    stream: Readable,
    content_type: str,
    skip_bad: bool,
    key: str | None,
    now: datetime,
) -> Import:
    """Add the rows of an upload to a draft batch; returns the report, which is kept.

    With a bad row nothing is added, unless `skip_bad`: then the good rows are. The same `key` with the same upload returns the first
    report, also once the batch is published. Locks the batch while the rows go in. Raises BatchStateConflict, BadUpload, KeyReused,
    and what reading the stream raises; then nothing was written and the key is free.
    """
    batch = own_batch(actor, batch_id)
    if key is None or not Import.objects.filter(batch_id=batch_id, key=key).exists():
        _refuse_unless_draft(batch.state)
    with spooled(stream) as upload, tempfile.TemporaryFile() as good:
        request = {"digest": upload.digest, "kind": kind, "content_type": content_type, "skip_bad": skip_bad}
        if first := _first(batch_id, key, request):
            return first
        _refuse_unless_draft(Batch.objects.values_list("state", flat=True).get(id=batch_id))  # before the rows are read
        reader = _Reader(kind, interface_of_project(batch.project_id), default_overlap=batch.overlap)
        good.writelines(staging.line_of(row) for row in reader.good(rows_of(upload, content_type)))
        with transaction.atomic():
            access.require_open(batch.organization_id)
            staging.fill(good)
            locked = Batch.objects.select_for_update(no_key=True).only("state").get(id=batch_id)
            if first := _first(batch_id, key, request):  # a twin has committed by now
                return first
            _refuse_unless_draft(locked.state)
            reader.note_unknown_workers(staging.take_unknown_workers(batch.organization_id))
            reader.note_foreign_files(staging.take_foreign_files(batch.organization_id))
            reader.note_duplicates(staging.take_duplicates(batch_id))
            limits.hold("imports_per_batch", batch_id, Import.objects.filter(batch_id=batch_id))
            refused = reader.bad > 0 and not skip_bad
            added = 0 if refused else _insert(batch, reader.origins, now)
            report = Import.objects.create(
                **request,
                batch_id=batch_id,
                state=Import.State.REFUSED if refused else Import.State.DONE,
                key=key,
                rows_read=reader.read,
                rows_added=added,
                rows_bad=reader.bad,
                errors=reader.errors,
                created_by_id=actor.id,
                created_at=now,
            )
            events.record(
                f"import.{report.state}", subject_id=report.id, organization_id=batch.organization_id, actor_id=actor.id, now=now
            )
    return report


def _first(batch_id: UUID, key: str | None, request: dict[str, Any]) -> Import | None:
    """The report of the first upload under this key. Raises KeyReused when that was another upload, or asked for something else."""
    first = Import.objects.filter(batch_id=batch_id, key=key).first() if key is not None else None
    if first is not None and any(getattr(first, name) != value for name, value in request.items()):
        raise KeyReused(key=key)
    return first


def _refuse_unless_draft(state: str) -> None:
    if state != Batch.State.DRAFT:
        raise BatchStateConflict(
            "Tasks are added while a batch is a draft; make another batch for more.", state=state, wanted=Batch.State.DRAFT
        )


# ---- checking ----


class _Reader:
    """Checks rows one by one, keeps the first errors, counts all of them."""

    def __init__(self, kind: str, interface: Interface, *, default_overlap: int) -> None:
        self.kind, self.interface, self.default_overlap = kind, interface, default_overlap
        self.read = self.bad = 0
        self.errors: list[dict[str, Any]] = []
        self.origins: set[str] = set()

    def good(self, rows: Iterable[Row]) -> Iterator[tuple[Any, ...]]:
        """The good rows, as the staging table takes them."""
        for line, content in rows:
            self.read += 1
            if self.read > ROWS_MAX:
                raise BadUpload("The upload has too many rows; send it in parts.", limit=ROWS_MAX)
            try:
                if isinstance(content, DomainError):
                    raise content
                yield line, new_id(), *self._checked(content)
            except DomainError as error:
                self.note(line, error)

    def note(self, line: int, error: DomainError) -> None:
        """Count a bad row, and keep what was wrong with it."""
        self.bad += 1
        if len(self.errors) < ERRORS_KEPT:
            self.errors.append({"line": line} | error.kept())

    def note_foreign_files(self, lines: list[tuple[int, UUID]]) -> None:
        """Rows that show a file which is not the organisation's."""
        for line, file_id in lines:
            self.note(line, ForeignFile(field="payload", got=str(file_id)))

    def note_unknown_workers(self, lines: list[tuple[int, list[str]]]) -> None:
        """Rows that name somebody whom the organisation does not know."""
        for line, (field, name) in lines:
            self.note(line, BadRow(aliases.UNKNOWN, field=field, got=name))

    def note_duplicates(self, lines: list[tuple[int, str]]) -> None:
        """Rows whose key is in the batch already, or stands twice in the upload."""
        for line, key in lines:
            self.note(line, BadRow("This key is in the batch already, or on an earlier line.", field="key", got=key[:80]))
        self.errors.sort(key=lambda error: error["line"])

    def _checked(self, row: Any) -> tuple[Any, ...]:
        gold = self.kind == Import.Kind.GOLD
        if not isinstance(row, dict):
            raise BadRow("A row is an object with a payload.")
        known = GOLD_FIELDS if gold else TASK_FIELDS
        if unknown := set(row) - known:
            raise BadRow("A row has no such field.", field=sorted(unknown)[0][:80], known=sorted(known))
        payload = self.interface.check_payload(row.get("payload"))
        explanation = _explanation(row.get("explanation"))
        files = {*media.files_shown(self.interface, payload, "payload"), *media.files_in_text(explanation, "explanation")}
        self._note_origins(payload)
        encoded = orjson.dumps(payload)
        if len(encoded) > ROW_MAX_BYTES:
            raise BadRow("The payload is too large.", field="payload", limit=ROW_MAX_BYTES, got=len(encoded))
        solution = orjson.dumps(self.interface.solution(row.get("solution"), payload)).decode() if gold else None
        if row.get("priority") not in (None, "urgent"):
            raise BadRow("priority is urgent, or left out.", field="priority", known=["urgent"])
        return (
            _key(row.get("key")),
            encoded.decode(),
            Task.Lane.GOLD if gold else Task.Lane.URGENT if row.get("priority") else Task.Lane.ORDINARY,
            _overlap(row.get("overlap"), 0 if gold else self.default_overlap),
            _workers(row, "reserved_for"),
            _workers(row, "unavailable_for"),
            solution,
            explanation,
            self._prelabel(row.get("prelabel"), payload),
            [file_id for _, file_id in files],
        )

    def _note_origins(self, payload: Any) -> None:
        """Keep which other sites images, sound and video come from: the page that shows them lets these in and no others."""
        found = self.origins | media.origins_of(payload, self.interface)
        if len(found) > ORIGINS_MAX:
            raise BadRow("The media of a batch come from too many sites. Upload them here: POST …/files.", limit=ORIGINS_MAX)
        self.origins = found

    def _prelabel(self, prelabel: Any, payload: Any) -> str | None:
        """A suggestion: {"result": […], "model_version"?, "score"?}, whose regions fit the interface; it need not answer everything."""
        if prelabel is None:
            return None
        if not isinstance(prelabel, dict) or set(prelabel) - PRELABEL_FIELDS or not isinstance(prelabel.get("result"), list):
            raise BadRow("A prelabel has a result list.", field="prelabel", known=sorted(PRELABEL_FIELDS))
        score = prelabel.get("score")
        if score is not None and (isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 1):
            raise BadRow("A score is a number from 0 to 1.", field="prelabel.score", limit=1)
        self.interface.canonical(prelabel["result"], payload, whole=False)
        return orjson.dumps(prelabel | {"model_version": _model_version(prelabel.get("model_version"))}).decode()


def _key(key: Any) -> str | None:
    if key is None:
        return None
    if not isinstance(key, str) or not 1 <= len(key) <= KEY_MAX_CHARACTERS:
        raise BadRow("A key is a text of 1 to %(limit)s characters.", field="key", limit=KEY_MAX_CHARACTERS)
    return key


def _explanation(text: Any) -> str:
    if text is not None and not isinstance(text, str):
        raise BadRow("An explanation is a text.", field="explanation")
    return text or ""


def _overlap(overlap: Any, default: int) -> int:
    if overlap is None:
        return default
    if isinstance(overlap, bool) or not isinstance(overlap, int) or not 1 <= overlap <= OVERLAP_MAX:
        raise BadRow("An overlap is a number from 1 to %(limit)s.", field="overlap", limit=OVERLAP_MAX)
    return int(overlap)


def _model_version(text: Any) -> str:
    if text is not None and (not isinstance(text, str) or len(text) > VERSION_MAX_CHARACTERS):
        raise BadRow("A model_version is a text.", field="prelabel.model_version", limit=VERSION_MAX_CHARACTERS)
    return text or ""


def _workers(row: dict[str, Any], field: str) -> list[str] | None:
    names = row.get(field)
    if names is None:
        return None
    if not isinstance(names, list) or not names or len(names) > LIST_MAX:
        raise BadRow("A list of workers, each by alias.", field=field, limit=LIST_MAX)
    if not all(isinstance(name, str) and 1 <= len(name) <= aliases.ALIAS_MAX_CHARACTERS for name in names):
        raise BadRow("A worker is named by alias, as your lists and exports do.", field=field)
    return list(dict.fromkeys(names))


# ---- writing ----


def _insert(batch: Batch, origins: set[str], now: datetime) -> int:
    batch.refresh_from_db(fields=["tail", "media_origins"])
    known = sorted(origins | set(batch.media_origins))
    if len(known) > ORIGINS_MAX:
        raise BadUpload("The media of a batch come from too many sites. Upload them here: POST …/files.", limit=ORIGINS_MAX)
    limit = settings.LIMITS["tasks_per_batch"]
    if batch.tail + staging.count() > limit:
        raise BadUpload("The batch would have too many tasks; make another batch for more.", limit=limit, got=batch.tail)
    added = staging.insert(batch, now=now)
    Batch.objects.filter(id=batch.id).update(tail=F("tail") + added, media_origins=known)
    return added
