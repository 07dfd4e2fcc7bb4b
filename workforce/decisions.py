"""Decisions about people, with their receipts: made by a rule for a day at most, or by a named human; read and appealed by the worker."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from foundation import audit, constraints
from foundation.errors import NotFound
from workforce import access, appeals, notifying, onboarding
from workforce.access import Actor
from workforce.errors import NotLiftable
from workforce.models import Appeal, Decision, Membership, NoticeKind

APPEAL_WINDOW = timedelta(days=14)  # reference: fair-work.md A.2 rule 18
RESTRICTING = [Decision.Kind.PAUSE, Decision.Kind.EXCLUDE]


@transaction.atomic
def record(
    worker_id: UUID,
    *,
    kind: str,
    scope: str,
    reason: str,
    now: datetime,
    decided_by: UUID | None = None,
    organization_id: UUID | None = None,
    rule: str = "",
    inputs: dict[str, Any] | None = None,
    threshold: dict[str, Any] | None = None,
    effective_until: datetime | None = None,
) -> Decision:
    """Write a decision; it takes effect now and can be appealed for APPEAL_WINDOW. Tells the worker; touches their standing.

    The database refuses one without an author or a reason, and a rule's that restricts for more than 24 hours.
    """
    decision = Decision.objects.create(
        worker_id=worker_id,
        kind=kind,
        scope=scope,
        organization_id=organization_id,
        decided_by_id=decided_by,
        rule=rule,
        inputs=inputs or {},
        threshold=threshold or {},
        reason=reason,
        effective_at=now,
        effective_until=effective_until,
        appeal_until=now + APPEAL_WINDOW,
        created_at=now,
    )
    onboarding.touch_standing(worker_id)
    _tell(decision, now=now)
    return decision


def _tell(decision: Decision, *, now: datetime) -> None:
    rejected = decision.kind == Decision.Kind.REJECT_WORK
    notifying.notify_worker(
        decision.worker_id,
        kind=NoticeKind.WORK_REJECTED if rejected else NoticeKind.DECIDED,
        key=f"decision:{decision.id}",
        data={"kind": str(decision.kind), "reason": decision.reason[:300]},
        link=link_of(decision),
        by=decision.organization_id if decision.decided_by_id else None,
        now=now,
    )


def link_of(decision: Decision) -> str:
    """The address of its page, for its worker."""
    return f"/decisions/{decision.id}/"


def lift(actor: Actor, decision_id: UUID, *, reason: str, now: datetime) -> Decision:
    """End a restriction early, by an operator or a manager of the organisation it was made for. Audited.

    Returns the lifting decision. Raises NotFound, RoleTooLow, and NotLiftable when it has ended or was lifted already.
    """
    decision = Decision.objects.filter(id=decision_id).first()
    if decision is None or (decision.organization_id is None and not actor.is_operator):
        raise NotFound
    if decision.organization_id is not None:
        access.require_role(actor, decision.organization_id, at_least=Membership.Role.MANAGER, even_closed=True)
    over = decision.effective_until is not None and decision.effective_until <= now
    if decision.kind not in RESTRICTING or over:
        raise NotLiftable(decision_id=decision_id)
    return _lift(decision, decided_by=actor.id, rule="", reason=reason, now=now)


def overturn(decision: Decision, *, decided_by: UUID | None, rule: str = "", reason: str, now: datetime) -> Decision:
    """Lift any decision, also a rejection and one that is over, as its appeal or a reversed verdict asks; the caller has judged who may.

    An open appeal of it ends as overturned. Raises NotLiftable when it was lifted already.
    """
    return _lift(decision, decided_by=decided_by, rule=rule, reason=reason, now=now)


def lift_by_rule(decision_id: UUID, *, rule: str, reason: str, now: datetime) -> Decision | None:
    """End a restriction early because what it waited for has happened; None when it is over or was lifted. An open appeal ends in favour."""
    decision = Decision.objects.filter(id=decision_id, kind__in=RESTRICTING, decision=None).first()
    if decision is None or (decision.effective_until is not None and decision.effective_until <= now):
        return None
    return _lift(decision, decided_by=None, rule=rule, reason=reason, now=now)


def _lift(decision: Decision, *, decided_by: UUID | None, rule: str, reason: str, now: datetime) -> Decision:
    try:
        with transaction.atomic():
            lifting = Decision.objects.create(
                worker_id=decision.worker_id,
                kind=Decision.Kind.LIFT,
                scope=decision.scope,
                organization_id=decision.organization_id,
                decided_by_id=decided_by,
                rule=rule,
                reason=reason,
                lifts=decision,
                effective_at=now,
                appeal_until=now + APPEAL_WINDOW,
                created_at=now,
            )
            onboarding.touch_standing(decision.worker_id)
            appealed = appeals.settle(
                decision.id, state=Appeal.State.OVERTURNED, decided_by=decided_by, rule=rule, reason=reason, now=now
            )
            if appealed is None:  # who appealed is told of that
                _tell(lifting, now=now)
            audit.append("decision.lifted", subject=f"decision:{decision.id}", actor_id=decided_by, now=now, reason=reason)
    except IntegrityError as error:
        constraints.only(error, "workforce_decision_lifts_id_key")
        raise NotLiftable(decision_id=decision.id) from error
    return lifting


def last_of_rule(worker_id: UUID, *, rule: str, scope: str) -> Decision | None:
    """The newest pause by a rule in a scope, whatever became of it."""
    rows = Decision.objects.filter(worker_id=worker_id, rule=rule, scope=scope, kind=Decision.Kind.PAUSE)
    return rows.order_by("-created_at").first()


def standing_of_rule(worker_id: UUID, *, rule: str, scope: str) -> list[Decision]:
    """The pauses by a rule in a scope that nobody has lifted, also those that are over."""
    rows = Decision.objects.filter(worker_id=worker_id, rule=rule, scope=scope, kind=Decision.Kind.PAUSE, decision=None)
    return list(rows.order_by("created_at"))


def lifting_of(decision_id: UUID) -> Decision | None:
    """The decision that lifted this one, if one did."""
    return Decision.objects.filter(lifts_id=decision_id).first()


def by_a_person_since(worker_id: UUID, *, scope: str, since: datetime) -> bool:
    """Has a named human restricted this worker in the scope since then?"""
    rows = Decision.objects.filter(worker_id=worker_id, scope=scope, kind__in=RESTRICTING, created_at__gte=since)
    return rows.filter(decided_by__isnull=False).exists()


def in_force(worker_id: UUID, *, scopes: Sequence[str], now: datetime) -> list[Decision]:
    """The restrictions on a worker in any of the scopes that hold at `now`: effective, not over, not lifted."""
    return list(
        Decision.objects.filter(worker_id=worker_id, scope__in=scopes, kind__in=RESTRICTING, effective_at__lte=now, decision=None)
        .filter(Q(effective_until=None) | Q(effective_until__gt=now))
        .order_by("effective_at")
    )
