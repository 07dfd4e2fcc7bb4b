"""What people are told, in the transaction of its cause: on the site, by email at once, or by email once a day, as each prefers.

`key` is the fact: the same fact is told once, however often its cause is repeated. Words are made when a notice is read (`wording`).
Nothing here runs in the hot path: a claim or a hand-in tells nobody.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q

from foundation.errors import NotFound
from foundation.ids import new_id
from foundation.statements import rows_of
from workforce import limits
from workforce.access import Actor
from workforce.errors import BadField
from workforce.models import Mail, Membership, NoticeKind, NoticePreference, Notification, User, Worker

TOLD_MAX = 50  # people of one organisation, or operators, who are told of one thing
WORKERS_CHUNK = 1000
MAILS_A_DAY = 20  # at once, from one organisation to one person
UNREAD_SHOWN_MAX = 100  # the badge says "99+" beyond
BY_DEFAULT = {
    NoticeKind.QUESTION_ASKED: Mail.DAILY,
    NoticeKind.ANSWERED: Mail.AT_ONCE,
    NoticeKind.WORK_ACCEPTED: Mail.NONE,
    NoticeKind.WORK_REJECTED: Mail.AT_ONCE,
    NoticeKind.DECIDED: Mail.AT_ONCE,
    NoticeKind.CASE_OPENED: Mail.AT_ONCE,
    NoticeKind.ORGANIZATION_CLOSED: Mail.AT_ONCE,
    NoticeKind.APPEAL_FILED: Mail.AT_ONCE,
    NoticeKind.APPEAL_DECIDED: Mail.AT_ONCE,
    NoticeKind.SKILL_GRANTED: Mail.NONE,
    NoticeKind.SKILL_EXPIRING: Mail.DAILY,
    NoticeKind.SKILL_RENEWABLE: Mail.DAILY,
    NoticeKind.TRAINING_ASSIGNED: Mail.AT_ONCE,
    NoticeKind.GUIDELINE_CHANGED: Mail.NONE,
    NoticeKind.NEW_AGREEMENT: Mail.AT_ONCE,
    NoticeKind.MY_DATA: Mail.AT_ONCE,
}
ALWAYS_ON_SITE = {NoticeKind.WORK_REJECTED, NoticeKind.DECIDED, NoticeKind.APPEAL_DECIDED, NoticeKind.MY_DATA}
FOR_ORGANIZATIONS = {
    NoticeKind.QUESTION_ASKED,
    NoticeKind.APPEAL_FILED,
    NoticeKind.CASE_OPENED,
    NoticeKind.ORGANIZATION_CLOSED,
}

# A digest: one row per person and key, its numbers added up. Rows go in the order of the users, so that two writers meet at their first.
ADD_UP = """
INSERT INTO workforce_notification AS n (id, user_id, kind, key, data, link, count, on_site, mail, mail_tries, mail_due_at, created_at)
SELECT r.id, w.user_id, %(kind)s, r.key, r.data, r.link, r.count, coalesce(p.on_site, true), coalesce(p.mail, %(mail)s), 0,
       CASE WHEN coalesce(p.mail, %(mail)s) = 'none' THEN NULL ELSE %(now)s END, %(now)s
  FROM unnest(%(ids)s::uuid[], %(workers)s::uuid[], %(keys)s::text[], %(data)s::jsonb[], %(links)s::text[], %(counts)s::int[])
       AS r (id, worker_id, key, data, link, count)
  JOIN workforce_worker w ON w.id = r.worker_id
  LEFT JOIN workforce_noticepreference p ON p.user_id = w.user_id AND p.kind = %(kind)s
 ORDER BY w.user_id, r.key
ON CONFLICT (user_id, key) DO UPDATE
   SET count = n.count + excluded.count,
       data = excluded.data || jsonb_build_object('amount_micros',
              coalesce((n.data ->> 'amount_micros')::bigint, 0) + coalesce((excluded.data ->> 'amount_micros')::bigint, 0))
