"""Verdicts on answers, by a person or by the deadline. Accepting pays what was held; rejecting frees it and re-opens the place.

Rejected is unpaid *and* out of every export and aggregate: nobody keeps work they did not pay for.
"""

import math
import statistics
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.urls import reverse

from foundation import events, queueing
from foundation.errors import NotFound
from foundation.models import Event
from payments import ledger
from payments.models import Account
from tasks import assigning, counting, publishing, reserving, weighing
from tasks.errors import NotTooFast, RejectionCap, RejectionUnexplained, ReviewConflict, TooFewChecks
from tasks.models import Assignment, Batch, BulkAcceptance, Review, Task
from workforce import access, decisions, limits, notifying
from workforce.access import Actor
from workforce.models import Decision, NoticeKind

COMMENT_MIN_CHARACTERS = 100
REJECTIONS_SHARE = 0.05  # of what was handed in to a batch
REJECTIONS_FREE = 3  # where the share is fewer: so many in a batch; over all batches see LIMITS, "rejections_beyond_share"
FREE_AGAIN_AFTER = timedelta(days=30)
COMMENT_MIN_LETTERS = 10  # different ones: "xxx…" explains nothing
TOO_FAST_MIN_SAMPLE = 30
TOO_FAST_NEWEST = 2000  # answers looked at
CHECKS_MIN_GOLD = 5  # failed checks are no reason before that many (reference: fair-work.md A.2 rule 16)
ACCEPT_CHUNK = 500  # answers accepted in one transaction
ACCEPTANCE_UNSEEN = timedelta(minutes=2)  # without a chunk for so long, its process was lost
REVERSED = "The rejection was reversed: your answer is accepted and paid."


@transaction.atomic
def accept(actor: Actor, assignment_id: UUID, *, now: datetime, comment: str = "") -> Assignment:
    """Accept an answer: its held pay becomes the worker's. The second time returns the same row.

    A rejection is overturned the same way: the worker is paid, and the answer counts again if its task still has a place for it
    (docs/decisions/0004). Locks the assignment; for an overturn the batch first. Raises ReviewConflict, and MissingFunds when an
    overturned answer cannot be paid; nothing has changed then.
    """
    assignment = _own(actor, assignment_id)
    if assignment.state == Assignment.State.REJECTED:
        return overturn(assignment, reviewer_id=actor.id, comment=comment, now=now)
    _accept_all([assignment.id], reviewer_id=actor.id, comment=comment, now=now)
    assignment.refresh_from_db()
    if assignment.state != Assignment.State.ACCEPTED and not _was_overturned(assignment):
        raise ReviewConflict(state=assignment.state)
    return assignment


@transaction.atomic
def accept_submitted(actor: Actor, batch_id: UUID, *, now: datetime) -> BulkAcceptance:
    """Accept everything of a batch that waits for review now: a chunk at once, the rest by a job, a transaction per chunk.

    Returns the operation: `accepted` of `waiting` so far. While one runs, asking again returns it. Managers.
    """
    batch = publishing.own_batch(actor, batch_id)
    new = BulkAcceptance(
        batch=batch,
        requested_by_id=actor.id,
        waiting=counting.of_batch(batch_id)[Assignment.State.SUBMITTED],
        created_at=now,
        seen_at=now,
    )
    BulkAcceptance.objects.bulk_create([new], ignore_conflicts=True)  # waits for a twin, then skips
    running = BulkAcceptance.objects.filter(batch=batch, ended_at=None).first()
    if running is None or running.id != new.id:
        return running or BulkAcceptance.objects.filter(batch=batch).latest("created_at")
    if not _accept_chunk(new.id, now=now):
        queueing.enqueue("tasks.jobs.accept_the_rest", str(new.id))
    new.refresh_from_db()
    return new


