"""Work in progress: saved while a person works, so that a reload, a crash, a lost connection or another device loses nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from foundation import constraints
from foundation.errors import NotFound
from tasks.errors import RESULT_MAX_BYTES, DraftOutdated, LeaseLost, ResultTooLarge
from tasks.labels import encoded
from tasks.models import Assignment, Draft

KEPT = timedelta(days=7)  # after its assignment has ended
WRITABLE = [Assignment.State.LEASED, Assignment.State.EXPIRED]  # an expired lease may still be handed in


@dataclass(frozen=True)
class Saved:
    """A draft as it now stands."""

    assignment_id: UUID
    revision: int
    saved_at: datetime


def save(assignment_id: UUID, *, worker_id: UUID, token: UUID, result: Any, base_revision: int, now: datetime) -> Saved:
    """Keep an unfinished answer. `base_revision` is the revision it goes on from, 0 for none; the next is one more.

    The same content over the same base again returns the first outcome. Locks the draft. Raises NotFound, LeaseLost when the
    assignment has ended, ResultTooLarge, and DraftOutdated, with the newer draft, when somebody saved meanwhile: nothing is written then.
    """
    size = len(encoded(result))
    if size > RESULT_MAX_BYTES:
        raise ResultTooLarge(field="result", limit=RESULT_MAX_BYTES, got=size)
    assignment = Assignment.objects.filter(id=assignment_id, worker_id=worker_id).first()
    if assignment is None:
        raise NotFound
    if assignment.token != token or assignment.state not in WRITABLE:
        raise LeaseLost(state=assignment.state)
    if base_revision == 0:
        try:
            with transaction.atomic():
                Draft.objects.create(assignment_id=assignment_id, result=result, revision=1, saved_at=now)
            return Saved(assignment_id, 1, now)
        except IntegrityError as error:
            constraints.only(error, "tasks_draft_pkey")  # there is one already: it decides below
    with transaction.atomic():
        draft = Draft.objects.select_for_update().filter(assignment_id=assignment_id).first()
        if draft is None:
            raise DraftOutdated(draft=None)
        if draft.revision == base_revision:
            draft.result, draft.revision, draft.saved_at = result, base_revision + 1, now
            draft.save()
        elif draft.revision != base_revision + 1 or draft.result != result:
            raise DraftOutdated(draft=shown(draft))
    return Saved(assignment_id, draft.revision, draft.saved_at)


def shown(draft: Draft | None) -> dict[str, Any] | None:
    """A draft as its worker's page gets it."""
    if draft is None:
        return None
    return {"revision": draft.revision, "result": draft.result, "saved_at": draft.saved_at.isoformat()}


def discard_old(*, now: datetime) -> int:
    """Delete the drafts of assignments that ended more than KEPT ago; returns how many."""
    over = Draft.objects.filter(assignment__ended_at__lt=now - KEPT).exclude(assignment__state=Assignment.State.LEASED)
    return over.delete()[0]
