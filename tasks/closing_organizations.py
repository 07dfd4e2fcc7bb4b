"""Closing an organisation for good, over every room: refused while anything is owed to or awaited by anybody, with how to settle it.

Whoever acts for it shares its row (`access.require_open`); closing locks it alone, so nothing begins while it looks.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from foundation import audit, events
from foundation.errors import NotFound
from foundation.statements import rows_of
from qualification.models import Course, Exam
from tasks.models import Assignment, Batch, Case, GoldChange, Look
from workforce import access, appeals, notifying
from workforce.access import Actor
from workforce.errors import NotSettled
from workforce.models import (
    Appeal,
    Decision,
    MemberInvitation,
    Membership,
    NoticeKind,
    Organization,
    TeamInvitation,
    TeamMember,
)

ESCROWS = """
SELECT count(*) AS count FROM tasks_batch b, payments_balance(b.escrow_id) s
 WHERE b.organization_id = %(organization_id)s AND b.escrow_id IS NOT NULL AND (s.posted, s.held_out, s.held_in) <> (0, 0, 0)
"""
FUNDS = """
SELECT a.currency, s.posted AS micros FROM payments_account a, payments_balance(a.id) s
 WHERE a.kind = 'funds' AND a.owner_id = %(organization_id)s AND (s.posted, s.held_out, s.held_in) <> (0, 0, 0) ORDER BY a.currency
"""


@transaction.atomic
def close(actor: Actor, organization_id: UUID, *, now: datetime) -> Organization:
    """Close an organisation for good: nobody acts for it any more, its open invitations end, its members read on and may leave.

    Owners; audited; its members are told. The second time returns the same row. Locks the organisation. Raises NotFound, RoleTooLow,
    and NotSettled with everything that is `left`; nothing has changed then.
    """
    access.require_role(actor, organization_id, at_least=Membership.Role.OWNER, even_closed=True)
    row = Organization.objects.select_for_update().filter(id=organization_id).first()
    if row is None:
        raise NotFound
    if row.closed_at is not None:
        return row
    left = what_is_left(organization_id, now=now)
    if left:
        raise NotSettled(left=left)
    row.closed_at = now
    row.save(update_fields=["closed_at"])
    waiting = [MemberInvitation.State.OPEN, MemberInvitation.State.DECLINED]
    MemberInvitation.objects.filter(organization=row, state__in=waiting).update(
        state=MemberInvitation.State.REVOKED, ended_at=now
    )
    TeamInvitation.objects.filter(organization=row, revoked_at=None).update(revoked_at=now)
    notifying.notify(
        Membership.objects.filter(organization=row, ended_at=None).values_list("user_id", flat=True),
        kind=NoticeKind.ORGANIZATION_CLOSED,
        key=f"organization:{row.id}:closed",
        by=None,  # its own members, once in its life: no pace is kept
        data={"about": row.name},
        now=now,
    )
    events.record("organization.closed", subject_id=row.id, organization_id=row.id, actor_id=actor.id, now=now)
    audit.append("organization.closed", subject=f"organization:{row.id}", actor_id=actor.id, now=now)
    return row


def what_is_left(organization_id: UUID, *, now: datetime) -> list[dict[str, Any]]:
    """What has to be settled before an organisation can close: `what`, how many, and the way out. Empty when nothing is."""
    batches = Batch.objects.filter(organization_id=organization_id)
    running = batches.filter(state__in=[Batch.State.OPEN, Batch.State.PAUSED])
    emptying = batches.filter(state=Batch.State.CLOSED, emptied_at=None, escrow_id__isnull=False)
    in_hand = Assignment.objects.filter(batch__in=batches)
    unweighed = in_hand.filter(gold_try__gt=0, weighed_at=None).exclude(state=Assignment.State.LEASED)
    looks = Look.objects.filter(batch__in=batches)
    changes = GoldChange.objects.filter(task__batch__in=batches, applied_at=None)
    appealed = Appeal.objects.filter(decision__organization_id=organization_id, state=Appeal.State.OPEN)
    counts = {
        "open_batches": (running.count(), _("Close them: POST batches/<id>/close.")),
        "closing_batches": (emptying.count(), _("Wait some minutes: their tasks are being cancelled.")),
        "tasks_in_hand": (in_hand.filter(state=Assignment.State.LEASED).count(), _("Wait until they are handed in or run out.")),
        "undecided_answers": (
            in_hand.filter(state=Assignment.State.SUBMITTED).count(),
            _("Accept or reject them, all at once with POST batches/<id>/accept-submitted; or wait for the deadline."),
        ),
        "gold_to_weigh": (
            unweighed.count() + looks.count() + changes.count(),
            _("Wait some minutes: what workers made of gold is being looked at."),
        ),
        "open_appeals": (appealed.count(), _("Decide them: POST appeals/<id>/decide.")),
        "open_cases": (
            Case.objects.filter(organization_id=organization_id, state=Case.State.OPEN).count(),
            _("Decide them: POST cases/<id>/resolve."),
        ),
        "open_exams": (
            Exam.objects.filter(organization_id=organization_id, closed_at=None).count(),
            _("Close them: POST exams/<id>/close."),
        ),
        "open_courses": (
            Course.objects.filter(organization_id=organization_id, published_at__isnull=False, closed_at=None).count(),
            _("Close them: POST courses/<id>/close."),
        ),
        "team_members": (
            TeamMember.objects.filter(organization_id=organization_id, left_at=None).count(),
            _("End their places in the team: POST team-members/<id>/end."),
        ),
    }
    left = [{"what": what, "count": count, "way_out": way_out} for what, (count, way_out) in counts.items() if count]
    return left + _appealable(organization_id, now=now) + _money(organization_id)


def _appealable(organization_id: UUID, *, now: datetime) -> list[dict[str, Any]]:
    """Decisions about people who may still appeal them: somebody has to be there to answer."""
    rows = Decision.objects.filter(
        organization_id=organization_id,
        kind__in=appeals.APPEALABLE,
        appeal_until__gte=now,
        decision=None,  # lifted
        appeal=None,
    ).order_by("-appeal_until")
    last = rows.first()
    if last is None:
        return []
    way_out = _(
        "Wait until the last of them can be appealed no longer, or take them back: POST decisions/<id>/lift ends a restriction, "
        "POST assignments/<id>/accept a rejection."
    )
    return [{"what": "appealable_decisions", "count": rows.count(), "until": last.appeal_until.isoformat(), "way_out": way_out}]


def _money(organization_id: UUID) -> list[dict[str, Any]]:
    parameters = {"organization_id": organization_id}
    left: list[dict[str, Any]] = []
    (escrows,) = rows_of(ESCROWS, parameters)
    if escrows["count"]:
        way_out = _(
            "POST batches/<id>/close once more gives back what is free; the rest comes when rejections can be appealed no longer."
        )
        left.append({"what": "escrow", "count": escrows["count"], "way_out": way_out})
    way_out = _("Ask the operator to pay them back: POST organizations/<id>/withdrawals.")
    for row in rows_of(FUNDS, parameters):
        left.append({"what": "funds", "currency": row["currency"], "micros": int(row["micros"]), "way_out": way_out})
    return left
