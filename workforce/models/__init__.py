"""People and organisations, what they agreed to, what was decided about them; one file per aggregate."""

from workforce.models.people import (
    Acceptance,
    Agreement,
    ApiToken,
    Decision,
    Identity,
    Level,
    Membership,
    Organization,
    Sensitive,
    User,
    UserManager,
    Worker,
)

__all__ = [
    "Acceptance",
    "Agreement",
    "ApiToken",
    "Decision",
    "Identity",
    "Level",
    "Membership",
    "Organization",
    "Sensitive",
    "User",
    "UserManager",
    "Worker",
]
