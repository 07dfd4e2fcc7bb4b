"""Skills, who holds them, and what the evidence says."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from foundation.api.filters import ClosedFilters
from foundation.clock import instant_of
from qualification import granting, quality
from qualification.models import Grant, Skill
from workforce import access, aliases
from workforce.api.aliases import worker_called
from workforce.api.commands import PostCommand


class SkillBody(serializers.ModelSerializer[Skill]):
    """Something a worker can hold a value in."""

    organization_id = serializers.UUIDField()

    class Meta:
        model = Skill
        fields = ["id", "organization_id", "name", "description", "created_at"]
        read_only_fields = ["id", "created_at"]


class CreateSkill(PostCommand):
    """Make a skill."""

    accepts = SkillBody
    answers = SkillBody
    status = 201

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Make it for one's organisation."""
        return granting.create_skill(access.actor_of(request), now=now, **{"description": ""} | data)


class Skills(ClosedFilters, ListAPIView[Skill], CreateSkill):
    """GET lists skills, POST makes one."""

    serializer_class = SkillBody
    queryset = Skill.objects.none()
    filters = {"organization_id": "organization_id"}
    http_method_names = ["get", "post", "options"]

    def get_queryset(self) -> Any:
        """As far as one may see them."""
        self.queryset = Skill.objects.visible_to(access.actor_of(self.request))
        return super().get_queryset()


class OneSkill(RetrieveAPIView[Skill]):
    """One skill."""

    serializer_class = SkillBody
    lookup_url_kwarg = "skill_id"

    def get_queryset(self) -> Any:
        """As far as one may see them."""
        return Skill.objects.visible_to(access.actor_of(self.request))


class GrantRequest(serializers.Serializer[Any]):
    """To whom, at what value, until when."""

    worker = serializers.CharField(
        max_length=aliases.ALIAS_MAX_CHARACTERS, required=False, help_text="The organisation's alias of the worker."
    )
    worker_id = serializers.UUIDField(required=False, help_text="Instead, for skills of the platform (operators).")
    value = serializers.IntegerField(min_value=0, max_value=100)
    expires_at = serializers.DateTimeField(required=False, allow_null=True)


class GrantBody(serializers.ModelSerializer[Grant]):
    """A worker holds a skill. `worker` is the alias of the skill's organisation."""

    worker = serializers.SerializerMethodField()
    source = serializers.SerializerMethodField(  # type: ignore[assignment]  # a field's own source is something else
        help_text="`exam_attempt:<id>`, `training:<id>`, or `person`."
    )

    class Meta:
        model = Grant
        fields = ["id", "worker", "skill_id", "value", "source", "granted_at", "expires_at", "revoked_at"]

    def get_worker(self, row: Grant) -> str:
        """The alias."""
        return aliases.alias_of(row.worker_id, row.skill.organization_id)

    def get_source(self, row: Grant) -> str:
        """What gave it; which person is told to nobody."""
        return "person" if row.source.startswith("user:") else row.source


class GrantSkill(PostCommand):
    """Let a worker hold a skill of one's own."""

    accepts = GrantRequest
    answers = GrantBody
    status = 201

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Grant it."""
        return granting.grant_by_hand(access.actor_of(request), path["skill_id"], now=now, **data)


class RevokeGrant(PostCommand):
    """End a grant of a skill of one's own."""

    answers = GrantBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """End it."""
        return granting.revoke(access.actor_of(request), path["grant_id"], now=now)


class Grants(ClosedFilters, ListAPIView[Grant]):
    """One's own grants, and those of one's organisations' skills."""

    serializer_class = GrantBody
    queryset = Grant.objects.none()
    filters = {"skill_id": "skill_id"}
    narrowing = {"worker": worker_called(owner="skill__organization_id")}

    def get_queryset(self) -> Any:
        """As far as one may see them."""
        self.queryset = Grant.objects.visible_to(access.actor_of(self.request)).select_related("skill")
        return super().get_queryset()


class EstimateBody(serializers.Serializer[Any]):
    """What the evidence up to the last midnight says: an accuracy, and the bounds that rules act on."""

    scope = serializers.CharField(help_text="`project:<id>` or `skill:<id>`.")
    window = serializers.IntegerField(help_text="A new one begins where a guideline changes its meaning.")
    observations = serializers.IntegerField()
    accuracy = serializers.FloatField()
    lower_bound = serializers.FloatField(help_text="The accuracy is above it with probability `level`.")
    upper_bound = serializers.FloatField(help_text="The accuracy is below it with probability `level`.")
    level = serializers.FloatField()
    since = serializers.DateTimeField(help_text="The first observation.")
    counted_until = serializers.DateTimeField(help_text="Later ones are not shown yet: they would tell which task was a test.")


class QualityBody(serializers.Serializer[Any]):
    """What the evidence says about me."""

    results = EstimateBody(many=True)


class MyQuality(APIView):
    """What the evidence up to the last midnight says about me, per scope and window, newest first."""

    @extend_schema(responses=QualityBody)
    def get(self, request: Request) -> Response:
        """Every estimate, with its bounds."""
        worker_id = access.require_worker(access.actor_of(request))
        return Response(QualityBody({"results": quality.shown_to(worker_id, now=instant_of(request))}).data)
