"""A vendor's team: who works in it, and the links that invite people to join."""

from django.db import models
from django.db.models import F, Q

from foundation.ids import new_id
from workforce.models.people import Organization, User, Worker


class TeamInvitation(models.Model):
    """A link that lets people join a vendor's team. The link's token is shown once and kept as its SHA-256."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT)
    name = models.CharField(max_length=80)  # for the vendor: to whom this link went
    digest = models.BinaryField(max_length=32, unique=True)
    max_uses = models.PositiveIntegerField()
    uses = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(User, models.PROTECT)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(uses__lte=F("max_uses")), name="invitation_within_its_uses"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="invitation_ends_after_it_starts"),
        ]

    def __str__(self) -> str:
        return self.name


class TeamMember(models.Model):
    """A worker works in a vendor's team, from then until then. May be in several, and may leave any; the row ends and stays."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT)
    worker = models.ForeignKey(Worker, models.PROTECT)
    invitation = models.ForeignKey(TeamInvitation, models.PROTECT)
    joined_at = models.DateTimeField()
    onboarded_at = models.DateTimeField(null=True)  # when nothing required was left on the vendor's own list
    left_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(User, models.PROTECT, null=True)  # the named human of the vendor; None: the worker left
    end_reason = models.TextField(blank=True)  # in words the worker reads

    class Meta:
        constraints = [
            models.UniqueConstraint(F("organization"), F("worker"), condition=Q(left_at=None), name="in_a_team_once_at_a_time"),
            models.CheckConstraint(condition=Q(left_at=None) | Q(left_at__gte=F("joined_at")), name="team_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(ended_by=None) | Q(left_at__isnull=False) & ~Q(end_reason=""), name="vendor_ends_with_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.worker_id} in {self.organization_id}"
