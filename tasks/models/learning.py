"""A worker at a lesson: the time it takes is work."""

from django.db import models
from django.db.models import F, Q

from foundation.ids import new_id
from qualification.models import Lesson
from tasks.models.answering import InstantMultirange
from workforce.models import Worker


class Study(models.Model):
    """A worker is at a lesson: their signs of life, and when the time was credited. Written by `practising`."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    worker = models.ForeignKey(Worker, models.PROTECT)
    lesson = models.ForeignKey(Lesson, models.PROTECT)
    began_at = models.DateTimeField()
    seen_at = models.DateTimeField()  # the last sign of life
    active = InstantMultirange(null=True)
    ended_at = models.DateTimeField(null=True)  # when it was credited

    class Meta:
        verbose_name_plural = "studies"
        indexes = [models.Index("seen_at", condition=Q(ended_at=None), name="study_by_last_sign")]
        constraints = [
            models.UniqueConstraint(F("worker"), condition=Q(ended_at=None), name="one_lesson_at_a_time"),
            models.CheckConstraint(condition=Q(seen_at__gte=F("began_at")), name="study_goes_forward"),
        ]

    def __str__(self) -> str:
        return f"{self.worker_id} at {self.lesson_id}"
