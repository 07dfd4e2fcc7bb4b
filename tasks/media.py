"""Files that tasks show: kept in the storage, told by their bytes, and served only under a signed address that ends within a day.

What a file is, its first bytes say: a closed list of raster images, sound and video. SVG and HTML can carry scripts and are not on it.

People who work are shown neither the id nor the name of a file, which would tell when and as what it was uploaded, and so gold: the address
they load it from has its **public id** (`foundation/ids.opaque`) and a name that says the kind alone. What is stored stays as it was written.

An organisation shows its own files and no others. That is checked twice: what names a foreign file is refused where it enters (`check_own`),
and an address is signed in the name of the organisation whose text or payload it stands in, so that the signature is good for that
organisation's files alone.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from functools import lru_cache, partial
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.core.signing import BadSignature, TimestampSigner
from django.db import transaction
from django.utils.translation import gettext_noop

from foundation import idempotency, ids, origins
from foundation.bodies import Readable
from foundation.errors import NotFound
from foundation.markdown import PICTURE, pictures_of
from tasks.errors import BadFile, ForeignFile
from tasks.labels import Interface
from tasks.models import MediaFile, Project
from workforce import access, limits
from workforce.access import Actor

NAME_MAX_CHARACTERS = 200
HEAD_BYTES = 64
ENDED = gettext_noop("This address has ended. Open the task again to get a new one.")
SIGNED_SECONDS = 86_400  # a lease and a long break; a page asks anew when it is opened again
ADDRESS = re.compile(r"/files/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/([^?#]*)")
# An ending by which a browser guesses the kind before it loads; one spelling of each, and no other ending is told.
ENDINGS = {one: one for one in ("png", "jpg", "gif", "webp", "wav", "mp3", "ogg", "flac", "m4a", "mp4", "webm")} | {"jpeg": "jpg"}

# First bytes → what the file is. A pattern is (offset, bytes) and all patterns of a line must hold.
SIGNATURES: list[tuple[str, list[tuple[int, bytes]]]] = [
    ("image/png", [(0, b"\x89PNG\r\n\x1a\n")]),
    ("image/jpeg", [(0, b"\xff\xd8\xff")]),
    ("image/gif", [(0, b"GIF87a")]),
    ("image/gif", [(0, b"GIF89a")]),
    ("image/webp", [(0, b"RIFF"), (8, b"WEBP")]),
    ("audio/wav", [(0, b"RIFF"), (8, b"WAVE")]),
    ("audio/mpeg", [(0, b"ID3")]),
    ("audio/mpeg", [(0, b"\xff\xfb")]),
    ("audio/mpeg", [(0, b"\xff\xf3")]),
    ("audio/ogg", [(0, b"OggS")]),
    ("audio/flac", [(0, b"fLaC")]),
    ("audio/mp4", [(4, b"ftypM4A")]),
    ("video/mp4", [(4, b"ftyp")]),
    ("video/webm", [(0, b"\x1a\x45\xdf\xa3")]),
]


def content_type_of(head: bytes) -> str | None:
    """What a file is by its first HEAD_BYTES; None for what tasks do not show."""
    for kind, patterns in SIGNATURES:
        if all(head[offset : offset + len(mark)] == mark for offset, mark in patterns):
            return kind
    return None


def receive(
    actor: Actor, organization_id: UUID, *, name: str, stream: Readable, key: str | None = None, now: datetime
) -> MediaFile:
    """Keep a file for an organisation's tasks to show. The same `key` with the same name and bytes returns the first file and uses up
    nothing; without one, the same upload again is another file.

    Streams to the storage before any row is written; of what is refused, cut short, failed or here already, nothing stays there. Where
    the connection is lost as the row is committed, nobody can tell whether it was: the file stays, and goes with `sweeping` if no row
    names it. Raises NotFound, RoleTooLow, KeyReused, what reading the stream raises, and BadFile for a name, size or kind that is not kept.
    Raises LimitReached when the organisation or the account has used up its files or bytes; nothing is left behind then.
    """
    access.require_role(actor, organization_id)
    if not 1 <= len(name) <= NAME_MAX_CHARACTERS or not name.isprintable() or "/" in name:
        raise BadFile("A name has 1 to 200 printable characters and no slash.", field="name", limit=NAME_MAX_CHARACTERS)
    owners = {"organization": organization_id, "account": actor.id}
    if key is None or not idempotency.is_known(actor_id=str(actor.id), key=key):  # a repeat uses up nothing
        for owner, owner_id in owners.items():
            for kind in ("files", "bytes"):
                limits.refuse_if_used_up(f"{kind}_per_{owner}", owner_id)
    upload = _Upload(stream)
    content_type = content_type_of(upload.head)
    if content_type is None:
        known = sorted({kind for kind, _ in SIGNATURES})
        raise BadFile("Its first bytes are of no kind of image, sound or video that tasks show.", field="body", known=known)
    file = MediaFile(
        id=ids.new_id(),
        organization_id=organization_id,
        name=name,
        content_type=content_type,
        created_by_id=actor.id,
        created_at=now,
    )
    file.stored_as = _stored(upload, f"{organization_id}/{file.id}")
    file.size_bytes, file.digest = upload.size, upload.digest.hexdigest()

    is_written = False

    def perform() -> idempotency.Answer:
        nonlocal is_written
        access.require_open(organization_id)
        for owner, owner_id in owners.items():
            limits.use(f"files_per_{owner}", owner_id, 1)
            limits.use(f"bytes_per_{owner}", owner_id, file.size_bytes)
        file.save(force_insert=True)
        is_written = True
        return 201, {"file_id": str(file.id)}

    try:
        kept = _kept_once(file, actor, key, perform, now)
    finally:
        if not is_written:  # refused, failed, or here already
            default_storage.delete(file.stored_as)
    return file if kept == file.id else MediaFile.objects.get(id=kept)


def _kept_once(file: MediaFile, actor: Actor, key: str | None, perform: Callable[[], idempotency.Answer], now: datetime) -> UUID:
    """The id of the file that is kept: this one, or the first that came with the key. Raises KeyReused."""
    if key is None:
        with transaction.atomic():
            perform()
        return file.id
    digest = idempotency.digest_of("POST", f"organizations/{file.organization_id}/files?name={file.name}", file.digest.encode())
    _, told = idempotency.answer_once(actor_id=str(actor.id), key=key, digest=digest, now=now, perform=perform)
    return UUID(told["file_id"])


def _stored(upload: "_Upload", name: str) -> str:
    """The name under which the storage keeps all of it. A name is used once, so whatever a failure left under it is ours to delete."""
    try:
        stored_as: str = default_storage.save(name, File(upload, name=name))  # type: ignore[arg-type]
        if upload.size > settings.UPLOAD_MAX_BYTES:
            raise BadFile("The file is too large.", field="body", limit=settings.UPLOAD_MAX_BYTES)
    except BaseException:
        default_storage.delete(name)
        raise
    return stored_as


class _Upload:
    """A stream as Django's storages read files: its beginning looked at, its bytes counted and digested, cut one byte over the limit."""

    def __init__(self, stream: Readable) -> None:
        self.stream, self.size, self.digest = stream, 0, hashlib.sha256()
        self.head = b""
        while len(self.head) < HEAD_BYTES and (more := stream.read(HEAD_BYTES - len(self.head))):
            self.head += more
        self._unread = self.head

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes, the head first."""
        room = settings.UPLOAD_MAX_BYTES + 1 - self.size
        wanted = min(size if size > 0 else File.DEFAULT_CHUNK_SIZE, room)
        part, self._unread = (self._unread[:wanted], self._unread[wanted:]) if self._unread else (self.stream.read(wanted), b"")
        self.size += len(part)
        self.digest.update(part)
        return part

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """The whole of it, piece by piece."""
        while part := self.read(chunk_size or File.DEFAULT_CHUNK_SIZE):
            yield part


# ---- addresses ----


def address_of(file: MediaFile) -> str:
    """What a payload says to show the file."""
    return f"/files/{file.id}/{quote(file.name, safe='')}"


def with_signed_addresses(payload: Any, organization_id: UUID) -> Any:
    """The payload of that organisation with every address of a file kept here signed: a page may load its own files for SIGNED_SECONDS."""
    if isinstance(payload, dict):
        return {name: with_signed_addresses(value, organization_id) for name, value in payload.items()}
    if isinstance(payload, list):
        return [with_signed_addresses(value, organization_id) for value in payload]
    return signed_address(payload, organization_id) if isinstance(payload, str) else payload


def payload_of(interface: Interface, payload: Any, organization_id: UUID) -> Any:
    """`with_signed_addresses`, and the pictures too that stand in HTML of the payload: what people are shown of a task of that organisation."""
    if isinstance(payload, dict):
        payload = interface.cleaned(payload, signer_for(organization_id))
    return with_signed_addresses(payload, organization_id)


def config_of(interface: Interface, organization_id: UUID) -> str:
    """An interface of that organisation as its API shows it: pictures in the HTML that stands in it are signed."""
    return interface.with_pictures(interface.xml, signer_for(organization_id)) if interface.pictures else interface.xml


def config_for_editor(interface: Interface, organization_id: UUID) -> str:
    """The same as the editor on our own pages is given it."""
    if not interface.pictures:
        return interface.for_editor
    return interface.with_pictures(interface.for_editor, signer_for(organization_id))


def signed_address(address: str, organization_id: UUID) -> str:
    """The address from which a file kept here is loaded: its public id and kind, signed in the name of that organisation; any other address
    as it is.

    Costs no query: of a file that is not the organisation's the signature is good for nothing (see `signed_file`).
    """
    if found := ADDRESS.fullmatch(address):
        public_id = ids.opaque("file", UUID(found[1]))
        ending = ENDINGS.get(found[2].rpartition(".")[2].lower())
        name = f"file.{ending}" if ending else "file"
        return f"/files/{public_id}/{name}?for={_signer(organization_id).sign(str(public_id)).partition(':')[2]}"
    return address


def signer_for(organization_id: UUID) -> Callable[[str], str]:
    """`signed_address` for the texts of one organisation."""
    return partial(signed_address, organization_id=organization_id)


def signed_file(public_id: UUID, signature: str) -> MediaFile:
    """The file under a signed address, which has its public id. Raises NotFound for a signature that is wrong, too old or in the name of an
    organisation that does not own the file, as for a file that is not there.
    """
    file = MediaFile.objects.filter(id=ids.transparent("file", public_id)).first()
    try:
        if file is not None:
            _signer(file.organization_id).unsign(f"{public_id}:{signature}", max_age=SIGNED_SECONDS)
            return file
    except BadSignature as error:
        raise NotFound(ENDED) from error
    raise NotFound(ENDED)


def _signer(organization_id: UUID) -> TimestampSigner:
    return TimestampSigner(salt=f"media of {organization_id}")


@lru_cache(maxsize=4096)
def owner_of_project(project_id: UUID) -> UUID:
    """The organisation whose files the tasks of a project show; kept, because it never changes. Raises NotFound."""
    owner = Project.objects.filter(id=project_id).values_list("organization_id", flat=True).first()
    if owner is None:
        raise NotFound
    return owner


# ---- whose files may be shown ----


Named = tuple[str, UUID]  # where a file is named, and its id


def files_in(value: Any, field: str) -> Iterator[Named]:
    """The files kept here that a payload or another JSON value names: every text in it that is an address of one."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from files_in(one, f"{field}.{str(name)[:60]}")
    elif isinstance(value, list):
        for n, one in enumerate(value):
            yield from files_in(one, f"{field}[{n}]")
    elif isinstance(value, str) and (found := ADDRESS.fullmatch(value)):
        yield field, UUID(found.group(1))


