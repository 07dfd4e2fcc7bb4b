"""Skills are granted, revoked and expire; each change is a new row or the end of one, and touches the worker's standing."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from foundation import constraints
from foundation.errors import NotFound
from foundation.paging import in_chunks
from qualification.eligibility import Facts, SkillFact
from qualification.errors import BadRequirement, SkillNameTaken
from qualification.models import Grant, Skill
from workforce import access, aliases, limits, notifying, onboarding
from workforce.access import Actor
from workforce.errors import BadField
from workforce.models import NoticeKind, Worker

EXPIRE_CHUNK = 1000
WARN_BEFORE = timedelta(days=7)


def create_skill(actor: Actor, *, organization_id: UUID, name: str, description: str, now: datetime) -> Skill:
    """A skill of a requester's own. Managers. Raises SkillNameTaken."""
    access.require_role(actor, organization_id)
    try:
        with transaction.atomic():
            access.require_open(organization_id)
            limits.hold("skills_per_organization", organization_id, Skill.objects.filter(organization_id=organization_id))
            return Skill.objects.create(organization_id=organization_id, name=name, description=description, created_at=now)
    except IntegrityError as error:
        constraints.only(error, "skill_name_once")
        raise SkillNameTaken(field="name") from error


def skills_for(organization_id: UUID, skill_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Those of the skills that an organisation may ask for, its own and the platform's, and what they are called."""
    return usable_by([organization_id], skill_ids)[organization_id]


def usable_by(organization_ids: Iterable[UUID], skill_ids: Iterable[UUID]) -> dict[UUID, dict[UUID, str]]:
    """`skills_for` of several organisations at once; one query, none without skills."""
    asked = set(skill_ids)
    found = list(Skill.objects.filter(id__in=asked).values_list("id", "name", "organization_id")) if asked else []
    return {one: {id_: name for id_, name, owner in found if owner in (None, one)} for one in set(organization_ids)}


def check_skills(organization_id: UUID, requirements: Sequence[Mapping[str, Any]]) -> None:
    """See that checked requirements name skills the organisation may ask for. Raises BadRequirement with the index; of a skill that is
    another organisation's it says what it says of one that nobody has.
    """
    named = [UUID(one["skill_id"]) if one["subject"] == "skill" else None for one in requirements]
    usable = skills_for(organization_id, filter(None, named))
    for index, skill_id in enumerate(named):
        if skill_id is not None and skill_id not in usable:
            raise BadRequirement(
                "Your organisation has no such skill, and neither has the platform. GET skills lists those you may ask for.",
                field=f"requirements[{index}].skill_id",
                got=str(skill_id),
            )


def facts_of(worker_id: UUID, *, now: datetime) -> Facts:
    """What matching knows about a worker at `now`: profile, and the skills held and not expired."""
    worker = Worker.objects.get(id=worker_id)
    held = Grant.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now), worker_id=worker_id, revoked_at=None)
    return Facts(
        country=worker.country,
        languages=frozenset(worker.languages),
        skills={grant.skill_id: SkillFact(grant.value, grant.expires_at) for grant in held},
    )


@transaction.atomic
def grant(
    worker_id: UUID,
    *,
    skill_id: UUID,
    value: int,
    source: str,
    now: datetime,
    expires_at: datetime | None = None,
    told_by: UUID | None = None,
) -> Grant:
    """Let a worker hold a skill at a value; an earlier grant of it ends. Locks the worker, so that two grants queue up.

    `told_by` is the organisation that grants it by hand; none where the worker earned it by an act of their own.
    """
    if Worker.objects.select_for_update(no_key=True).filter(id=worker_id).first() is None:
        raise NotFound
    Grant.objects.filter(worker_id=worker_id, skill_id=skill_id, revoked_at=None).update(revoked_at=now)
    row = Grant.objects.create(
        worker_id=worker_id, skill_id=skill_id, value=value, source=source, granted_at=now, expires_at=expires_at
    )
    onboarding.touch_standing(worker_id)
    notifying.notify_worker(
        worker_id,
        kind=NoticeKind.SKILL_GRANTED,
        key=f"grant:{row.id}",
        data={"skill": row.skill.name, "value": value},
        by=told_by,
        now=now,
    )
    return row


