"""From an account to someone who may start: profile, preferences, agreements, and what is still missing."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from foundation import audit, queueing
from foundation.errors import NotFound
from foundation.paging import in_chunks
from foundation.statements import hold_name
from workforce import access, checklist, notifying, standing
from workforce.access import Actor
from workforce.errors import BadField
from workforce.models import Acceptance, Agreement, Erasure, Identity, Level, NoticeKind, Sensitive, Worker

LANGUAGES_MAX = 30
LANGUAGE = re.compile(
    r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}$"
)  # language, script, region: what BCP 47 tags of people look like
PROFILE_FIELDS = {"display_name", "name_shown", "country", "languages", "language_levels", "time_zone"}
DAILY_CAP_SECONDS = (900, 12 * 3600)  # nobody works longer than the platform's hard stop (reference: fair-work.md A.2 rule 21)
WEEKLY_CAP_SECONDS = (900, 84 * 3600)
STRETCHES_MAX = 28  # of working hours in a week: four a day


touch_standing = standing.touch


# ---- agreements ----


@transaction.atomic
def publish_agreement(actor: Actor, *, slug: str, title: str, text: str, now: datetime) -> Agreement:
    """Put the next version of an agreement in force; workers must accept it before they start again. Operators only; audited.

    The same title and text as the version in force return that one: nobody is asked twice for the same. Two at once queue up (an
    advisory lock per slug), so that versions are numbered without a gap.
    """
    access.require_operator(actor)
    hold_name(f"agreement {slug}")
    newest = Agreement.objects.filter(slug=slug).order_by("-version").first()
    if newest is not None and (newest.title, newest.text) == (title, text):
        return newest
    version = newest.version + 1 if newest else 1
    row = Agreement.objects.create(slug=slug, version=version, title=title, text=text, published_at=now)
    standing.touch_all()  # everybody's access rests on having accepted the version in force
    audit.append("agreement.published", subject=f"agreement:{slug}", actor_id=actor.id, now=now, after={"version": row.version})
    queueing.enqueue("workforce.jobs.tell_of_agreement", str(row.id))
    return row


def tell_of_agreement(agreement_id: UUID, *, now: datetime) -> int:
    """Tell every worker of a version they have yet to accept, once; returns how many. Safe to repeat."""
    row = Agreement.objects.get(id=agreement_id)
    told = 0
    unaccepted = Worker.objects.exclude(user__in=Acceptance.objects.filter(agreement=row).values("user")).filter(
        user__is_active=True
    )
    for chunk in in_chunks(unaccepted):
        told += notifying.notify(
            [worker.user_id for worker in chunk],
            kind=NoticeKind.NEW_AGREEMENT,
            key=f"agreement:{row.id}",
            data={"title": row.title},
            by=None,
            now=now,
        )
    return told


def current_agreements() -> "Any":
    """The versions in force: the newest of each slug."""
    return Agreement.objects.current()


def outstanding_agreements(user_id: UUID) -> list[Agreement]:
    """What the user has yet to accept."""
    return list(Agreement.objects.outstanding_for(user_id))


def last_accepted(user_id: UUID, agreement: Agreement) -> Agreement | None:
    """The newest earlier version of the same agreement that the user accepted; None when this is their first."""
    mine = Acceptance.objects.filter(user_id=user_id).values("agreement_id")
    return Agreement.objects.filter(slug=agreement.slug, version__lt=agreement.version, id__in=mine).order_by("-version").first()


@transaction.atomic
def accept_agreement(actor: Actor, agreement_id: UUID, *, now: datetime) -> Acceptance:
    """Accept one version of an agreement. The second time returns the first acceptance. Raises NotFound."""
    if not Agreement.objects.filter(id=agreement_id).exists():
        raise NotFound
    row = Acceptance(user_id=actor.id, agreement_id=agreement_id, accepted_at=now)
    Acceptance.objects.bulk_create([row], ignore_conflicts=True)
    if actor.worker_id:
        touch_standing(actor.worker_id)
        note_onboarded(actor.worker_id, now=now)
    return Acceptance.objects.get(user_id=actor.id, agreement_id=agreement_id)


# ---- what matching knows, what the worker wants, who the worker is ----


@transaction.atomic
def update_profile(worker_id: UUID, *, now: datetime, **fields: Any) -> Worker:
    """Change what matching knows about a worker. Raises BadField for a value that cannot be kept.

    Levels are kept of languages that are listed; of a language that is taken out, its level goes too.
    """
    unknown = set(fields) - PROFILE_FIELDS
    if unknown:
        raise BadField(field=sorted(unknown)[0], known=sorted(PROFILE_FIELDS))
    worker = Worker.objects.select_for_update(no_key=True).filter(id=worker_id).first()
    if worker is None:
        raise NotFound
    if "languages" in fields:
        fields["languages"] = _checked_languages(fields["languages"])
    if "languages" in fields or "language_levels" in fields:
        languages = fields.get("languages", worker.languages)
        fields["language_levels"] = _checked_levels(fields.get("language_levels", worker.language_levels), languages)
    if fields:
        Worker.objects.filter(id=worker_id).update(**fields, standing=F("standing") + 1)
    note_onboarded(worker_id, now=now)
    return Worker.objects.get(id=worker_id)


def _checked_languages(tags: Sequence[str]) -> list[str]:
    if len(tags) > LANGUAGES_MAX:
        raise BadField("A profile lists 30 languages at most.", field="languages", limit=LANGUAGES_MAX)
    for tag in tags:
        if not LANGUAGE.match(tag) or len(tag) > 12:
            raise BadField("A language is a BCP 47 tag, such as en or pt-BR.", field="languages", got=tag[:40])
    return list(dict.fromkeys(tags))


def _checked_levels(levels: Mapping[str, str], languages: Sequence[str]) -> dict[str, str]:
    for tag, level in levels.items():
        if level not in Level.values:
            raise BadField("Choose a level.", field="language_levels", language=tag[:40], known=Level.values)
    return {tag: str(levels[tag]) for tag in languages if tag in levels}


@transaction.atomic
def choose_content(worker_id: UUID, *, accepted: Sequence[str], now: datetime) -> Worker:
    """Say which sensitive content one is willing to see; what is not listed is refused from now on, and nothing is held against it.

    Moves the standing, so that jobs open or close at the next claim. Raises BadField for a category that is not in the list.
    """
    if strange := sorted(set(accepted) - set(Sensitive.values)):
        raise BadField(field="sensitive_accepted", got=strange[0][:40], known=Sensitive.values)
    chosen = [category for category in Sensitive.values if category in accepted]
    changed = Worker.objects.filter(id=worker_id).update(
        sensitive_accepted=chosen, content_chosen_at=now, standing=F("standing") + 1
    )
    if not changed:
        raise NotFound
    note_onboarded(worker_id, now=now)
    return Worker.objects.get(id=worker_id)


@transaction.atomic
def choose_hours(
    worker_id: UUID,
    *,
    working_hours: Sequence[Mapping[str, Any]],
    daily_cap_seconds: int | None,
    weekly_cap_seconds: int | None,
    now: datetime,
) -> Worker:
    """Say when one usually works, in one's own zone, and how much at most; None is no limit of one's own. Raises BadField."""
    stretches = _checked_hours(working_hours)
    caps = {
        "daily_cap_seconds": (daily_cap_seconds, DAILY_CAP_SECONDS),
        "weekly_cap_seconds": (weekly_cap_seconds, WEEKLY_CAP_SECONDS),
    }
    for field, (cap, (least, most)) in caps.items():
        if cap is not None and not least <= cap <= most:
            message = "A limit of your own is between %(minutes)s minutes and %(hours)s hours."
            raise BadField(message, field=field, minutes=least // 60, hours=most // 3600, least=least, limit=most, got=cap)
    changed = Worker.objects.filter(id=worker_id).update(
        working_hours=stretches,
        hours_chosen_at=now,
        daily_cap_seconds=daily_cap_seconds,
        weekly_cap_seconds=weekly_cap_seconds,
        standing=F("standing") + 1,
    )
    if not changed:
        raise NotFound
    note_onboarded(worker_id, now=now)
    return Worker.objects.get(id=worker_id)


def _checked_hours(stretches: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The week's stretches in order. Raises BadField for one that cannot be read, ends before it begins, or overlaps another."""
    if len(stretches) > STRETCHES_MAX:
        raise BadField("A week has 28 stretches at most.", field="working_hours", limit=STRETCHES_MAX, got=len(stretches))
    kept: list[dict[str, Any]] = []
    for stretch in stretches:
        try:
            weekday = int(stretch["weekday"])
            begins, ends = (time.fromisoformat(str(stretch[name])).strftime("%H:%M") for name in ("begins", "ends"))
        except (KeyError, ValueError) as error:
            raise BadField("A stretch has weekday (1 is Monday), begins and ends (09:00).", field="working_hours") from error
        if not 1 <= weekday <= 7 or (begins >= ends and ends != "00:00"):
            raise BadField("A stretch ends after it begins, on a weekday from 1 to 7.", field="working_hours", weekday=weekday)
        kept.append({"weekday": weekday, "begins": begins, "ends": ends})
    kept.sort(key=lambda one: (one["weekday"], one["begins"]))
    for one, following in zip(kept, kept[1:], strict=False):
        if one["weekday"] == following["weekday"] and (one["ends"] == "00:00" or one["ends"] > following["begins"]):
            raise BadField("Two stretches of a day overlap.", field="working_hours", weekday=one["weekday"])
    return kept


