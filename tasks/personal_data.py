"""A copy of everything kept about a person: a zip of JSON and CSV, gathered over every room by a job.

The identity is not in the file that is kept; it is opened and added as the copy is handed over to its person, and nowhere else.
"""

import json
import logging
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import IO, Any
from uuid import UUID

import orjson
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.core.signing import BadSignature, TimestampSigner

from foundation import values
from foundation.errors import NotFound
from foundation.liveness import SignsOfLife, Stopwatch
from payments import personal_data as money
from qualification import personal_data as quality
from tasks import exporting
from tasks.models import Assignment, Draft, GuidelineReading, Review, ToldOfSite
from workforce import erasure
from workforce import personal_data as people
from workforce.access import Actor
from workforce.models import DataCopy, Worker

log = logging.getLogger(__name__)
Row = Mapping[str, object]
Parts = dict[str, Callable[[], Iterable[Row]]]
SIGNED_SECONDS = 86_400
IN_MEMORY_BYTES = 8 * 1024 * 1024
DISCARD_CHUNK = 200
FOLDER = "copies"
IS_A_COPY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}.*\.zip$")
README = """This is a copy of everything Fairhand keeps about you, as JSON and as CSV (the same rows twice).
Money is in micros, millionths of a currency unit; instants are in UTC. `identity.json` is added when the copy is handed to you, and is in no
file that is kept. Observations of your accuracy are given in fives, up to the last midnight, because which tasks are check questions stays secret.
"""


def parts_of(user_id: UUID, worker_id: UUID | None, *, now: datetime) -> Parts:
    """Name → rows, of every room."""
    parts = people.parts_of(user_id, worker_id)
    if worker_id is None:
        return parts
    return parts | quality.parts_of(worker_id, now=now) | money.parts_of(worker_id) | _own_parts(worker_id)


def _own_parts(worker_id: UUID) -> Parts:
    return {
        "assignments": lambda: _assignments(worker_id),
        "reviews": lambda: (
            Review.objects.filter(assignment__worker_id=worker_id)
            .order_by("id")
            .values("assignment_id", "number", "verdict", "reason", "comment", "evidence", "created_at")
        ),
        "drafts": lambda: Draft.objects.filter(assignment__worker_id=worker_id).values("assignment_id", "result", "saved_at"),
        "guidelines_read": lambda: GuidelineReading.objects.filter(worker_id=worker_id).values(
            "guideline_id", "guideline__version", "began_at", "read_at"
        ),
        "told_of_sites": lambda: ToldOfSite.objects.filter(worker_id=worker_id).order_by("id").values("site", "told_at"),
    }


def _assignments(worker_id: UUID) -> Iterator[Row]:
    rows = Assignment.objects.filter(worker_id=worker_id).select_related("batch", "answer").order_by("id")
    for one in rows.iterator(chunk_size=1000):
        answer = getattr(one, "answer", None)
        yield {
            "id": one.id,
            "job": one.batch.name,
            "state": one.state,
            "price_micros": one.price_micros,
            "currency": one.currency,
            "leased_at": one.leased_at,
            "submitted_at": one.submitted_at,
            "credited_seconds": one.credited_seconds,
            "return_reason": one.return_reason,
            "return_comment": one.return_comment,
            "answer": answer.result if answer else None,
        }


def make(copy_id: UUID, *, now: datetime) -> bool:
    """Write the copy and keep it; says whether this run did. Safe to run twice, at once too. A failure is logged and told to the person.

    The file carries the number of the attempt, so that a run that was lost and came back never writes over another's; what no copy
    points to is deleted by `discard`.
    """
    row = erasure.begin_copy(copy_id, now=now)
    if row is None:
        return False
    watch = Stopwatch(now)
    path = f"{FOLDER}/{row.id}-{row.attempts}.zip"
    try:
        with SignsOfLife(lambda: erasure.note_progress(row, now=watch.now())):
            stored_as, size = _gather(row, path, watch)
    except Exception:
        log.exception("copy %s could not be made", copy_id)
        default_storage.delete(path)
        erasure.fail_copy(row, now=now)
        return False
    if erasure.finish_copy(row, stored_as=stored_as, size_bytes=size, now=now):
        return True
    default_storage.delete(stored_as)
    return False


