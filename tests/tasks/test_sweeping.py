"""What cut uploads leave: nothing where we see the failure, else a file for a day, on a disk and in a storage of objects alike."""

import io
import os
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from foundation.ids import new_id
from tasks import jobs, media, sweeping
from tasks.models import MediaFile
from tests import builders
from tests.browser import materials
from tests.races.crowd import all_at_once
from workforce import limits
from workforce.models import Usage

OBJECTS = "django.core.files.storage.InMemoryStorage"
DAY = timedelta(days=1)


@pytest.fixture(params=["django.core.files.storage.FileSystemStorage", OBJECTS], ids=["disk", "objects"])
def store(request, settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)
    settings.STORAGES = settings.STORAGES | {"default": {"BACKEND": request.param}}


def send(person, content=None, *, stream=None, key=None):
    assert person.organization
    stream = stream or io.BytesIO(content or materials.picture())
    return media.receive(person.actor, person.organization.id, name="a.png", stream=stream, key=key, now=person.now)


def stored() -> set[str]:
    try:
        folders = default_storage.listdir("")[0]
    except FileNotFoundError:
        return set()
    return {f"{folder}/{name}" for folder in folders for name in default_storage.listdir(folder)[1]}


def leave(*paths: str) -> None:
    for path in paths:
        default_storage.save(path, ContentFile(b"half of it"))


@pytest.mark.django_db
def test_what_no_row_names_goes_a_day_after_its_last_byte_and_nothing_else(store, rita, rex, monkeypatch):
    monkeypatch.setattr(sweeping, "CHUNK", 2)
    ours, theirs = rita.organization.id, rex.organization.id
    kept = {send(person).stored_as for person in (rita, rita, rita, rex)}
    left = {f"{ours}/{new_id()}" for _ in range(3)} | {f"{theirs}/{new_id()}", f"{next(iter(kept))}_x7Gh2"}
    strange = {f"{new_id()}/{new_id()}", f"copies/{new_id()}-1.zip", f"{ours}/notes.txt", f"{ours}/{new_id()}.tmp"}
    leave(*left, *strange)
    now = timezone.now()
    assert sweeping.sweep(now=now + DAY - timedelta(minutes=5)) == 0, "it may be an upload that goes on"
    assert stored() == kept | left | strange
    assert sweeping.sweep(now=now + DAY + timedelta(minutes=5)) == len(left)
    assert stored() == kept | strange
    assert sweeping.sweep(now=now + DAY + timedelta(minutes=5)) == 0


@pytest.mark.django_db
def test_nothing_was_ever_stored(store, rita):
    assert jobs.sweep_files() == 0


@pytest.mark.django_db
def test_a_file_that_cannot_go_holds_up_no_other(store, rita, monkeypatch):
    paths = sorted(f"{rita.organization.id}/{new_id()}" for _ in range(3))
    leave(*paths)
    own = default_storage.delete

    def refuses(path):
        if path == paths[0]:
            raise PermissionError
        own(path)

    monkeypatch.setattr(default_storage._wrapped, "delete", refuses)
    assert sweeping.sweep(now=timezone.now() + 2 * DAY) == 2
    assert stored() == {paths[0]}


class Slow(io.BytesIO):
    """An upload in the middle of which the sweep runs."""

    def read(self, size=-1):
        if self.tell() > media.HEAD_BYTES:
            assert sweeping.sweep(now=timezone.now()) == 0
        return super().read(size)


@pytest.mark.django_db
def test_an_upload_that_goes_on_is_left_alone(store, rita):
    content = materials.picture() + os.urandom(200_000)
    kept = send(rita, stream=Slow(content))
    assert sweeping.sweep(now=timezone.now() + 2 * DAY) == 0
    with default_storage.open(kept.stored_as) as file:
        assert file.read() == content


@pytest.mark.usefixtures("committed_db")
def test_sweeps_at_once_take_what_is_left_and_nothing_else(store, now):
    rita = builders.requester("rita", now=now)
    kept = {send(rita).stored_as for _ in range(5)}
    leave(*(f"{rita.organization.id}/{new_id()}" for _ in range(20)))
    all_at_once(lambda n: sweeping.sweep(now=timezone.now() + 2 * DAY), 3)
    assert stored() == kept


# ---- what is seen to fail leaves nothing ----


def cut() -> None:
    """End this thread's connection from outside, as a server that goes down does."""
    connection.ensure_connection()
    mine = connection.connection.info.backend_pid
    parameters = connection.get_connection_params()
    wanted = {name: parameters[name] for name in ("dbname", "user", "password", "host", "port") if parameters.get(name)}
    with psycopg.connect(**wanted, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [mine])


@contextmanager
def database_lost():
    with pytest.raises((DatabaseError, psycopg.Error)):
        yield
    connection.close()


@pytest.mark.usefixtures("committed_db")
@pytest.mark.parametrize("key", [None, "one"])
def test_a_database_lost_between_storing_and_writing_leaves_no_file(store, key, now, monkeypatch):
    rita, own = builders.requester("rita", now=now), media._stored

    def then_cut(*arguments):
        path = own(*arguments)
        cut()
        return path

    monkeypatch.setattr(media, "_stored", then_cut)
    with database_lost():
        send(rita, key=key)
    assert stored() == set()
    assert not MediaFile.objects.exists()
    assert not Usage.objects.exists()


@pytest.mark.usefixtures("committed_db")
def test_any_failure_while_it_is_written_down_leaves_no_file(store, now, monkeypatch):
    rita = builders.requester("rita", now=now)

    def fails(*arguments):
        raise RuntimeError

    monkeypatch.setattr(limits, "use", fails)
    with pytest.raises(RuntimeError):
        send(rita)
    assert stored() == set()


@pytest.mark.usefixtures("committed_db")
@pytest.mark.parametrize("is_committed", [True, False])
def test_where_nobody_can_tell_whether_it_was_written_no_file_of_a_row_is_deleted(store, is_committed, now, monkeypatch):
    """The answer to COMMIT is lost on its way: the row may be there."""
    rita = builders.requester("rita", now=now)

    def lost(self):
        if is_committed:
            self.connection.commit()
        raise OperationalError("server closed the connection unexpectedly")

    with monkeypatch.context() as patched, database_lost():
        patched.setattr(BaseDatabaseWrapper, "_commit", lost)
        send(rita)
    rows = set(MediaFile.objects.values_list("stored_as", flat=True))
    assert len(rows) == is_committed
    assert rows <= stored()
    assert sweeping.sweep(now=timezone.now() + 2 * DAY) == (not is_committed)
    assert stored() == rows
