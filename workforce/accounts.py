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

from foundation import audit, constraints, keys
from foundation.errors import NotFound
from foundation.idempotency import KeyReused
from workforce import access, addresses, emails, second_factors
from workforce.access import Actor
from workforce.errors import AlreadyAMember, BadCredentials, BadField, EmailTaken, LastOwner
from workforce.models import ApiToken, Membership, Organization, User, Worker

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


@transaction.atomic
def create_organization(actor: Actor, *, name: str, kind: str, now: datetime) -> Organization:
    """Found an organisation; the actor becomes its owner. Audited."""
    organization = Organization.objects.create(name=name, kind=kind, created_at=now)
    Membership.objects.create(user_id=actor.id, organization=organization, role=Membership.Role.OWNER, created_at=now)
    audit.append(
        "organization.created",
        subject=f"organization:{organization.id}",
        actor_id=actor.id,
        now=now,
        after={"name": name, "kind": kind},
    )
    return organization


def add_member(actor: Actor, organization_id: UUID, *, email: str, role: str, now: datetime) -> Membership:
    """Let the person with that email act for the organisation. Owners only; audited. Raises NotFound and AlreadyAMember."""
    access.require_role(actor, organization_id, at_least=Membership.Role.OWNER)
    user = User.objects.filter(email=addresses.normal(email)).first()
    if user is None or not Organization.objects.filter(id=organization_id).exists():
        raise NotFound("Nobody has an account with that email; ask them to sign up first.", field="email")
    try:
        with transaction.atomic():
            membership = Membership.objects.create(user=user, organization_id=organization_id, role=role, created_at=now)
            audit.append(
                "member.added",
                subject=f"organization:{organization_id}",
                actor_id=actor.id,
                now=now,
                after={"user_id": str(user.id), "role": role},
            )
    except IntegrityError as error:
        constraints.only(error, "member_once_at_a_time")
        raise AlreadyAMember(field="email") from error
    return membership


@transaction.atomic
def end_membership(actor: Actor, membership_id: UUID, *, now: datetime) -> Membership:
    """End a membership; owners end anyone's, everybody their own. The second time returns the same row.

    Locks the organisation's owners, so that two owners cannot remove each other at the same moment. Raises LastOwner.
    """
    membership = Membership.objects.filter(id=membership_id).first()
    if membership is None:
        raise NotFound
    if membership.user_id != actor.id:
        access.require_role(actor, membership.organization_id, at_least=Membership.Role.OWNER)
    owners = list(
        Membership.objects.select_for_update()
        .filter(organization_id=membership.organization_id, role=Membership.Role.OWNER, ended_at=None)
        .order_by("id")
    )
    if [owner.id for owner in owners] == [membership.id]:
        raise LastOwner
    if Membership.objects.filter(id=membership.id, ended_at=None).update(ended_at=now):
        audit.append(
            "member.ended",
            subject=f"organization:{membership.organization_id}",
            actor_id=actor.id,
            now=now,
            before={"user_id": str(membership.user_id), "role": membership.role},
        )
    membership.refresh_from_db()
    return membership
