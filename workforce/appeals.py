"""Appeals: a worker asks that somebody else look at a decision, and within a week it stands by a person's word or it falls.

Rule 18 of the fair-work reference: 14 days to appeal; the requester answers within 72 hours or the decision falls; a person who did not
decide before gives the verdict within 7 days, or it falls. What falling means for work and money is `tasks.appealing`'s to do.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from foundation import audit, constraints, events
from foundation.errors import NotFound
from workforce import access, notifying, threads
from workforce.access import Actor
from workforce.errors import AppealEnded, AppealExists, AppealTooLate, AppealUnexplained, NothingToAppeal, SamePerson
from workforce.models import Appeal, Decision, Membership, NoticeKind, Thread

ANSWER_WITHIN = timedelta(hours=72)
DECIDE_WITHIN = timedelta(days=7)
REASON_MIN_CHARACTERS = 50
REASON_MAX_CHARACTERS = 5000
SILENCE_RULE = "silent-appeal/1"
APPEALABLE = [Decision.Kind.PAUSE, Decision.Kind.EXCLUDE, Decision.Kind.REJECT_WORK]


def file(actor: Actor, decision_id: UUID, *, text: str, about: str, about_in_full: str, within: str, now: datetime) -> Appeal:
    """Appeal a decision about oneself; the organisation (or the operators) is told, and the clocks start.

    `about` names the matter for the worker, `about_in_full` for the requester. One appeal per decision, also after a withdrawal.
    Raises NotFound for a decision about somebody else, NothingToAppeal, AppealTooLate, AppealExists, and what `threads.start` raises.
    """
    worker_id = access.require_worker(actor)
    decision = Decision.objects.filter(id=decision_id, worker_id=worker_id).first()
    if decision is None:
        raise NotFound
    if decision.kind not in APPEALABLE or Decision.objects.filter(lifts=decision).exists():
        raise NothingToAppeal(decision_id=decision_id)
    if now > decision.appeal_until:
        raise AppealTooLate(appeal_until=decision.appeal_until.isoformat())
    if Appeal.objects.filter(decision=decision).exists():
        raise AppealExists(decision_id=decision_id)
    try:
        return _file(actor, decision, now, text=text, about=about, about_in_full=about_in_full, within=within)
    except IntegrityError as error:  # a twin of this request was quicker
        constraints.only(error, "workforce_appeal_decision_id_key")
        raise AppealExists(decision_id=decision_id) from error


@transaction.atomic
def _file(actor: Actor, decision: Decision, now: datetime, **matter: str) -> Appeal:
    thread = threads.start(
        actor,
        kind=Thread.Kind.APPEAL,
        organization_id=decision.organization_id,
        subject=f"decision:{decision.id}",
        now=now,
        **matter,
    )
    appeal = Appeal.objects.create(
        decision=decision,
        thread=thread,
        made_by_id=decision.decided_by_id,
        filed_at=now,
        answer_due_at=now + ANSWER_WITHIN,
        decide_due_at=now + DECIDE_WITHIN,
    )
    events.record("appeal.filed", subject_id=appeal.id, organization_id=decision.organization_id, actor_id=actor.id, now=now)
    notifying.notify(
        notifying.members_to_tell(decision.organization_id),
        kind=NoticeKind.APPEAL_FILED,
        key=f"appeal:{appeal.id}",
        data={"about": thread.about_for_organization},
        link=link_of(appeal),
        by=None,
        now=now,
    )
    return appeal


@transaction.atomic
def withdraw(actor: Actor, appeal_id: UUID, *, now: datetime) -> Appeal:
    """The worker takes their appeal back, for good. The second time returns the same row. Raises NotFound and AppealEnded."""
    appeal = Appeal.objects.filter(id=appeal_id, decision__worker_id=access.require_worker(actor)).first()
    if appeal is None:
        raise NotFound
    if settle(appeal.decision_id, state=Appeal.State.WITHDRAWN, decided_by=None, rule="", reason="", now=now) is None:
        appeal.refresh_from_db()
        if appeal.state != Appeal.State.WITHDRAWN:
            raise AppealEnded(state=appeal.state)
    appeal.refresh_from_db()
    return appeal


def judgeable(actor: Actor, appeal_id: UUID, *, verdict: str, reason: str) -> Appeal:
    """The appeal, if this person may give that verdict on it now; read, not locked: `settle` guards the move itself.

    A manager of the organisation or an operator, and not who made the decision. Raises NotFound, RoleTooLow, SamePerson,
    AppealUnexplained and AppealEnded.
    """
    appeal = Appeal.objects.visible_to(actor).select_related("decision", "thread").filter(id=appeal_id).first()
    if appeal is None or (appeal.decision.worker_id == actor.worker_id and not actor.is_operator):
        raise NotFound
    if appeal.decision.worker_id == actor.worker_id:
        raise SamePerson("Nobody decides an appeal of their own.")
    if appeal.decision.organization_id is None:
        access.require_operator(actor)
    else:
        access.require_role(actor, appeal.decision.organization_id, at_least=Membership.Role.MANAGER, even_closed=True)
    if appeal.made_by_id == actor.id:
        raise SamePerson
    if verdict not in (Appeal.State.UPHELD, Appeal.State.OVERTURNED):
        raise AppealUnexplained(field="verdict", known=[Appeal.State.UPHELD, Appeal.State.OVERTURNED])
    if not REASON_MIN_CHARACTERS <= len(reason.strip()) <= REASON_MAX_CHARACTERS:
        raise AppealUnexplained(field="reason", limit=REASON_MIN_CHARACTERS, got=len(reason.strip()))
    if appeal.state != Appeal.State.OPEN:
        raise AppealEnded(state=appeal.state)
    return appeal


@transaction.atomic
def settle(decision_id: UUID, *, state: str, decided_by: UUID | None, rule: str, reason: str, now: datetime) -> Appeal | None:
    """End the open appeal of a decision, tell the worker, close its conversation; None if none is open (a twin was quicker).

    One guarded update decides between twins. A verdict is audited.
    """
    moved = Appeal.objects.filter(decision_id=decision_id, state=Appeal.State.OPEN).update(
        state=state, decided_by_id=decided_by, rule=rule, reason=reason.strip(), decided_at=now
    )
    if not moved:
        return None
    appeal = Appeal.objects.select_related("decision", "thread").get(decision_id=decision_id)
    threads.end(appeal.thread_id, now=now)
    events.record(
        f"appeal.{state}",
        subject_id=appeal.id,
        organization_id=appeal.decision.organization_id,
        actor_id=decided_by,
        now=now,
    )
    if state != Appeal.State.WITHDRAWN:
        notifying.notify_worker(
            appeal.decision.worker_id,
            kind=NoticeKind.APPEAL_DECIDED,
            key=f"appeal:{appeal.id}:{state}",
            data={"state": state, "reason": reason[:300]},
            link=link_of(appeal),
            by=appeal.decision.organization_id if decided_by else None,
            now=now,
        )
        audit.append(f"appeal.{state}", subject=f"appeal:{appeal.id}", actor_id=decided_by, now=now, reason=reason or rule)
    return appeal


def silent(*, now: datetime) -> QuerySet[Appeal]:
    """Open appeals nobody has answered, or decided, in time."""
    unanswered = Q(answer_due_at__lte=now, thread__first_answered_at=None)
    late = Appeal.objects.filter(unanswered | Q(decide_due_at__lte=now), state=Appeal.State.OPEN)
    return late.select_related("decision", "thread")


def may_appeal(decision: Decision, *, now: datetime) -> bool:
    """Could its worker appeal it now?"""
    lifted = Decision.objects.filter(lifts=decision).exists()
    appealed = Appeal.objects.filter(decision=decision).exists()
    return decision.kind in APPEALABLE and now <= decision.appeal_until and not lifted and not appealed


def link_of(appeal: Appeal) -> str:
    """The address of its page, the same for both sides."""
    return f"/appeals/{appeal.id}/"


def rows_of_person(worker_id: UUID) -> list[dict[str, Any]]:
    """For the person themself: their appeals and what became of them. The words stand in the conversations."""
    fields = ["decision_id", "state", "filed_at", "answer_due_at", "decide_due_at", "decided_at", "rule", "reason"]
    return list(Appeal.objects.filter(decision__worker_id=worker_id).order_by("id").values(*fields))