@transaction.atomic
def update_identity(
    worker_id: UUID,
    *,
    now: datetime,
    legal_name: str | None = None,
    address: str | None = None,
    birth_date: date | None | str = "",
) -> Identity:
    """Keep who the worker is, encrypted and apart from everything else. What is left out stays; `birth_date=None` takes it out.

    Locks the worker, also before there is an identity, so that two first ones queue up, and none outlives its person. Raises NotFound.
    """
    worker = Worker.objects.select_for_update(no_key=True, of=("self",)).filter(id=worker_id).first()
    if worker is None or Erasure.objects.filter(user_id=worker.user_id, state=Erasure.State.DONE).exists():
        raise NotFound
    row = Identity.objects.filter(worker=worker).first() or Identity(worker=worker)
    row.legal_name = row.legal_name if legal_name is None else legal_name
    row.address = row.address if address is None else address
    if birth_date != "":
        row.birth_date = birth_date.isoformat() if isinstance(birth_date, date) else birth_date or ""
    row.updated_at = now
    row.save()
    note_onboarded(worker_id, now=now)
    return row


# ---- what is still missing ----


def missing_steps(worker_id: UUID) -> list[dict[str, Any]]:
    """What a worker must still do before they may take any task; empty when nothing.

    Each is {"step", "message" (for people), "href" (the page that does it), "command" (the API's way), …}. Agreements in force are
    always asked for, whatever the checklist says.
    """
    worker = Worker.objects.filter(id=worker_id).first()
    if worker is None:
        raise NotFound
    leaving = Erasure.objects.filter(user_id=worker.user_id, state=Erasure.State.WAITING).exists()
    message = _("You asked to be erased. Undo it to go on working.")
    left = [{"step": "leaving", "message": message, "href": reverse("my_data"), "command": "POST me/erasure/undo"}]
    agreements = [
        {
            "step": "agreement",
            "agreement_id": str(row.id),
            "message": _("Read and accept “%(title)s”.") % {"title": row.title},
            "href": reverse("onboarding_agreement", args=[row.id]),
            "command": f"POST agreements/{row.id}/accept",
        }
        for row in outstanding_agreements(worker.user_id)
    ]
    return [*(left if leaving else []), *checklist.missing(worker, checklist.platform_steps()), *agreements]


def missing_content(sensitive: Sequence[str], accepted: Sequence[str]) -> list[dict[str, Any]]:
    """What keeps someone who accepts only some sensitive content from work that shows this, with the way out; empty when nothing does."""
    refused = [category for category in sensitive if category not in accepted]
    if not refused:
        return []
    names = ", ".join(str(Sensitive(category).label) for category in refused)
    return [
        {
            "step": "content",
            "categories": refused,
            "message": _(
                "This job shows content you have not opted in to: %(names)s. You need not; you can change what you accept."
            )
            % {"names": names},
            "href": reverse("onboarding_content"),
            "command": "POST me/content",
        }
    ]


def note_onboarded(worker_id: UUID, *, now: datetime) -> None:
    """Write down the steps that are done, and when nothing was missing for the first time."""
    checklist.note_done(Worker.objects.get(id=worker_id), now=now)
    if not missing_steps(worker_id):
        Worker.objects.filter(Q(onboarded_at=None), id=worker_id).update(onboarded_at=now)
