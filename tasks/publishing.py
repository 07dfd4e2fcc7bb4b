"""From a project to an open batch, and to a closed one: what requesters set up, and the money that backs it."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from foundation import audit, events, queueing
from foundation.errors import Busy, NotFound
from foundation.paging import in_chunks
from foundation.statements import waiting_at_most
from payments import fairness, funding, ledger, pay_floors
from payments.models import Account
from qualification import eligibility, granting
from qualification.models import Course
from tasks import closing, counting, gold, gold_looks, guidelines, measuring, media, pricing, reserving
from tasks.errors import BadBatch, BatchEmpty, BatchStateConflict, PilotNeeded, PilotUnfinished, PriceTooLow
from tasks.labels import check_interface, interface_of
from tasks.models import Assignment, Batch, Guideline, Project, Task
from workforce import access, limits
from workforce.access import Actor

REVIEW_SECONDS = int(timedelta(hours=48).total_seconds())
LIMITS = {
    "idle_cap_seconds": 600,  # above that an idle tab would be paid (reference: fair-work.md A.2 rule 2)
    "review_seconds": int(timedelta(days=7).total_seconds()),  # nobody waits longer for a verdict (rule 15)
    "gold_percent": 50,
}
SKIP_REASON_CHARACTERS = (10, 1000)  # from, to
CLOSING_WAIT_MS = 5000  # the longest that closing waits for a claim in flight before it looks again later
RELEASE_WINDOW = timedelta(days=60)  # lease, review and appeal end well within; the rest is for a cluster that slept


@transaction.atomic
def create_project(actor: Actor, *, organization_id: UUID, name: str, description: str, interface: str, now: datetime) -> Project:
    """A new kind of question. Managers. Raises InterfaceInvalid with what is wrong with the interface, ForeignFile, and LimitReached."""
    access.require_role(actor, organization_id)
    found = check_interface(interface)
    media.check_own(organization_id, media.files_in_config(found))
    limits.hold("projects_per_organization", organization_id, Project.objects.filter(organization_id=organization_id))
    return Project.objects.create(
        organization_id=organization_id, name=name, description=description, interface=found.xml, created_at=now
    )


@transaction.atomic
def add_guideline(
    actor: Actor,
    project_id: UUID,
    *,
    text: str,
    now: datetime,
    entries: list[dict[str, Any]] | None = None,
    changes: str = "",
    changes_meaning: bool = True,
    switch_batches: bool = True,
) -> Guideline:
    """The next version of what a project asks. Raises BadGuideline with the field.

    Where `switch_batches`, open batches hand it out from now on, and leases already taken keep theirs; otherwise they keep what they
    have, and the version waits for the next batch. One that changes the meaning begins a new window of every statistic of quality,
    and who knows an earlier meaning reads what changed before their next task; the first version always does. Without `entries`
    those of the version before stay. Locks the project, so that versions are numbered without a gap, then the batches it switches.
    """
    project = own_project(actor, project_id)
    Project.objects.select_for_update(no_key=True).get(id=project.id)
    limits.hold("guidelines_per_project", project.id, Guideline.objects.filter(project=project))
    today = Guideline.objects.filter(project__organization_id=project.organization_id, created_at__gt=now - timedelta(days=1))
    limits.hold("guidelines_per_day", project.organization_id, today)  # everybody who works under it is told
    before = _newest_guideline(project.id)
    if entries is None:
        entries = before.entries if before else []
    checked = guidelines.check(
        project.organization_id, interface_of(project.interface), text=text, entries=entries, changes=changes
    )
    version = before.version + 1 if before else 1
    changes_meaning = changes_meaning or before is None
    row = Guideline.objects.create(
        project=project,
        version=version,
        text=text,
        entries=checked,
        changes=changes,
        changes_meaning=changes_meaning,
        meaning_version=version if changes_meaning or before is None else before.meaning_version,
        created_at=now,
    )
    if switch_batches:
        Batch.objects.filter(project=project).exclude(state=Batch.State.CLOSED).update(guideline=row)
    events.record("guideline.added", subject_id=row.id, organization_id=project.organization_id, actor_id=actor.id, now=now)
    if row.changes_meaning and row.version > 1:
        queueing.enqueue("tasks.jobs.tell_of_guideline", str(row.id))
    return row


@transaction.atomic
def create_batch(actor: Actor, project_id: UUID, *, now: datetime, **fields: Any) -> Batch:
    """A draft batch of a project; what is left out gets a sensible value. Raises BadRequirement, BadBatch and LimitReached."""
    project = own_project(actor, project_id)
    fields["requirements"] = eligibility.check_requirements(fields.get("requirements", []))
    granting.check_skills(project.organization_id, fields["requirements"])
    fields.setdefault("lease_seconds", pricing.lease_seconds(fields["estimate_seconds"]))
    fields.setdefault("review_seconds", REVIEW_SECONDS)
    if fields.get("max_leases", 1) < fields.get("lease_size", 1):
        raise BadBatch("A worker must be able to hold what one claim hands out.", field="max_leases", limit=fields["lease_size"])
    if (fields.get("workers_max") or fields["overlap"]) < fields["overlap"]:
        raise BadBatch("A task needs as many workers as it wants answers.", field="workers_max", limit=fields["overlap"])
    course = fields.get("retrain_course_id")
    if (
        course
        and not Course.objects.filter(
            id=course, organization_id=project.organization_id, published_at__isnull=False, closed_at=None
        ).exists()
    ):
        raise BadBatch("Workers can be sent to an open course of one's own.", field="retrain_course_id")
    for field, limit in LIMITS.items():
        if fields.get(field, 0) > limit:
            raise BadBatch("%(field)s is at most %(limit)s.", field=field, limit=limit, got=fields[field])
    hold_room_for_batch(project)
    return Batch.objects.create(
        project=project,
        organization_id=project.organization_id,
        guideline=_newest_guideline(project.id),
        fee_micros=fee_of(fields["price_micros"]),
        created_at=now,
        **fields,
    )


def hold_room_for_batch(project: Project) -> None:
    """See that a project may have another batch, and its organisation another draft. Raises LimitReached."""
    limits.hold("batches_per_project", project.id, Batch.objects.filter(project=project))
    drafts = Batch.objects.filter(organization_id=project.organization_id, state=Batch.State.DRAFT)
    limits.hold("drafts_per_organization", project.organization_id, drafts)


def fee_of(price_micros: int) -> int:
    """The platform's fee on top of a price."""
    return pricing.fee_micros(price_micros, settings.PLATFORM_FEE_PERCENT)


