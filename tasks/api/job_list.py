"""What work is there for me?"""

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from foundation.api.fields import ChoiceField
from foundation.api.filters import UnknownFilter
from foundation.clock import instant_of
from tasks import job_list
from workforce import access


class JobsQuery(serializers.Serializer[Any]):
    """How jobs are listed."""

    order = ChoiceField(choices=job_list.Order.choices, default=job_list.Order.NEWEST)
    eligible_only = serializers.BooleanField(default=False)


class Jobs(APIView):
    """The open batches, those the worker may do first; for the others, what is missing."""

    @extend_schema(parameters=[JobsQuery])
    def get(self, request: Request) -> Response:
        """Derive them afresh. `order` is `newest` or `pay`; with `eligible_only=true` only what one may do."""
        worker_id = access.require_worker(access.actor_of(request))
        if unknown := set(request.query_params) - {"order", "eligible_only"}:
            raise UnknownFilter(field=sorted(unknown)[0], known=["eligible_only", "order"])
        query = JobsQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        return Response({"results": job_list.jobs_for(worker_id, now=instant_of(request), **query.validated_data)})


urlpatterns = [path("jobs", Jobs.as_view())]
