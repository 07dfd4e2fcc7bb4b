"""Guidelines: their versions, what changed between two, and the answers that were given under an earlier meaning."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from foundation import differences
from foundation.api.fields import ChoiceField
from foundation.api.filters import ClosedFilters
from foundation.api.parameters import BadParameter
from foundation.errors import NotFound
from foundation.markdown import html_of
from tasks import guideline_changes, guidelines, media, publishing
from tasks.api.reviewing import AnswerBody
from tasks.models import Assignment, Guideline
from workforce import access
from workforce.api.commands import PostCommand
from workforce.models import Membership


class GuidelineBody(serializers.ModelSerializer[Guideline]):
    """A version of what a project asks of its workers."""

    entries = serializers.JSONField(
        required=False,
        help_text="One per label: label, definition, use_when, do_not_use_when (Markdown), and examples: right, text or image with "
        "alt, explanation. Left out, those of the version before stay.",
    )
    meaning_version = serializers.IntegerField(
        read_only=True, help_text="The version whose meaning this one has; statistics of quality and who has read it go by it."
    )

    class Meta:
        model = Guideline
        fields = ["id", "project_id", "version", "text", "entries", "changes", "changes_meaning", "meaning_version", "created_at"]
        read_only_fields = ["id", "project_id", "version", "created_at"]


class NewGuideline(GuidelineBody):
    """The next version."""

    switch_batches = serializers.BooleanField(
        required=False, help_text="Do open batches hand it out from now on? Leases already taken keep theirs."
    )

    class Meta(GuidelineBody.Meta):
        fields = [*GuidelineBody.Meta.fields, "switch_batches"]


class AddGuideline(PostCommand):
    """Add the next version of the guideline."""

    accepts = NewGuideline
    answers = GuidelineBody
    status = 201

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Add it to one's project."""
        return publishing.add_guideline(access.actor_of(request), path["project_id"], now=now, **data)


class Guidelines(ClosedFilters, ListAPIView[Guideline], AddGuideline):
    """GET lists a project's guidelines, POST adds one."""

    serializer_class = GuidelineBody
    queryset = Guideline.objects.none()
    http_method_names = ["get", "post", "options"]

    def get_queryset(self) -> Any:
        """Of a project of one's own."""
        project = publishing.own_project(
            access.actor_of(self.request), self.kwargs["project_id"], at_least=Membership.Role.VIEWER
        )
        self.queryset = Guideline.objects.filter(project=project)
        return super().get_queryset()


class GuidelineShown(GuidelineBody):
    """A guideline to read: `html` is the text with its pictures under signed addresses, good for a day, as are those of entries."""

    html = serializers.SerializerMethodField()
    entries = serializers.SerializerMethodField()  # type: ignore[assignment]  # as they are read, not as they are written

    class Meta(GuidelineBody.Meta):
        fields = [*GuidelineBody.Meta.fields, "html"]

    def get_html(self, row: Guideline) -> str:
        """Safe to show."""
        return html_of(row.text, sign=media.signer_for(media.owner_of_project(row.project_id)))

    def get_entries(self, row: Guideline) -> list[dict[str, Any]]:
        """Each with the images of its examples under signed addresses."""
        signed: list[dict[str, Any]] = media.with_signed_addresses(row.entries, media.owner_of_project(row.project_id))
        return signed


class OneGuideline(RetrieveAPIView[Guideline]):
    """A guideline, for those who set it and for workers of its batches."""

    serializer_class = GuidelineShown
    lookup_url_kwarg = "guideline_id"

    def get_queryset(self) -> Any:
        """Of one's own projects, and of batches one takes part in or could."""
        return Guideline.objects.visible_to(access.actor_of(self.request))


class ChangePart(serializers.Serializer[Any]):
    """A block of the text, in reading order."""

    kind = ChoiceField(choices=["same", "changed", "added", "removed"])
    html = serializers.CharField(help_text="Words that came and went stand in ins and del.")


class EntryChangeBody(serializers.Serializer[Any]):
    """What became of a label's entry."""

    label = serializers.CharField()  # type: ignore[assignment]  # a field's own label is something else
    kind = ChoiceField(choices=["changed", "added", "removed"])
    parts = ChangePart(many=True)


class ChangesBody(serializers.Serializer[Any]):
    """What changed since another version."""

    since = serializers.IntegerField()
    version = serializers.IntegerField()
    changes_meaning = serializers.BooleanField(help_text="Did the meaning change in between?")
    parts = ChangePart(many=True)
    entries = EntryChangeBody(many=True)


class Changes(APIView):
    """What changed in a guideline since another version, `since`; left out, since the one before. Since version 0 all is new."""

    @extend_schema(parameters=[OpenApiParameter("since", int)], responses=ChangesBody)
    def get(self, request: Request, guideline_id: Any) -> Response:
        """Compare them."""
        row = Guideline.objects.visible_to(access.actor_of(request)).filter(id=guideline_id).first()
        if row is None:
            raise NotFound
        asked = request.query_params.get("since", str(row.version - 1))
        if not (asked.isascii() and asked.isdecimal()) or len(asked) > 9:
            raise BadParameter("`since` is the number of a version.", field="since", got=asked[:100])
        earlier = Guideline(version=0, meaning_version=0) if int(asked) == 0 else guidelines.version_of(row, int(asked))
        if earlier is None:
            raise BadParameter("There is no such version before this one.", field="since", got=asked, limit=row.version - 1)
        sign = media.signer_for(media.owner_of_project(row.project_id))
        parts = differences.of_text(earlier.text, row.text, sign=sign)
        entries = guideline_changes.of_entries(earlier.entries, row.entries, sign=sign)
        return Response(
            {
                "since": earlier.version,
                "version": row.version,
                "changes_meaning": earlier.meaning_version < row.meaning_version,
                "parts": [asdict(part) for part in parts],
                "entries": [asdict(entry) for entry in entries],
            }
        )


class OutdatedAnswer(AnswerBody):
    """An answer that counts and was given when the guideline meant something else."""

    guideline_version = serializers.IntegerField()

    class Meta(AnswerBody.Meta):
        fields = [*AnswerBody.Meta.fields, "batch_id", "guideline_id", "guideline_version"]


class OutdatedAnswers(ClosedFilters, ListAPIView[Assignment]):
    """The answers of a project that count and were given under a guideline of an earlier meaning than the newest, newest first.

    `count` says how many there are in all; re-collect them in another batch, or review them.
    """

    serializer_class = OutdatedAnswer
    queryset = Assignment.objects.none()
    filters = {"batch_id": "batch_id", "state": "state", "guideline_id": "guideline_id", "task_id": "task_id"}

    def get_queryset(self) -> Any:
        """Of a project of one's own."""
        project = publishing.own_project(
            access.actor_of(self.request), self.kwargs["project_id"], at_least=Membership.Role.VIEWER
        )
        self.queryset = guidelines.outdated_answers(project.id).select_related("task", "answer", "batch")
        return super().get_queryset()

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of them, and how many there are."""
        page = super().list(request, *args, **kwargs)
        page.data = {"count": self.get_queryset().count(), **page.data}
        return page


urlpatterns = [
    path("projects/<uuid:project_id>/guidelines", Guidelines.as_view()),
    path("projects/<uuid:project_id>/outdated-answers", OutdatedAnswers.as_view()),
    path("guidelines/<uuid:guideline_id>", OneGuideline.as_view()),
    path("guidelines/<uuid:guideline_id>/changes", Changes.as_view()),
]
