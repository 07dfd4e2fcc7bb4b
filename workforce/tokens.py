"""Tokens for programs: made, mailed about, listed with their last use, ended.

A token carries scopes and ends: at its time, by hand, with a new password, and with a new second factor (a trigger of the database,
so that whoever adds one, nothing survives it). One made before the address of its account was proven proves that address and nothing
else, so that nobody's token comes to life when the owner of the address proves it.
"""

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils.translation import gettext as _

from foundation import audit, clock, keys, queueing
from foundation.errors import NotFound
from foundation.idempotency import KeyReused
from workforce import access, emails, limits, mailing
from workforce.access import Actor
from workforce.errors import BadField
from workforce.models import ApiToken, Scope, User

TOKEN_PREFIX = "fh_"  # noqa: S105 - lets a leaked token be recognised
TOKEN_BYTES = 32
TOKEN_DAYS = 90
TOKEN_MAX_DAYS = 365
DEFAULT_SCOPES = (Scope.READ, Scope.WORK, Scope.POST)  # what programs do all day; money and power are asked for by name
NETWORK_KEPT = timedelta(days=30)


def issue(
    user: User,
    *,
    name: str,
    now: datetime,
    scopes: Sequence[str] = DEFAULT_SCOPES,
    days: int = TOKEN_DAYS,
    key: str | None = None,
) -> tuple[ApiToken, str]:
    """A new token for `user`: the row, and the token itself, which is not kept and cannot be shown again. Audited; the owner is mailed.

    With a `key` the token is derived from it under the installation's secret, so that a repeat gets the same token although nobody
    keeps it; another name, life or scope under the same key raises KeyReused. Raises BadField beyond TOKEN_MAX_DAYS or without a
    scope, and LimitReached.
    """
    if not 1 <= days <= TOKEN_MAX_DAYS:
        raise BadField(field="days", limit=TOKEN_MAX_DAYS, got=days)
    wanted = sorted(set(scopes))
    if not wanted or not set(wanted) <= set(Scope.values):
        raise BadField(field="scopes", known=Scope.values)
    token = TOKEN_PREFIX + (_derived(user, key) if key else secrets.token_urlsafe(TOKEN_BYTES))
    row = ApiToken(user=user, name=name, digest=access.digest_of(token), scopes=wanted, created_at=now)
    row.expires_at = now + timedelta(days=days)
    row.is_provisional = not emails.is_proven(user.id)
    with transaction.atomic():
        if not ApiToken.objects.filter(digest=row.digest).exists():
            works = ApiToken.objects.filter(user=user, revoked_at=None, expires_at__gt=now)
            limits.hold("tokens_per_account", user.id, works)
        ApiToken.objects.bulk_create([row], ignore_conflicts=True)
        stored = ApiToken.objects.get(digest=row.digest)
        if (stored.name, stored.expires_at - stored.created_at, stored.scopes) != (name, timedelta(days=days), wanted):
            raise KeyReused(key=key)
        if stored.id == row.id:
            _note("token.made", stored, now=now, after={"scopes": wanted, "days": days})
            if not row.is_provisional:
                queueing.enqueue("workforce.jobs.send_token_mail", str(row.id))
    return stored, token


def _derived(user: User, key: str) -> str:
    return base64.urlsafe_b64encode(keys.mac("token", user.id.bytes, key.encode())).decode().rstrip("=")


def revoke(actor: Actor, token_id: UUID, *, now: datetime) -> ApiToken:
    """End one of the actor's own tokens at once. The second time returns the same row. Audited. Raises NotFound."""
    with transaction.atomic():
        ended = ApiToken.objects.filter(id=token_id, user_id=actor.id, revoked_at=None).update(revoked_at=now, used_from="")
        row = ApiToken.objects.filter(id=token_id, user_id=actor.id).first()
        if row is None:
            raise NotFound
        if ended:
            _note("token.ended", row, now=now)
    return row


def _note(action: str, row: ApiToken, *, now: datetime, after: dict[str, object] | None = None) -> None:
    after = {"token_id": str(row.id)} | (after or {})
    audit.append(action, subject=f"user:{row.user_id}", actor_id=row.user_id, now=now, after=after)


def password_changed(user: User) -> int:
    """End every token of an account that has a new password; returns how many. Audited. Run in the transaction of the change.

    Reads the clock itself: it is called from where a row is written, whoever wrote it.
    """
    now = clock.now()
    ended = ApiToken.objects.filter(user_id=user.id, revoked_at=None).update(revoked_at=now, used_from="")
    audit.append("password.changed", subject=f"user:{user.id}", now=now, after={"tokens_ended": ended})
    return ended


def mail_owner(token_id: UUID, *, now: datetime) -> bool:
    """Tell the owner that a token was made, by a job; False when it has ended by now, or they were told. Raises as `mailing.send_once`."""
    row = ApiToken.objects.select_related("user").filter(id=token_id, revoked_at=None, user__is_active=True).first()
    if row is None:
        return False
    text = _(
        "A token was made for your account: a program that has it can act as you.\n\nFor: %(name)s\nIt may: %(scopes)s\n"
        "Until: %(until)s\n\nIf you did not make it, end it and change your password at once:\n%(address)s"
    )
    context = {
        "name": row.name,
        "scopes": "; ".join(str(Scope(one).label) for one in row.scopes),
        "until": row.expires_at.date().isoformat(),
        "address": f"{settings.SITE_ADDRESS}/account/tokens/",
    }
    message = EmailMessage(_("A new token for your account"), text % context, to=[row.user.email])
    return mailing.send_once(ApiToken.objects.filter(id=row.id), message, now=now)


def forget_networks(*, now: datetime) -> int:
    """Forget from where tokens were used, a month after; returns how many were."""
    return ApiToken.objects.exclude(used_from="").filter(used_at__lt=now - NETWORK_KEPT).update(used_from="")
