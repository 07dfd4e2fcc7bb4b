"""May this worker take part in that batch? Derived once, kept in the enrolment, and derived afresh when their standing moves."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _

from foundation.errors import NotFound
from foundation.ids import new_id
from foundation.statements import waiting_at_most
from payments import ledger
from payments.models import Account
from qualification import eligibility, examining, granting, training
from qualification.eligibility import Way
from tasks import casework, clocking, reading
from tasks.errors import NotEligible
from tasks.models import Assignment, Batch, Enrolment, Guideline
from workforce import aliases, decisions, onboarding
from workforce.models import Decision, Worker

SEAT_KEPT = timedelta(minutes=10)  # a seat in a limited group is kept so long for somebody who has not taken a task yet
WAIT_MS = 2000  # the longest that taking part waits for any one lock before it says busy


def enrol(worker_id: UUID, batch: Batch, *, now: datetime) -> Enrolment:
    """Let a worker take part in a batch, or confirm that they still may; writes or refreshes the enrolment.

    The standing is read first, and the guideline is that of `batch`, so that a change while this runs makes the enrolment stale again.
    Raises NotEligible with everything that is missing and how to get it; BreakNeeded, DayIsFull and WeekIsFull when it is enough
    for now.
    """
    standing = Worker.objects.filter(id=worker_id).values_list("standing", flat=True).first()
    if standing is None:
        raise NotFound
    facts = granting.facts_of(worker_id, now=now)
    obstacles = missing(worker_id, batch, facts=facts, now=now)
    if obstacles:
        raise NotEligible(missing=obstacles)
    until = eligibility.eligible_until(batch.requirements, facts)
    assert batch.guideline_id, "a batch that people take part in has a guideline"
    meaning = Guideline.objects.values_list("meaning_version", flat=True).get(id=batch.guideline_id)
    clear_until = clocking.clear_until(worker_id, now=now)
    with waiting_at_most(WAIT_MS):
        _take_a_seat(worker_id, batch, now=now)
        aliases.note(worker_id, batch.organization_id, now=now)
        earnings = ledger.account(Account.Kind.EARNINGS, owner_id=worker_id, currency=batch.currency, now=now)
        enrolment_id = new_id()
        row = Enrolment(
            id=enrolment_id,
            worker_id=worker_id,
            batch=batch,
            standing=standing,
            meaning_version=meaning,
            eligible_until=until,
            clear_until=clear_until,
            earnings_id=earnings.id,
            seated_at=now,
            gold_cursor=enrolment_id.int % (batch.tail + 1),  # everyone starts elsewhere in the ring of gold
            created_at=now,
        )
        Enrolment.objects.bulk_create([row], ignore_conflicts=True)
        Enrolment.objects.filter(worker_id=worker_id, batch=batch).update(
            standing=standing,
            meaning_version=meaning,
            eligible_until=until,
            clear_until=clear_until,
            seated_at=Coalesce("seated_at", Value(now)),
        )
    return Enrolment.objects.get(worker_id=worker_id, batch=batch)


def _take_a_seat(worker_id: UUID, batch: Batch, *, now: datetime) -> None:
    """See, under the batch's lock, that the group it is limited to has a seat for this worker: theirs, a free one, or an idle one.

    Whose idle seat is given away looks for a seat again at their next claim. Locks the batch, then that enrolment, unless a claim has it.
    """
    if batch.workers_max is None:
        return
    Batch.objects.select_for_update(no_key=True).get(id=batch.id)
    if steps := _full_groups(worker_id, [batch], now=now)[batch.id]:
        raise NotEligible(missing=steps)
    others = _seats([batch], now=now).exclude(worker_id=worker_id)
    surplus = others.count() + 1 - batch.workers_max
    if surplus <= 0 or Enrolment.objects.filter(worker_id=worker_id, batch=batch, seated_at__isnull=False).exists():
        return
    idle = Enrolment.objects.select_for_update(no_key=True, skip_locked=True).filter(
        id__in=[seat.id for seat in others if not seat.is_held]  # type: ignore[attr-defined]
    )
    locked = list(idle.order_by("seated_at").values_list("id", flat=True)[:surplus])
    # Looked at once more under their locks: a claim may have come through meanwhile.
    given = [seat.id for seat in others.filter(id__in=locked) if not seat.is_held]  # type: ignore[attr-defined]
    if Enrolment.objects.filter(id__in=given).update(seated_at=None, eligible_until=batch.created_at) < surplus:
        raise NotEligible(missing=[_group_is_full()])


def _seats(batches: Sequence[Batch], *, now: datetime) -> "QuerySet[Enrolment]":
    """The seats of limited groups. One is held (`is_held`) by a task in hand or an answer; and for SEAT_KEPT before the first task is taken."""
    theirs = Assignment.objects.filter(worker_id=OuterRef("worker_id"), batch_id=OuterRef("batch_id"))
    kept = theirs.filter(
        Q(state=Assignment.State.LEASED, expires_at__gt=now)
        | ~Q(state__in=[Assignment.State.LEASED, Assignment.State.RETURNED, Assignment.State.EXPIRED])
    )
    is_held = Q(Exists(kept)) | Q(claimed=0, seated_at__gt=now - SEAT_KEPT)
    return Enrolment.objects.filter(batch__in=batches, seated_at__isnull=False).annotate(
        is_held=ExpressionWrapper(is_held, output_field=BooleanField())
    )


def _full_groups(worker_id: UUID, batches: Sequence[Batch], *, now: datetime) -> dict[UUID, list[dict[str, Any]]]:
    """Per batch, that the group it is limited to is complete without this worker."""
    limited = [batch for batch in batches if batch.workers_max is not None]
    held: Counter[UUID] = Counter()
    mine: set[UUID] = set()
    for seat in _seats(limited, now=now) if limited else []:
        held[seat.batch_id] += seat.is_held  # type: ignore[attr-defined]
        if seat.worker_id == worker_id:
            mine.add(seat.batch_id)
    full = {batch.id for batch in limited if batch.id not in mine and held[batch.id] >= (batch.workers_max or 0)}
    return {batch.id: [_group_is_full()] if batch.id in full else [] for batch in batches}


def _group_is_full() -> dict[str, Any]:
    return {"step": "group", "message": _("The group of workers for this job is complete. Other jobs are open: GET jobs.")}


def missing(worker_id: UUID, batch: Batch, *, facts: eligibility.Facts, now: datetime) -> list[dict[str, Any]]:
    """Everything that keeps a worker from a batch, each with the way out; empty when they may take part."""
    return missing_in_each(worker_id, [batch], facts=facts, now=now)[batch.id]


def missing_in_each(
    worker_id: UUID, batches: Sequence[Batch], *, facts: eligibility.Facts, now: datetime
) -> dict[UUID, list[dict[str, Any]]]:
    """The same for many batches, with no more queries than for one."""
    steps = onboarding.missing_steps(worker_id)
    sensitive = any(batch.sensitive for batch in batches)
    accepted = Worker.objects.values_list("sensitive_accepted", flat=True).get(id=worker_id) if sensitive else []
    scopes = {Decision.scope_of_project(batch.project_id) for batch in batches}
    restrictions = decisions.in_force(worker_id, scopes=sorted(scopes), now=now)
    skills = {UUID(r["skill_id"]) for batch in batches for r in batch.requirements if r["subject"] == "skill"}
    usable = granting.usable_by([batch.organization_id for batch in batches], skills)
    waiting = casework.holding_up(worker_id, [batch.project_id for batch in batches])
    unread, full = reading.unread_in_each(worker_id, batches), _full_groups(worker_id, batches, now=now)
    ways = _ways(list(skills)) if skills else {}
    lifted_by = training.lifting([decision.id for decision in restrictions]) if restrictions else {}
    return {
        batch.id: [
            *steps,
            *onboarding.missing_content(batch.sensitive, accepted),
            *full[batch.id],
            *unread[batch.id],
            *filter(None, [waiting.get(batch.project_id)]),
            *(
                _told(decision, lifted_by.get(decision.id))
                for decision in restrictions
                if decision.scope == Decision.scope_of_project(batch.project_id)
            ),
            *_gaps(batch, facts, now, ways=ways, names=usable[batch.organization_id]),
        ]
        for batch in batches
    }


def _gaps(
    batch: Batch, facts: eligibility.Facts, now: datetime, *, ways: dict[UUID, list[Way]], names: dict[UUID, str]
) -> Iterator[dict[str, Any]]:
    """What is missing of a batch's requirements. `names` has the skills that its organisation may ask for: of any other, in a batch from
    before that was checked, nobody learns who holds it, what it is called or how to get it.
    """
    for gap in eligibility.missing(batch.requirements, facts.of_skills(names), now, ways=ways, names=names):
        skill_id = gap.requirement.get("skill_id")
        if skill_id is None or UUID(skill_id) in names:
            yield _shown(gap)
        else:
            message = _("This job asks for a skill that is not there. Its requester can publish it again.")
            yield {"step": "skill", "message": message}


def _ways(skill_ids: list[UUID]) -> dict[UUID, list[Way]]:
    """Per skill, what grants it now."""
    ways: dict[UUID, list[Way]] = {}
    for exam in examining.exams_granting(skill_ids):
        ways.setdefault(exam.skill_id, []).append(Way("exam", str(exam.id), exam.title))
    for course in training.courses_granting(skill_ids):
        if course.skill_id is not None:
            ways.setdefault(course.skill_id, []).append(Way("course", str(course.id), course.title, course.skill_value))
    return ways


def _shown(gap: eligibility.Missing) -> dict[str, Any]:
    """A gap with the pages that close it: `href` of the first way, and of each."""
    told = gap.to_dict()
    for way in told["ways"]:
        way["href"] = reverse(way["kind"], args=[way["id"]])
    if told["step"] in ("country", "language"):
        return told | {"href": reverse("onboarding_profile")}
    return told | ({"href": told["ways"][0]["href"]} if told["ways"] else {})


def _told(decision: Decision, course_id: UUID | None) -> dict[str, Any]:
    """A restriction and where to go from it: to the course that ends it, where there is one, else to its own page."""
    return {
        "step": "decision",
        "href": reverse("course", args=[course_id]) if course_id else decisions.link_of(decision),
        "decision_id": str(decision.id),
        "until": decision.effective_until.isoformat() if decision.effective_until else None,
        "message": decision.reason,
        "command": f"GET decisions/{decision.id}",
    }
