"""What work is there for me?"""

from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from foundation.clock import instant_of
from tasks import job_list
from workforce import access


class Jobs(APIView):
    """The open batches, those the worker may do first; for the others, what is missing."""

    def get(self, request: Request) -> Response:
        """Derive them afresh."""
        worker_id = access.require_worker(access.actor_of(request))
        return Response({"results": job_list.jobs_for(worker_id, now=instant_of(request))})


urlpatterns = [path("jobs", Jobs.as_view())]
