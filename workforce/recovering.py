"""What an operator may do to how somebody else signs in: take lost second factors off, and sign an account out everywhere. Nothing else.

Each needs a reason, is entered into the audit trail under it, and is mailed to the person with it. Passwords and addresses are
changed by their owners alone: an operator who could set one could take the account over.
"""

from datetime import datetime
from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.utils.translation import gettext as _

from foundation import audit, queueing
from foundation.errors import NotFound
from foundation.models import AuditEntry
from workforce import access
from workforce.access import Actor
from workforce.errors import BadField, OwnAccount
from workforce.models import ApiToken, User

REASON_MAX_CHARACTERS = 500
FACTORS = "factors.removed_by_operator"
SESSIONS = "sessions.ended_by_operator"


def remove_second_factors(actor: Actor, user_id: UUID, *, reason: str, now: datetime) -> dict[str, object]:
    """Take every second factor and recovery code off an account, and end its sessions and tokens; returns how many of each.

    The password alone signs in then. Audited and mailed, once: where there is no factor nothing happens. Locks the account's row.
    Raises NotAnOperator, NotFound, BadField without a reason, and OwnAccount for one's own account: that is done under Account.
    """
    access.require_operator(actor)
    if actor.id == user_id:
        raise OwnAccount
    return without_second_factors(user_id, by=actor.id, reason=reason, now=now)


@transaction.atomic
def without_second_factors(user_id: UUID, *, by: UUID | None, reason: str, now: datetime) -> dict[str, object]:
    """The same without asking who does it: for the shell, where the last operator has lost theirs (`by` is None then)."""
    user = _held(user_id, reason)
    removed, _rows = Authenticator.objects.filter(user=user).delete()
    if not removed:
        return {"user_id": user.id, "second_factors": 0, "sessions": 0, "tokens": 0}
    ended = _signed_out(user, now=now)
    _tell(user, FACTORS, by=by, reason=reason, after={"second_factors": removed} | ended, now=now)
    return {"user_id": user.id, "second_factors": removed} | ended


@transaction.atomic
def sign_out_everywhere(actor: Actor, user_id: UUID, *, reason: str, now: datetime) -> dict[str, object]:
    """End every session and token of an account; returns how many. Audited and mailed, once: where there is none nothing happens.

    Locks the account's row. Raises NotAnOperator, NotFound and BadField without a reason.
    """
    access.require_operator(actor)
    user = _held(user_id, reason)
    ended = _signed_out(user, now=now)
    if any(ended.values()):
        _tell(user, SESSIONS, by=actor.id, reason=reason, after=ended, now=now)
    return {"user_id": user.id, "second_factors": 0} | ended


def _held(user_id: UUID, reason: str) -> User:
    if not 1 <= len(reason.strip()) <= REASON_MAX_CHARACTERS:
        raise BadField(field="reason", limit=REASON_MAX_CHARACTERS, got=len(reason))
    user = User.objects.select_for_update(no_key=True).filter(id=user_id).first()
    if user is None:
        raise NotFound
    return user


def _signed_out(user: User, *, now: datetime) -> dict[str, int]:
    sessions = list(UserSession.objects.filter(user=user))
    for session in sessions:
        session.end()
    ended = ApiToken.objects.filter(user=user, revoked_at=None).update(revoked_at=now, used_from="")
    return {"sessions": len(sessions), "tokens": ended}


def _tell(user: User, action: str, *, by: UUID | None, reason: str, after: dict[str, int], now: datetime) -> None:
    entry = audit.append(action, subject=f"user:{user.id}", actor_id=by, reason=reason, after=after, now=now)
    queueing.enqueue("workforce.jobs.send_recovery_mail", str(user.id), entry.number)


def mail_owner(user_id: UUID, entry_number: int) -> bool:
    """Tell the person, by a job, what stands in that entry of the audit trail; False when the account has ended by now."""
    user, entry = User.objects.filter(id=user_id, is_active=True).first(), AuditEntry.objects.get(number=entry_number)
    if user is None:
        return False
    if entry.action == FACTORS:
        subject = _("Your second factor was removed")
        text = _(
            "An operator removed the second factors of your account and signed it out everywhere. Your password alone signs in now.\n\n"
            "Reason: %(reason)s\n\nSign in and set one up again:\n%(address)s\n\n"
            "If you did not ask for this, change your password at once, and answer this mail."
        )
    else:
        subject = _("You were signed out everywhere")
        text = _(
            "An operator ended every session and token of your account.\n\nReason: %(reason)s\n\n"
            "Sign in again, and look at your password and second factor:\n%(address)s"
        )
    context = {"reason": entry.reason, "address": f"{settings.SITE_ADDRESS}/account/"}
    send_mail(subject, text % context, None, [user.email])
    return True
