"""How much of what a batch has."""

from django.db import models


class Tally(models.Model):
    """By how much the counts of a batch changed in one statement; what the batch has is the sum over its rows. Written by triggers alone.

    No row is written by two at once: each statement that touches tasks or assignments appends one. Every 256th folds those of its batch
    into one row (migration 0020). Read by `counting`.
    """

    id = models.BigAutoField(primary_key=True)
    batch_id = models.UUIDField(db_index=True)
    # of tasks that are not gold
    tasks = models.BigIntegerField(default=0, db_default=0)
    places = models.BigIntegerField(default=0, db_default=0)
    complete = models.BigIntegerField(default=0, db_default=0)
    answered = models.BigIntegerField(default=0, db_default=0)  # places with an answer
    # of all tasks
    need = models.BigIntegerField(default=0, db_default=0)
    # of gold
    gold_wished = models.BigIntegerField(default=0, db_default=0)  # places of gold tasks that say how many they want
    gold_others = models.BigIntegerField(default=0, db_default=0)  # gold tasks that do not
    gold_answered = models.BigIntegerField(default=0, db_default=0)  # their places with an answer
    # assignments by state
    leased = models.BigIntegerField(default=0, db_default=0)
    submitted = models.BigIntegerField(default=0, db_default=0)
    accepted = models.BigIntegerField(default=0, db_default=0)
    rejected = models.BigIntegerField(default=0, db_default=0)
    returned = models.BigIntegerField(default=0, db_default=0)
    expired = models.BigIntegerField(default=0, db_default=0)
    late = models.BigIntegerField(default=0, db_default=0)
    owed_micros = models.BigIntegerField(
        default=0, db_default=0
    )  # price and fee of what is leased, the fee of what waits for review

    class Meta:
        verbose_name_plural = "tallies"

    def __str__(self) -> str:
        return f"tally {self.id} of {self.batch_id}"
