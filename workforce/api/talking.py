"""Conversations, clarifications and notices over HTTP."""

from datetime import datetime
from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.api.fields import ChoiceField
from foundation.api.filters import ClosedFilters
from workforce import access, aliases, notifying, threads, wording
from workforce.api.commands import PostCommand, TalkCommand
from workforce.models import Clarification, Mail, Message, NoticeKind, Notification, Thread


class MessageBody(serializers.ModelSerializer[Message]):
    """What a side said. Who of it wrote is told to nobody."""

    class Meta:
        model = Message
        fields = ["id", "number", "side", "text", "created_at", "erased_at"]


class ThreadBody(serializers.ModelSerializer[Thread]):
    """A conversation, as the caller's side knows it."""

    about = serializers.SerializerMethodField()
    subject = serializers.SerializerMethodField()
    worker = serializers.SerializerMethodField(
        help_text="The organisation's alias of the worker; of the platform, the platform's."
    )
    worker_name = serializers.SerializerMethodField(help_text="The name the worker goes by, where they let requesters see it.")
    side = serializers.SerializerMethodField()
    unread = serializers.SerializerMethodField()

    class Meta:
        model = Thread
        fields = [
            *(
                "id",
                "kind",
                "state",
                "about",
                "subject",
                "within",
                "reason",
                "worker",
                "worker_name",
                "organization_id",
                "side",
                "unread",
            ),
            *("messages_count", "created_at", "first_answered_at", "last_message_at", "closed_at"),
        ]

    def _side(self, row: Thread) -> str:
        return threads.side_of(access.actor_of(self.context["request"]), row)

    def get_worker(self, row: Thread) -> str:
        """The alias."""
        return aliases.alias_of(row.worker_id, row.organization_id)

    def get_worker_name(self, row: Thread) -> str | None:
        """For the worker their own name."""
        shown = row.worker.name_shown or self._side(row) == Message.Side.WORKER
        return row.worker.display_name if shown else None

    def get_side(self, row: Thread) -> str:
        """For which side the caller speaks here."""
        return self._side(row)

    def get_about(self, row: Thread) -> str:
        """What it is about; a task's key is for the requester."""
        return row.about if self._side(row) == Message.Side.WORKER else row.about_for_organization

    def get_subject(self, row: Thread) -> str:
        """What it is about, as kind and id."""
        return threads.subject_for(self._side(row), row)

    def get_unread(self, row: Thread) -> int:
        """How much is new for the caller's side."""
        return row.unread_by_worker if self._side(row) == Message.Side.WORKER else row.unread_by_organization


class WholeThreadBody(ThreadBody):
    """A conversation with everything said in it."""

    messages = serializers.SerializerMethodField()

    class Meta(ThreadBody.Meta):
        fields = [*ThreadBody.Meta.fields, "messages"]

    def get_messages(self, row: Thread) -> Any:
        """In order."""
        return MessageBody(threads.messages_of(row), many=True).data


class TextRequest(serializers.Serializer[Any]):
    """What one wants to say."""

    text = serializers.CharField(max_length=threads.TEXT_MAX_CHARACTERS, help_text="Markdown.")


class Threads(ClosedFilters, ListAPIView[Thread]):
    """My conversations, and those with my organisations."""

    serializer_class = ThreadBody
    queryset = Thread.objects.none()
    filters = {"kind": "kind", "state": "state", "within": "within", "organization_id": "organization_id"}

    def get_queryset(self) -> Any:
        """As far as one may see them."""
        self.queryset = Thread.objects.visible_to(access.actor_of(self.request)).select_related("worker")
        return super().get_queryset()


class OneThread(RetrieveAPIView[Thread]):
    """A conversation with everything said in it."""

    serializer_class = WholeThreadBody
    lookup_url_kwarg = "thread_id"

    def get_queryset(self) -> Any:
        """As far as one may see them."""
        return Thread.objects.visible_to(access.actor_of(self.request)).select_related("worker")


class Write(TalkCommand):
    """Add a message to a conversation; the other side is told."""

    accepts = TextRequest
    answers = MessageBody
    status = 201

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Add it."""
        return threads.write(access.actor_of(request), path["thread_id"], now=now, **data)


class ReadThread(TalkCommand):
    """Say that my side has read a conversation."""

    answers = ThreadBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Note it."""
        return threads.read(access.actor_of(request), path["thread_id"], now=now)


class CloseThread(TalkCommand):
    """End a conversation."""

    answers = ThreadBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """End it."""
        return threads.close(access.actor_of(request), path["thread_id"], now=now)


