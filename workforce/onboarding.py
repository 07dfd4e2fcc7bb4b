"""From an account to someone who may start: profile, agreements, and what is still missing."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Max, OuterRef, Q, Subquery

from foundation import audit
from foundation.errors import NotFound
from workforce import access
from workforce.access import Actor
from workforce.errors import BadField
from workforce.models import Acceptance, Agreement, Identity, Worker

LANGUAGES_MAX = 30
PROFILE_FIELDS = {"display_name", "country", "languages", "time_zone"}


def touch_standing(worker_id: UUID) -> None:
    """Say that something about a worker's access changed: whoever keeps a fact derived from it must derive it afresh."""
    Worker.objects.filter(id=worker_id).update(standing=F("standing") + 1)


@transaction.atomic
def publish_agreement(actor: Actor, *, slug: str, title: str, text: str, now: datetime) -> Agreement:
    """Put the next version of an agreement in force; workers must accept it before they start again. Operators only; audited."""
    access.require_operator(actor)
    newest = Agreement.objects.filter(slug=slug).aggregate(newest=Max("version"))["newest"] or 0
    row = Agreement.objects.create(slug=slug, version=newest + 1, title=title, text=text, published_at=now)
    Worker.objects.update(standing=F("standing") + 1)  # everybody's access rests on having accepted the version in force
    audit.append("agreement.published", subject=f"agreement:{slug}", actor_id=actor.id, now=now, after={"version": row.version})
    return row


def current_agreements() -> "Any":
    """The versions in force: the newest of each slug."""
    newest = Agreement.objects.filter(slug=OuterRef("slug")).order_by("-version").values("id")[:1]
    return Agreement.objects.filter(id=Subquery(newest)).order_by("slug")


def outstanding_agreements(user_id: UUID) -> list[Agreement]:
    """What the user has yet to accept."""
    return list(current_agreements().exclude(id__in=Acceptance.objects.filter(user_id=user_id).values("agreement_id")))


@transaction.atomic
def accept_agreement(actor: Actor, agreement_id: UUID, *, now: datetime) -> Acceptance:
    """Accept one version of an agreement. The second time returns the first acceptance. Raises NotFound."""
    if not Agreement.objects.filter(id=agreement_id).exists():
        raise NotFound
    row = Acceptance(user_id=actor.id, agreement_id=agreement_id, accepted_at=now)
    Acceptance.objects.bulk_create([row], ignore_conflicts=True)
    if actor.worker_id:
        touch_standing(actor.worker_id)
        _note_onboarded(actor.worker_id, now=now)
    return Acceptance.objects.get(user_id=actor.id, agreement_id=agreement_id)


@transaction.atomic
def update_profile(worker_id: UUID, *, now: datetime, **fields: Any) -> Worker:
    """Change what matching knows about a worker. Raises BadField for a value that cannot be kept."""
    unknown = set(fields) - PROFILE_FIELDS
    if unknown:
        raise BadField(field=sorted(unknown)[0], known=sorted(PROFILE_FIELDS))
    if len(fields.get("languages", [])) > LANGUAGES_MAX:
        raise BadField("A profile lists 30 languages at most.", field="languages", limit=LANGUAGES_MAX)
    if fields and not Worker.objects.filter(id=worker_id).update(**fields, standing=F("standing") + 1):
        raise NotFound
    _note_onboarded(worker_id, now=now)
    return Worker.objects.get(id=worker_id)


def update_identity(worker_id: UUID, *, now: datetime, **fields: Any) -> Identity:
    """Keep who the worker is, apart from everything else. Fields left out stay as they are."""
    row, _ = Identity.objects.update_or_create(worker_id=worker_id, defaults={**fields, "updated_at": now})
    return row


def missing_steps(worker_id: UUID) -> list[dict[str, Any]]:
    """What a worker must still do before they may take any task; empty when nothing. Each step says how."""
    worker = Worker.objects.filter(id=worker_id).first()
    if worker is None:
        raise NotFound
    steps: list[dict[str, Any]] = []
    if not worker.country:
        steps.append({"step": "country", "message": "Say where you live: POST me/profile with country."})
    if not worker.languages:
        steps.append({"step": "languages", "message": "Say which languages you speak: POST me/profile with languages."})
    steps.extend(
        {
            "step": "agreement",
            "agreement_id": str(row.id),
            "message": f"Read and accept “{row.title}”: POST agreements/{row.id}/accept.",
        }
        for row in outstanding_agreements(worker.user_id)
    )
    return steps


def _note_onboarded(worker_id: UUID, *, now: datetime) -> None:
    if not missing_steps(worker_id):
        Worker.objects.filter(Q(onboarded_at=None), id=worker_id).update(onboarded_at=now)
