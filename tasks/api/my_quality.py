"""How good the aggregations of requesters found me to be, over HTTP; `GET me/quality` tells what rules look at."""

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tasks import my_quality
from workforce import access


class FoundBody(serializers.Serializer[Any]):
    """What one method found."""

    run_id = serializers.UUIDField()
    batch_id = serializers.UUIDField()
    batch = serializers.CharField()
    method = serializers.CharField()
    skill = serializers.FloatField(help_text="The scale is the method's own.")
    answers = serializers.IntegerField()
    ended_at = serializers.DateTimeField()


class FoundsBody(serializers.Serializer[Any]):
    """What methods found."""

    results = FoundBody(many=True)


class FoundByMethods(APIView):
    """How good the newest aggregation of each batch and method found me to be; the scale is the method's own."""

    @extend_schema(responses=FoundsBody)
    def get(self, request: Request) -> Response:
        """The newest of each."""
        worker_id = access.require_worker(access.actor_of(request))
        return Response(FoundsBody({"results": my_quality.found_by_methods(worker_id)}).data)


urlpatterns = [path("me/quality/methods", FoundByMethods.as_view())]
