"""What this room keeps about a person, for the person themself. Whoever gathers asks each room; each part is a name and its rows."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress

from workforce import appeals, threads
from workforce.models import (
    Acceptance,
    ApiToken,
    Decision,
    Identity,
    MemberInvitation,
    Membership,
    NoticePreference,
    Notification,
    StepProgress,
    TeamMember,
    User,
    Worker,
)
from workforce.wording import sentence_of

Row = Mapping[str, object]
Parts = dict[str, Callable[[], Iterable[Row]]]
UNSAID = {"password", "user", "id"}


def parts_of(user_id: UUID, worker_id: UUID | None) -> Parts:
    """Everything but the identity, which `identity_of` opens at the moment it is handed over."""
    parts: Parts = {
        "account": lambda: User.objects.filter(id=user_id).values("id", "email", "created_at", "last_login", "is_staff"),
        "memberships": lambda: Membership.objects.filter(user_id=user_id).values(
            "organization_id", "organization__name", "role", "created_at", "ended_at"
        ),
        "invitations": lambda: MemberInvitation.objects.filter(
            email__in=EmailAddress.objects.filter(user_id=user_id, verified=True).values("email")
        ).values("organization__name", "email", "role", "state", "created_at", "ended_at"),
        "agreements": lambda: Acceptance.objects.filter(user_id=user_id).values(
            "agreement__slug", "agreement__version", "agreement__title", "accepted_at"
        ),
        "tokens": lambda: ApiToken.objects.filter(user_id=user_id).values(
            "name", "scopes", "created_at", "expires_at", "used_at", "used_from", "revoked_at"
        ),
        "notifications": lambda: _notices(user_id),
        "notification_preferences": lambda: NoticePreference.objects.filter(user_id=user_id).values("kind", "on_site", "mail"),
    }
    if worker_id is None:
        return parts
    return parts | {
        "profile": lambda: _profile(worker_id),
        "onboarding": lambda: (
            StepProgress.objects.filter(worker_id=worker_id)
            .order_by("id")
            .values("step__kind", "step__title", "step__organization__name", "began_at", "seen", "finished_at", "credited_at")
        ),
        "teams": lambda: (
            TeamMember.objects.filter(worker_id=worker_id)
            .order_by("id")
            .values("organization__name", "joined_at", "onboarded_at", "left_at", "end_reason")
        ),
        "decisions": lambda: (
            Decision.objects.filter(worker_id=worker_id)
            .order_by("id")
            .values(
                *("id", "kind", "scope", "rule", "inputs", "threshold", "reason", "lifts_id"),
                *("effective_at", "effective_until", "appeal_until", "created_at"),
            )
        ),
        "appeals": lambda: appeals.rows_of_person(worker_id),
        "conversations": lambda: threads.rows_of_person(worker_id, user_id)["conversations"],
        "messages_for_organizations": lambda: threads.rows_of_person(worker_id, user_id)["messages_for_organizations"],
    }


def identity_of(worker_id: UUID | None) -> Row | None:
    """Who the person is, opened; None when nothing is kept."""
    row = Identity.objects.filter(worker_id=worker_id).first() if worker_id else None
    return {name: getattr(row, name) for name in _fields(Identity)} if row else None


def _profile(worker_id: UUID) -> list[Row]:
    worker = Worker.objects.get(id=worker_id)
    return [{name: getattr(worker, name) for name in _fields(Worker)}]


def _fields(model: Any) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields if field.name not in UNSAID]


def _notices(user_id: UUID) -> Iterable[Row]:
    for one in Notification.objects.filter(user_id=user_id).order_by("id").iterator(chunk_size=1000):
        yield {"at": one.created_at, "kind": one.kind, "text": sentence_of(one.kind, one.data, one.count), "read_at": one.read_at}
