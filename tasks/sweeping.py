"""Files in the storage that no row names: what an upload left whose process was killed, or whose last word from the database was lost.

They are nobody's, count against nobody's limit, and would stay for ever. Copies of people's data have a sweep of their own
(`personal_data.discard`).
"""

import logging
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.core.files.storage import default_storage

from tasks.models import MediaFile
from workforce.models import Organization

log = logging.getLogger(__name__)
LEFT_AFTER = timedelta(days=1)  # since the last byte: no upload goes on for so long
CHUNK = 500
ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
IS_A_FOLDER = re.compile(ID)
IS_A_FILE = re.compile(rf"({ID})(?:_\w+)?")  # an id, and what a storage adds to a name that is taken


def sweep(*, now: datetime) -> int:
    """Delete the files of uploads that no MediaFile names and that nobody has written to for LEFT_AFTER; returns how many.

    Looks into the folders of organisations that are known here, and at names as uploads have them: what else stands in the storage is
    left alone. The names are listed before the rows are read, so that a row which comes meanwhile is of a file too young to go. Safe to
    run twice, at once too. A file that cannot be deleted is logged and tried again at the next run.
    """
    gone = 0
    for folder in _folders():
        names = [name for name in default_storage.listdir(folder)[1] if IS_A_FILE.fullmatch(name)]
        for start in range(0, len(names), CHUNK):
            gone += sum(_delete(path, now=now) for path in _unnamed(folder, names[start : start + CHUNK]))
    return gone


def _folders() -> Iterator[str]:
    try:
        folders = [name for name in default_storage.listdir("")[0] if IS_A_FOLDER.fullmatch(name)]
    except FileNotFoundError:  # nothing was ever stored
        return
    for start in range(0, len(folders), CHUNK):
        known = Organization.objects.filter(id__in=folders[start : start + CHUNK])
        yield from (str(id_) for id_ in known.values_list("id", flat=True))


def _unnamed(folder: str, names: Sequence[str]) -> list[str]:
    """The paths among these that no row names."""
    ids = {UUID(found[1]) for name in names if (found := IS_A_FILE.fullmatch(name))}
    named = set(MediaFile.objects.filter(id__in=ids).values_list("stored_as", flat=True))
    return [path for name in names if (path := f"{folder}/{name}") not in named]


def _delete(path: str, *, now: datetime) -> bool:
    try:
        if not default_storage.exists(path) or default_storage.get_modified_time(path) > now - LEFT_AFTER:
            return False
        default_storage.delete(path)
    except FileNotFoundError:  # another run was quicker
        return False
    except Exception:  # each storage has errors of its own; the other files are not to wait for this one
        log.exception("%s is named by nothing and could not be deleted", path)
        return False
    log.warning("%s was named by nothing and is deleted", path)
    return True
