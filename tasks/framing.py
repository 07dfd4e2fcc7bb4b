"""A requester's own page as the question: where a worker's page finds it, what is in it, and what it sends back.

A page has no more of this site than one address, which names one assignment and is good for a day. It is shown without an origin and
without cookies; what it hands in goes to the page around it, which hands it in as the worker.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlencode, urlsplit, urlunsplit
from uuid import UUID

from django.core.signing import BadSignature, TimestampSigner

from foundation import ids
from foundation.errors import NotFound
from tasks import answering, media, outside
from tasks.labels import Interface
from tasks.labels.frames import EXTERNAL, HTML, filled, without_contacts
from tasks.models import Assignment
from workforce.aliases import alias_of

SIGNED_SECONDS = 86_400
SALT = "frame"
DOCTYPE = re.compile(r"^\s*<!doctype[^>]*>", re.IGNORECASE)
SCRIPTS = [Path(__file__).parent / "static" / "tasks" / name for name in ("contacts.js", "frame.js")]


def address_of(assignment_id: UUID, interface: Interface, *, site: str = "") -> str | None:
    """Where the page of a task is: on this site, or at the requester's with what Mechanical Turk adds to an address.

    None where the interface is no page. `site` is the beginning of absolute addresses of ours, to which an external page sends its form.
    """
    if interface.frame is None:
        return None
    ours = f"/frames/{TimestampSigner(salt=SALT).sign(str(assignment_id))}/"
    if interface.frame.kind != EXTERNAL:
        return ours
    row = Assignment.objects.select_related("task", "batch").get(id=assignment_id)
    added = {
        "assignmentId": row.id,
        "hitId": public_id_of(row.task_id),
        "workerId": alias_of(row.worker_id, row.batch.organization_id),
        "turkSubmitTo": site + ours.rstrip("/"),
    }
    parts = urlsplit(filled(interface.frame, media.with_signed_addresses(row.task.payload, row.batch.organization_id)))
    return urlunsplit(parts._replace(query="&".join(filter(None, [parts.query, urlencode(added)]))))


def public_id_of(task_id: UUID) -> UUID:
    """A task's id as people who work see it: it tells neither when the task was added nor in which order, so not what else it is."""
    return ids.opaque("task", task_id)


def task_id_of(public_id: UUID) -> UUID:
    """The task that a public id names; one that nobody has, if it names none."""
    return ids.transparent("task", public_id)


def assignment_of(token: str) -> Assignment:
    """The assignment that an address names. Raises NotFound for one that is wrong, too old, or whose task is no page."""
    try:
        assignment_id = TimestampSigner(salt=SALT).unsign(token, max_age=SIGNED_SECONDS)
    except BadSignature as error:
        raise NotFound("This address has ended. Open the task again to get a new one.") from error
    row = Assignment.objects.select_related("task", "batch").filter(id=assignment_id).first()
    if row is None or answering.interface_of_project(row.project_id).frame is None:
        raise NotFound
    return row


def runs_program(row: Assignment) -> bool:
    """Does the page of a task run script of its requester's? Raises ProgramRefused where the installation shows no such page."""
    return outside.program_of(answering.interface_of_project(row.project_id).frame, row.batch.organization_id) is not None


def page_of(row: Assignment, *, nonce: str = "") -> str:
    """The page of a task, filled from its payload, with the scripts of ours that come before everything in it: one takes away what would
    connect elsewhere, one carries its form to the page around it. `nonce` lets them, and nothing else, run. Raises NotFound for an
    external page, which is not here.
    """
    frame = answering.interface_of_project(row.project_id).frame
    if frame is None or frame.kind != HTML:
        raise NotFound
    page = without_contacts(filled(frame, media.with_signed_addresses(row.task.payload, row.batch.organization_id)))
    begin = found.end() if (found := DOCTYPE.match(page)) else 0
    opening = f'<script nonce="{nonce}">' if nonce else "<script>"
    return f"{page[:begin]}{opening}{_script()}</script>{page[begin:]}"


def answer_of(fields: Iterable[tuple[str, list[str]]]) -> dict[str, str | list[str]]:
    """A submitted form as an answer: field → its text, or its texts if it was sent several times."""
    return {name: texts[0] if len(texts) == 1 else texts for name, texts in fields}


@lru_cache(maxsize=1)
def _script() -> str:
    return "\n".join(script.read_text() for script in SCRIPTS)