class ReopenThread(TalkCommand):
    """Open a closed conversation again."""

    answers = ThreadBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Open it."""
        return threads.reopen(access.actor_of(request), path["thread_id"], now=now)


class ClarificationBody(serializers.ModelSerializer[Clarification]):
    """A question and its answer, for everybody who works on it."""

    class Meta:
        model = Clarification
        fields = ["id", "within", "question", "answer", "published_at", "withdrawn_at"]


class ClarifyRequest(serializers.Serializer[Any]):
    """The question and the answer in one's own words: nothing of the worker's is taken over."""

    question = serializers.CharField(max_length=threads.TEXT_MAX_CHARACTERS)
    answer = serializers.CharField(max_length=threads.TEXT_MAX_CHARACTERS, help_text="Markdown.")


class Clarify(PostCommand):
    """Publish an answer for everybody who works on the job (managers)."""

    accepts = ClarifyRequest
    answers = ClarificationBody
    status = 201

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Publish it."""
        return threads.clarify(access.actor_of(request), path["thread_id"], now=now, **data)


class WithdrawClarification(PostCommand):
    """Show a clarification no longer (managers)."""

    answers = ClarificationBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Withdraw it."""
        return threads.withdraw_clarification(access.actor_of(request), path["clarification_id"], now=now)


class NoticeBody(serializers.ModelSerializer[Notification]):
    """Something one is told."""

    text = serializers.SerializerMethodField()

    class Meta:
        model = Notification
        fields = ["id", "kind", "text", "data", "link", "count", "created_at", "read_at"]

    def get_text(self, row: Notification) -> str:
        """In words."""
        return wording.sentence_of(row.kind, row.data, row.count)


class Notices(ClosedFilters, ListAPIView[Notification]):
    """What I was told, newest first."""

    serializer_class = NoticeBody
    queryset = Notification.objects.none()
    filters = {"kind": "kind"}

    def get_queryset(self) -> Any:
        """One's own."""
        self.queryset = notifying.shown_to(access.actor_of(self.request).id)
        return super().get_queryset()


class ReadNotice(TalkCommand):
    """Say that I have read a notice."""

    answers = NoticeBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Note it."""
        return notifying.mark_read(access.actor_of(request), path["notification_id"], now=now)


@extend_schema_view(post=extend_schema(operation_id="notifications_read_all_create"))
class ReadAllNotices(TalkCommand):
    """Say that I have read everything."""

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Note it."""
        return {"read": notifying.mark_all_read(access.actor_of(request), now=now)}


class PreferenceBody(serializers.Serializer[Any]):
    """How one kind of notice is wanted."""

    kind = ChoiceField(choices=NoticeKind.choices)
    on_site = serializers.BooleanField(required=False)
    mail = ChoiceField(choices=Mail.choices, required=False)
    always_on_site = serializers.BooleanField(read_only=True)


class PreferRequest(serializers.Serializer[Any]):
    """Some kinds, or all."""

    preferences = PreferenceBody(many=True, allow_empty=False)


class Prefer(TalkCommand):
    """Say how I want to be told."""

    accepts = PreferRequest
    shaped = False

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Keep it."""
        return {"preferences": notifying.prefer(access.actor_of(request), data["preferences"], now=now)}


class Preferences(Prefer):
    """GET says how I want to be told, POST changes it."""

    http_method_names = ["get", "post", "options"]

    def get(self, request: Request) -> Response:
        """Every kind."""
        return Response({"preferences": notifying.preferences_of(access.actor_of(request).id)})


urlpatterns = [
    path("threads", Threads.as_view()),
    path("threads/<uuid:thread_id>", OneThread.as_view()),
    path("threads/<uuid:thread_id>/messages", Write.as_view()),
    path("threads/<uuid:thread_id>/read", ReadThread.as_view()),
    path("threads/<uuid:thread_id>/close", CloseThread.as_view()),
    path("threads/<uuid:thread_id>/reopen", ReopenThread.as_view()),
    path("threads/<uuid:thread_id>/clarify", Clarify.as_view()),
    path("clarifications/<uuid:clarification_id>/withdraw", WithdrawClarification.as_view()),
    path("notifications", Notices.as_view()),
    path("notifications/read", ReadAllNotices.as_view()),
    path("notifications/<uuid:notification_id>/read", ReadNotice.as_view()),
    path("me/notification-preferences", Preferences.as_view()),
]
