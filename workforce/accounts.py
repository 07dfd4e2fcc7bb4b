"""Accounts, tokens, organisations and who acts for them."""

import base64
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from foundation import constraints, keys
from foundation.errors import NotFound
from foundation.idempotency import KeyReused
from workforce import access, addresses, emails, limits, second_factors
from workforce.access import Actor
from workforce.errors import BadCredentials, BadField, EmailTaken
from workforce.models import ApiToken, User, Worker

TOKEN_PREFIX = "fh_"  # noqa: S105 - lets a leaked token be recognised
TOKEN_BYTES = 32
TOKEN_DAYS = 90
TOKEN_MAX_DAYS = 3650


def sign_up(*, email: str, password: str, display_name: str, as_worker: bool, now: datetime) -> User:
    """Open an account, and make its owner a worker when asked to.

    Raises BadAddress, EmailTaken, and BadField with what is wrong with the password. Nothing is half done: user, address and worker
    come together.
    The address waits to be verified, unless this installation takes addresses as they are (EMAIL_VERIFICATION is off).
    """
    user = User(email=addresses.normal(email))
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise BadField(" ".join(error.messages), field="password") from error
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            emails.record(user, verified=not settings.EMAIL_VERIFICATION)
            if as_worker:
                become_worker(user, display_name=display_name, now=now)
    except IntegrityError as error:
        constraints.only(error, "email_once", "unique_verified_email")
        raise EmailTaken(field="email") from error
    return user


def become_worker(user: User, *, display_name: str, now: datetime) -> Worker:
    """Let an account do tasks, under that name. The second time returns the worker there is, name unchanged."""
    worker, _ = Worker.objects.get_or_create(user=user, defaults={"display_name": display_name, "created_at": now})
    return worker


def log_in(
    *, email: str, password: str, name: str, now: datetime, days: int = TOKEN_DAYS, key: str | None = None, code: str = ""
) -> tuple[ApiToken, str]:
    """Trade email and password for a token, with the second factor's `code` where there is one; the same `key` gives the same token.

    Raises BadCredentials, taking as long for an unknown email as for a wrong password, SecondFactorNeeded and WrongSecondFactor
    after the right password only, BadAddress, and KeyReused. A repeat with the same key needs a code that was not used.
    """
    user = User.objects.filter(email=addresses.normal(email), is_active=True).first()
    if user is None:
        make_password(password)
        raise BadCredentials
    if not check_password(password, user.password):
        raise BadCredentials
    second_factors.check(user, code)
    return issue_token(user, name=name, now=now, days=days, key=key)


def issue_token(user: User, *, name: str, now: datetime, days: int = TOKEN_DAYS, key: str | None = None) -> tuple[ApiToken, str]:
    """A new token for `user`: the row, and the token itself, which is not kept and cannot be shown again.

    With a `key` the token is derived from it under the installation's secret, so that a repeat gets the same token although nobody
    keeps it; another name or life under the same key raises KeyReused.
    """
    if not 1 <= days <= TOKEN_MAX_DAYS:
        raise BadField(field="days", limit=TOKEN_MAX_DAYS, got=days)
    token = TOKEN_PREFIX + (_derived(user, key) if key else secrets.token_urlsafe(TOKEN_BYTES))
    row = ApiToken(user=user, name=name, digest=access.digest_of(token), created_at=now, expires_at=now + timedelta(days=days))
    with transaction.atomic():
        if not ApiToken.objects.filter(digest=row.digest).exists():
            works = ApiToken.objects.filter(user=user, revoked_at=None, expires_at__gt=now)
            limits.hold("tokens_per_account", user.id, works)
        ApiToken.objects.bulk_create([row], ignore_conflicts=True)
    stored = ApiToken.objects.get(digest=row.digest)
    if stored.name != name or stored.expires_at - stored.created_at != timedelta(days=days):
        raise KeyReused(key=key)
    return stored, token


def _derived(user: User, key: str) -> str:
    mac = keys.mac("token", user.id.bytes, key.encode())
    return base64.urlsafe_b64encode(mac).decode().rstrip("=")


def revoke_token(actor: Actor, token_id: UUID, *, now: datetime) -> ApiToken:
    """End one of the actor's own tokens at once. The second time returns the same row. Raises NotFound."""
    ApiToken.objects.filter(id=token_id, user_id=actor.id, revoked_at=None).update(revoked_at=now)
    row = ApiToken.objects.filter(id=token_id, user_id=actor.id).first()
    if row is None:
        raise NotFound
    return row
