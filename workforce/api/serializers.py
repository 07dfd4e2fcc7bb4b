"""The shapes in which people and organisations come and go."""

from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from foundation.api.fields import ChoiceField
from workforce import aliases, onboarding
from workforce.addresses import ADDRESS_MAX_CHARACTERS, normal
from workforce.errors import BadAddress
from workforce.models import (
    Acceptance,
    Agreement,
    ApiToken,
    Decision,
    Identity,
    Level,
    MemberInvitation,
    Membership,
    Organization,
    Scope,
    Sensitive,
    Worker,
)
from workforce.recovering import REASON_MAX_CHARACTERS
from workforce.tokens import DEFAULT_SCOPES, TOKEN_DAYS, TOKEN_MAX_DAYS


@extend_schema_field(OpenApiTypes.EMAIL)
class AddressField(serializers.CharField):
    """An email address, given on in its normal form."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=ADDRESS_MAX_CHARACTERS, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """The form. Raises ValidationError with what is wrong."""
        try:
            return normal(super().to_internal_value(data))
        except BadAddress as error:
            raise serializers.ValidationError(error.told()) from error


class SignUpRequest(serializers.Serializer[Any]):
    """A new account."""

    email = AddressField()
    password = serializers.CharField(max_length=128, trim_whitespace=False)
    display_name = serializers.CharField(max_length=60)
    as_worker = serializers.BooleanField(default=False, help_text="True for people who want to do tasks.")


class SignedUp(serializers.Serializer[Any]):
    """What happens next: the same whether or not somebody has an account with that address."""

    email = serializers.EmailField(help_text="In the form in which it is kept. `GET me`, with a token, says who one is.")


class LogInRequest(serializers.Serializer[Any]):
    """Email and password for a token."""

    email = AddressField()
    password = serializers.CharField(max_length=128, trim_whitespace=False)
    name = serializers.CharField(max_length=60, default="API")
    days = serializers.IntegerField(min_value=1, max_value=TOKEN_MAX_DAYS, default=TOKEN_DAYS)
    scopes = serializers.ListField(
        child=ChoiceField(choices=Scope.choices),
        default=lambda: list(DEFAULT_SCOPES),
        min_length=1,
        max_length=len(Scope),
        help_text="What the token may do: read, work and post unless said otherwise. `money` and `admin` are asked for by name.",
    )
    code = serializers.CharField(
        max_length=20,
        default="",
        allow_blank=True,
        help_text="Of the second factor, where the account has one; or a recovery code.",
    )


class TokenBody(serializers.ModelSerializer[ApiToken]):
    """A token without the token itself."""

    class Meta:
        model = ApiToken
        fields = ["id", "name", "scopes", "created_at", "expires_at", "used_at", "used_from", "revoked_at"]


class NewTokenBody(serializers.Serializer[Any]):
    """A new token, shown this once."""

    id = serializers.UUIDField()
    token = serializers.CharField()
    scopes = serializers.ListField(child=ChoiceField(choices=Scope.choices))
    expires_at = serializers.DateTimeField()


class ProfileRequest(serializers.Serializer[Any]):
    """What matching needs to know. Fields left out stay as they are."""

    display_name = serializers.CharField(max_length=60, required=False)
    name_shown = serializers.BooleanField(required=False, help_text="May requesters see the name beside their alias of you?")
    country = serializers.RegexField(r"^[A-Z]{2}$", required=False, help_text="ISO 3166-1 alpha-2, such as DE.")
    languages = serializers.ListField(
        child=serializers.RegexField(onboarding.LANGUAGE, max_length=12), required=False, max_length=onboarding.LANGUAGES_MAX
    )
    language_levels = serializers.DictField(
        child=ChoiceField(choices=Level.choices), required=False, help_text="Language → how well you know it."
    )
    time_zone = ChoiceField(choices=sorted(available_timezones()), required=False)


class WorkerBody(serializers.ModelSerializer[Worker]):
    """A worker as they see themselves."""

    class Meta:
        model = Worker
        fields = [
            "id",
            "display_name",
            "name_shown",
            "country",
            "languages",
            "language_levels",
            "time_zone",
            "sensitive_accepted",
            "content_chosen_at",
            "working_hours",
            "hours_chosen_at",
            "daily_cap_seconds",
            "weekly_cap_seconds",
            "onboarded_at",
            "created_at",
        ]


class ContentRequest(serializers.Serializer[Any]):
    """The sensitive content one accepts to see; everything else is refused."""

    sensitive_accepted = serializers.ListField(child=ChoiceField(choices=Sensitive.choices), max_length=50)


class Stretch(serializers.Serializer[Any]):
    """Some hours of a weekday."""

    weekday = serializers.IntegerField(min_value=1, max_value=7, help_text="1 is Monday.")
    begins = serializers.TimeField(format="%H:%M")
    ends = serializers.TimeField(format="%H:%M", help_text="00:00 is the end of the day.")


class HoursRequest(serializers.Serializer[Any]):
    """When one usually works, in one's own time zone, and how much at most. What is left out stands for no limit."""

    working_hours = serializers.ListField(child=Stretch(), default=list, max_length=onboarding.STRETCHES_MAX)
    daily_cap_seconds = serializers.IntegerField(
        min_value=onboarding.DAILY_CAP_SECONDS[0], max_value=onboarding.DAILY_CAP_SECONDS[1], default=None, allow_null=True
    )
    weekly_cap_seconds = serializers.IntegerField(
        min_value=onboarding.WEEKLY_CAP_SECONDS[0], max_value=onboarding.WEEKLY_CAP_SECONDS[1], default=None, allow_null=True
    )


