"""What each kind of step on a checklist means: what its fact is, and on which pages it is done.

Steps about things of upper rooms (exams, courses, payouts) are registered from there by `register`: this room keeps an opaque
reference and asks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from allauth.account.models import EmailAddress
from django.urls import reverse

from workforce import second_factors
from workforce.models import Agreement, Identity, OnboardingStep, Worker

Kind = OnboardingStep.Kind
TIMED_ELSEWHERE = {Kind.EXAM, Kind.COURSE}  # sittings and lessons credit their own time


@dataclass(frozen=True)
class StepKind:
    """What a kind of step means: is it done by this worker, where is its page, and may it name that reference?

    `page` is the name of that page's route, and `parts` those of the further pages on which the step is done.
    """

    done: Callable[[Worker, str], bool]
    href: Callable[[OnboardingStep], str]
    check: Callable[[str, UUID | None], bool] = lambda reference, organization_id: reference == ""
    page: str = ""
    parts: frozenset[str] = frozenset()


def email_is_verified(user_id: UUID) -> bool:
    """Has this person shown that the address of the account is theirs?"""
    return bool(EmailAddress.objects.filter(user_id=user_id, primary=True, verified=True).exists())


def _at(page: str, done: Callable[[Worker, str], bool], *parts: str) -> StepKind:
    """A kind of step with a page that is the same for everybody."""
    return StepKind(done, lambda step: reverse(page), page=page, parts=frozenset(parts))


def _has_identity(worker: Worker, reference: str) -> bool:
    row = Identity.objects.filter(worker=worker).first()
    return row is not None and bool(row.legal_name and row.birth_date)


KINDS: dict[str, StepKind] = {
    Kind.EMAIL: _at("account_email", lambda worker, reference: email_is_verified(worker.user_id)),
    Kind.PROFILE: _at("onboarding_profile", lambda worker, reference: bool(worker.country)),
    Kind.LANGUAGES: _at("onboarding_profile", lambda worker, reference: bool(worker.languages)),
    Kind.AGREEMENTS: _at(
        "onboarding_agreements",
        lambda worker, reference: not Agreement.objects.outstanding_for(worker.user_id).exists(),
        "onboarding_agreement",
    ),
    Kind.IDENTITY: _at("onboarding_identity", _has_identity),
    Kind.CONTENT: _at("onboarding_content", lambda worker, reference: worker.content_chosen_at is not None),
    Kind.HOURS: _at("onboarding_hours", lambda worker, reference: worker.hours_chosen_at is not None),
    Kind.SECOND_FACTOR: _at(
        "mfa_index",
        lambda worker, reference: second_factors.has_one(worker.user_id),
        "mfa_activate_totp",
        "mfa_add_webauthn",
    ),
    Kind.TEXT: StepKind(
        lambda worker, reference: False, lambda step: reverse("onboarding_step", args=[step.id]), page="onboarding_step"
    ),
}


def register(kind: str, meaning: StepKind) -> None:
    """Say, from an upper room and once, what a kind of step means whose facts stand there."""
    KINDS[kind] = meaning


def pages() -> set[str]:
    """The names of the routes on which steps are done."""
    return {name for meaning in KINDS.values() for name in (meaning.page, *meaning.parts)}
