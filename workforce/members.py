"""Who acts for an organisation: founding one, inviting people by mail, accepting, declining, leaving.

People join only by accepting. An invitation is to an address, and whoever has proven that address as theirs may accept it, signed in: there
is no secret in the mail that somebody else could use. Inviting tells nothing about the address: the answer and its time are the same
whether an account has it or not, and that somebody has declined looks, from outside, like nobody having answered.
"""

from datetime import datetime, timedelta
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from foundation import audit, constraints, queueing
from foundation.errors import NotFound
from workforce import access, addresses, limits, mailing, quoting
from workforce.access import Actor
from workforce.errors import AlreadyAMember, BadField, LastOwner
from workforce.models import MemberInvitation, Membership, Organization

INVITED_FOR = timedelta(days=14)
MAILED_AGAIN_AFTER = timedelta(days=1)  # to who was mailed and is invited again
ASKED_AGAIN_AFTER = timedelta(minutes=10)  # while no mail has got out
OPEN = MemberInvitation.State.OPEN


@transaction.atomic
def create_organization(actor: Actor, *, name: str, kind: str, now: datetime) -> Organization:
    """Found an organisation; the actor becomes its owner. Audited. Raises LimitReached."""
    limits.hold("organizations_per_account", actor.id, Organization.objects.filter(founder_id=actor.id))
    organization = Organization.objects.create(name=name, kind=kind, founder_id=actor.id, created_at=now)
    Membership.objects.create(user_id=actor.id, organization=organization, role=Membership.Role.OWNER, created_at=now)
    audit.append(
        "organization.created",
        subject=f"organization:{organization.id}",
        actor_id=actor.id,
        now=now,
        after={"name": name, "kind": kind},
    )
    return organization


# ---- inviting ----


@transaction.atomic
def invite(actor: Actor, organization_id: UUID, *, email: str, role: str, now: datetime) -> MemberInvitation:
    """Invite whoever has that address to act for the organisation; they are mailed, and join by accepting. Owners only; audited.

    The same address in the same role again returns the open invitation, also one that was declined. Its mail is sent again after
    MAILED_AGAIN_AFTER, or where none has got out after ASKED_AGAIN_AFTER, and never to who declined. In another role the earlier one
    ends. Raises NotFound, RoleTooLow, BadAddress, AlreadyAMember for an address that stands in the list of members, and LimitReached
    for too many open invitations, or too many within a day.
    """
    access.require_role(actor, organization_id, at_least=Membership.Role.OWNER)
    if not Organization.objects.filter(id=organization_id).exists():
        raise NotFound
    if role not in Membership.Role.values:
        raise BadField(field="role", known=Membership.Role.values)
    address = addresses.normal(email)
    if Membership.objects.filter(organization_id=organization_id, user__email=address, ended_at=None).exists():
        raise AlreadyAMember(field="email")
    ours = MemberInvitation.objects.filter(organization_id=organization_id)
    works = ours.filter(expires_at__gt=now, state__in=[OPEN, MemberInvitation.State.DECLINED])
    limits.hold("invitations_per_organization", organization_id, works)
    earlier = works.filter(email=address).order_by("-id").first()
    if earlier is not None and earlier.role == role:
        _mail_again(earlier.id, now=now)
        return earlier
    limits.hold("invited_per_day", organization_id, ours.filter(created_at__gt=now - timedelta(days=1)))
    ours.filter(email=address, state__in=[OPEN, MemberInvitation.State.DECLINED]).update(
        state=MemberInvitation.State.REVOKED, ended_at=now
    )
    row = MemberInvitation.objects.create(
        organization_id=organization_id,
        email=address,
        role=role,
        invited_by_id=actor.id,
        created_at=now,
        expires_at=now + INVITED_FOR,
    )
    queueing.enqueue("workforce.jobs.mail_invitation", str(row.id))
    audit.append(
        "member.invited",
        subject=f"organization:{organization_id}",
        actor_id=actor.id,
        now=now,
        after={"invitation_id": str(row.id), "role": role},
    )
    return row


