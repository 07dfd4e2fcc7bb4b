"""One name of a worker for each organisation: its alias. Organisations see it and say it; the worker's own id never leaves the house.

Two organisations know the same worker by two names that have nothing in common, so that nobody can be followed from one to the other.
The name is computed (a MAC, no query), and what turns it back is a row, written when the worker takes part in something of the
organisation's by an act of their own: a batch, an exam, a course, a team. So an organisation can name the people who came to it and
nobody else, and what mails or restricts a person can reach no stranger. Erasing a person deletes the rows: nothing turns their names back.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from foundation import keys
from foundation.errors import NotFound
from workforce.access import Actor
from workforce.models import Worker, WorkerAlias

ALIAS_MAX_CHARACTERS = 40
PLATFORM = UUID(int=0)  # the operators' own name of a worker, in conversations with them
UNKNOWN = (
    "No worker of yours has this name. Your lists and exports show the names of those who took part in a batch, exam, course or team "
    "of your organisation."
)
RENAMED_CHUNK = 1000


def alias_of(worker_id: UUID, organization_id: UUID | None) -> str:
    """What an organisation (None: the platform) calls a worker: the same everywhere, and in no other organisation. No query."""
    owner = organization_id or PLATFORM
    return "w" + keys.mac("alias", owner.bytes, worker_id.bytes).hex()[:24]


def called_by(worker: Worker, organization_id: UUID | None) -> str:
    """The alias as people read it, after the name that the worker lets requesters see, if they do."""
    alias = alias_of(worker.id, organization_id)
    return f"{worker.display_name} ({alias})" if worker.name_shown else alias


def note(worker_id: UUID, organization_id: UUID, *, now: datetime) -> None:
    """The worker takes part in something of that organisation's: from now on it can name them. The second time changes nothing.

    Runs in the caller's transaction; waits for a twin of it.
    """
    row = WorkerAlias(
        worker_id=worker_id, organization_id=organization_id, alias=alias_of(worker_id, organization_id), created_at=now
    )
    WorkerAlias.objects.bulk_create([row], ignore_conflicts=True)


def worker_of(alias: str, organization_id: UUID, *, field: str = "worker") -> UUID:
    """Whom an organisation means by a name. Raises NotFound for a name that is nobody's, or another organisation's."""
    found = WorkerAlias.objects.filter(organization_id=organization_id, alias=alias).values_list("worker_id", flat=True).first()
    if found is None:
        raise NotFound(UNKNOWN, field=field, got=alias[:ALIAS_MAX_CHARACTERS])
    return found


def knows(organization_id: UUID, worker_id: UUID) -> bool:
    """Did the worker ever take part in something of this organisation's?"""
    return WorkerAlias.objects.filter(organization_id=organization_id, worker_id=worker_id).exists()


def of_worker(rows: QuerySet[Any], alias: str, actor: Actor, *, owner: str) -> QuerySet[Any]:
    """Of these rows those about the worker whom the actor's organisation calls so; `owner` is their way to that organisation.

    Another organisation's name of the same worker finds nothing, or it would tell that the two are one person.
    """
    named = WorkerAlias.objects.filter(alias=alias[:ALIAS_MAX_CHARACTERS], organization_id__in=actor.organization_ids)
    wanted = Q(pk=None)
    for one in named:
        wanted |= Q(worker_id=one.worker_id, **{owner: one.organization_id})
    return rows.filter(wanted)


def forget(worker_id: UUID) -> None:
    """Nothing turns this worker's names back any more."""
    WorkerAlias.objects.filter(worker_id=worker_id).delete()


def rename_all() -> int:
    """Write every name anew, after SECRET_KEY was changed; returns how many were other ones. Safe to repeat and to interrupt."""
    changed, after = 0, UUID(int=0)
    while rows := list(WorkerAlias.objects.filter(id__gt=after).order_by("id")[:RENAMED_CHUNK]):
        stale = [row for row in rows if row.alias != alias_of(row.worker_id, row.organization_id)]
        for row in stale:
            row.alias = alias_of(row.worker_id, row.organization_id)
        WorkerAlias.objects.bulk_update(stale, ["alias"])
        changed, after = changed + len(stale), rows[-1].id
    return changed
