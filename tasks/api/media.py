"""Files that tasks show: upload and list."""

from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.api.commands import idempotency_key
from foundation.api.filters import ClosedFilters
from foundation.api.schema import IDEMPOTENCY_KEY
from foundation.clock import instant_of
from tasks import media
from tasks.models import MediaFile
from workforce import access
from workforce.api.commands import POST
from workforce.models import Membership


class AnyBytes(BaseParser):
    """Leaves the body a stream, whatever it says it is: the bytes themselves tell."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """The stream, unread."""
        return stream


class MediaFileBody(serializers.ModelSerializer[MediaFile]):
    """A file; `address` is what a payload says to show it."""

    address = serializers.SerializerMethodField()

    class Meta:
        model = MediaFile
        fields = ["id", "name", "content_type", "size_bytes", "digest", "address", "created_at"]

    def get_address(self, file: MediaFile) -> str:
        """Its path on this site."""
        return media.address_of(file)


class MediaFiles(ClosedFilters, ListAPIView[MediaFile]):
    """GET lists the files of an organisation, POST uploads one: the body is its bytes."""

    scopes = POST
    serializer_class = MediaFileBody
    queryset = MediaFile.objects.none()
    parser_classes = [AnyBytes]
    filters = {"name": "name", "digest": "digest"}
    http_method_names = ["get", "post", "options"]

    def get_queryset(self) -> Any:
        """Those of one organisation of one's own."""
        actor = access.actor_of(self.request)
        access.require_role(actor, self.kwargs["organization_id"], at_least=Membership.Role.VIEWER)
        self.queryset = MediaFile.objects.visible_to(actor).filter(organization_id=self.kwargs["organization_id"])
        return super().get_queryset()

    @extend_schema(
        parameters=[OpenApiParameter("name", str, required=True, description="What the file is called."), IDEMPOTENCY_KEY],
        request={"application/octet-stream": bytes},
        responses={201: MediaFileBody},
    )
    def post(self, request: Request, **path: Any) -> Response:
        """Keep the bytes of the body."""
        file = media.receive(
            access.actor_of(request),
            path["organization_id"],
            name=request.query_params.get("name", ""),
            stream=request._request,
            key=idempotency_key(request),
            now=instant_of(request),
        )
        return Response(MediaFileBody(file).data, status=201)


urlpatterns = [path("organizations/<uuid:organization_id>/files", MediaFiles.as_view())]