def _mail_again(invitation_id: UUID, *, now: datetime) -> None:
    """Have an open invitation mailed once more, if the last mail is long enough ago."""
    rows = MemberInvitation.objects.filter(id=invitation_id, state=OPEN)
    asked = rows.annotate(asked_at=Coalesce("mail_asked_at", "created_at"))
    rested = Q(mailed=True, asked_at__lte=now - MAILED_AGAIN_AFTER) | Q(mailed=False, asked_at__lte=now - ASKED_AGAIN_AFTER)
    if asked.filter(rested).update(mail_asked_at=now, mailed=False):
        queueing.enqueue("workforce.jobs.mail_invitation", str(invitation_id))


def revoke(actor: Actor, invitation_id: UUID, *, now: datetime) -> MemberInvitation:
    """Take an invitation back. The second time returns the same row, and so does one that was answered. Owners only; audited."""
    row = MemberInvitation.objects.filter(id=invitation_id).first()
    if row is None:
        raise NotFound
    access.require_role(actor, row.organization_id, at_least=Membership.Role.OWNER)
    with transaction.atomic():
        waiting = MemberInvitation.objects.filter(id=row.id, state__in=[OPEN, MemberInvitation.State.DECLINED])
        if waiting.update(state=MemberInvitation.State.REVOKED, ended_at=now):
            subject, before = f"organization:{row.organization_id}", {"invitation_id": str(row.id)}
            audit.append("member.invitation_revoked", subject=subject, actor_id=actor.id, now=now, before=before)
    row.refresh_from_db()
    return row


def mail_invitation(invitation_id: UUID, *, now: datetime) -> bool:
    """The mail itself, by a job, once; False when the invitation is over. In our words: the organisation's name is all it brings.

    Raises as `mailing.send_once`.
    """
    row = MemberInvitation.objects.select_related("organization").filter(id=invitation_id, state=OPEN, mailed=False).first()
    if row is None:
        return False
    name = quoting.name(row.organization.name) or _("An organisation")
    text = _(
        "%(name)s invites this address to act for it on %(site)s, as %(role)s.\n\n"
        "Sign in with this address, or sign up with it, and accept or decline:\n\n%(site)s/invitations/\n\n"
        "The invitation ends on %(until)s. If you do not know who this is, do nothing: nobody joins without accepting."
    )
    roles = {Membership.Role.OWNER: _("owner"), Membership.Role.MANAGER: _("manager"), Membership.Role.VIEWER: _("viewer")}
    role = roles[Membership.Role(row.role)]
    facts = {"name": name, "site": settings.SITE_ADDRESS, "role": role, "until": row.expires_at.date().isoformat()}
    message = EmailMessage(_("An invitation on Fairhand"), text % facts, to=[row.email])
    return mailing.send_once(MemberInvitation.objects.filter(id=row.id), message, now=now)


# ---- being invited ----


def waiting_for(user_id: UUID, *, now: datetime) -> QuerySet[MemberInvitation]:
    """The invitations that wait for this person: to an address that they have proven, open, newest first."""
    proven = EmailAddress.objects.filter(user_id=user_id, verified=True).values("email")
    rows = MemberInvitation.objects.filter(email__in=proven, state=OPEN, expires_at__gt=now)
    return rows.select_related("organization").order_by("-created_at", "-id")


