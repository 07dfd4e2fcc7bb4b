"""The onboarding checklist: the platform's, and one per vendor for its team. What is on it, and how far a worker has got.

Whether a step is done is asked of the facts themselves (is there a country? is every agreement in force accepted?), so that a new
version of an agreement opens its step again. What each kind asks stands in `step_kinds`. A step begins where its page is opened
(`open_page`) or by the API's command, and its end is written down when the work is first seen to be done.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from foundation import audit, constraints
from foundation.errors import NotFound
from workforce import access, standing
from workforce.access import Actor
from workforce.errors import BadStep, StepNotDone, StepTwice
from workforce.models import Agreement, Membership, OnboardingStep, Organization, StepProgress, TeamMember, Worker
from workforce.step_kinds import KINDS, TIMED_ELSEWHERE, StepKind

Kind = OnboardingStep.Kind
STEPS_MAX = 50  # on one list
SIGN_EVERY = timedelta(minutes=1)
SIGNS_MAX = 100  # more would change nothing: the bound of what a step is credited is reached long before
CHANGEABLE = {"title", "position", "required", "paid", "estimate_seconds"}


# ---- what is on the list ----


def platform_steps() -> list[OnboardingStep]:
    """The platform's list, in order. Where addresses need not be verified, or nothing is to be accepted, that is no step."""
    rows = list(OnboardingStep.objects.filter(organization=None, ended_at=None).order_by("position", "id"))
    if not settings.EMAIL_VERIFICATION:
        rows = [row for row in rows if row.kind != Kind.EMAIL]
    if any(row.kind == Kind.AGREEMENTS for row in rows) and not Agreement.objects.exists():
        rows = [row for row in rows if row.kind != Kind.AGREEMENTS]
    return rows


def steps_of(organization_id: UUID) -> list[OnboardingStep]:
    """A vendor's list, in order."""
    return list(OnboardingStep.objects.filter(organization_id=organization_id, ended_at=None).order_by("position", "id"))


@transaction.atomic
def add_step(actor: Actor, organization_id: UUID | None, *, kind: str, now: datetime, **fields: Any) -> OnboardingStep:
    """Put a step at the end of the list, or at `position`. Managers of the vendor; operators for the platform's list. Audited.

    Raises BadStep for one that could never be done, and StepTwice. A new required step of the platform stands before the next task of
    everybody who has not done it.
    """
    _require_keeper(actor, organization_id)
    meaning, reference = KINDS.get(kind), fields.get("reference", "")
    if meaning is None:
        raise BadStep("This installation has no such step yet.", field="kind", known=sorted(KINDS))
    if not meaning.check(reference, organization_id):
        raise BadStep("There is nothing under this reference that such a step could ask for.", field="reference", got=reference)
    if kind == Kind.TEXT and not (fields.get("text") and fields.get("title")):
        raise BadStep("A text to read has a title and a text.", field="text")
    there = platform_steps() if organization_id is None else steps_of(organization_id)
    if len(there) >= STEPS_MAX:
        raise BadStep("A list has 50 steps at most.", field="kind", limit=STEPS_MAX)
    fields.setdefault("position", there[-1].position + 10 if there else 10)
    try:
        with transaction.atomic():
            row = OnboardingStep.objects.create(organization_id=organization_id, kind=kind, created_at=now, **fields)
    except IntegrityError as error:
        constraints.only(error, "step_once_on_a_list")
        raise StepTwice(field="kind") from error
    _changed(actor, row, "added", now=now, after={"kind": kind, "title": row.name, "required": row.required})
    return row


@transaction.atomic
def change_step(actor: Actor, step_id: UUID, *, now: datetime, **fields: Any) -> OnboardingStep:
    """Change the wording, the place, or what counts of a step; never what it asks. As `add_step`. Raises NotFound and BadStep."""
    row = _own_step(actor, step_id)
    if strange := set(fields) - CHANGEABLE:
        raise BadStep("This cannot be changed: end the step and add another.", field=sorted(strange)[0], known=sorted(CHANGEABLE))
    before = {name: getattr(row, name) for name in fields}
    OnboardingStep.objects.filter(id=row.id).update(**fields)
    row.refresh_from_db()
    if fields and before != fields:
        _changed(actor, row, "changed", now=now, before=before, after=fields)
    return row


