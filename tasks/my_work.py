"""What a worker has done: every answer with its state, pay and verdict, and the story of each. Nothing here tells whether a task was gold."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from foundation.errors import NotFound
from payments.models import Transfer
from tasks.models import Answer, Assignment, Enrolment, Review
from workforce.models import Decision

BATCHES_MAX = 100  # newest, to choose from


@dataclass(frozen=True)
class Step:
    """Something that happened to an answer."""

    at: datetime
    title: str
    detail: str = ""


def of_worker(worker_id: UUID, *, state: str = "", batch_id: UUID | None = None) -> QuerySet[Assignment]:
    """A worker's assignments, each with batch, project and the last verdict's reason; in a state or a batch if one is named."""
    last = Review.objects.filter(assignment=OuterRef("pk")).order_by("-number")
    rows = Assignment.objects.filter(worker_id=worker_id).select_related("batch", "project", "batch__organization")
    rows = rows.annotate(last_reason=Subquery(last.values("reason")[:1]), last_verdict=Subquery(last.values("verdict")[:1]))
    if state:
        rows = rows.filter(state=state)
    return rows.filter(batch_id=batch_id) if batch_id else rows


def batches_of(worker_id: UUID) -> list[tuple[UUID, str]]:
    """The batches a worker took part in, newest first: id and name."""
    rows = Enrolment.objects.filter(worker_id=worker_id).order_by("-id")
    return list(rows.values_list("batch_id", "batch__name")[:BATCHES_MAX])


def one(worker_id: UUID, assignment_id: UUID) -> dict[str, Any]:
    """All that is known about one assignment of a worker's: contract, answer, verdicts, decision, money, and what happened when.

    Raises NotFound for another's.
    """
    rows = Assignment.objects.filter(worker_id=worker_id, id=assignment_id)
    row = rows.select_related("batch", "batch__organization", "project", "guideline", "task").first()
    if row is None:
        raise NotFound
    answer = Answer.objects.filter(assignment=row).only("result", "created_at").first()
    reviews = list(Review.objects.filter(assignment=row).order_by("number"))
    money = list(Transfer.objects.filter(reference=row.id, reason="earning").order_by("id"))
    decision = Decision.objects.filter(worker_id=worker_id, scope=f"assignment:{row.id}", kind=Decision.Kind.REJECT_WORK).first()
    return {
        "row": row,
        "answer": answer,
        "reviews": reviews,
        "decision": decision,
        "paid_micros": paid_micros(money),
        "held_micros": held_micros(money),
        "steps": _steps(row, reviews, money),
    }


def paid_micros(money: list[Transfer]) -> int:
    """What was paid for an answer, by its transfers."""
    return sum(one.amount_micros for one in money if one.phase in (Transfer.Phase.SETTLE, Transfer.Phase.POST))


def held_micros(money: list[Transfer]) -> int:
    """What is held for it and neither paid nor given back."""
    ended = {one.hold_id for one in money if one.hold_id}
    return sum(one.amount_micros for one in money if one.phase == Transfer.Phase.HOLD and one.id not in ended)


def _steps(row: Assignment, reviews: list[Review], money: list[Transfer]) -> list[Step]:
    """What happened, in order of time."""
    steps = [Step(row.leased_at, _("You took the task"))]
    if row.submitted_at:
        late = row.state == Assignment.State.LATE and not reviews
        steps.append(Step(row.submitted_at, _("You handed it in"), _("too late to be used") if late else ""))
    if row.ended_at and row.state == Assignment.State.RETURNED:
        steps.append(Step(row.ended_at, _("You gave it back"), row.get_return_reason_display()))
    if row.ended_at and row.state == Assignment.State.EXPIRED:
        steps.append(Step(row.ended_at, _("Its time ran out")))
    for review in reviews:
        by = _("by a person") if review.reviewer_id else _("because nobody had reviewed it by its deadline")
        rejected = review.verdict == Review.Verdict.REJECT
        title = _("Rejected") if rejected else _("Rejection overturned") if review.number > 1 else _("Accepted")
        steps.append(Step(review.created_at, title, by))
    titles = {
        Transfer.Phase.HOLD: _("Pay reserved for you"),
        Transfer.Phase.SETTLE: _("Paid into your earnings"),
        Transfer.Phase.POST: _("Paid into your earnings"),
        Transfer.Phase.VOID: _("Reserved pay given back"),
    }
    steps += [Step(one.created_at, titles[Transfer.Phase(one.phase)]) for one in money]
    return sorted(steps, key=lambda step: step.at)
