"""Asking: the dialogs of the workspace, in parts that htmx puts there; and asking about a job or a decision, on a page."""

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from foundation.errors import DomainError
from foundation.markdown import html_of
from tasks import asking
from tasks.models import Batch
from workforce import threads
from workforce.models import Message, Thread
from workforce.signed_in import WorkerRequest, as_worker


class AskForm(forms.Form):
    """A question."""

    text = forms.CharField(
        label=_("Your question"),
        max_length=threads.TEXT_MAX_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_(
            "Whoever answers sees your question and their own name for you; the name in your profile only if you let them."
        ),
    )
    began = forms.CharField(required=False, widget=forms.HiddenInput)


class FlagForm(forms.Form):
    """What is wrong with a task."""

    reason = forms.ChoiceField(label=_("What is wrong?"), choices=Thread.Reason.choices, widget=forms.RadioSelect)
    comment = forms.CharField(
        label=_("Anything to add?"),
        max_length=threads.TEXT_MAX_CHARACTERS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


@require_safe
@as_worker
def ask_part(request: WorkerRequest, assignment_id: UUID) -> HttpResponse:
    """Both dialogs for the task in hand."""
    return _dialogs(request, assignment_id)


@require_POST
@as_worker
def ask(request: WorkerRequest, assignment_id: UUID) -> HttpResponse:
    """Send a question about the task in hand."""
    form = AskForm(request.POST, auto_id="ask_%s")
    if form.is_valid():
        try:
            asking.about_assignment(request.actor, assignment_id, text=form.cleaned_data["text"], now=request.now)
            return _dialogs(request, assignment_id, asked=True)
        except DomainError as refusal:
            form.add_error(None, refusal.told())
    return _dialogs(request, assignment_id, ask_form=form)


@require_POST
@as_worker
def flag(request: WorkerRequest, assignment_id: UUID) -> HttpResponse:
    """Flag the task in hand."""
    form = FlagForm(request.POST, auto_id="flag_%s")
    if form.is_valid():
        try:
            asking.flag(request.actor, assignment_id, now=request.now, **form.cleaned_data)
            return _dialogs(request, assignment_id, flagged=True)
        except DomainError as refusal:
            form.add_error(None, refusal.told())
    return _dialogs(request, assignment_id, flag_form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@as_worker
def asked(request: WorkerRequest, assignment_id: UUID) -> HttpResponse:
    """What was asked about the task in hand, and the answers. POST notes that they are read."""
    found = asking.asked_in(request.actor, assignment_id)
    if request.method == "POST":
        found = [threads.read(request.actor, row.id, now=request.now) if row.unread_by_worker else row for row in found]
    return render(request, "tasks/_asked.html", {"assignment_id": assignment_id} | _shown(found))


def _dialogs(request: WorkerRequest, assignment_id: UUID, **said: Any) -> HttpResponse:
    context = {
        "assignment_id": assignment_id,
        "ask_form": AskForm(auto_id="ask_%s"),
        "flag_form": FlagForm(auto_id="flag_%s"),
        "flag_open": "flagged" in said or "flag_form" in said,
        "clarified": [
            {"question": one.question, "answer": html_of(one.answer)}
            for one in asking.clarifications_for_assignment(request.actor, assignment_id)
        ],
    }
    found = asking.asked_in(request.actor, assignment_id)
    return render(request, "tasks/_ask_dialogs.html", context | said | _shown(found))


def _shown(found: list[Thread]) -> dict[str, Any]:
    return {
        "talks": [
            {
                "thread": thread,
                "messages": [
                    {"mine": one.side == Message.Side.WORKER, "html": html_of(one.text), "at": one.created_at}
                    for one in threads.messages_of(thread)
                ],
            }
            for thread in found
        ],
        "news": sum(thread.unread_by_worker for thread in found),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@as_worker
def ask_about_job(request: WorkerRequest, batch_id: UUID) -> HttpResponse:
    """Ask about a job, and read what was clarified for everybody. Writing it counts as work, from when this page was opened."""
    batch = get_object_or_404(Batch, id=batch_id, published_at__isnull=False)
    form = AskForm(request.POST or None, initial={"began": asking.opened(request.worker_id, now=request.now)})
    if request.method == "POST" and form.is_valid():
        try:
            thread = asking.about_batch(request.actor, batch_id, now=request.now, **form.cleaned_data)
            return redirect("thread", thread.id)
        except DomainError as refusal:
            form.add_error(None, refusal.told())
    clarified = [{"question": one.question, "answer": html_of(one.answer)} for one in asking.clarifications_of(batch)]
    return render(request, "tasks/ask.html", {"batch": batch, "form": form, "clarified": clarified})


@require_safe
def asking_closed(request: HttpRequest) -> HttpResponse:
    """What the dialogs hold when there is no task in hand."""
    return render(request, "tasks/_ask_dialogs.html", {"assignment_id": None})


urlpatterns = [
    path("asking/", asking_closed, name="asking_closed"),
    path("asking/<uuid:assignment_id>/", ask_part, name="ask_part"),
    path("asking/<uuid:assignment_id>/ask/", ask, name="ask"),
    path("asking/<uuid:assignment_id>/flag/", flag, name="flag"),
    path("asking/<uuid:assignment_id>/asked/", asked, name="asked"),
    path("questions/about/<uuid:batch_id>/", ask_about_job, name="ask_about_job"),
]
