"""People and organisations, as operators see them. Identity is not here: who someone is opens for a reason, not for a look."""

from django.contrib import admin

from foundation.admin import ReadOnly
from workforce.models import Agreement, Decision, Membership, Organization, User, Worker


@admin.register(User)
class UserAdmin(ReadOnly):
    """Accounts."""

    list_display = ("email", "is_active", "is_staff", "created_at")
    search_fields = ("email",)
    exclude = ("password",)


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
