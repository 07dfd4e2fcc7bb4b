"""Who is asking, and what may they see? The actor behind a request, and the questions every verb asks of it."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, cast
from uuid import UUID

from foundation.errors import NotFound
from foundation.statements import rows_of
from workforce.errors import NotAnOperator, NotAWorker, RoleTooLow
from workforce.models import ApiToken, Membership, User, Worker

RANK = {Membership.Role.VIEWER: 1, Membership.Role.MANAGER: 2, Membership.Role.OWNER: 3}

# One query for everything that every request asks: is the token good, whose is it, are they a worker, how do they stand?
WHO_IS_IT = """
SELECT u.id, u.is_staff, w.id AS worker_id, w.standing, t.id AS token_id, t.used_on
  FROM workforce_apitoken t
  JOIN workforce_user u ON u.id = t.user_id
  LEFT JOIN workforce_worker w ON w.user_id = u.id
 WHERE t.digest = %(digest)s AND t.revoked_at IS NULL AND t.expires_at > %(now)s AND u.is_active
"""


@dataclass(frozen=True)
class Actor:
    """Someone acting through the API. `standing` is the worker's at the time of asking."""

    id: UUID
    is_operator: bool = False
    worker_id: UUID | None = None
    standing: int | None = None
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


def actor_of_token(token: str, *, now: datetime) -> Actor | None:
    """The actor a bearer token speaks for; None when it is unknown, expired, revoked or its owner inactive. Notes the day of use."""
    rows = rows_of(WHO_IS_IT, {"digest": digest_of(token), "now": now})
    if not rows:
        return None
    row = rows[0]
    if row["used_on"] is None or row["used_on"] < now.date():
        ApiToken.objects.filter(id=row["token_id"]).update(used_on=now.date())
    return Actor(id=row["id"], is_operator=row["is_staff"], worker_id=row["worker_id"], standing=row["standing"])


def actor_of_user(user: User) -> Actor:
    """The actor that a person signed in to the site acts as; one query."""
    worker = Worker.objects.filter(user_id=user.id).values_list("id", "standing").first() or (None, None)
    return Actor(id=user.id, is_operator=user.is_staff, worker_id=worker[0], standing=worker[1])


def actor_of(request: Any) -> Actor:
    """Who sent this authenticated API request; authentication puts an Actor where frameworks expect a user."""
    return cast(Actor, request.user)


def require_worker(actor: Actor) -> UUID:
    """The actor's worker id. Raises NotAWorker for an account that does not do tasks."""
    if actor.worker_id is None:
        raise NotAWorker
    return actor.worker_id


def require_role(actor: Actor, organization_id: UUID, *, at_least: str = Membership.Role.MANAGER) -> None:
    """Let members in that role or above pass, and operators. Raises NotFound for strangers and RoleTooLow for lesser members."""
    if actor.is_operator:
        return
    role = actor.roles.get(organization_id)
    if role is None:
        raise NotFound
    if RANK[Membership.Role(role)] < RANK[Membership.Role(at_least)]:
        raise RoleTooLow(have=role, need=str(at_least))


def require_operator(actor: Actor) -> None:
    """Let operators of the installation pass. Raises NotAnOperator."""
    if not actor.is_operator:
        raise NotAnOperator