def quote(batch: Batch, *, now: datetime) -> dict[str, Any]:
    """What publishing will reserve and check, in micros: places, price and fee, the pay floor, and the funds there are.

    The price is checked at the measured time: the batch's own, or that of its finished pilot; before there is one, at the stated.
    """
    counts = counting.of_batch(batch.id)
    ordinary = counts["places"]
    gold_places = gold.spread(batch, counts).places
    total = ordinary + gold_places
    floor = pay_floors.applying(countries=_countries(batch), currency=batch.currency, on=now.date())
    funds = Account.objects.filter(kind=Account.Kind.FUNDS, owner_id=batch.organization_id, currency=batch.currency).first()
    pilot = measuring.finished_pilot(batch)
    measured = batch.median_seconds or (pilot[1].typical_seconds if pilot else None)
    seconds = measured or batch.estimate_seconds
    return {
        "tasks": counts["tasks"],
        "places": total,
        "gold_places": gold_places,
        "price_micros": batch.price_micros,
        "fee_micros": batch.fee_micros,
        "reserve_micros": pricing.reserve_micros(total, price_micros=batch.price_micros, fee_micros=batch.fee_micros),
        "available_micros": ledger.balance(funds.id).available if funds else 0,
        "currency": batch.currency,
        "pay_floor_hourly_micros": floor.hourly_micros,
        "pay_floor_source": floor.source,
        "measured_seconds": measured,
        "least_price_micros": fairness.least_price_micros(floor.hourly_micros, seconds),
        "suggested_price_micros": _suggested(pilot[1], floor.hourly_micros) if pilot else None,
        "hourly_micros": fairness.hourly_micros(batch.price_micros, seconds),
        "pilot_needed": pilot is None and batch.pilot_of_id is None and counts["tasks"] > settings.PILOT_ABOVE_TASKS,
    }


