"""People and organisations, what was decided about them, and what they say; one file per aggregate."""

from workforce.models.leaving import Appeal, DataCopy, Erasure
from workforce.models.members import MemberInvitation
from workforce.models.onboarding import EmailCode, OnboardingStep, StepProgress
from workforce.models.people import (
    Acceptance,
    Agreement,
    ApiToken,
    Decision,
    Identity,
    Level,
    Membership,
    Organization,
    Scope,
    Sensitive,
    Usage,
    User,
    UserManager,
    Worker,
    WorkerAlias,
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
from workforce.models.teams import TeamInvitation, TeamMember

__all__ = [
    "Acceptance",
    "Agreement",
    "ApiToken",
    "Appeal",
    "Clarification",
    "DataCopy",
    "Decision",
    "EmailCode",
    "Erasure",
    "Identity",
    "Level",
    "Mail",
    "MemberInvitation",
    "Membership",
    "Message",
    "NoticeKind",
    "NoticePreference",
    "Notification",
    "OnboardingStep",
    "Organization",
    "Scope",
    "Sensitive",
    "StepProgress",
    "TeamInvitation",
    "TeamMember",
    "Thread",
    "Usage",
    "User",
    "UserManager",
    "Worker",
    "WorkerAlias",
]
