"""People and organisations, as operators see them. Identity is not here: who someone is opens for a reason, not for a look."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin

from foundation.read_only import ReadOnly
from workforce.models import Agreement, Appeal, DataCopy, Decision, Erasure, Membership, Organization, Thread, User, Worker


@admin.register(User)
class UserAdmin(ReadOnly):
    """Accounts."""

    list_display = ("email", "is_active", "is_staff", "created_at")
    search_fields = ("email",)
    exclude = ("password",)


@admin.register(EmailAddress)
class EmailAddressAdmin(ReadOnly):
    """Addresses, and whether they are proven. Whose an address is, its owner shows by the code that is mailed there."""

    list_display = ("email", "user", "primary", "verified")
    list_select_related = ("user",)
    search_fields = ("email",)


@admin.register(Authenticator)
class AuthenticatorAdmin(ReadOnly):
    """Who has which second factor, without what it is made of. An operator removes them by `recovering`."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    list_select_related = ("user",)
    search_fields = ("user__email",)
    fields = ("user", "type", "created_at", "last_used_at")


@admin.register(UserSession)
class UserSessionAdmin(ReadOnly):
    """Who is signed in, without the key. An operator ends them by `recovering`."""

    list_display = ("user", "created_at", "last_seen_at")
    list_select_related = ("user",)
    search_fields = ("user__email",)
    fields = ("user", "created_at", "last_seen_at", "user_agent")


@admin.register(Organization)
class OrganizationAdmin(ReadOnly):
    """Requesters and vendors."""

    list_display = ("name", "kind", "created_at")
    list_filter = ("kind",)
    search_fields = ("name",)


@admin.register(Membership)
class MembershipAdmin(ReadOnly):
    """Who acts for whom."""

    list_display = ("user", "organization", "role", "created_at", "ended_at")
    list_select_related = ("user", "organization")


@admin.register(Worker)
class WorkerAdmin(ReadOnly):
    """Workers, by what matching knows."""

    list_display = ("display_name", "country", "languages", "standing", "onboarded_at")
    list_filter = ("country",)
    search_fields = ("=id", "display_name")


@admin.register(Agreement)
class AgreementAdmin(ReadOnly):
    """Agreements and their versions."""

    list_display = ("slug", "version", "title", "published_at")


@admin.register(Decision)
class DecisionAdmin(ReadOnly):
    """Decisions with their receipts."""

    list_display = ("kind", "worker", "scope", "rule", "decided_by", "effective_at", "effective_until")
    list_filter = ("kind",)
    list_select_related = ("worker", "decided_by")
    search_fields = ("=worker__id", "scope")


@admin.register(Appeal)
class AppealAdmin(ReadOnly):
    """Appeals and their deadlines."""

    list_display = ("decision", "state", "filed_at", "answer_due_at", "decide_due_at", "decided_by", "rule")
    list_filter = ("state",)
    list_select_related = ("decision", "decided_by")


@admin.register(Thread)
class ThreadAdmin(ReadOnly):
    """Conversations, without their words: those are for the two who talk."""

    list_display = ("kind", "about", "organization", "state", "messages_count", "created_at", "first_answered_at")
    list_filter = ("kind", "state")
    list_select_related = ("organization",)
    search_fields = ("=id", "subject", "within")


@admin.register(Erasure)
class ErasureAdmin(ReadOnly):
    """Who asked to be forgotten, by id."""

    list_display = ("id", "user_id", "state", "requested_at", "due_at", "put_off_because")
    list_filter = ("state",)


@admin.register(DataCopy)
class DataCopyAdmin(ReadOnly):
    """Copies people asked for; the files open for them alone."""

    list_display = ("id", "user_id", "state", "progress", "size_bytes", "requested_at", "kept_until")
    list_filter = ("state",)