@transaction.atomic
def end_step(actor: Actor, step_id: UUID, *, now: datetime) -> OnboardingStep:
    """Take a step off its list; who has done it has done it. The second time returns the same row. As `add_step`."""
    row = _own_step(actor, step_id)
    if OnboardingStep.objects.filter(id=row.id, ended_at=None).update(ended_at=now):
        _changed(actor, row, "ended", now=now, before={"kind": row.kind, "title": row.name})
    row.refresh_from_db()
    return row


def _require_keeper(actor: Actor, organization_id: UUID | None) -> None:
    if organization_id is None:
        access.require_operator(actor)
        return
    access.require_role(actor, organization_id, at_least=Membership.Role.MANAGER)
    if not Organization.objects.filter(id=organization_id, kind=Organization.Kind.VENDOR).exists():
        raise BadStep("Only vendors look after a team.", field="organization_id")


def _own_step(actor: Actor, step_id: UUID) -> OnboardingStep:
    row = OnboardingStep.objects.select_for_update(of=("self",)).filter(id=step_id).first()
    if row is None:
        raise NotFound
    _require_keeper(actor, row.organization_id)
    return row


def _changed(actor: Actor, row: OnboardingStep, what: str, *, now: datetime, before: Any = None, after: Any = None) -> None:
    audit.append(
        f"onboarding_step.{what}", subject=f"onboarding_step:{row.id}", actor_id=actor.id, now=now, before=before, after=after
    )
    if row.organization_id is None:
        standing.touch_all()


# ---- how far someone has got ----


@dataclass(frozen=True)
class StepState:
    """A step as one worker sees it."""

    step: OnboardingStep
    is_done: bool
    href: str  # its page; empty when there is none yet
    began_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True)
class ListState:
    """A checklist as one worker sees it: the platform's, or of the vendor whose team they are in."""

    organization: Organization | None
    steps: list[StepState]

    @property
    def done(self) -> int:
        """How many steps are done, optional ones included."""
        return sum(one.is_done for one in self.steps)

    @property
    def next(self) -> StepState | None:
        """The first required step that is open, else the first open one that has a page."""
        open_steps = [one for one in self.steps if not one.is_done and one.href]
        return next((one for one in open_steps if one.step.required), next(iter(open_steps), None))

    @property
    def is_complete(self) -> bool:
        """Is nothing required left?"""
        return all(one.is_done or not one.step.required for one in self.steps)

    @property
    def seconds_left(self) -> int:
        """What the required steps that are open take, as estimated."""
        return sum(one.step.estimate_seconds or 0 for one in self.steps if one.step.required and not one.is_done)


def lists_of(worker: Worker) -> list[ListState]:
    """The platform's checklist and those of the vendors whose teams the worker is in."""
    teams = TeamMember.objects.filter(worker=worker, left_at=None).select_related("organization").order_by("joined_at")
    lists: list[tuple[Organization | None, list[OnboardingStep]]] = [(None, platform_steps())]
    lists += [(team.organization, steps_of(team.organization_id)) for team in teams]
    progress = _newest(worker, [step for _, steps in lists for step in steps])
    return [ListState(of, [_state(worker, step, progress.get(step.id)) for step in steps]) for of, steps in lists]


def _newest(worker: Worker, steps: Sequence[OnboardingStep]) -> dict[UUID, StepProgress]:
    """The newest progress of a worker with each of these steps."""
    rows = StepProgress.objects.filter(worker=worker, step__in=steps).order_by("began_at", "id")
    return {row.step_id: row for row in rows}


def _state(worker: Worker, step: OnboardingStep, row: StepProgress | None) -> StepState:
    meaning = KINDS.get(step.kind)
    confirmed = row is not None and row.finished_at is not None
    done = confirmed if step.kind == Kind.TEXT else meaning is not None and meaning.done(worker, step.reference)
    href = meaning.href(step) if meaning else ""
    return StepState(step, done, href, row.began_at if row else None, row.finished_at if row else None)


def is_done(worker: Worker, step: OnboardingStep) -> bool:
    """Has this worker done the step, as things stand now?"""
    return _state(worker, step, _newest(worker, [step]).get(step.id)).is_done


