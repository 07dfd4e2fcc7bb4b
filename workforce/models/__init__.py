"""People and organisations, what was decided about them, and what they say; one file per aggregate."""

from workforce.models.leaving import Appeal, DataCopy, Erasure
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
from workforce.models.talking import (
    Clarification,
    Mail,
    Message,
    NoticeKind,
    NoticePreference,
    Notification,
    Thread,
)

__all__ = [
    "Acceptance",
    "Agreement",
    "ApiToken",
    "Appeal",
    "Clarification",
    "DataCopy",
    "Decision",
    "Erasure",
    "Identity",
    "Level",
    "Mail",
    "Membership",
    "Message",
    "NoticeKind",
    "NoticePreference",
    "Notification",
    "Organization",
    "Sensitive",
    "Thread",
    "User",
    "UserManager",
    "Worker",
]
