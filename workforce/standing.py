"""The number that says a worker's access may have changed: whoever keeps a fact derived from it derives it afresh when it has moved."""

from uuid import UUID

from django.db.models import F

from workforce.models import Worker


def touch(worker_id: UUID) -> None:
    """Something about this worker's access changed."""
    Worker.objects.filter(id=worker_id).update(standing=F("standing") + 1)


def touch_all() -> None:
    """Something changed that everybody's access rests on."""
    Worker.objects.update(standing=F("standing") + 1)
