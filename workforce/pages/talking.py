"""Conversations: a worker's questions, those put to one's organisations, and the page of one, the same for both sides."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from foundation.errors import DomainError, NotFound
from foundation.markdown import html_of
from workforce import threads
from workforce.models import Clarification, Membership, Message, Thread
from workforce.signed_in import PersonRequest, WorkerRequest, as_worker, signed_in

PER_PAGE = 25


class ReplyForm(forms.Form):
    """One more message."""

    text = forms.CharField(
        label=gettext_lazy("Your message"),
        max_length=threads.TEXT_MAX_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Plain text, or Markdown: **bold**, *italic*, lists, links."),
    )


class ClarifyForm(forms.Form):
    """A question and its answer, for everybody."""

    question = forms.CharField(
        label=gettext_lazy("The question, as everybody reads it"),
        max_length=threads.TEXT_MAX_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("In your own words: leave out whatever is about the person who asked."),
    )
    answer = forms.CharField(
        label=gettext_lazy("The answer"), max_length=threads.TEXT_MAX_CHARACTERS, widget=forms.Textarea(attrs={"rows": 3})
    )


@require_safe
@as_worker
def questions(request: WorkerRequest) -> HttpResponse:
    """A worker's own conversations, unread ones first."""
    mine = Thread.objects.filter(worker_id=request.worker_id).select_related("organization")
    return _list(request, mine.order_by("-unread_by_worker", "-last_message_at"), "workforce/questions.html", "unread_by_worker")


@require_safe
@signed_in
def asked_of_us(request: PersonRequest) -> HttpResponse:
    """What workers ask one's organisations (operators: also the platform), unread ones first."""
    theirs = Q(organization_id__in=request.actor.organization_ids)
    if request.actor.is_operator:
        theirs |= Q(organization=None)
    found = Thread.objects.filter(theirs).select_related("organization", "worker")
    hours = threads.answer_hours(request.actor.organization_ids)
    return _list(
        request,
        found.order_by("-unread_by_organization", "-last_message_at"),
        "workforce/asked_of_us.html",
        "unread_by_organization",
        median_hours=min(hours.values(), default=None) if len(hours) == 1 else None,
    )


def _list(request: HttpRequest, found: Any, template: str, unread: str, **more: Any) -> HttpResponse:
    """A page of conversations; `show` and `kind` narrow them, and anything else they say is left out."""
    show, kind = request.GET.get("show", ""), request.GET.get("kind", "")
    if show == "unread":
        found = found.filter(**{f"{unread}__gt": 0})
    elif show in Thread.State.values:
        found = found.filter(state=show)
    if kind in Thread.Kind.values:
        found = found.filter(kind=kind)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    rows = [{"thread": thread, "unread": getattr(thread, unread)} for thread in page]
    choices = {"shows": [("unread", _("Unread")), *Thread.State.choices], "kinds": Thread.Kind.choices}
    return render(request, template, {"rows": rows, "page": page, "show": show, "kind": kind} | choices | more)


@signed_in
def thread(request: PersonRequest, thread_id: UUID) -> HttpResponse:
    """One conversation; looking at it reads it. POST adds a message."""
    form = ReplyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            threads.write(request.actor, thread_id, text=form.cleaned_data["text"], now=request.now)
            return redirect("thread", thread_id)
        except NotFound:
            raise
        except DomainError as refusal:
            form.add_error("text", refusal.told())
    return render(request, "workforce/thread.html", _shown(request, thread_id) | {"form": form})


def _shown(request: PersonRequest, thread_id: UUID) -> dict[str, Any]:
    found = Thread.objects.visible_to(request.actor).select_related("organization", "worker").filter(id=thread_id).first()
    if found is None:
        raise NotFound
    threads.read(request.actor, thread_id, now=request.now)
    side = threads.side_of(request.actor, found)
    as_worker_here = side == Message.Side.WORKER
    role = request.actor.roles.get(found.organization_id) if found.organization_id else None
    may_write = as_worker_here or request.actor.is_operator or role in (Membership.Role.OWNER, Membership.Role.MANAGER)
    is_appeal = found.kind == Thread.Kind.APPEAL
    return {
        "thread": found,
        "as_worker": as_worker_here,
        "about": found.about if as_worker_here else found.about_for_organization,
        "messages_of_thread": [
            {"mine": one.side == side, "html": html_of(one.text), "at": one.created_at, "erased": one.erased_at, "side": one.side}
            for one in threads.messages_of(found)
        ],
        "may_write": may_write and not (is_appeal and found.state == Thread.State.CLOSED),
        "may_close": may_write and not is_appeal,
        "may_clarify": may_write and not as_worker_here and not is_appeal and bool(found.within and found.first_answered_at),
        "clarify_form": ClarifyForm(auto_id="clarify_%s"),
        "clarification": Clarification.objects.filter(thread=found, withdrawn_at=None).first(),
        "appeal_id": _appeal_id(found) if is_appeal else None,
    }


def _appeal_id(found: Thread) -> UUID:
    from workforce.models import Appeal

    return Appeal.objects.values_list("id", flat=True).get(thread=found)


@require_POST
@signed_in
def close(request: PersonRequest, thread_id: UUID) -> HttpResponse:
    """End a conversation, or open it again."""
    act = threads.reopen if "reopen" in request.POST else threads.close
    act(request.actor, thread_id, now=request.now)
    return redirect("thread", thread_id)


@require_POST
@signed_in
def clarify(request: PersonRequest, thread_id: UUID) -> HttpResponse:
    """Publish for everybody, or withdraw what was."""
    if "withdraw" in request.POST:
        row = Clarification.objects.filter(thread_id=thread_id, withdrawn_at=None).first()
        if row is not None:
            threads.withdraw_clarification(request.actor, row.id, now=request.now)
            messages.success(request, _("It is no longer shown."))
        return redirect("thread", thread_id)
    form = ClarifyForm(request.POST, auto_id="clarify_%s")
    if form.is_valid():
        try:
            threads.clarify(request.actor, thread_id, now=request.now, **form.cleaned_data)
            messages.success(request, _("Everybody who works on it sees it now."))
            return redirect("thread", thread_id)
        except NotFound:
            raise
        except DomainError as refusal:
            form.add_error(None, refusal.told())
    return render(
        request, "workforce/thread.html", _shown(request, thread_id) | {"form": ReplyForm(), "clarify_form": form}, status=400
    )


urlpatterns = [
    path("questions/", questions, name="questions"),
    path("questions/<uuid:thread_id>/", thread, name="thread"),
    path("questions/<uuid:thread_id>/close/", close, name="close_thread"),
    path("questions/<uuid:thread_id>/clarify/", clarify, name="clarify"),
    path("requester/questions/", asked_of_us, name="asked_of_us"),
]
