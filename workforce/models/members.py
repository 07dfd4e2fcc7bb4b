"""Invitations to act for an organisation."""

from django.db import models
from django.db.models import F, Q

from foundation.ids import new_id
from workforce.models.mailed import MailedOnce
from workforce.models.people import Membership, Organization, User


class MemberInvitation(MailedOnce):
    """An organisation invites an address, whoever's it is. Written by `members`; deleted when the person of that address is erased.

    Declined looks open to the organisation (`shown_state`): that somebody said no would tell that an account has the address.
    """

    class State(models.TextChoices):
        OPEN = "open"
        ACCEPTED = "accepted"
        DECLINED = "declined"
        REVOKED = "revoked"

    MOVES = {
        State.OPEN: {State.ACCEPTED, State.DECLINED, State.REVOKED},
        State.DECLINED: {State.REVOKED},
    }

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT, db_index=False)
    email = models.EmailField(max_length=254)  # in its normal form
    role = models.CharField(max_length=20, choices=Membership.Role.choices)
    invited_by = models.ForeignKey(User, models.PROTECT)
    state = models.CharField(max_length=20, choices=State.choices, default=State.OPEN)
    mail_asked_at = models.DateTimeField(null=True)  # None: when it was made
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index("organization", "created_at", name="invitations_of_organization"),
            models.Index("email", "state", name="invitations_to_an_address"),
        ]
        constraints = [
            models.UniqueConstraint(F("organization"), F("email"), condition=Q(state="open"), name="invited_once_at_a_time"),
            models.CheckConstraint(
                condition=Q(state="open", ended_at=None)
                | Q(state__in=["accepted", "declined", "revoked"], ended_at__isnull=False),
                name="invitation_state_is_known",
            ),
            models.CheckConstraint(condition=Q(role__in=["owner", "manager", "viewer"]), name="invitation_role_is_known"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="member_invitation_ends_after_it_starts"),
        ]

    def __str__(self) -> str:
        return f"{self.role} of {self.organization_id}"

    @property
    def shown_state(self) -> str:
        """What the organisation is told."""
        return str(self.State.OPEN if self.state == self.State.DECLINED else self.state)