@transaction.atomic
def begin(worker_id: UUID, step_id: UUID, *, now: datetime) -> StepProgress:
    """Note that a worker turns to a step: from now on its time runs. Raises NotFound.

    The second time returns the first beginning, and is a sign of life. A step that is done is not begun again, one that has opened
    again is. Locks the worker.
    """
    step = own_step(worker_id, step_id)
    worker = _locked(worker_id)
    row = _newest(worker, [step]).get(step.id)
    if row is not None and (row.finished_at is None or _state(worker, step, row).is_done):
        if row.finished_at is None:
            _seen(row, now)
        return row
    paid = step.paid and step.kind not in TIMED_ELSEWHERE
    return StepProgress.objects.create(worker_id=worker_id, step=step, paid=paid, began_at=now)


def _seen(row: StepProgress, now: datetime) -> None:
    """Keep a sign of life in a step, one per SIGN_EVERY."""
    signs = [row.began_at, *row.seen]
    if now - signs[-1] >= SIGN_EVERY and len(row.seen) < SIGNS_MAX:
        row.seen = [*row.seen, now]
        row.save(update_fields=["seen"])


def open_page(worker: Worker, page: str, path: str, *, now: datetime) -> None:
    """A worker opens a page, by whichever way: the steps that are done there and are still to do begin, or show a sign of life.

    The name of its route and its path say which. Locks the worker if there is such a step.
    """
    kinds = [kind for kind, meaning in KINDS.items() if page == meaning.page or page in meaning.parts]
    rows = _own_steps(worker.id).filter(kind__in=kinds)
    steps = [row for row in rows if page in KINDS[row.kind].parts or KINDS[row.kind].href(row) == path]
    progress = _newest(worker, steps)
    for step in steps:
        if not _state(worker, step, progress.get(step.id)).is_done:
            begin(worker.id, step.id, now=now)


@transaction.atomic
def finish(worker_id: UUID, step_id: UUID, *, now: datetime) -> StepProgress:
    """Say that a step is done: a text by saying so, any other when the facts bear it out. The second time returns the same row.

    Raises NotFound, and StepNotDone with what is still to do. Locks the worker.
    """
    step = own_step(worker_id, step_id)
    worker = _locked(worker_id)
    if step.kind != Kind.TEXT and not is_done(worker, step):
        meaning = KINDS.get(step.kind)
        raise StepNotDone(step_id=step.id, href=meaning.href(step) if meaning else None)
    row = begin(worker_id, step_id, now=now)
    if StepProgress.objects.filter(id=row.id, finished_at=None).update(finished_at=max(now, row.began_at)):
        standing.touch(worker_id)
    note_done(worker, now=now)
    row.refresh_from_db()
    return row


def _locked(worker_id: UUID) -> Worker:
    return Worker.objects.select_for_update(no_key=True, of=("self",)).get(id=worker_id)


def own_step(worker_id: UUID, step_id: UUID) -> OnboardingStep:
    """A step of the platform's list, or of a vendor whose team the worker is in. Raises NotFound."""
    step = _own_steps(worker_id).filter(id=step_id).first()
    if step is None:
        raise NotFound
    return step


def _own_steps(worker_id: UUID) -> QuerySet[OnboardingStep]:
    mine = TeamMember.objects.filter(worker_id=worker_id, left_at=None).values("organization_id")
    return OnboardingStep.objects.filter(Q(organization=None) | Q(organization_id__in=mine), ended_at=None)


def note_done(worker: Worker, *, now: datetime) -> None:
    """Write down the time of every step that is done and was not seen to be until now, and of teams with nothing required left."""
    if not any(_unnoted(each) for each in lists_of(worker)) and not _teams_to_note(worker).exists():
        return
    with transaction.atomic():
        locked = _locked(worker.id)
        for each in lists_of(locked):
            fresh = _unnoted(each)
            begun = StepProgress.objects.filter(worker=worker, step__in=[one.step for one in fresh], finished_at=None)
            begun.filter(began_at__lte=now).update(finished_at=now)
            StepProgress.objects.bulk_create(
                StepProgress(worker=worker, step=one.step, began_at=now, finished_at=now) for one in fresh if one.began_at is None
            )
            if each.organization is not None and each.is_complete:
                _teams_to_note(worker).filter(organization=each.organization).update(onboarded_at=now)