def _gather(row: DataCopy, path: str, watch: Stopwatch) -> tuple[str, int]:
    """Write the file; returns where it is kept, and its size."""
    worker_id = Worker.objects.filter(user_id=row.user_id).values_list("id", flat=True).first()
    parts = parts_of(row.user_id, worker_id, now=watch.started_at)

    def tell(n: int, name: str) -> None:
        erasure.note_progress(row, now=watch.now(), parts_total=len(parts), parts_done=n, progress=name)

    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as kept:
        _write(kept, parts, tell)
        size = kept.tell()
        kept.seek(0)
        return default_storage.save(path, File(kept, name=path)), size


def _write(kept: IO[bytes], parts: Parts, tell: Callable[[int, str], None]) -> None:
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", README)
        for n, (name, rows) in enumerate(parts.items()):
            tell(n, name)
            with archive.open(f"{name}.json", "w", force_zip64=True) as file:
                file.write(b"[")
                for i, row in enumerate(rows()):
                    file.write((b",\n" if i else b"") + values.encode(row))
                file.write(b"]\n")
            with archive.open(f"{name}.csv", "w", force_zip64=True) as file:
                for piece in _csv(rows()):
                    file.write(piece)


def _csv(rows: Iterable[Row]) -> Iterator[bytes]:
    """Columns of the first row; what is nested stands as JSON in its cell."""
    remaining = iter(rows)
    first = next(remaining, None)
    if first is None:
        return

    def flat() -> Iterator[dict[str, Any]]:
        yield _flat(first)
        for row in remaining:
            yield _flat(row)

    yield from exporting.as_csv(list(first), flat())


def _flat(row: Row) -> dict[str, Any]:
    return {
        name: json.dumps(value, default=str, ensure_ascii=False)
        if isinstance(value, dict | list)
        else value.isoformat()
        if isinstance(value, datetime)
        else str(value)
        if isinstance(value, UUID)
        else value
        for name, value in row.items()
    }


# ---- handing it over ----


def address_of(row: DataCopy) -> str:
    """Where its person loads it; the address ends within a day, and opens for nobody else."""
    signature = TimestampSigner(salt="copy").sign(str(row.id)).partition(":")[2]
    return f"/my/data/{row.id}/{signature}/"


def check_signature(copy_id: UUID, signature: str) -> None:
    """Raises NotFound for an address that is wrong or too old."""
    try:
        TimestampSigner(salt="copy").unsign(f"{copy_id}:{signature}", max_age=SIGNED_SECONDS)
    except BadSignature as error:
        raise NotFound("This address has ended. Open the page of your data again to get a new one.") from error


def hand_over(actor: Actor, copy_id: UUID, *, now: datetime) -> IO[bytes]:
    """The whole copy, with the identity opened in it, as a file to stream. Raises NotFound for another's, or one no longer kept."""
    row = erasure.copy_of(actor, copy_id)
    if row.state != DataCopy.State.DONE or row.kept_until is None or row.kept_until <= now:
        raise NotFound("This copy is no longer kept. Ask for another one.")
    whole: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the response that streams it
    with default_storage.open(row.stored_as) as kept:
        for piece in kept.chunks():
            whole.write(piece)
    with zipfile.ZipFile(whole, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("identity.json", orjson.dumps(people.identity_of(actor.worker_id), default=str))
    whole.seek(0)
    return whole


def discard(*, now: datetime) -> int:
    """Delete the files of copies that are kept no longer, and files that no copy points to; returns how many copies are gone.

    The file goes first, so that none is forgotten.
    """
    over = DataCopy.objects.filter(state=DataCopy.State.DONE, kept_until__lte=now).order_by("id")[:DISCARD_CHUNK]
    gone = 0
    for row in over:
        default_storage.delete(row.stored_as)
        gone += erasure.note_gone(row)
    _sweep()
    return gone


def _sweep() -> None:
    """Delete what a process that was killed has left in the folder of copies: few files, as each is kept for a week at most."""
    try:
        names = default_storage.listdir(FOLDER)[1]
    except FileNotFoundError:
        return
    whose = {name: UUID(name[:36]) for name in names if IS_A_COPY.match(name)}
    rows = erasure.copies_by_id(whose.values())
    for name, copy_id in whose.items():
        path, row = f"{FOLDER}/{name}", rows.get(copy_id)
        made = row is not None and row.state == DataCopy.State.DONE and row.stored_as == path
        being_made = row is not None and row.state == DataCopy.State.RUNNING and name == f"{copy_id}-{row.attempts}.zip"
        if not (made or being_made):
            default_storage.delete(path)