def accept_the_rest(acceptance_id: UUID, *, now: datetime) -> bool:
    """Go on with a bulk acceptance, chunk by chunk; returns whether it is done. Safe to repeat, to run twice at once and to kill."""
    while not (done := _accept_chunk(acceptance_id, now=now)):
        if done is None:
            return False  # another run is at it
    return True


def continue_acceptances(*, now: datetime) -> int:
    """Go on with those whose process was lost; returns how many are done now."""
    lost = BulkAcceptance.objects.filter(ended_at=None, seen_at__lt=now - ACCEPTANCE_UNSEEN)
    return sum(accept_the_rest(one, now=now) for one in list(lost.values_list("id", flat=True)))


@transaction.atomic
def _accept_chunk(acceptance_id: UUID, *, now: datetime) -> bool | None:
    """One chunk; whether it was the last, None where another run holds the operation. Locks it, then what accepting locks."""
    row = BulkAcceptance.objects.select_for_update(no_key=True, skip_locked=True).filter(id=acceptance_id).first()
    if row is None or row.ended_at is not None:
        return None if row is None else True
    waiting = Assignment.objects.filter(batch_id=row.batch_id, state=Assignment.State.SUBMITTED).order_by("id")
    ids = list(waiting.values_list("id", flat=True)[: ACCEPT_CHUNK + 1])
    accepted = _accept_all(ids[:ACCEPT_CHUNK], reviewer_id=row.requested_by_id, comment="", now=now)
    is_last = len(ids) <= ACCEPT_CHUNK
    BulkAcceptance.objects.filter(id=row.id).update(
        accepted=F("accepted") + accepted, seen_at=now, ended_at=now if is_last else None
    )
    return is_last


def accept_due(*, now: datetime) -> int:
    """Accept every answer whose review deadline has passed: silence is a yes. Returns how many. Safe to run twice at once."""
    due = Assignment.objects.filter(state=Assignment.State.SUBMITTED, review_due_at__lte=now)
    return _in_chunks(due, reviewer_id=None, now=now)


def _in_chunks(waiting: Any, *, reviewer_id: UUID | None, now: datetime) -> int:
    accepted = 0
    while ids := list(waiting.order_by("id").values_list("id", flat=True)[:ACCEPT_CHUNK]):
        done = _accept_all(ids, reviewer_id=reviewer_id, comment="", now=now)
        if not done:
            break  # another run has them
        accepted += done
    return accepted


@transaction.atomic
def _accept_all(ids: Sequence[UUID], *, reviewer_id: UUID | None, comment: str, now: datetime) -> int:
    rows = list(
        Assignment.objects.select_for_update(of=("self",), no_key=True, skip_locked=reviewer_id is None)
        .filter(id__in=ids, state=Assignment.State.SUBMITTED)
        .order_by("id")
    )
    Assignment.objects.filter(id__in=[row.id for row in rows]).update(state=Assignment.State.ACCEPTED)
    Review.objects.bulk_create(
        Review(assignment=row, number=1, verdict=Review.Verdict.ACCEPT, reviewer_id=reviewer_id, comment=comment, created_at=now)
        for row in rows
    )
    ledger.accept_earnings({row.id: row.fee_micros for row in rows}, now=now)
    _tell_accepted(rows, reviewer_id, now)
    return len(rows)


def _tell_accepted(rows: Sequence[Assignment], reviewer_id: UUID | None, now: datetime) -> None:
    """What `events.record` writes, for a whole chunk at once; and each worker's one notice for a batch and day, added up."""
    batches = Batch.objects.in_bulk({row.batch_id for row in rows})
    Event.objects.bulk_create(
        Event(
            kind="answer.accepted",
            subject_id=row.id,
            organization_id=batches[row.batch_id].organization_id,
            actor_id=reviewer_id,
            data={},
            happened_at=now,
        )
        for row in rows
    )
    paid: defaultdict[tuple[UUID, UUID], list[int]] = defaultdict(list)
    for row in rows:
        paid[row.worker_id, row.batch_id].append(row.price_micros)
    digests = [
        {
            "worker_id": worker_id,
            "key": f"accepted:{batch_id}:{now.date()}",
            "data": {
                "about": batches[batch_id].name,
                "amount_micros": sum(prices),
                "currency": batches[batch_id].currency,
            },
            "link": reverse("my_work"),
            "count": len(prices),
        }
        for (worker_id, batch_id), prices in paid.items()
    ]
    notifying.add_up(NoticeKind.WORK_ACCEPTED, digests, now=now)