def _unnoted(each: ListState) -> list[StepState]:
    return [one for one in each.steps if one.is_done and one.finished_at is None]


def _teams_to_note(worker: Worker) -> QuerySet[TeamMember]:
    return TeamMember.objects.filter(worker=worker, left_at=None, onboarded_at=None)


def to_credit(*, limit: int) -> list[UUID]:
    """Paid steps that are finished and whose time nobody has taken up yet, oldest first."""
    rows = StepProgress.objects.filter(paid=True, finished_at__isnull=False, credited_at=None).order_by("finished_at")
    return list(rows.values_list("id", flat=True)[:limit])


def take_up(progress_id: UUID, *, now: datetime) -> StepProgress | None:
    """Take a finished step up to credit its time, in the caller's transaction; None when it was taken up before. Locks the row."""
    rows = StepProgress.objects.select_for_update(of=("self",)).select_related("step")
    row = rows.filter(id=progress_id, paid=True, finished_at__isnull=False, credited_at=None).first()
    if row is not None:
        StepProgress.objects.filter(id=row.id).update(credited_at=max(now, row.finished_at or now))
    return row


def missing(worker: Worker, steps: Sequence[OnboardingStep]) -> list[dict[str, Any]]:
    """What is still to do of these required steps, agreements aside; each with a message for people, its page, and the API's command."""
    confirmed = set(
        StepProgress.objects.filter(worker=worker, step__in=steps, finished_at__isnull=False).values_list("step_id", flat=True)
        if any(step.kind == Kind.TEXT for step in steps)
        else []
    )
    found = []
    for step in steps:
        meaning = KINDS.get(step.kind)
        if meaning is None or not step.required or step.kind == Kind.AGREEMENTS:
            continue
        if step.id in confirmed or meaning.done(worker, step.reference):
            continue
        found.append(_told(step, meaning))
    return found


def _told(step: OnboardingStep, meaning: StepKind) -> dict[str, Any]:
    messages: dict[str, tuple[str, str]] = {
        Kind.EMAIL: (_("Verify your email address."), "POST me/email/send-code"),
        Kind.PROFILE: (_("Say where you live."), "POST me/profile with country"),
        Kind.LANGUAGES: (_("Say which languages you speak."), "POST me/profile with languages"),
        Kind.IDENTITY: (_("Say who you are."), "POST me/identity with legal_name and birth_date"),
        Kind.CONTENT: (_("Choose what you are willing to see."), "POST me/content"),
        Kind.HOURS: (_("Say when and how much you want to work."), "POST me/hours"),
    }
    default = (f"{step.name}.", f"POST me/onboarding/{step.id}/finish")
    message, command = messages.get(step.kind, default)
    name = "country" if step.kind == Kind.PROFILE else step.kind
    return {"step": name, "step_id": str(step.id), "message": message, "href": meaning.href(step), "command": command}


DEFAULTS: list[dict[str, Any]] = [
    {"kind": Kind.EMAIL, "required": True, "estimate_seconds": 60},
    {"kind": Kind.PROFILE, "required": True, "estimate_seconds": 60},
    {"kind": Kind.LANGUAGES, "required": True, "estimate_seconds": 60},
    {"kind": Kind.AGREEMENTS, "required": True, "paid": True, "estimate_seconds": 300},
    {"kind": Kind.CONTENT, "required": False, "estimate_seconds": 60},
    {"kind": Kind.HOURS, "required": False, "estimate_seconds": 60},
    {"kind": Kind.SECOND_FACTOR, "required": False, "estimate_seconds": 120},
    {"kind": Kind.IDENTITY, "required": False, "estimate_seconds": 120},
    {"kind": Kind.PAYOUT, "required": False},
]


def seed_platform(*, now: datetime) -> None:
    """The list a new platform begins with; does nothing where there is one."""
    if not OnboardingStep.objects.filter(organization=None).exists():
        rows = [OnboardingStep(position=10 * n, created_at=now, **fields) for n, fields in enumerate(DEFAULTS, start=1)]
        OnboardingStep.objects.bulk_create(rows)
