"""Accounts, tokens, organisations and who acts for them."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from foundation import constraints
from workforce import addresses, emails, second_factors, sign_ins, tokens
from workforce.errors import BadCredentials, BadField, EmailTaken, WrongSecondFactor
from workforce.models import ApiToken, User, Worker


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
    *,
    email: str,
    password: str,
    name: str,
    now: datetime,
    days: int = tokens.TOKEN_DAYS,
    scopes: Sequence[str] = tokens.DEFAULT_SCOPES,
    key: str | None = None,
    code: str = "",
    network: str = "",
) -> tuple[ApiToken, str]:
    """Trade email and password for a token, with the second factor's `code` where there is one; the same `key` gives the same token.

    Raises BadCredentials, taking as long for an unknown email as for a wrong password, SecondFactorNeeded and WrongSecondFactor
    after the right password only, BadAddress, and what `tokens.issue` raises. A repeat with the same key needs a code that was not
    used. Failures are audited, with the caller's `network`.
    """
    user = User.objects.filter(email=addresses.normal(email), is_active=True).first()
    if user is None:
        make_password(password)
    if user is None or not check_password(password, user.password):
        sign_ins.failed(user.id if user else None, by="api", what="password", network=network, now=now)
        raise BadCredentials
    try:
        second_factors.check(user, code)
    except WrongSecondFactor:
        sign_ins.failed(user.id, by="api", what="second_factor", network=network, now=now)
        raise
    return tokens.issue(user, name=name, now=now, days=days, scopes=scopes, key=key)