@transaction.atomic
def reject(
    actor: Actor, assignment_id: UUID, *, reason: str, comment: str, evidence: dict[str, Any], now: datetime
) -> Assignment:
    """Reject an answer: unpaid, out of every export and aggregate, its place open again; the worker can appeal the Decision.

    Needs a reason from the closed list, at least 100 characters of explanation and what it points at. The money to overturn it
    stays in escrow until the worker can no longer appeal. Locks the batch, under which the share of rejections is counted, then
    assignment, task and account. Raises RejectionUnexplained, RejectionCap, LimitReached, NotTooFast, TooFewChecks, ReviewConflict (also the
    second time), and MissingFunds when collecting again would leave nothing to overturn with; nothing has changed then.
    """
    assignment = _own(actor, assignment_id)
    _check_explanation(reason, comment, evidence)
    if reason == Review.Reason.TOO_FAST:
        _check_too_fast(assignment)
    if reason == Review.Reason.FAILED_CHECKS:
        _check_enough_gold(assignment)
    batch = Batch.objects.select_for_update(no_key=True).get(id=assignment.batch_id)
    beyond_share = _check_cap(actor, batch, now)
    moved = Assignment.objects.filter(id=assignment_id, state=Assignment.State.SUBMITTED).update(
        state=Assignment.State.REJECTED, ended_at=now
    )
    if not moved:
        assignment.refresh_from_db()
        raise ReviewConflict(state=assignment.state)
    Review.objects.create(
        assignment=assignment,
        number=1,
        verdict=Review.Verdict.REJECT,
        reviewer_id=actor.id,
        reason=reason,
        comment=comment,
        evidence=evidence,
        beyond_share=beyond_share,
        created_at=now,
    )
    decisions.record(
        assignment.worker_id,
        kind=Decision.Kind.REJECT_WORK,
        scope=f"assignment:{assignment_id}",
        organization_id=batch.organization_id,
        decided_by=actor.id,
        inputs={"reason": reason, "evidence": evidence},
        reason=comment,
        now=now,
    )
    # The task of a closed batch may be cancelled: nothing re-opens there, but the answer no longer counts.
    Task.objects.filter(id=assignment.task_id, state=Task.State.CANCELLED).update(done=F("done") - 1)
    assigning.reopen([assignment.task_id], batch_id=batch.id, collected=True)
    ledger.void_earning(assignment_id, now=now)
    reserving.cover(batch, key=f"reserve:{batch.id}:rejected:{assignment_id}", now=now)
    events.record(
        "answer.rejected",
        subject_id=assignment_id,
        organization_id=batch.organization_id,
        actor_id=actor.id,
        now=now,
        data={"reason": reason},
    )
    assignment.refresh_from_db()
    return assignment


