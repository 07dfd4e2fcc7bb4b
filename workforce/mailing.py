"""Notices by email: at once, or one mail a day at seven in the morning where the person lives. Sent by jobs, never in a transaction.

A process takes a notice by moving its `mail_due_at` on; if it dies before the mail is out, another tries after RETRY_AFTER. So no mail
is lost, and only a crash in between can send one twice.
"""

import logging
from datetime import datetime, time, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from foundation.errors import NotFound
from workforce import wording
from workforce.addresses import UNPROVEN
from workforce.models import Mail, NoticeKind, Notification, User, Worker

log = logging.getLogger(__name__)
RETRY_AFTER = timedelta(minutes=15)
TRIES_MAX = 5
CHUNK = 100
TAKEN_FOR = timedelta(minutes=5)  # longer than a mail server may be silent, several times over
DAILY_AT = time(7)
DAILY_LINES_MAX = 100
SALT = "unsubscribe"


def send_due(*, now: datetime) -> int:
    """Send what is to be mailed at once, one mail per notice; returns how many went out. Safe to run twice at once."""
    sent = 0
    while notices := _take(Mail.AT_ONCE, now=now):
        for notice in notices:
            sent += _send(notice.user, [notice], now=now)
        if len(notices) < CHUNK:
            break
    return sent


def send_daily(*, now: datetime) -> int:
    """Send each person one mail with what has gathered until the last seven o'clock where they live; returns how many went out."""
    waiting = Notification.objects.filter(mail=Mail.DAILY, mailed_at=None, mail_due_at__lte=now, mail_tries__lt=TRIES_MAX)
    people = list(waiting.order_by("user_id").values_list("user_id", flat=True).distinct())
    zones = dict(Worker.objects.filter(user_id__in=people).values_list("user_id", "time_zone"))
    sent = 0
    for user_id in people:
        until = _last_seven(now, zones.get(user_id, "UTC"))
        notices = _take(Mail.DAILY, now=now, user_id=user_id, until=until)
        for _user, group in groupby(notices, key=lambda notice: notice.user_id):
            mine = list(group)
            sent += _send(mine[0].user, mine, now=now)
    return sent


def _last_seven(now: datetime, zone: str) -> datetime:
    local = now.astimezone(ZoneInfo(zone))
    seven = datetime.combine(local.date(), DAILY_AT, tzinfo=local.tzinfo)
    return seven if seven <= local else datetime.combine(local.date() - timedelta(days=1), DAILY_AT, tzinfo=local.tzinfo)


@transaction.atomic
def _take(mail: str, *, now: datetime, user_id: UUID | None = None, until: datetime | None = None) -> list[Notification]:
    """Take a chunk of what is due and keep others off it for RETRY_AFTER."""
    due = Notification.objects.filter(mail=mail, mailed_at=None, mail_due_at__lte=now, mail_tries__lt=TRIES_MAX)
    if user_id is not None:
        due = due.filter(user_id=user_id, created_at__lte=until)
    rows = list(due.select_for_update(of=("self",), skip_locked=True).select_related("user").order_by("user_id", "id")[:CHUNK])
    ids = [row.id for row in rows]
    Notification.objects.filter(id__in=ids).update(mail_due_at=now + RETRY_AFTER, mail_tries=F("mail_tries") + 1)
    return rows


def _send(user: User, notices: list[Notification], *, now: datetime) -> int:
    """One mail with these notices; 1 if it went out. A failure is logged and tried again later. Who only claims an address has none."""
    is_reachable = user.is_active and not user.email.endswith(f"@{UNPROVEN}")
    if is_reachable:
        try:
            mail_of(user, notices).send()
        except Exception:
            log.exception("mail to user %s failed", user.id)
            return 0
    Notification.objects.filter(id__in=[notice.id for notice in notices]).update(mailed_at=now)
    return int(is_reachable)


def mail_of(user: User, notices: list[Notification]) -> EmailMultiAlternatives:
    """The mail: text and HTML, with the link that ends mails of this kind (RFC 8058)."""
    lines = [(wording.sentence_of(one.kind, one.data, one.count), _address(one.link)) for one in notices[:DAILY_LINES_MAX]]
    subject = _("%(count)d things to know on Fairhand") % {"count": len(notices)} if len(notices) > 1 else lines[0][0]
    kinds = sorted({one.kind for one in notices})
    stops = [(NoticeKind(kind).label, _address(stop_link(user.id, kind))) for kind in kinds]
    context = {
        "lines": lines,
        "stops": stops,
        "more": len(notices) - len(lines),
        "preferences": _address("/notifications/preferences/"),
    }
    mail = EmailMultiAlternatives(
        subject=" ".join(subject.split())[:150],
        body=render_to_string("workforce/mail/notices.txt", context),
        to=[user.email],
        headers={"List-Unsubscribe": f"<{stops[0][1]}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
        if len(stops) == 1
        else {"List-Unsubscribe": f"<{context['preferences']}>"},
    )
    mail.attach_alternative(render_to_string("workforce/mail/notices.html", context), "text/html")
    return mail


def stop_link(user_id: UUID, kind: str) -> str:
    """The address at which this person ends mails of this kind, without signing in."""
    return f"/notifications/stop/{signing.dumps([str(user_id), kind], salt=SALT)}/"


def who_stops(token: str) -> tuple[UUID, str]:
    """Whose link that is, and which kind it ends. Raises NotFound for one that is not ours."""
    try:
        user_id, kind = signing.loads(token, salt=SALT)
    except signing.BadSignature as error:
        raise NotFound from error
    if not User.objects.filter(id=user_id, is_active=True).exists():
        raise NotFound
    return UUID(user_id), kind


# ---- mails of which there is one ----


class BeingMailed(Exception):
    """Another process is sending this mail, or died over it: the job is to look again."""


def send_once(rows: QuerySet[Any], message: EmailMessage, *, now: datetime) -> bool:
    """Send the mail about a row (a queryset of that one `MailedOnce`), and note it once the mail server has taken it.

    False when it was sent before. Raises BeingMailed while another process is at it, and what the mail server says; nothing is noted then
    and the job that called is tried again. Only a crash between the sending and the note can send it twice.
    """
    unsent = rows.filter(mailed=False)
    if not unsent.exists():
        return False
    if not unsent.filter(Q(mail_taken_at=None) | Q(mail_taken_at__lt=now - TAKEN_FOR)).update(mail_taken_at=now):
        raise BeingMailed
    try:
        message.send()
    except BaseException:
        unsent.update(mail_taken_at=None)
        raise
    rows.update(mailed=True, mail_taken_at=None)
    return True


def _address(link: str) -> str:
    return f"{settings.SITE_ADDRESS}{link}" if link else ""