@transaction.atomic
def accept(actor: Actor, invitation_id: UUID, *, now: datetime) -> Membership:
    """Join the organisation in the role the invitation names. The second time returns the same membership. Audited.

    Raises NotFound for an invitation that is over, or to an address that is not proven to be one's own; AlreadyAMember, LimitReached and
    OrganizationClosed.
    """
    row = waiting_for(actor.id, now=now).filter(id=invitation_id).first()
    if row is None:
        return _accepted_before(actor, invitation_id)
    access.require_open(row.organization_id)
    people = Membership.objects.filter(organization_id=row.organization_id, ended_at=None)
    limits.hold("members_per_organization", row.organization_id, people)
    if not MemberInvitation.objects.filter(id=row.id, state=OPEN).update(state=MemberInvitation.State.ACCEPTED, ended_at=now):
        return _accepted_before(actor, invitation_id)  # a twin was quicker, or it was taken back at this moment
    try:
        with transaction.atomic():
            membership = Membership.objects.create(
                user_id=actor.id, organization_id=row.organization_id, role=row.role, invitation=row, created_at=now
            )
    except IntegrityError as error:
        constraints.only(error, "member_once_at_a_time")
        raise AlreadyAMember from error
    audit.append(
        "member.joined",
        subject=f"organization:{row.organization_id}",
        actor_id=actor.id,
        now=now,
        after={"user_id": str(actor.id), "role": row.role, "invitation_id": str(row.id)},
    )
    return membership


def _accepted_before(actor: Actor, invitation_id: UUID) -> Membership:
    found = Membership.objects.filter(invitation_id=invitation_id, user_id=actor.id).first()
    if found is None:
        raise NotFound("This invitation is over, or it is not to an address that you have proven to be yours.")
    return found


def decline(actor: Actor, invitation_id: UUID, *, now: datetime) -> None:
    """Say no; the organisation is not told, and cannot invite this address again until the invitation would have ended. Safe to repeat."""
    rows = MemberInvitation.objects.filter(
        id__in=waiting_for(actor.id, now=now).filter(id=invitation_id).values("id"), state=OPEN
    )
    if rows.update(state=MemberInvitation.State.DECLINED, ended_at=now):
        return
    proven = EmailAddress.objects.filter(user_id=actor.id, verified=True).values("email")
    if not MemberInvitation.objects.filter(id=invitation_id, email__in=proven, state=MemberInvitation.State.DECLINED).exists():
        raise NotFound


def forget_invitations_to(emails: QuerySet[EmailAddress]) -> None:
    """Delete what was sent to a person's addresses, as they are erased; memberships stay, ended."""
    gone = MemberInvitation.objects.filter(email__in=list(emails.values_list("email", flat=True)))
    Membership.objects.filter(invitation__in=gone).update(invitation=None)
    gone.delete()


# ---- leaving ----


@transaction.atomic
def end_membership(actor: Actor, membership_id: UUID, *, now: datetime) -> Membership:
    """End a membership; owners end anyone's, everybody their own. Open invitations that this member sent end with it.

    The second time returns the same row. Locks the organisation's owners, so that two owners cannot remove each other at the same
    moment. Raises NotFound, RoleTooLow and LastOwner; a closed organisation is left by its last owner, too.
    """
    membership = Membership.objects.filter(id=membership_id).first()
    if membership is None:
        raise NotFound
    if membership.user_id != actor.id:
        access.require_role(actor, membership.organization_id, at_least=Membership.Role.OWNER, even_closed=True)
    owners = list(
        Membership.objects.select_for_update()
        .filter(organization_id=membership.organization_id, role=Membership.Role.OWNER, ended_at=None)
        .order_by("id")
    )
    is_open = Organization.objects.filter(id=membership.organization_id, closed_at=None).exists()
    if is_open and [owner.id for owner in owners] == [membership.id]:
        raise LastOwner
    if Membership.objects.filter(id=membership.id, ended_at=None).update(ended_at=now):
        sent = MemberInvitation.objects.filter(organization_id=membership.organization_id, invited_by_id=membership.user_id)
        sent.filter(state=OPEN).update(state=MemberInvitation.State.REVOKED, ended_at=now)
        audit.append(
            "member.ended",
            subject=f"organization:{membership.organization_id}",
            actor_id=actor.id,
            now=now,
            before={"user_id": str(membership.user_id), "role": membership.role},
        )
    membership.refresh_from_db()
    return membership