def _suggested(times: measuring.Times, floor_hourly_micros: int) -> int:
    seconds = pricing.seconds_to_pay_for(times.typical_seconds, times.three_quarters_seconds)
    return fairness.least_price_micros(floor_hourly_micros, seconds)


@transaction.atomic
def publish(
    actor: Actor,
    batch_id: UUID,
    *,
    now: datetime,
    price_micros: int | None = None,
    at_suggested_price: bool = False,
    skip_pilot_reason: str = "",
) -> Batch:
    """Open a draft batch: check price and content, reserve its money, open its gold, put the newest guideline in force.

    At its own price, at `price_micros`, or at the one that its finished pilot suggests. A batch of more than PILOT_ABOVE_TASKS tasks has
    a finished pilot (see `piloting`), or a reason not to, which is kept and audited; a finished pilot still open is closed. Locks the
    batch, its pilot, then the requester's funds. An open batch is returned as it is. Raises BatchStateConflict, BatchEmpty, GoldStandsOut,
    BadRequirement for another organisation's skill, NoPayFloor, PilotNeeded, PilotUnfinished, PriceTooLow with the least price,
    MissingFunds with the shortfall; nothing has changed then.
    """
    batch = _locked(actor, batch_id)
    if batch.state == Batch.State.OPEN:
        return batch
    if batch.state != Batch.State.DRAFT:
        raise BatchStateConflict(state=batch.state, wanted=Batch.State.DRAFT)
    guideline = _newest_guideline(batch.project_id)
    if guideline is None:
        raise BatchEmpty("The project has no guideline yet: POST projects/<id>/guidelines.", field="guideline")
    granting.check_skills(batch.organization_id, batch.requirements)
    figures = _at_price(batch, price_micros, at_suggested_price, now)
    _refuse_if_incomplete(batch, figures)
    reason = _checked_reason(batch, figures, skip_pilot_reason)
    gold_looks.refuse_if_it_stands_out(batch)
    gold.open_places(batch)
    escrow = funding.reserve(
        batch.organization_id,
        batch.id,
        amount_micros=figures["reserve_micros"],
        unit_cap_micros=max(batch.price_micros, batch.fee_micros),
        currency=batch.currency,
        now=now,
    )
    Batch.objects.filter(id=batch.id).update(
        state=Batch.State.OPEN,
        escrow_id=escrow.id,
        guideline=guideline,
        published_at=now,
        price_micros=batch.price_micros,
        fee_micros=batch.fee_micros,
        median_seconds=figures["measured_seconds"],
        skip_pilot_reason=reason,
    )
    _tell("published", batch, actor, now)
    if reason:
        audit.append("batch.pilot_skipped", subject=f"batch:{batch.id}", actor_id=actor.id, now=now, after={"reason": reason})
    _close_pilot(actor, batch, now)
    batch.refresh_from_db()
    return batch


def _at_price(batch: Batch, price_micros: int | None, at_suggested_price: bool, now: datetime) -> dict[str, Any]:
    """The quote of a batch at the price it is published at, which the batch then has."""
    if price_micros is not None and at_suggested_price:
        raise BadBatch("Name a price, or take the suggested one: one of the two.", field="price_micros")
    figures = quote(batch, now=now)
    if at_suggested_price:
        price_micros = figures["suggested_price_micros"]
        if price_micros is None:
            raise PilotUnfinished(field="at_suggested_price", limit=measuring.MIN_WORKERS)
    if price_micros is None or price_micros == batch.price_micros:
        return figures
    batch.price_micros = price_micros
    batch.fee_micros = fee_of(price_micros)
    return quote(batch, now=now)


def _refuse_if_incomplete(batch: Batch, figures: dict[str, Any]) -> None:
    if figures["places"] == figures["gold_places"]:
        raise BatchEmpty(field="tasks")
    if (batch.gold_percent or batch.gold_first) and not Task.objects.filter(batch=batch, lane=Task.Lane.GOLD).exists():
        raise BatchEmpty("The batch gives out gold and has none: POST batches/<id>/gold.", field="gold")
    if batch.price_micros < figures["least_price_micros"]:
        raise PriceTooLow(
            field="price_micros",
            limit=figures["least_price_micros"],
            got=batch.price_micros,
            floor_hourly_micros=figures["pay_floor_hourly_micros"],
            source=figures["pay_floor_source"],
        )