@transaction.atomic
def overturn(assignment: Assignment, *, reviewer_id: UUID | None, comment: str, now: datetime, rule: str = "") -> Assignment:
    """Pay after all, and lift the decision to reject; an open appeal of it has then succeeded. The caller has judged who may.

    The answer fills a place again if its task has a free one, in a closed batch too; else it is paid and stays out of the results.
    Locks batch, assignment, task, account. The second time returns the row. Raises MissingFunds.
    """
    batch = Batch.objects.select_for_update(no_key=True).get(id=assignment.batch_id)
    assignment = Assignment.objects.select_for_update(no_key=True, of=("self",)).get(id=assignment.id)
    if assignment.state != Assignment.State.REJECTED:
        return assignment  # a twin of this request was quicker
    has_place = _takes_place(assignment.task_id)
    Assignment.objects.filter(id=assignment.id).update(state=Assignment.State.ACCEPTED if has_place else Assignment.State.LATE)
    number = Review.objects.filter(assignment=assignment).count() + 1
    Review.objects.create(
        assignment=assignment,
        number=number,
        verdict=Review.Verdict.ACCEPT,
        reviewer_id=reviewer_id,
        comment=comment,
        created_at=now,
    )
    _pay_overturned(assignment, batch, now=now)
    rejection = Decision.objects.filter(
        worker_id=assignment.worker_id, scope=f"assignment:{assignment.id}", kind=Decision.Kind.REJECT_WORK, decision=None
    ).first()
    if rejection is not None:
        decisions.overturn(rejection, decided_by=reviewer_id, rule=rule, reason=comment.strip() or REVERSED, now=now)
    events.record(
        "answer.overturned", subject_id=assignment.id, organization_id=batch.organization_id, actor_id=reviewer_id, now=now
    )
    assignment.refresh_from_db()
    return assignment


def _takes_place(task_id: UUID) -> bool:
    """Does an overturned answer fill a place of its task again? Of a closed batch's task, too, where nobody has filled it or holds it."""
    task = Task.objects.select_for_update(no_key=True).get(id=task_id)
    if task.need > 0:
        task.need, task.done = task.need - 1, task.done + 1
        if task.done == task.overlap:
            task.state = Task.State.COMPLETE
    elif task.state == Task.State.CANCELLED and task.done + _held(task_id) < task.overlap:
        task.done += 1
    else:
        return False
    task.save(update_fields=["need", "done", "state"])
    return True


def _held(task_id: UUID) -> int:
    """How many places of a task somebody holds. A second statement after the task's lock: it sees who handed in before that."""
    return Assignment.objects.filter(task_id=task_id, state=Assignment.State.LEASED).count()


def _pay_overturned(assignment: Assignment, batch: Batch, *, now: datetime) -> None:
    """Post price and fee anew, because the hold was voided; what the escrow then lacks comes from the requester's funds."""
    assert batch.escrow_id is not None, "what has answers was published"
    earnings = ledger.account(Account.Kind.EARNINGS, owner_id=assignment.worker_id, currency=assignment.currency, now=now)
    fees = ledger.account(Account.Kind.FEES, owner_id=None, currency=assignment.currency, now=now)
    for key, credit_id, amount_micros, reason in [
        (f"earning-overturned:{assignment.id}", earnings.id, assignment.price_micros, "earning"),
        (f"fee:{assignment.id}", fees.id, assignment.fee_micros, "fee"),
    ]:
        if amount_micros:
            ledger.post(
                key=key,
                debit_id=batch.escrow_id,
                credit_id=credit_id,
                amount_micros=amount_micros,
                currency=assignment.currency,
                reason=reason,
                now=now,
                reference=assignment.id,
            )
    reserving.cover(batch, key=f"reserve:{batch.id}:overturned:{assignment.id}", now=now)


def _was_overturned(assignment: Assignment) -> bool:
    """Late because its place was taken while it stood rejected: accepted and paid all the same."""
    accepted = Review.objects.filter(assignment=assignment, verdict=Review.Verdict.ACCEPT)
    return assignment.state == Assignment.State.LATE and accepted.exists()


def _own(actor: Actor, assignment_id: UUID) -> Assignment:
    assignment = Assignment.objects.select_related("batch").filter(id=assignment_id).first()
    if assignment is None:
        raise NotFound
    access.require_role(actor, assignment.batch.organization_id)
    return assignment


