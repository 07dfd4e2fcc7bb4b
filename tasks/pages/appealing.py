"""Decisions and appeals: the receipt a worker reads, the appeal, its deadlines, and the verdict somebody else gives."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Case, IntegerField, Value, When
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from foundation.errors import DomainError, NotFound
from foundation.markdown import html_of
from tasks import appealing, asking, my_quality
from tasks.models import Assignment, Review
from tasks.pages.asking import AskForm
from workforce import appeals, threads
from workforce.models import Appeal, Decision, Message
from workforce.signed_in import PersonRequest, WorkerRequest, as_worker, signed_in

PER_PAGE = 25


class AppealForm(forms.Form):
    """Why the decision is wrong."""

    text = forms.CharField(
        label=gettext_lazy("Why is it wrong?"),
        max_length=threads.TEXT_MAX_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy("Each decision can be appealed once. Say everything that counts; you can add to it later."),
    )


class VerdictForm(forms.Form):
    """The verdict on an appeal."""

    verdict = forms.ChoiceField(
        label=gettext_lazy("Your verdict"),
        choices=[
            ("overturned", gettext_lazy("The decision was wrong: it falls, and work is paid")),
            ("upheld", gettext_lazy("The decision stands")),
        ],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=gettext_lazy("Why, as the worker reads it"),
        min_length=appeals.REASON_MIN_CHARACTERS,
        max_length=appeals.REASON_MAX_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy("At least 50 characters."),
    )


@require_safe
@signed_in
def list_of_appeals(request: PersonRequest) -> HttpResponse:
    """One's own appeals, and those one may decide: open ones first, by their deadline."""
    found = Appeal.objects.visible_to(request.actor).select_related("decision", "thread", "decision__worker")
    page = Paginator(_open_first(found), PER_PAGE).get_page(request.GET.get("page"))
    rows = [
        {
            "appeal": one,
            "mine": one.decision.worker_id == request.actor.worker_id,
            "to_decide": appealing.may_decide(request.actor, one),
        }
        for one in page
    ]
    return render(request, "tasks/appeals.html", {"rows": rows, "page": page})


def _open_first(found: Any) -> Any:
    waits = Case(When(state=Appeal.State.OPEN, then=Value(0)), default=Value(1), output_field=IntegerField())
    return found.annotate(waits=waits).order_by("waits", "decide_due_at", "-id")


@as_worker
@require_http_methods(["GET", "HEAD", "POST"])
def decision(request: WorkerRequest, decision_id: UUID) -> HttpResponse:
    """A decision about oneself with its receipt; POST appeals it."""
    found = Decision.objects.filter(id=decision_id, worker_id=request.worker_id).select_related("organization", "lifts").first()
    if found is None:
        raise NotFound
    form = AppealForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = appealing.file(request.actor, decision_id, text=form.cleaned_data["text"], now=request.now)
            messages.success(request, _("Your appeal is filed. Somebody who did not make the decision looks at it."))
            return redirect("appeal", made.id)
        except DomainError as refusal:
            form.add_error(None, refusal.told())
    context = {
        "decision": found,
        "about": appealing.matter_of(found)["about"],
        "review": _review_of(found),
        "lifted_by": Decision.objects.filter(lifts=found).first(),
        "appeal": Appeal.objects.filter(decision=found).first(),
        "may_appeal": appeals.may_appeal(found, now=request.now),
        "form": form,
        "inputs": _plain(found.inputs),
        "threshold": _plain(found.threshold),
        "corrections": my_quality.what_would_change(found),
    }
    return render(request, "tasks/decision.html", context)


def _plain(numbers: dict[str, Any]) -> list[tuple[str, str]]:
    """What a decision rests on, line by line; what is nested in it in the same words, its reason not twice."""
    found: list[tuple[str, str]] = []
    for name, value in sorted(numbers.items()):
        if isinstance(value, dict):
            found += [(f"{name}: {inner}", text) for inner, text in _plain(value)]
        elif name != "reason":
            found.append((name, ", ".join(map(str, value)) if isinstance(value, list) else str(value)))
    return found


