"""Files that tasks show: images, sound, video."""

from typing import Self

from django.db import models
from django.db.models import F, Q

from foundation.ids import new_id
from workforce.access import Actor
from workforce.models import Organization, User, Worker


class MediaFileQuerySet(models.QuerySet["MediaFile"]):
    """Files, as someone may see them."""

    def visible_to(self, actor: Actor) -> Self:
        """Those of the organisations the actor acts for; operators see all. Workers are given signed addresses with their tasks."""
        return self if actor.is_operator else self.filter(organization_id__in=actor.organization_ids)


class MediaFile(models.Model):
    """A file that a requester uploaded for tasks to show. Its bytes stand in the storage; `content_type` is what they are, not what was claimed."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT)
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=60)
    size_bytes = models.BigIntegerField()
    digest = models.CharField(max_length=64)  # SHA-256
    stored_as = models.CharField(max_length=300)
    created_by = models.ForeignKey(User, models.PROTECT)
    created_at = models.DateTimeField()

    objects = MediaFileQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(size_bytes__gt=0), name="media_file_has_bytes")]

    def __str__(self) -> str:
        return self.name


class ToldOfSite(models.Model):
    """A worker was told that another site, from which tasks load something, or a requester whose own page runs, may see their address.

    Written by `outside`.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    worker = models.ForeignKey(Worker, models.PROTECT)
    site = models.CharField(max_length=300)  # scheme, host and port; or requester:<id>
    told_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(F("worker"), F("site"), name="told_of_a_site_once")]

    def __str__(self) -> str:
        return f"{self.worker_id} was told of {self.site}"