def _checked_reason(batch: Batch, figures: dict[str, Any], said: str) -> str:
    """Why a batch that needs a pilot has none; empty where none is needed."""
    if not figures["pilot_needed"]:
        return ""
    reason = said.strip()
    if not reason:
        raise PilotNeeded(field="skip_pilot_reason", tasks=figures["tasks"], limit=settings.PILOT_ABOVE_TASKS)
    shortest, longest = SKIP_REASON_CHARACTERS
    if not shortest <= len(reason) <= longest:
        raise BadBatch(
            "Say in %(least)s to %(most)s characters why no pilot is run.",
            field="skip_pilot_reason",
            least=shortest,
            most=longest,
            limit=[shortest, longest],
            got=len(reason),
        )
    return reason


def _close_pilot(actor: Actor, batch: Batch, now: datetime) -> None:
    for pilot in measuring.pilots_of(batch):
        if pilot.state != Batch.State.CLOSED and measuring.is_through(pilot):
            close(actor, pilot.id, now=now)


def pause(actor: Actor, batch_id: UUID, *, now: datetime) -> Batch:
    """Hand out no more tasks; leases already taken are honoured. The second time returns the same batch."""
    return _move(actor, batch_id, Batch.State.OPEN, Batch.State.PAUSED, now=now)


def resume(actor: Actor, batch_id: UUID, *, now: datetime) -> Batch:
    """Hand out tasks again. The second time returns the same batch."""
    return _move(actor, batch_id, Batch.State.PAUSED, Batch.State.OPEN, now=now)


@transaction.atomic
def close(actor: Actor, batch_id: UUID, *, now: datetime) -> Batch:
    """End a batch: no new leases; leases taken may still be handed in and are paid; unspent money goes back.

    From the commit on nothing is claimed. A small batch is emptied at once; of a large one a job cancels the tasks in chunks
    (`finish_closing`), and its money goes back after the last. What outstanding answers may still earn stays in escrow until they are
    decided. Locks the batch, then at most a chunk of tasks, skipping those that claims hold. Again: gives back what has become free since.
    """
    batch = _locked(actor, batch_id)
    if batch.state != Batch.State.CLOSED:
        Batch.objects.filter(id=batch.id).update(state=Batch.State.CLOSED, closed_at=now)
        _tell("closed", batch, actor, now)
        batch.refresh_from_db()
        closing.cancel_chunk(batch)
    if batch.emptied_at is not None:
        release_spare(batch, now=now)
    elif closing.is_empty(batch):
        _note_empty(batch, now=now)
    else:
        queueing.enqueue("tasks.jobs.finish_closing", str(batch.id))
    batch.refresh_from_db()
    return batch


def finish_closing(batch_id: UUID, *, now: datetime) -> bool:
    """Cancel what is left of a closed batch, a chunk per transaction, then give its spare money back; returns whether it is empty.

    Safe to repeat, to run twice at once and to kill: each chunk stands for itself, and the money moves once, after the last.
    """
    batch = Batch.objects.filter(id=batch_id, state=Batch.State.CLOSED, emptied_at=None).first()
    if batch is None:
        return True
    while not closing.is_empty(batch):
        with transaction.atomic():
            done = closing.cancel_chunk(batch)
        if not done:  # all that is left is held by claims in flight, or by another run
            with waiting_at_most(CLOSING_WAIT_MS):
                closing.cancel_chunk(batch, waits=True)
    with transaction.atomic():
        _note_empty(batch, now=now)
    return True


def finish_closings(*, now: datetime) -> int:
    """Finish what a killed process left half closed; returns how many batches are empty now. Safe to run twice at once."""
    ids = list(Batch.objects.filter(state=Batch.State.CLOSED, emptied_at=None).order_by("closed_at").values_list("id", flat=True))
    finished = 0
    for batch_id in ids:
        with suppress(Busy):  # looked at again in a minute
            finished += finish_closing(batch_id, now=now)
    return finished