RETURNING n.id
"""


def notify(
    user_ids: Iterable[UUID],
    *,
    kind: str,
    key: str,
    by: UUID | None,
    now: datetime,
    data: dict[str, Any] | None = None,
    link: str = "",
) -> int:
    """Tell these people of one fact, as each prefers; returns how many people are meant.

    `by` is the organisation one of whose members did what is told; None where a rule, the platform or a worker did it. An organisation
    tells so many people an hour (`told_per_hour`), and has so many mails a day sent to one person at once (MAILS_A_DAY): what is
    beyond comes with the mail of the day. Who was told of a fact before is not told again. Runs in the caller's transaction.
    Raises LimitReached.
    """
    people = sorted(set(user_ids))
    chosen = {row.user_id: row for row in NoticePreference.objects.filter(user_id__in=people, kind=kind)}
    enough = set() if by is None else _within_pace(by, people, now=now)
    rows = []
    for user_id in people:
        on_site, mail = _wanted(kind, chosen.get(user_id))
        if user_id in enough and mail == Mail.AT_ONCE:
            mail = Mail.DAILY
        rows.append(
            Notification(
                user_id=user_id,
                kind=kind,
                key=key,
                data=data or {},
                link=link,
                told_by=by,
                on_site=on_site,
                mail=mail,
                mail_due_at=None if mail == Mail.NONE else now,
                created_at=now,
            )
        )
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def _within_pace(organization_id: UUID, people: Sequence[UUID], *, now: datetime) -> set[UUID]:
    """Who of these people has had enough mail of that organisation for today. Raises LimitReached for too many people in an hour."""
    told = Notification.objects.filter(told_by=organization_id)
    limits.keep_pace("told_per_hour", told.filter(created_at__gt=now - timedelta(hours=1)), more=len(people))
    mailed = told.filter(user_id__in=people, mail=Mail.AT_ONCE, created_at__gt=now - timedelta(days=1)).values("user_id")
    return {row["user_id"] for row in mailed.annotate(mails=Count("id")) if row["mails"] >= MAILS_A_DAY}


def notify_worker(
    worker_id: UUID, *, kind: str, key: str, by: UUID | None, now: datetime, data: dict[str, Any] | None = None, link: str = ""
) -> int:
    """The same for one worker."""
    return notify_workers([worker_id], kind=kind, key=key, by=by, now=now, data=data, link=link)


def notify_workers(
    worker_ids: Sequence[UUID],
    *,
    kind: str,
    key: str,
    by: UUID | None,
    now: datetime,
    data: dict[str, Any] | None = None,
    link: str = "",
) -> int:
    """The same for many, WORKERS_CHUNK at a time."""
    told = 0
    for begin in range(0, len(worker_ids), WORKERS_CHUNK):
        users = Worker.objects.filter(id__in=worker_ids[begin : begin + WORKERS_CHUNK]).values_list("user_id", flat=True)
        told += notify(users, kind=kind, key=key, by=by, now=now, data=data, link=link)
    return told


def add_up(kind: str, digests: Sequence[Mapping[str, Any]], *, now: datetime) -> None:
    """Add to digests: for each worker_id and key one notice, with `count` and data's `amount_micros` summed. One statement.

    Not idempotent by itself: call it in the transaction that counts each thing once.
    """
    if not digests:
        return
    from psycopg.types.json import Jsonb

    rows_of(
        ADD_UP,
        {
            "kind": str(kind),
            "mail": str(BY_DEFAULT[NoticeKind(kind)]),
            "now": now,
            "ids": [new_id() for _ in digests],
            "workers": [one["worker_id"] for one in digests],
            "keys": [one["key"] for one in digests],
            "data": [Jsonb(one["data"]) for one in digests],
            "links": [one["link"] for one in digests],
            "counts": [one["count"] for one in digests],
        },
    )


def members_to_tell(organization_id: UUID | None) -> list[UUID]:
    """Who speaks for an organisation, managers and above, or for the platform; TOLD_MAX of them, the longest there first."""
    if organization_id is None:
        return list(User.objects.filter(is_staff=True, is_active=True).order_by("id").values_list("id", flat=True)[:TOLD_MAX])
    roles = [Membership.Role.OWNER, Membership.Role.MANAGER]
    members = Membership.objects.filter(organization_id=organization_id, ended_at=None, role__in=roles).order_by("id")
    return list(members.values_list("user_id", flat=True)[:TOLD_MAX])


# ---- reading ----


def unread_count(user_id: UUID) -> int:
    """How many notices wait on the site; counted up to UNREAD_SHOWN_MAX. One query over the unread alone."""
    return Notification.objects.filter(user_id=user_id, read_at=None, on_site=True)[:UNREAD_SHOWN_MAX].count()


def shown_to(user_id: UUID) -> Any:
    """The notices a person has on the site, as a query set."""
    return Notification.objects.filter(user_id=user_id, on_site=True)


def mark_read(actor: Actor, notification_id: UUID, *, now: datetime) -> Notification:
    """Note that one notice was read. The second time returns the same row. Raises NotFound."""
    Notification.objects.filter(id=notification_id, user_id=actor.id, read_at=None).update(read_at=now)
    row = shown_to(actor.id).filter(id=notification_id).first()
    if row is None:
        raise NotFound
    found: Notification = row
    return found


def mark_all_read(actor: Actor, *, now: datetime) -> int:
    """Note that everything was read; returns how many were unread. Safe to repeat."""
    return Notification.objects.filter(user_id=actor.id, read_at=None, created_at__lte=now).update(read_at=now)


def read_those_leading_to(user_id: UUID, link: str, *, now: datetime) -> int:
    """Note as read what leads to a page that is being looked at."""
    return Notification.objects.filter(user_id=user_id, read_at=None, link=link).update(read_at=now)


# ---- preferences ----


def preferences_of(user_id: UUID) -> list[dict[str, Any]]:
    """Every kind, how this person wants it, and whether the site shows it whatever they say."""
    chosen = {row.kind: row for row in NoticePreference.objects.filter(user_id=user_id)}
    found = []
    for kind in NoticeKind:
        on_site, mail = _wanted(kind, chosen.get(kind))
        found.append({"kind": str(kind), "on_site": on_site, "mail": str(mail), "always_on_site": kind in ALWAYS_ON_SITE})
    return found


@transaction.atomic
def prefer(actor: Actor, wanted: Sequence[Mapping[str, Any]], *, now: datetime) -> list[dict[str, Any]]:
    """Say how one wants notices: {"kind", "on_site"?, "mail"?} each. What changes access or pay stays on the site. Safe to repeat."""
    current = {one["kind"]: one for one in preferences_of(actor.id)}
    for one in wanted:
        kind = one["kind"]
        if kind not in current:
            raise BadField(field="kind", known=NoticeKind.values, got=str(kind)[:40])
        mail = one.get("mail", current[kind]["mail"])
        if mail not in Mail.values:
            raise BadField(field="mail", known=Mail.values)
        on_site = bool(one.get("on_site", current[kind]["on_site"])) or kind in ALWAYS_ON_SITE
        NoticePreference.objects.update_or_create(
            user_id=actor.id, kind=kind, defaults={"on_site": on_site, "mail": mail, "updated_at": now}
        )
    return preferences_of(actor.id)


def stop_mail(user_id: UUID, kind: str, *, now: datetime) -> None:
    """No more mail of this kind to this person, as the link in a mail asks; what waits to be mailed is not. Safe to repeat."""
    on_site = next(one["on_site"] for one in preferences_of(user_id) if one["kind"] == kind)
    defaults = {"on_site": on_site, "mail": Mail.NONE, "updated_at": now}
    NoticePreference.objects.update_or_create(user_id=user_id, kind=kind, defaults=defaults)
    Notification.objects.filter(Q(user_id=user_id, kind=kind), mailed_at=None).update(mail=Mail.NONE, mail_due_at=None)


def _wanted(kind: str, row: NoticePreference | None) -> tuple[bool, str]:
    if row is None:
        return True, BY_DEFAULT[NoticeKind(kind)]
    return row.on_site or kind in ALWAYS_ON_SITE, row.mail