def files_shown(interface: Interface, payload: dict[str, Any], field: str) -> Iterator[Named]:
    """`files_in`, and the pictures too that stand in HTML of the payload."""
    yield from files_in(payload, field)
    for variable, address in interface.pictures_of(payload):
        yield from files_in(address, f"{field}.{variable[:60]}")


def files_in_config(interface: Interface) -> Iterator[Named]:
    """The files kept here that stand in the config itself."""
    for address in interface.pictures:
        yield from files_in(address, "interface")


def files_in_text(text: str, field: str) -> Iterator[Named]:
    """The files kept here that Markdown shows as pictures."""
    for address in pictures_of(text) if "/files/" in text else []:
        if found := PICTURE.match(address):
            yield field, UUID(found.group(1))


def check_own(organization_id: UUID, named: Iterable[Named]) -> None:
    """Every file named is one of the organisation's; one query. Raises ForeignFile naming the field, also for a file that nobody has."""
    wanted = list(named)
    if not wanted:
        return
    own = set(
        MediaFile.objects.filter(organization_id=organization_id, id__in={file_id for _, file_id in wanted}).values_list(
            "id", flat=True
        )
    )
    for field, file_id in wanted:
        if file_id not in own:
            raise ForeignFile(field=field[:200], got=str(file_id))


def origins_of(payload: Any, interface: Interface) -> set[str]:
    """The other sites (scheme, host, port) from which this payload's images, sound and video would be loaded; each as it was rebuilt."""
    if not isinstance(payload, dict):
        return set()
    found = set()
    for address in interface.addresses_of(payload):
        with suppress(origins.NoOrigin):  # a file kept here, or a picture in the payload itself
            found.add(str(origins.origin_of(address)))
    return found