def _note_empty(batch: Batch, *, now: datetime) -> None:
    """After the last chunk. Locks the batch, then its escrow; of two runs the second changes nothing."""
    locked = Batch.objects.select_for_update(no_key=True).get(id=batch.id)
    if locked.emptied_at is None:
        closing.cancel_unopened(locked)
        Batch.objects.filter(id=batch.id).update(emptied_at=now)
        release_spare(locked, now=now)


@transaction.atomic
def release_spare(batch: Batch, *, now: datetime) -> int:
    """Give a closed batch's requester what no outstanding place can need; returns the micros. Safe to repeat.

    Locks the batch, under which verdicts are reversed, then its escrow.
    """
    batch = Batch.objects.select_for_update(no_key=True).get(id=batch.id)
    if batch.escrow_id is None or batch.state != Batch.State.CLOSED:
        return 0  # places that are not cancelled yet are outstanding, as any other
    keep = reserving.look(batch, now=now).outstanding_micros
    return funding.release(batch.organization_id, batch.id, keep_micros=keep, currency=batch.currency, now=now)


def release_closed(*, now: datetime) -> int:
    """Give back what has become free in every batch closed within RELEASE_WINDOW; returns the micros. Safe to repeat."""
    closed = Batch.objects.filter(state=Batch.State.CLOSED, escrow_id__isnull=False, closed_at__gt=now - RELEASE_WINDOW)
    return sum(release_spare(batch, now=now) for chunk in in_chunks(closed) for batch in chunk)


def progress(batch: Batch) -> dict[str, int]:
    """How far a batch has got: tasks, tasks complete, places, places with an answer, and assignments by state."""
    counts = counting.of_batch(batch.id)
    return {name: counts[name] for name in (*counting.OF_TASKS, *Assignment.State.values)}


def escrow_micros(batch: Batch) -> int:
    """What the batch's escrow still has to give, in micros; 0 before it is published."""
    return ledger.balance(batch.escrow_id).available if batch.escrow_id else 0


def own_project(actor: Actor, project_id: UUID, *, at_least: str = "manager") -> Project:
    """The project, if the actor acts for its organisation in that role. Raises NotFound and RoleTooLow."""
    project = Project.objects.filter(id=project_id).first()
    if project is None:
        raise NotFound
    access.require_role(actor, project.organization_id, at_least=at_least)
    return project


def own_batch(actor: Actor, batch_id: UUID, *, at_least: str = "manager") -> Batch:
    """The batch, if the actor acts for its organisation in that role. Raises NotFound and RoleTooLow."""
    batch = Batch.objects.filter(id=batch_id).first()
    if batch is None:
        raise NotFound
    access.require_role(actor, batch.organization_id, at_least=at_least)
    return batch


def _locked(actor: Actor, batch_id: UUID) -> Batch:
    own_batch(actor, batch_id)
    return Batch.objects.select_for_update(no_key=True).get(id=batch_id)


@transaction.atomic
def _move(actor: Actor, batch_id: UUID, before: str, after: str, *, now: datetime) -> Batch:
    batch = own_batch(actor, batch_id)
    if Batch.objects.filter(id=batch.id, state=before).update(state=after):
        _tell("paused" if after == Batch.State.PAUSED else "resumed", batch, actor, now)
    batch.refresh_from_db()
    if batch.state != after:
        raise BatchStateConflict(state=batch.state, wanted=before)
    return batch


def _tell(what: str, batch: Batch, actor: Actor, now: datetime) -> None:
    events.record(f"batch.{what}", subject_id=batch.id, organization_id=batch.organization_id, actor_id=actor.id, now=now)
    audit.append(f"batch.{what}", subject=f"batch:{batch.id}", actor_id=actor.id, now=now, before={"state": batch.state})


def _newest_guideline(project_id: UUID) -> Guideline | None:
    return Guideline.objects.filter(project_id=project_id).order_by("-version").first()


def _countries(batch: Batch) -> list[str]:
    """The countries a batch admits by name; their floors apply beside the platform's."""
    return [
        country
        for requirement in batch.requirements
        if requirement["subject"] == "country" and requirement["comparator"] in ("equal_to", "in")
        for country in requirement["values"]
    ]
