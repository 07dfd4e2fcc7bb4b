"""Rows about which one mail is sent."""

from django.db import models


class MailedOnce(models.Model):
    """Something that is told by one mail, sent by a job. Written by `mailing.send_once`."""

    mailed = models.BooleanField(default=False, db_default=False)  # the mail server has taken it
    mail_taken_at = models.DateTimeField(null=True)  # by a process that is sending it

    class Meta:
        abstract = True
