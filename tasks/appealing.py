"""Appeals, where they touch work and money: filed with the matter's name, decided, and ended when nobody speaks.

A decision that falls is lifted, and the evidence a pause rested on no longer counts; a rejection that falls is also paid, and its answer
counts again if its place is free (docs/decisions/0004). Everything happens in one transaction, or nothing does.
"""

import logging
from datetime import datetime
from itertools import chain
from uuid import UUID

from django.db import transaction

from foundation.errors import DomainError, NotFound
from foundation.paging import in_chunks
from tasks import gating, reviewing
from tasks.models import Assignment, Project
from workforce import access, appeals, decisions
from workforce.access import Actor
from workforce.errors import AppealEnded, NotLiftable
from workforce.models import Appeal, Decision, Membership

log = logging.getLogger(__name__)
SILENT = "Nobody answered your appeal in time, so the decision falls: silence is a yes."


def file(actor: Actor, decision_id: UUID, *, text: str, now: datetime) -> Appeal:
    """Appeal a decision about oneself. Raises what `appeals.file` raises."""
    worker_id = access.require_worker(actor)
    decision = Decision.objects.filter(id=decision_id, worker_id=worker_id).first()
    if decision is None:
        raise NotFound
    return appeals.file(actor, decision_id, text=text, now=now, **matter_of(decision))


def decide(actor: Actor, appeal_id: UUID, *, verdict: str, reason: str, now: datetime) -> Appeal:
    """Uphold the decision or overturn it, with a reason the worker reads; by somebody who did not make it. Audited.

    Locks what an overturned rejection locks, then the appeal. Raises what `appeals.judgeable` raises, AppealEnded also for the
    slower of two deciders, and MissingFunds; nothing has changed then.
    """
    appeal = appeals.judgeable(actor, appeal_id, verdict=verdict, reason=reason)
    with transaction.atomic():
        if verdict == Appeal.State.UPHELD:
            upheld = appeals.settle(
                appeal.decision_id, state=Appeal.State.UPHELD, decided_by=actor.id, rule="", reason=reason, now=now
            )
            if upheld is None:
                raise AppealEnded
            return upheld
        return _overturn(appeal, decided_by=actor.id, rule="", reason=reason, now=now)


def end_silent(*, now: datetime) -> int:
    """Let fall every decision whose appeal nobody answered, or decided, in time; returns how many. Safe to run twice at once.

    One that cannot be ended (the money is missing) is logged and tried again at the next run; it holds up no other.
    """
    ended = 0
    for appeal in chain.from_iterable(in_chunks(appeals.silent(now=now))):
        try:
            with transaction.atomic():
                _overturn(appeal, decided_by=None, rule=appeals.SILENCE_RULE, reason=SILENT, now=now)
            ended += 1
        except AppealEnded:
            continue  # somebody spoke at the last moment
        except DomainError:
            log.exception("appeal %s could not be ended", appeal.id)
    return ended


def _overturn(appeal: Appeal, *, decided_by: UUID | None, rule: str, reason: str, now: datetime) -> Appeal:
    """Lift, and pay if it was work; `decisions` settles the appeal. Raises AppealEnded when that was settled by somebody else."""
    decision = appeal.decision
    try:
        assignment = _rejected(decision)
        if assignment is not None:
            reviewing.overturn(assignment, reviewer_id=decided_by, comment=reason, rule=rule, now=now)
        else:
            decisions.overturn(decision, decided_by=decided_by, rule=rule, reason=reason, now=now)
            gating.clear_record(decision, now=now)
    except NotLiftable as error:
        raise AppealEnded from error
    found = Appeal.objects.select_related("decision", "thread").get(id=appeal.id)
    ours = (found.state, found.decided_by_id, found.rule, found.decided_at)
    if ours != (Appeal.State.OVERTURNED, decided_by, rule, now):
        raise AppealEnded(state=found.state)
    return found


def _rejected(decision: Decision) -> Assignment | None:
    if decision.kind != Decision.Kind.REJECT_WORK:
        return None
    return Assignment.objects.get(id=UUID(decision.scope.removeprefix("assignment:")))


def matter_of(decision: Decision) -> dict[str, str]:
    """What a decision is about, named for the worker and in full for the requester, and the batch it belongs to, if to one."""
    kind, _, found = decision.scope.partition(":")
    if kind == "assignment":
        assignment = Assignment.objects.select_related("batch", "task").filter(id=found).first()
        if assignment is not None:
            return _matter_of_task(assignment)
    if kind == "project":
        project = Project.objects.filter(id=found).first()
        if project is not None:
            return {"about": project.name, "about_in_full": "", "within": ""}
    return {"about": str(decision.get_kind_display()), "about_in_full": "", "within": ""}


def _matter_of_task(assignment: Assignment) -> dict[str, str]:
    return {
        "about": assignment.batch.name,
        "about_in_full": f"{assignment.batch.name}: {assignment.task.key}",
        "within": f"batch:{assignment.batch_id}",
    }


def may_decide(actor: Actor, appeal: Appeal) -> bool:
    """Is this person one who could give the verdict? What a page asks before it shows the form."""
    if appeal.made_by_id == actor.id or appeal.decision.worker_id == actor.worker_id or appeal.state != Appeal.State.OPEN:
        return False
    if actor.is_operator:
        return True
    role = actor.roles.get(appeal.decision.organization_id) if appeal.decision.organization_id else None
    return role is not None and access.RANK[Membership.Role(role)] >= access.RANK[Membership.Role.MANAGER]
