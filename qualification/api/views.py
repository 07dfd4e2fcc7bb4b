"""Skills, who holds them, and what the evidence says."""

from datetime import datetime
from typing import Any

from rest_framework import serializers
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from foundation.api.commands import Command
from foundation.api.filters import ClosedFilters
from qualification import estimating, granting
from qualification.models import Estimate, Grant, Skill
from workforce import access


class SkillBody(serializers.ModelSerializer[Skill]):
    """Something a worker can hold a value in."""

    organization_id = serializers.UUIDField()

    class Meta:
        model = Skill
        fields = ["id", "organization_id", "name", "description", "created_at"]
        read_only_fields = ["id", "created_at"]


class CreateSkill(Command):
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

    worker_id = serializers.UUIDField()
    value = serializers.IntegerField(min_value=0, max_value=100)
    expires_at = serializers.DateTimeField(required=False, allow_null=True)


class GrantBody(serializers.ModelSerializer[Grant]):
    """A worker holds a skill."""

    class Meta:
        model = Grant
        fields = ["id", "worker_id", "skill_id", "value", "source", "granted_at", "expires_at", "revoked_at"]


class GrantSkill(Command):
    """Let a worker hold a skill of one's own."""

    accepts = GrantRequest
    answers = GrantBody
    status = 201

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Grant it."""
        return granting.grant_by_hand(access.actor_of(request), path["skill_id"], now=now, **data)


class RevokeGrant(Command):
    """End a grant of a skill of one's own."""

    answers = GrantBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """End it."""
        return granting.revoke(access.actor_of(request), path["grant_id"], now=now)


class Grants(ClosedFilters, ListAPIView[Grant]):
    """One's own grants, and those of one's organisations' skills."""

    serializer_class = GrantBody
    queryset = Grant.objects.none()
    filters = {"skill_id": "skill_id", "worker_id": "worker_id"}

    def get_queryset(self) -> Any:
        """As far as one may see them."""
        self.queryset = Grant.objects.visible_to(access.actor_of(self.request))
        return super().get_queryset()


class MyQuality(APIView):
    """What the evidence says about me, per scope and window, newest first: the same numbers that rules decide on."""

    def get(self, request: Request) -> Response:
        """Every estimate, with its bounds."""
        worker_id = access.require_worker(access.actor_of(request))
        rows = Estimate.objects.filter(worker_id=worker_id).order_by("scope", "-window")
        return Response({"results": [self._shape(row) for row in rows]})

    @staticmethod
    def _shape(row: Estimate) -> dict[str, Any]:
        lower, upper = estimating.bounds(row.alpha, row.beta)
        return {
            "scope": row.scope,
            "window": row.window,
            "observations": row.observations,
            "accuracy": estimating.mean(row.alpha, row.beta),
            "lower_bound": lower,
            "upper_bound": upper,
            "level": 0.95,
            "updated_at": row.updated_at,
        }