def _review_of(found: Decision) -> Review | None:
    if found.kind != Decision.Kind.REJECT_WORK:
        return None
    assignment_id = found.scope.removeprefix("assignment:")
    return Review.objects.filter(assignment_id=assignment_id, verdict=Review.Verdict.REJECT).first()


@as_worker
@require_http_methods(["GET", "HEAD", "POST"])
def ask_about_decision(request: WorkerRequest, decision_id: UUID) -> HttpResponse:
    """Ask about a decision without appealing it."""
    found = Decision.objects.filter(id=decision_id, worker_id=request.worker_id).first()
    if found is None:
        raise NotFound
    form = AskForm(request.POST or None, initial={"began": asking.opened(request.worker_id, now=request.now)})
    if request.method == "POST" and form.is_valid():
        try:
            made = asking.about_decision(request.actor, decision_id, now=request.now, **form.cleaned_data)
            return redirect("thread", made.id)
        except DomainError as refusal:
            form.add_error(None, refusal.told())
    about = appealing.matter_of(found)["about"]
    return render(request, "tasks/ask.html", {"batch": {"name": about}, "form": form, "clarified": []})


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def appeal(request: PersonRequest, appeal_id: UUID) -> HttpResponse:
    """An appeal, for both sides; POST gives the verdict."""
    found = _visible(request, appeal_id)
    form = VerdictForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            appealing.decide(request.actor, appeal_id, now=request.now, **form.cleaned_data)
            messages.success(request, _("Your verdict is given; the worker has been told."))
            return redirect("appeal", appeal_id)
        except NotFound:
            raise
        except DomainError as refusal:
            form.add_error(None, refusal.told())
    threads.read(request.actor, found.thread_id, now=request.now)
    mine = found.decision.worker_id == request.actor.worker_id
    may_decide = appealing.may_decide(request.actor, found)
    context = {
        "appeal": found,
        "decision": found.decision,
        "inputs": _plain(found.decision.inputs),
        "threshold": _plain(found.decision.threshold),
        "about": found.thread.about if mine else found.thread.about_for_organization,
        "mine": mine,
        "review": _review_of(found.decision),
        "answer": _answer_of(found.decision) if may_decide else None,  # who must judge it sees it, and nobody else
        "may_decide": may_decide,
        "made_it": found.made_by_id == request.actor.id,
        "form": form,
        "said": [
            {
                "by_worker": one.side == Message.Side.WORKER,
                "html": html_of(one.text),
                "at": one.created_at,
                "erased": one.erased_at,
            }
            for one in threads.messages_of(found.thread)
        ],
    }
    return render(request, "tasks/appeal.html", context)


def _answer_of(found: Decision) -> Any:
    """What was handed in, for whoever has to judge it."""
    if found.kind != Decision.Kind.REJECT_WORK:
        return None
    assignment_id = UUID(found.scope.removeprefix("assignment:"))
    assignment = Assignment.objects.select_related("task", "answer").filter(id=assignment_id).first()
    return {"payload": assignment.task.payload, "label": assignment.answer.canonical} if assignment else None


@require_POST
@as_worker
def withdraw(request: WorkerRequest, appeal_id: UUID) -> HttpResponse:
    """Take an appeal back, for good."""
    appeals.withdraw(request.actor, appeal_id, now=request.now)
    return redirect("appeal", appeal_id)


def _visible(request: PersonRequest, appeal_id: UUID) -> Appeal:
    found = Appeal.objects.visible_to(request.actor).select_related(
        "decision", "thread", "decision__worker", "decision__organization"
    )
    row = found.filter(id=appeal_id).first()
    if row is None:
        raise NotFound
    return row


urlpatterns = [
    path("decisions/<uuid:decision_id>/", decision, name="decision"),
    path("decisions/<uuid:decision_id>/ask/", ask_about_decision, name="ask_about_decision"),
    path("appeals/", list_of_appeals, name="appeals"),
    path("appeals/<uuid:appeal_id>/", appeal, name="appeal"),
    path("appeals/<uuid:appeal_id>/withdraw/", withdraw, name="withdraw_appeal"),
]