class IdentityBody(serializers.ModelSerializer[Identity]):
    """Who the worker is; kept apart from everything else."""

    legal_name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    address = serializers.CharField(max_length=1000, required=False, allow_blank=True)
    birth_date = serializers.DateField(required=False, allow_null=True)

    class Meta:
        model = Identity
        fields = ["legal_name", "address", "birth_date", "updated_at"]
        read_only_fields = ["updated_at"]


class KeptIdentity(serializers.Serializer[Any]):
    """When it was kept. What was kept is not said again: answers to a key are remembered in the clear."""

    updated_at = serializers.DateTimeField()


class AgreementBody(serializers.ModelSerializer[Agreement]):
    """A text people must accept, and when the caller did."""

    accepted_at = serializers.SerializerMethodField()

    class Meta:
        model = Agreement
        fields = ["id", "slug", "version", "title", "text", "published_at", "accepted_at"]
        read_only_fields = ["id", "version", "published_at"]

    def get_accepted_at(self, row: Agreement) -> Any:
        """The caller's own acceptance, if there is one."""
        return self.context.get("accepted", {}).get(row.id)


class NewAgreement(serializers.Serializer[Any]):
    """The next version of an agreement."""

    slug = serializers.SlugField(max_length=60)
    title = serializers.CharField(max_length=120)
    text = serializers.CharField(max_length=200_000)


class AcceptanceBody(serializers.ModelSerializer[Acceptance]):
    """A version was accepted."""

    class Meta:
        model = Acceptance
        fields = ["agreement_id", "accepted_at"]


class OrganizationBody(serializers.ModelSerializer[Organization]):
    """A requester or vendor."""

    class Meta:
        model = Organization
        fields = ["id", "kind", "name", "created_at", "closed_at"]
        read_only_fields = ["id", "created_at", "closed_at"]


class NewMember(serializers.Serializer[Any]):
    """Who, and as what."""

    email = AddressField()
    role = ChoiceField(choices=Membership.Role.choices)


class MemberInvitationBody(serializers.ModelSerializer[MemberInvitation]):
    """An invitation, as the organisation that made it sees it: the same whether or not anybody has an account with the address."""

    state = serializers.CharField(source="shown_state", read_only=True)

    class Meta:
        model = MemberInvitation
        fields = ["id", "organization_id", "email", "role", "state", "created_at", "expires_at"]


class MyInvitationBody(serializers.ModelSerializer[MemberInvitation]):
    """An invitation to me."""

    organization = serializers.CharField(source="organization.name", read_only=True)

    class Meta:
        model = MemberInvitation
        fields = ["id", "organization_id", "organization", "email", "role", "created_at", "expires_at"]


class MemberBody(serializers.ModelSerializer[Membership]):
    """Someone acts for an organisation."""

    email = serializers.EmailField(source="user.email", read_only=True)

    class Meta:
        model = Membership
        fields = ["id", "user_id", "organization_id", "email", "role", "created_at", "ended_at"]


BY = "A person of the organisation, a person who operates this site (platform), or a rule. Which person is told to nobody."


def who_decided(person_id: UUID | None, organization_id: UUID | None) -> str:
    """Who made a decision, by role: `organization`, `platform` or `rule`."""
    return "rule" if person_id is None else "organization" if organization_id else "platform"


class DecisionBody(serializers.ModelSerializer[Decision]):
    """A decision with its receipt."""

    worker = serializers.SerializerMethodField(help_text="Its organisation's alias of the worker.")
    decided_by = serializers.SerializerMethodField(help_text=BY)

    class Meta:
        model = Decision
        fields = [
            "id",
            "kind",
            "worker",
            "scope",
            "organization_id",
            "decided_by",
            "rule",
            "inputs",
            "threshold",
            "reason",
            "lifts_id",
            "effective_at",
            "effective_until",
            "appeal_until",
            "created_at",
        ]

    def get_worker(self, row: Decision) -> str:
        """The alias."""
        return aliases.alias_of(row.worker_id, row.organization_id)

    def get_decided_by(self, row: Decision) -> str:
        """Who, as far as it is told."""
        return who_decided(row.decided_by_id, row.organization_id)


class LiftRequest(serializers.Serializer[Any]):
    """Why the decision ends early."""

    reason = serializers.CharField(max_length=5000)


class RecoveryRequest(serializers.Serializer[Any]):
    """Why an operator changes how somebody signs in."""

    reason = serializers.CharField(
        max_length=REASON_MAX_CHARACTERS, help_text="Kept in the audit trail, and mailed to the person."
    )


class RecoveredBody(serializers.Serializer[Any]):
    """What was ended."""

    user_id = serializers.UUIDField()
    second_factors = serializers.IntegerField()
    sessions = serializers.IntegerField()
    tokens = serializers.IntegerField()
