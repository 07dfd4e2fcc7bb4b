"""What lies before a worker who works on a batch: the tasks they hold, with drafts, suggestions and guideline, and what today has brought."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Sum

from foundation.errors import NotFound
from tasks import answering, assigning, drafting, framing, media
from tasks.assigning import Lease
from tasks.labels import Interface
from tasks.models import Assignment, Batch, Draft, Guideline
from workforce.models import Worker

PAID = [Assignment.State.SUBMITTED, Assignment.State.ACCEPTED]


@dataclass(frozen=True)
class Desk:
    """A batch as a worker's page shows it."""

    batch: Batch
    interface: Interface
    leases: list[dict[str, Any]]
    guideline: Guideline
    answers_today: int
    earned_today_micros: int


def desk_of(worker: Worker, batch_id: UUID, *, site: str = "", now: datetime) -> Desk:
    """Everything the workspace begins with; `site` as for `framing.address_of`. Claims nothing. Raises NotFound for a batch that was never open."""
    batch = Batch.objects.select_related("project", "organization", "guideline").filter(id=batch_id).first()
    if batch is None or batch.published_at is None or batch.guideline is None:
        raise NotFound
    leases = [shown(lease, site=site) for lease in assigning.held_leases(worker.id, batch_id)]
    drafts = Draft.objects.in_bulk([lease["id"] for lease in leases])
    for lease in leases:
        lease["draft"] = drafting.shown(drafts.get(lease["id"]))
    guideline = batch.guideline
    if leases and leases[0]["guideline_id"] != guideline.id:
        guideline = Guideline.objects.get(id=leases[0]["guideline_id"])
    return Desk(batch, answering.interface_of_project(batch.project_id), leases, guideline, *today(worker, batch, now=now))


def today(worker: Worker, batch: Batch, *, now: datetime) -> tuple[int, int]:
    """How many answers of this batch the worker has handed in since midnight where they live, and what they bring in micros."""
    midnight = now.astimezone(ZoneInfo(worker.time_zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = Assignment.objects.filter(worker=worker, batch=batch, state__in=PAID, submitted_at__gte=midnight)
    found = rows.aggregate(answers=Count("id"), micros=Sum("price_micros"))
    return found["answers"], found["micros"] or 0


def shown(lease: Lease, *, site: str = "") -> dict[str, Any]:
    """A lease as its worker gets it, over the API and in the workspace: addresses signed, so that the page may load them.

    Without the task's id, which carries when it was added: gold is often added last.
    """
    interface, owner = answering.interface_of_project(lease.project_id), media.owner_of_project(lease.project_id)
    seen = {name: value for name, value in vars(lease).items() if name != "task_id"}
    return seen | {
        "payload": media.payload_of(interface, lease.payload, owner),
        "interface": media.config_of(interface, owner),
        "frame_address": framing.address_of(lease.id, interface, site=site),
    }
