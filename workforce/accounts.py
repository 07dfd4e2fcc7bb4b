"""Accounts, tokens, organisations and who acts for them."""

from collections.abc import Callable, Sequence
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


def sign_up(*, email: str, password: str, display_name: str, as_worker: bool, now: datetime, as_is: bool | None = None) -> User:
    """Open an account, and make its owner a worker when asked to. Nothing is half done: user, address and worker come together.

    The account claims its address until a code proves it (docs/decisions/0029): whoever signed up with it before and never proved it
    is closed, and where it is proven to be another account's, this one can do nothing but ask for a code that never comes. From
    outside the one looks like the other. The owner of a proven address is mailed, by the caller (`emails.tell_owner_of`).
    An installation that takes addresses as they are (EMAIL_VERIFICATION is off, or `as_is`) raises EmailTaken instead.
    Locks the address, and the accounts that claim it. Raises BadAddress, and BadField with what is wrong with the password.
    """
    address = addresses.normal(email)
    user = User(email=address)
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise BadField(" ".join(error.messages), field="password") from error
    user.set_password(password)
    is_taken_as_it_is = not settings.EMAIL_VERIFICATION if as_is is None else as_is
    try:
        with transaction.atomic():
            emails.claim(user, address, verified=is_taken_as_it_is)
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
    address = addresses.normal(email)
    user = whose_password(address, lambda one: one.is_active and check_password(password, one.password), password)
    if user is None:
        known = User.objects.filter(email=address, is_active=True).values_list("id", flat=True).first()
        sign_ins.failed(known, by="api", what="password", network=network, now=now)
        raise BadCredentials
    try:
        second_factors.check(user, code)
    except WrongSecondFactor:
        sign_ins.failed(user.id, by="api", what="second_factor", network=network, now=now)
        raise
    return tokens.issue(user, name=name, now=now, days=days, scopes=scopes, key=key)


def whose_password(address: str, fits: Callable[[User], bool], password: str) -> User | None:
    """The account at this address whose password that is: the one that holds the address, or the one that last claimed it.

    A claim is asked first, and a wrong password costs as many hashes whatever accounts there are: how long it takes tells nothing.
    """
    tried = 0
    for user in emails.accounts_at(address):
        tried += 1
        if fits(user):
            return user
    for _ in range(emails.ACCOUNTS_MAX - tried):
        make_password(password)
    return None
