"""Who is asking, and what may they see? The actor behind a request, and the questions every verb asks of it.

Two rules stand above all of them: an account whose address is not proven does nothing but prove it, and operators have a second factor.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, cast
from uuid import UUID

from django.conf import settings

from foundation.errors import NotFound
from foundation.statements import rows_of
from workforce.errors import NotAnOperator, NotAWorker, OrganizationClosed, RoleTooLow
from workforce.models import ApiToken, Membership, Scope, User

RANK = {Membership.Role.VIEWER: 1, Membership.Role.MANAGER: 2, Membership.Role.OWNER: 3}

ALL_SCOPES = frozenset(Scope)
USE_NOTED_EVERY = timedelta(hours=1)
NEW_NETWORK_NOTED_EVERY = timedelta(minutes=5)

HAS_FACTOR = "EXISTS (SELECT FROM mfa_authenticator f WHERE f.user_id = u.id AND f.type <> 'recovery_codes')"
ADDRESS_IS_PROVEN = 'EXISTS (SELECT FROM account_emailaddress e WHERE e.user_id = u.id AND e."primary" AND e.verified)'

# One query for everything that every request asks: is the token good, whose is it, are they a worker, how do they stand, what may it do?
WHO_IS_IT = f"""
SELECT u.id, w.id AS worker_id, w.standing, t.id AS token_id, t.scopes, t.used_at, t.used_from,
       CASE WHEN u.is_staff AND 'admin' = ANY (t.scopes) THEN NOT %(factor_needed)s OR {HAS_FACTOR} ELSE false END AS is_operator,
       NOT %(proof_needed)s OR (NOT t.is_provisional AND {ADDRESS_IS_PROVEN}) AS is_proven
  FROM workforce_apitoken t
  JOIN workforce_user u ON u.id = t.user_id
  LEFT JOIN workforce_worker w ON w.user_id = u.id
 WHERE t.digest = %(digest)s AND t.revoked_at IS NULL AND t.expires_at > %(now)s AND u.is_active
"""  # noqa: S608 - put together from constants
WHO_IS_SIGNED_IN = f"""
SELECT w.id AS worker_id, w.standing,
       CASE WHEN u.is_staff THEN NOT %(factor_needed)s OR {HAS_FACTOR} ELSE false END AS is_operator,
       NOT %(proof_needed)s OR {ADDRESS_IS_PROVEN} AS is_proven
  FROM workforce_user u
  LEFT JOIN workforce_worker w ON w.user_id = u.id
 WHERE u.id = %(user_id)s AND u.is_active
"""  # noqa: S608 - put together from constants

IS_CLOSED = "SELECT closed_at FROM workforce_organization WHERE id = %(organization_id)s FOR KEY SHARE"


@dataclass(frozen=True)
class Actor:
    """Someone acting through the API or on the site. `standing` is the worker's at the time of asking.

    With a token, `scopes` are the token's, and `is_operator` needs `admin` among them.
    """

    id: UUID
    is_operator: bool = False
    worker_id: UUID | None = None
    standing: int | None = None
    token_id: UUID | None = None
    scopes: frozenset[str] = ALL_SCOPES
    is_proven: bool = True
    is_authenticated: bool = field(default=True, init=False)

    @cached_property
    def roles(self) -> dict[UUID, str]:
        """The role in each organisation this person acts for; read once per request, when first asked."""
        rows = Membership.objects.filter(user_id=self.id, ended_at=None).values_list("organization_id", "role")
        return dict(rows)

    @property
    def organization_ids(self) -> list[UUID]:
        """The organisations this person acts for."""
        return list(self.roles)


def digest_of(token: str) -> bytes:
    """What is kept of a token: its SHA-256. Tokens carry 256 random bits, so that no salt is needed."""
    return hashlib.sha256(token.encode()).digest()


def actor_of_token(token: str, *, now: datetime, network: str = "") -> Actor | None:
    """The actor a bearer token speaks for; None when it is unknown, expired, revoked or its owner inactive. Notes when and from where."""
    rows = rows_of(WHO_IS_IT, {"digest": digest_of(token), "now": now} | _rules())
    if not rows:
        return None
    row = rows[0]
    _note_use(row, network, now=now)
    return Actor(
        id=row["id"],
        is_operator=row["is_operator"],
        worker_id=row["worker_id"],
        standing=row["standing"],
        token_id=row["token_id"],
        scopes=frozenset(row["scopes"]),
        is_proven=row["is_proven"],
    )


def _note_use(row: dict[str, Any], network: str, *, now: datetime) -> None:
    """Write down that a token is in use, now and then; of requests at the same instant one writes."""
    seen = network or row["used_from"]  # where it comes from cannot always be told
    every = USE_NOTED_EVERY if seen == row["used_from"] else NEW_NETWORK_NOTED_EVERY
    if row["used_at"] is None or row["used_at"] <= now - every:
        ApiToken.objects.filter(id=row["token_id"], used_at=row["used_at"]).update(used_at=now, used_from=seen)


def actor_of_user(user: User) -> Actor:
    """The actor that a person signed in to the site acts as; one query. Whoever is inactive by now may do nothing."""
    rows = rows_of(WHO_IS_SIGNED_IN, {"user_id": user.id} | _rules())
    row = rows[0] if rows else {"worker_id": None, "standing": None, "is_operator": False, "is_proven": False}
    return Actor(id=user.id, **row)


def _rules() -> dict[str, bool]:
    return {"factor_needed": settings.OPERATORS_NEED_SECOND_FACTOR, "proof_needed": settings.EMAIL_VERIFICATION}


def actor_of(request: Any) -> Actor:
    """Who sent this authenticated API request; authentication puts an Actor where frameworks expect a user."""
    return cast(Actor, request.user)


def require_worker(actor: Actor) -> UUID:
    """The actor's worker id. Raises NotAWorker for an account that does not do tasks."""
    if actor.worker_id is None:
        raise NotAWorker
    return actor.worker_id


def require_role(
    actor: Actor, organization_id: UUID, *, at_least: str = Membership.Role.MANAGER, even_closed: bool = False
) -> None:
    """Let members in that role or above pass, and operators. Raises NotFound for strangers and RoleTooLow for lesser members.

    Whoever needs more than a viewer's role acts, and passes `require_open`, too, unless `even_closed`: to read, and for what ends
    something that concerns a person. Who writes afterwards in a transaction of its own asks `require_open` there once more.
    """
    if not actor.is_operator:
        role = actor.roles.get(organization_id)
        if role is None:
            raise NotFound
        if RANK[Membership.Role(role)] < RANK[Membership.Role(at_least)]:
            raise RoleTooLow(have=role, need=str(at_least))
    if not even_closed and at_least != Membership.Role.VIEWER:
        require_open(organization_id)


def require_open(organization_id: UUID) -> None:
    """Let acts for, or towards, an organisation pass that is not closed. Raises OrganizationClosed, also to operators.

    Shares a lock of its row until the transaction ends, so that it is not closed meanwhile (`closing_organizations`).
    """
    rows = rows_of(IS_CLOSED, {"organization_id": organization_id})
    if rows and rows[0]["closed_at"] is not None:
        raise OrganizationClosed(closed_at=rows[0]["closed_at"].isoformat())


def require_operator(actor: Actor) -> None:
    """Let operators of the installation pass. Raises NotAnOperator."""
    if not actor.is_operator:
        raise NotAnOperator
