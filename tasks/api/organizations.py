"""Closing an organisation, over HTTP."""

from datetime import datetime
from typing import Any

from django.urls import path
from rest_framework.request import Request

from tasks import closing_organizations
from workforce import access
from workforce.api.commands import AdminCommand
from workforce.api.serializers import OrganizationBody


class CloseOrganization(AdminCommand):
    """Close an organisation for good (owners), once nothing is left to settle: nobody acts for it any more, members read on."""

    answers = OrganizationBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Close it."""
        return closing_organizations.close(access.actor_of(request), path["organization_id"], now=now)


urlpatterns = [path("organizations/<uuid:organization_id>/close", CloseOrganization.as_view())]
