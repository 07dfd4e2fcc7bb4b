"""Uploads of rows: spooled whole to disk, then read as NDJSON or CSV, one row at a time."""

import csv
import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, cast

import orjson

from foundation import values
from foundation.bodies import Readable
from foundation.values import Unkeepable
from tasks.errors import BadRow, BadUpload

CHUNK_BYTES = 64 * 1024
SPOOL_MEMORY_BYTES = 1024 * 1024  # a smaller upload never touches the disk
ROW_MAX_BYTES = 64 * 1024
UPLOAD_MAX_BYTES = 512 * 1024 * 1024
NDJSON, CSV = "application/x-ndjson", "text/csv"
SPECIAL_COLUMNS = {"key", "priority", "overlap", "explanation"}
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

Row = tuple[int, Any]  # the line it starts on, and its content or the error that says why there is none


@dataclass(frozen=True)
class Upload:
    """All the bytes of an upload, and their SHA-256."""

    file: IO[bytes]
    digest: str

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Each line with its number, without its end; of one over the limit, its first ROW_MAX_BYTES + 1 bytes."""
        self.file.seek(0)
        number, most = 0, ROW_MAX_BYTES + 1
        while line := self.file.readline(most + 1):
            number += 1
            rest = line
            while len(rest) > most and not rest.endswith(b"\n"):
                rest = self.file.readline(most + 1)
            clean = line.removeprefix(BYTE_ORDER_MARK) if number == 1 else line
            yield number, clean.removesuffix(b"\n")[:most]


@contextmanager
def spooled(stream: Readable) -> Iterator[Upload]:
    """The whole stream, read to its end. Raises BadUpload for an empty one and one over UPLOAD_MAX_BYTES, and what reading raises."""
    digest, size = hashlib.sha256(), 0
    with tempfile.SpooledTemporaryFile(max_size=SPOOL_MEMORY_BYTES) as file:
        while chunk := stream.read(CHUNK_BYTES):
            size += len(chunk)
            if size > UPLOAD_MAX_BYTES:
                raise BadUpload("The upload is too large; send it in parts.", field="body", limit=UPLOAD_MAX_BYTES)
            digest.update(chunk)
            file.write(chunk)
        if size == 0:
            raise BadUpload("The body is empty; it holds one row a line, as NDJSON or CSV.", field="body")
        yield Upload(cast(IO[bytes], file), digest.hexdigest())


def rows_of(upload: Upload, content_type: str) -> Iterator[Row]:
    """Its rows, each with what is wrong with it if it cannot be read. Raises BadUpload where no row can be told from the next."""
    return _csv_rows(upload) if content_type == CSV else _ndjson_rows(upload)


def _ndjson_rows(upload: Upload) -> Iterator[Row]:
    for number, line in upload.lines():
        if not line.strip():
            continue
        if len(line) > ROW_MAX_BYTES:
            yield number, BadRow("The row is too long.", limit=ROW_MAX_BYTES)
            continue
        try:
            yield number, values.parse(line)
        except Unkeepable as refusal:
            yield number, refusal
        except orjson.JSONDecodeError as error:
            yield number, BadRow("The row is not JSON: %(why)s.", why=str(error))


def _csv_rows(upload: Upload) -> Iterator[Row]:
    """CSV by RFC 4180, with a header; columns are payload fields, but for the special ones and `solution.<control>`.

    After a broken quote nobody knows where the next row begins, and a missing one says that the end is missing: either refuses the
    upload, whatever is to become of bad rows.
    """

    def text() -> Iterator[str]:
        for number, line in upload.lines():
            if len(line) > ROW_MAX_BYTES:
                raise BadUpload("A line of the CSV is too long.", line=number, limit=ROW_MAX_BYTES)
            yield line.decode("utf-8", errors="surrogateescape") + "\n"

    csv.field_size_limit(ROW_MAX_BYTES)
    reader = csv.reader(text(), strict=True)
    line = 1
    try:
        header = [name.strip() for name in next(reader, [])]
        if not header or len(set(header)) != len(header):
            raise BadUpload("The first line names the columns, each once.", field="header")
        while True:
            line = reader.line_num + 1
            cells = next(reader, None)
            if cells is None:
                return
            if cells:
                yield line, _from_cells(header, cells)
    except csv.Error as error:
        raise BadUpload(
            "The CSV cannot be read from this line on: %(why)s. Nothing was added.", line=line, why=str(error)
        ) from error


def _from_cells(header: list[str], cells: list[str]) -> Any:
    if len(cells) != len(header):
        return BadRow("The row has another number of cells than the header.", limit=len(header), got=len(cells))
    if any("\udc80" <= character <= "\udcff" for cell in cells for character in cell):
        return BadRow("The row is not UTF-8.")
    row: dict[str, Any] = {"payload": {}}
    for name, cell in zip(header, cells, strict=True):
        if name.startswith("solution."):
            row.setdefault("solution", {})[name.removeprefix("solution.")] = cell
        elif name not in SPECIAL_COLUMNS:
            row["payload"][name] = cell
        elif cell:
            row[name] = int(cell) if name == "overlap" and cell.isascii() and cell.isdigit() and len(cell) < 10 else cell
    try:
        values.check(row)
    except Unkeepable as refusal:
        return refusal
    return row