def _check_explanation(reason: str, comment: str, evidence: Any) -> None:
    if reason not in Review.Reason.values:
        raise RejectionUnexplained("Choose a reason.", field="reason", known=Review.Reason.values)
    if len(comment.strip()) < COMMENT_MIN_CHARACTERS:
        raise RejectionUnexplained(
            "Explain to the worker what is wrong, in at least 100 characters.",
            field="comment",
            limit=COMMENT_MIN_CHARACTERS,
            got=len(comment.strip()),
        )
    if len(set(comment.casefold()) - set(" \n\t")) < COMMENT_MIN_LETTERS:
        raise RejectionUnexplained("Explain to the worker in words what is wrong.", field="comment")
    if not isinstance(evidence, dict) or not evidence:
        raise RejectionUnexplained("Point at what the reason rests on, as an object.", field="evidence")
    if any(not name.strip() or value is None or value in ("", [], {}) for name, value in evidence.items()):
        raise RejectionUnexplained("Every part of the evidence has a name and says something.", field="evidence")


def _check_cap(actor: Actor, batch: Batch, now: datetime) -> bool:
    """At most max(3, 5 %) of what was handed in, unless an operator signs it off by rejecting themselves. Says whether it is one of the three.

    Those beyond the 5 % are also counted for the organisation, or whoever posts batches of three could reject all of every one
    (docs/decisions/0028). The caller has locked the batch; an advisory lock of the organisation follows where one of the three is taken.
    """
    counts = counting.of_batch(batch.id)
    judged = sum(counts[state] for state in (*Assignment.COUNTED, Assignment.State.REJECTED))
    share = math.floor(judged * REJECTIONS_SHARE)
    beyond = counts["rejected"] >= share
    if actor.is_operator:
        return beyond
    limit = max(REJECTIONS_FREE, share)
    if counts["rejected"] >= limit:
        raise RejectionCap(limit=limit, rejected=counts["rejected"], handed_in=judged)
    if beyond:
        free = Review.objects.filter(beyond_share=True, created_at__gt=now - FREE_AGAIN_AFTER)
        mine = free.filter(assignment__state=Assignment.State.REJECTED, assignment__batch__organization_id=batch.organization_id)
        limits.hold("rejections_beyond_share", batch.organization_id, mine)
    return beyond


def _check_too_fast(assignment: Assignment) -> None:
    """Too fast means: log T < median − 3 × 1.4826 × MAD of log T over the batch's newest TOO_FAST_NEWEST answers, n ≥ 30.

    The median and the median absolute deviation, scaled to a standard deviation (Rousseeuw and Croux 1993), of logarithms,
    because times are log-normal and a mean with its deviation never flags anything (reference: fair-work.md §0). So many answers
    place both within a few per cent, however many more there are.
    """
    newest = Assignment.objects.filter(
        batch_id=assignment.batch_id, state__in=[*Assignment.COUNTED, Assignment.State.REJECTED], credited_seconds__gt=0
    ).order_by("-id")
    times = newest.values_list("credited_seconds", flat=True)[:TOO_FAST_NEWEST]
    logs = [math.log(seconds) for seconds in times if seconds]
    if len(logs) < TOO_FAST_MIN_SAMPLE:
        raise NotTooFast("There are too few answers to call one too fast.", limit=TOO_FAST_MIN_SAMPLE, got=len(logs))
    middle = statistics.median(logs)
    spread = 1.4826 * statistics.median(abs(log - middle) for log in logs)
    bar = math.exp(middle - 3 * spread)
    if (assignment.credited_seconds or 0) >= bar:
        raise NotTooFast(limit_seconds=round(bar, 2), got_seconds=assignment.credited_seconds)


def _check_enough_gold(assignment: Assignment) -> None:
    """One wrong answer to a known question is bad luck; a reason needs CHECKS_MIN_GOLD of them answered in this project."""
    answered = weighing.observations_of(assignment.worker_id, assignment.project_id, at_most=CHECKS_MIN_GOLD)
    if answered < CHECKS_MIN_GOLD:
        raise TooFewChecks(field="reason", limit=CHECKS_MIN_GOLD, got=answered)