def warn_expiring(*, now: datetime) -> int:
    """Tell people whose skill ends within WARN_BEFORE, once per grant; returns how many there are. Safe to repeat."""
    soon = Grant.objects.filter(revoked_at=None, expires_at__gt=now, expires_at__lte=now + WARN_BEFORE).select_related("skill")
    warned = 0
    for chunk in in_chunks(soon, rows=EXPIRE_CHUNK):
        for row in chunk:
            assert row.expires_at is not None, "selected by it"
            warned += notifying.notify_worker(
                row.worker_id,
                kind=NoticeKind.SKILL_EXPIRING,
                key=f"expiring:{row.id}",
                data={"skill": row.skill.name, "until": row.expires_at.date().isoformat()},
                by=None,
                now=now,
            )
    return warned


@transaction.atomic
def grant_no_less(
    worker_id: UUID, *, skill_id: UUID, value: int, source: str, now: datetime, expires_at: datetime | None = None
) -> Grant:
    """The same, except that what a worker holds is never made worse: a higher value, or as high a one for longer, stays as it is."""
    Worker.objects.select_for_update(no_key=True).filter(id=worker_id).first()
    held = Grant.objects.filter(worker_id=worker_id, skill_id=skill_id, revoked_at=None).first()
    if held is not None and (held.expires_at is None or held.expires_at > now):
        longer = held.expires_at is None or (expires_at is not None and held.expires_at >= expires_at)
        if held.value > value or (held.value == value and longer):
            return held
    return grant(worker_id, skill_id=skill_id, value=value, source=source, now=now, expires_at=expires_at)


@transaction.atomic
def grant_by_hand(
    actor: Actor,
    skill_id: UUID,
    *,
    value: int,
    now: datetime,
    worker: str = "",
    worker_id: UUID | None = None,
    expires_at: datetime | None = None,
) -> Grant:
    """A manager of the skill's organisation grants it to a `worker` by its alias; operators, of the platform's skills, by `worker_id`.

    Raises NotFound for a foreign skill, and for whom the organisation does not know; BadField for the wrong kind of name; LimitReached
    for too many to one worker in a day. Locks the worker.
    """
    skill = _own_skill(actor, skill_id)
    if skill.organization_id is not None:
        if not worker:
            raise BadField("Name the worker as your lists do, by alias.", field="worker")
        worker_id = aliases.worker_of(worker, skill.organization_id)
        Worker.objects.select_for_update(no_key=True).filter(id=worker_id).first()
        by_hand = Grant.objects.filter(
            worker_id=worker_id, skill__organization_id=skill.organization_id, source__startswith="user:"
        )
        limits.hold("grants_per_day_and_worker", skill.organization_id, by_hand.filter(granted_at__gt=now - timedelta(days=1)))
    elif worker_id is None:
        raise BadField("A skill of the platform is granted to a worker's id.", field="worker_id")
    return grant(
        worker_id,
        skill_id=skill.id,
        value=value,
        source=f"user:{actor.id}",
        now=now,
        expires_at=expires_at,
        told_by=skill.organization_id,
    )


@transaction.atomic
def revoke(actor: Actor, grant_id: UUID, *, now: datetime) -> Grant:
    """End a grant. The second time returns the same row. Raises NotFound for a grant of a foreign skill."""
    row = Grant.objects.filter(id=grant_id).first()
    if row is None:
        raise NotFound
    _own_skill(actor, row.skill_id)
    if Grant.objects.filter(id=grant_id, revoked_at=None).update(revoked_at=now):
        onboarding.touch_standing(row.worker_id)
    row.refresh_from_db()
    return row


def expire_due(*, now: datetime) -> int:
    """End the grants whose time is over, in chunks; returns how many. Eligibility never counts them, ended or not."""
    ended = 0
    while True:
        with transaction.atomic():
            due = list(
                Grant.objects.select_for_update(skip_locked=True).filter(revoked_at=None, expires_at__lte=now)[:EXPIRE_CHUNK]
            )
            Grant.objects.filter(id__in=[row.id for row in due]).update(revoked_at=now)
            for row in due:
                onboarding.touch_standing(row.worker_id)
        ended += len(due)
        if len(due) < EXPIRE_CHUNK:
            return ended


def _own_skill(actor: Actor, skill_id: UUID) -> Skill:
    skill = Skill.objects.filter(id=skill_id).first()
    if skill is None:
        raise NotFound
    if skill.organization_id is None:
        access.require_operator(actor)
    else:
        access.require_role(actor, skill.organization_id)
    return skill
