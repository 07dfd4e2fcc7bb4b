"""Cases: where a rule would pause somebody a second time running, a named human looks first.

Until then the worker works on, or gets no new tasks and is paid for the waiting, as the batch or the installation says. Nobody decides in
time: nothing happens to the worker. Whatever the end, accuracy is measured afresh: nobody is judged twice by the same answers.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.urls import reverse

from foundation import audit, events
from foundation.errors import NotFound
from payments import ledger
from payments.errors import Overdrawn
from payments.models import Account
from qualification import evidence
from qualification.models import Estimate
from tasks.errors import CaseEnded, CaseUnexplained
from tasks.models import Assignment, Batch, Case
from workforce import access, decisions, notifying, onboarding
from workforce.access import Actor
from workforce.models import Decision, NoticeKind, Worker

DECIDE_WITHIN = timedelta(hours=72)
LOOK_BACK_DAYS = 28  # what a day of waiting is paid: what a day brought in the last so many, days off included
REASON_MIN_CHARACTERS, REASON_MAX_CHARACTERS = 50, 5000
PAUSE_MAX = timedelta(days=90)  # longer is an exclusion, and says so
CHUNK = 500


def open_case(
    estimate: Estimate, batch: Batch, *, rule: str, finding: str, receipt: dict[str, Any], now: datetime
) -> Case | None:
    """Put somebody's case to the managers of the batch's organisation; None where one is open. The caller has locked the worker."""
    if Case.objects.filter(worker_id=estimate.worker_id, project_id=batch.project_id, state=Case.State.OPEN).exists():
        return None
    row = Case(
        worker_id=estimate.worker_id,
        batch=batch,
        project_id=batch.project_id,
        organization_id=batch.organization_id,
        window=estimate.window,
        rule=rule,
        finding=finding,
        waiting=batch.case_waiting or settings.CASE_WAITING,
        currency=batch.currency,
        opened_at=now,
        decide_due_at=now + DECIDE_WITHIN,
        **receipt,
    )
    if row.waiting == Case.Waiting.PAID and not _hold_pay(row, now=now):
        row.waiting = Case.Waiting.WORK  # no money for it: then nobody is made to wait
    row.save(force_insert=True)
    onboarding.touch_standing(row.worker_id)
    events.record("case.opened", subject_id=row.id, organization_id=row.organization_id, now=now)
    _tell_worker(row, "case_opened", finding, now)
    notifying.notify(
        notifying.members_to_tell(row.organization_id),
        kind=NoticeKind.CASE_OPENED,
        key=f"case:{row.id}",
        data={"about": batch.name},
        by=None,
        now=now,
    )
    return row


def _hold_pay(row: Case, *, now: datetime) -> bool:
    """Hold what the longest waiting can cost, out of the requester's funds; False when it is not there."""
    since = now - timedelta(days=LOOK_BACK_DAYS)
    earned = Assignment.objects.filter(
        worker_id=row.worker_id,
        project_id=row.project_id,
        currency=row.currency,
        submitted_at__gte=since,
        state__in=Assignment.COUNTED,
    ).aggregate(micros=Sum("price_micros", default=0))["micros"]
    row.daily_micros = -(-earned // LOOK_BACK_DAYS)
    most = row.daily_micros * (DECIDE_WITHIN // timedelta(days=1))
    funds = Account.objects.filter(kind=Account.Kind.FUNDS, owner_id=row.organization_id, currency=row.currency).first()
    if not most or funds is None:
        return False
    earnings = ledger.account(Account.Kind.EARNINGS, owner_id=row.worker_id, currency=row.currency, now=now)
    try:
        with transaction.atomic():
            row.hold_id = ledger.hold(
                key=f"waiting:{row.id}",
                debit_id=funds.id,
                credit_id=earnings.id,
                amount_micros=most,
                currency=row.currency,
                reason="waiting",
                reference=row.id,
                now=now,
            ).id
    except Overdrawn:
        return False
    return True


@transaction.atomic
def decide(actor: Actor, case_id: UUID, *, verdict: str, reason: str, now: datetime, until: datetime | None = None) -> Case:
    """Decide a case, as a named human: nothing, a pause until an instant, or an exclusion; with a reason that the worker reads.

    Managers of its organisation and operators, never about oneself. A pause or exclusion is a Decision of theirs, which can be appealed. Locks
    the worker, then the case. Raises NotFound, RoleTooLow, CaseUnexplained, and CaseEnded for one that has ended.
    """
    row = Case.objects.visible_to(actor).filter(id=case_id).first()
    if row is None or row.worker_id == actor.worker_id:
        raise NotFound
    access.require_role(actor, row.organization_id, even_closed=True)
    if not REASON_MIN_CHARACTERS <= len(reason.strip()) <= REASON_MAX_CHARACTERS:
        raise CaseUnexplained(field="reason", limit=REASON_MIN_CHARACTERS, got=len(reason.strip()))
    if (verdict == Case.Verdict.PAUSE) != (until is not None):
        raise CaseUnexplained("A pause, and only a pause, says until when.", field="until")
    if until is not None and not now < until <= now + PAUSE_MAX:
        raise CaseUnexplained("A pause ends within 90 days; longer is an exclusion.", field="until", limit=PAUSE_MAX.days)
    Worker.objects.select_for_update(no_key=True).get(id=row.worker_id)
    moved = Case.objects.filter(id=row.id, state=Case.State.OPEN).update(
        state=Case.State.DECIDED, verdict=verdict, decided_by_id=actor.id, reason=reason.strip(), ended_at=now
    )
    row.refresh_from_db()
    if not moved:
        raise CaseEnded(state=row.state)
    if verdict != Case.Verdict.NOTHING:
        row.decision = decisions.record(
            row.worker_id,
            kind=Decision.Kind.PAUSE if verdict == Case.Verdict.PAUSE else Decision.Kind.EXCLUDE,
            scope=Decision.scope_of_project(row.project_id),
            organization_id=row.organization_id,
            decided_by=actor.id,
            inputs={"case_id": str(row.id), **row.inputs},
            threshold=row.threshold,
            reason=reason.strip(),
            effective_until=until,
            now=now,
        )
        row.save(update_fields=["decision"])
    _ended(row, now=now)
    audit.append("case.decided", subject=f"case:{row.id}", actor_id=actor.id, now=now, reason=reason, after={"verdict": verdict})
    return row


def lapse_due(*, now: datetime) -> int:
    """End the cases that nobody decided in time; nothing happens to their workers. Returns how many. Safe to run twice at once."""
    due = Case.objects.filter(state=Case.State.OPEN, decide_due_at__lte=now).values_list("id", flat=True)
    return sum(end_without_verdict(case_id, state=Case.State.LAPSED, now=now) for case_id in list(due[:CHUNK]))


@transaction.atomic
def end_without_verdict(case_id: UUID, *, state: str, now: datetime) -> bool:
    """End an open case that no person has decided; says whether this call did. Locks the worker, then the case."""
    row = Case.objects.get(id=case_id)
    Worker.objects.select_for_update(no_key=True).get(id=row.worker_id)
    if not Case.objects.filter(id=row.id, state=Case.State.OPEN).update(state=state, ended_at=now):
        return False
    row.refresh_from_db()
    _ended(row, now=now)
    return True


def _ended(row: Case, *, now: datetime) -> None:
    """What every end brings: pay for the waiting, a fresh start, and a word to the worker."""
    if row.hold_id is not None:
        waited = min(now, row.decide_due_at) - row.opened_at
        row.paid_micros = -(-row.daily_micros * int(waited.total_seconds()) // 86_400)
        if row.paid_micros:
            ledger.settle(row.hold_id, key=f"waited:{row.id}", amount_micros=row.paid_micros, now=now)
        else:
            ledger.void(row.hold_id, key=f"waited:{row.id}", now=now)
        row.save(update_fields=["paid_micros"])
    if row.state != Case.State.MOOT:
        scope = Decision.scope_of_project(row.project_id)
        evidence.begin_anew(row.worker_id, scope=scope, window=row.window, now=now)
    onboarding.touch_standing(row.worker_id)
    events.record(
        f"case.{row.state}", subject_id=row.id, organization_id=row.organization_id, actor_id=row.decided_by_id, now=now
    )
    if row.decision_id is None:  # a decision tells by itself
        _tell_worker(row, "case_ended", row.reason, now)


def _tell_worker(row: Case, what: str, reason: str, now: datetime) -> None:
    notifying.notify_worker(
        row.worker_id,
        kind=NoticeKind.DECIDED,
        key=f"case:{row.id}:{what}",
        data={"kind": what, "reason": reason[:300], "about": row.project.name},
        link=reverse("my_quality"),
        by=row.organization_id if row.decided_by_id else None,
        now=now,
    )


def holding_up(worker_id: UUID, project_ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """Per project, the step that keeps a worker from it while a case is open and they are paid for the waiting. One query."""
    rows = Case.objects.filter(worker_id=worker_id, project_id__in=project_ids, state=Case.State.OPEN, waiting=Case.Waiting.PAID)
    return {
        row.project_id: {
            "step": "case",
            "href": reverse("my_quality"),
            "until": row.decide_due_at.isoformat(),
            "message": "A person looks at your work here, until this instant at the latest. You are paid for the waiting.",
            "command": f"GET cases/{row.id}",
        }
        for row in rows
    }


def ended_since(worker_id: UUID, project_id: UUID, since: datetime) -> bool:
    """Has a case of theirs been decided, or lapsed, since then?"""
    rows = Case.objects.filter(worker_id=worker_id, project_id=project_id, ended_at__gte=since)
    return rows.filter(state__in=[Case.State.DECIDED, Case.State.LAPSED]).exists()
