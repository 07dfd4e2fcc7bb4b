"""Vendors' teams: invite people by a link, join with it, leave at any time, and see how far each has got.

Locks: the invitation's row alone, by a guarded update, so that its last place is taken once.
"""

import base64
import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F

from foundation import audit, constraints, events, keys
from foundation.errors import NotFound
from foundation.idempotency import KeyReused
from workforce import access, aliases, checklist, limits
from workforce.access import Actor
from workforce.errors import BadField, InvitationOver, NotAVendor
from workforce.models import Membership, OnboardingStep, Organization, StepProgress, TeamInvitation, TeamMember, Worker

TOKEN_BYTES = 24
DAYS_MAX = 90
USES_MAX = 1000


def invite(
    actor: Actor, organization_id: UUID, *, name: str, max_uses: int, days: int, now: datetime, key: str | None = None
) -> tuple[TeamInvitation, str]:
    """A link into a vendor's team: the row, and the token, which is shown this once. Managers; audited.

    With a `key` the token is derived from it, so that a repeat gets the same link; another content under the same key raises KeyReused.
    Raises NotAVendor, and BadField beyond DAYS_MAX and USES_MAX.
    """
    access.require_role(actor, organization_id, at_least=Membership.Role.MANAGER)
    if not Organization.objects.filter(id=organization_id, kind=Organization.Kind.VENDOR).exists():
        raise NotAVendor(field="organization_id")
    for field, got, limit in (("days", days, DAYS_MAX), ("max_uses", max_uses, USES_MAX)):
        if not 1 <= got <= limit:
            raise BadField(field=field, limit=limit, got=got)
    token = _derived(actor, organization_id, key) if key else secrets.token_urlsafe(TOKEN_BYTES)
    row = TeamInvitation(
        organization_id=organization_id,
        name=name,
        digest=access.digest_of(token),
        max_uses=max_uses,
        created_by_id=actor.id,
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    with transaction.atomic():
        access.require_open(organization_id)
        if not TeamInvitation.objects.filter(digest=row.digest).exists():
            works = TeamInvitation.objects.filter(organization_id=organization_id, revoked_at=None, expires_at__gt=now)
            limits.hold("invitations_per_organization", organization_id, works.filter(uses__lt=F("max_uses")))
        TeamInvitation.objects.bulk_create([row], ignore_conflicts=True)
        stored = TeamInvitation.objects.get(digest=row.digest)
        if (stored.name, stored.max_uses, stored.expires_at - stored.created_at) != (name, max_uses, timedelta(days=days)):
            raise KeyReused(key=key)
        if stored.id == row.id:
            after = {"invitation_id": str(row.id), "name": name, "max_uses": max_uses, "days": days}
            subject = f"organization:{organization_id}"
            audit.append("team.invitation_made", subject=subject, actor_id=actor.id, now=now, after=after)
    return stored, token


def _derived(actor: Actor, organization_id: UUID, key: str) -> str:
    mac = keys.mac("invitation", actor.id.bytes, organization_id.bytes, key.encode())
    return base64.urlsafe_b64encode(mac[:TOKEN_BYTES]).decode()


def revoke_invitation(actor: Actor, invitation_id: UUID, *, now: datetime) -> TeamInvitation:
    """Let a link work no longer; who joined with it stays. The second time returns the same row. Managers; audited."""
    row = TeamInvitation.objects.filter(id=invitation_id).first()
    if row is None:
        raise NotFound
    access.require_role(actor, row.organization_id, at_least=Membership.Role.MANAGER)
    with transaction.atomic():
        if TeamInvitation.objects.filter(id=row.id, revoked_at=None).update(revoked_at=now):
            subject = f"organization:{row.organization_id}"
            before = {"invitation_id": str(row.id)}
            audit.append("team.invitation_revoked", subject=subject, actor_id=actor.id, now=now, before=before)
    row.refresh_from_db()
    return row


def invitation_of(token: str, *, now: datetime) -> TeamInvitation:
    """The invitation a link stands for, while it works. Raises NotFound for a token nobody made, and InvitationOver."""
    row = TeamInvitation.objects.select_related("organization").filter(digest=access.digest_of(token)).first()
    if row is None:
        raise NotFound("This link leads to no invitation. Check that it was copied whole.")
    if row.revoked_at is not None or row.expires_at <= now or row.uses >= row.max_uses:
        raise InvitationOver
    return row


@transaction.atomic
def join(actor: Actor, token: str, *, now: datetime) -> TeamMember:
    """Join the team a link invites to. Who is in it already stays as they are, and takes no place.

    Raises NotAWorker, NotFound, OrganizationClosed, and InvitationOver; of many at the same instant only as many come in as there are places.
    """
    worker_id = access.require_worker(actor)
    row = TeamInvitation.objects.select_related("organization").filter(digest=access.digest_of(token)).first()
    if row is None:
        raise NotFound("This link leads to no invitation. Check that it was copied whole.")
    there = TeamMember.objects.filter(organization_id=row.organization_id, worker_id=worker_id, left_at=None)
    if already := there.first():
        return already
    access.require_open(row.organization_id)
    places = TeamInvitation.objects.filter(id=row.id, revoked_at=None, expires_at__gt=now, uses__lt=F("max_uses"))
    if not places.update(uses=F("uses") + 1):  # waits for whoever takes a place at this moment, and looks again
        raise InvitationOver
    try:
        with transaction.atomic():
            member = TeamMember.objects.create(
                organization_id=row.organization_id, worker_id=worker_id, invitation=row, joined_at=now
            )
    except IntegrityError as error:  # a twin of this request was quicker: the place goes back
        constraints.only(error, "in_a_team_once_at_a_time")
        TeamInvitation.objects.filter(id=row.id).update(uses=F("uses") - 1)
        return there.get()
    _tell("team.joined", member, actor, now)
    aliases.note(worker_id, row.organization_id, now=now)
    checklist.note_done(Worker.objects.get(id=worker_id), now=now)
    member.refresh_from_db()
    return member


def leave(actor: Actor, member_id: UUID, *, now: datetime) -> TeamMember:
    """Leave a team, at any time and without a reason. Work done and pay earned stay. The second time returns the same row."""
    worker_id = access.require_worker(actor)
    with transaction.atomic():
        left = TeamMember.objects.filter(id=member_id, worker_id=worker_id, left_at=None).update(left_at=now)
        member = TeamMember.objects.filter(id=member_id, worker_id=worker_id).first()
        if member is None:
            raise NotFound
        if left:
            _tell("team.left", member, actor, now)
    return member


def end(actor: Actor, member_id: UUID, *, reason: str, now: datetime) -> TeamMember:
    """End someone's place in one's team, with a reason that they read. Managers; audited. The second time returns the same row."""
    member = TeamMember.objects.filter(id=member_id).first()
    if member is None:
        raise NotFound
    access.require_role(actor, member.organization_id, at_least=Membership.Role.MANAGER)
    if not reason.strip():
        raise BadField("Say why: the person reads it.", field="reason")
    with transaction.atomic():
        current = TeamMember.objects.filter(id=member.id, left_at=None)
        if current.update(left_at=now, ended_by_id=actor.id, end_reason=reason):
            _tell("team.ended", member, actor, now)
            audit.append(
                "team.ended",
                subject=f"team_member:{member.id}",
                actor_id=actor.id,
                now=now,
                reason=reason,
                before={"left_at": None},
            )
    member.refresh_from_db()
    return member


def team_of(organization_id: UUID) -> list[dict[str, Any]]:
    """Who is in a vendor's team, in the order they joined, and how far each has got on the vendor's list: aliases, never identities."""
    members = list(
        TeamMember.objects.filter(organization_id=organization_id, left_at=None)
        .select_related("worker")
        .order_by("joined_at", "id")
    )
    steps = list(OnboardingStep.objects.filter(organization_id=organization_id, ended_at=None))
    rows = StepProgress.objects.filter(
        step__in=steps, worker__in=[member.worker_id for member in members], finished_at__isnull=False
    )
    finished: dict[UUID, dict[UUID, datetime | None]] = {}
    for row in rows:
        finished.setdefault(row.worker_id, {})[row.step_id] = row.finished_at
    return [_member(member, steps, finished.get(member.worker_id, {})) for member in members]


def _member(member: TeamMember, steps: list[OnboardingStep], finished: dict[UUID, datetime | None]) -> dict[str, Any]:
    worker = member.worker
    return {
        "id": member.id,
        "worker": aliases.alias_of(worker.id, member.organization_id),
        "display_name": worker.display_name,
        "country": worker.country,
        "languages": worker.languages,
        "language_levels": worker.language_levels,
        "time_zone": worker.time_zone,
        "working_hours": worker.working_hours,
        "joined_at": member.joined_at,
        "onboarded_at": member.onboarded_at,
        "steps": len(steps),
        "steps_done": len(finished),
        "finished": [{"step_id": step.id, "finished_at": finished[step.id]} for step in steps if step.id in finished],
    }


def _tell(what: str, member: TeamMember, actor: Actor, now: datetime) -> None:
    data = {"worker": aliases.alias_of(member.worker_id, member.organization_id)}
    events.record(what, subject_id=member.id, organization_id=member.organization_id, actor_id=actor.id, now=now, data=data)
