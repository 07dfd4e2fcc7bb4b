"""From an account to a first task: the checklist, and a page for each of its steps."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from foundation import differences
from foundation.errors import DomainError
from workforce import checklist, onboarding, step_kinds
from workforce.models import Acceptance, Agreement, Identity, OnboardingStep, Worker
from workforce.pages import forms
from workforce.signed_in import PersonRequest, WorkerRequest, as_worker, signed_in


@as_worker
def overview(request: WorkerRequest) -> HttpResponse:
    """The checklists: how far one has got, what is next, how long it takes."""
    onboarding.note_onboarded(request.worker_id, now=request.now)
    lists = checklist.lists_of(request.worker)
    missing = onboarding.missing_steps(request.worker_id)
    return render(request, "workforce/checklist.html", {"lists": lists, "missing": missing})


@require_POST
@as_worker
def begin(request: WorkerRequest, step_id: UUID) -> HttpResponse:
    """Turn to a step: its time runs from now, and its page opens."""
    checklist.begin(request.worker_id, step_id, now=request.now)
    step = checklist.own_step(request.worker_id, step_id)
    meaning = step_kinds.KINDS.get(step.kind)
    return redirect(meaning.href(step) if meaning else "onboarding")


@as_worker
def step(request: WorkerRequest, step_id: UUID) -> HttpResponse:
    """A text to read and to confirm; any other step has a page of its own."""
    row = checklist.own_step(request.worker_id, step_id)
    if row.kind != OnboardingStep.Kind.TEXT:
        meaning = step_kinds.KINDS.get(row.kind)
        return redirect(meaning.href(row) if meaning else "onboarding")
    form = forms.ConfirmForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        checklist.finish(request.worker_id, step_id, now=request.now)
        return _on(request, _("Confirmed."))
    is_done = checklist.is_done(request.worker, row)
    return render(request, "workforce/text_step.html", {"step": row, "form": form, "is_done": is_done})


@as_worker
def profile(request: WorkerRequest) -> HttpResponse:
    """Where one lives, what time it is there, which languages one speaks."""
    worker = request.worker
    initial = {
        "display_name": worker.display_name,
        "name_shown": worker.name_shown,
        "country": worker.country,
        "time_zone": worker.time_zone,
    }
    form = forms.ProfileForm(request.POST or None, initial=initial)
    rows = forms.language_forms(worker, request.POST or None)
    if request.method == "POST" and form.is_valid() and rows.is_valid():
        chosen = {one["language"]: one["level"] for one in rows.cleaned_data if one.get("language")}
        levels = {tag: level for tag, level in chosen.items() if level}
        if not chosen:
            form.add_error(None, _("Name at least one language."))
        else:
            fields = form.cleaned_data | {"languages": list(chosen), "language_levels": levels}
            if _kept(form, lambda: onboarding.update_profile(worker.id, now=request.now, **fields)):
                return _on(request, _("Saved."))
    return render(request, "workforce/profile.html", {"form": form, "rows": rows})


@as_worker
def identity(request: WorkerRequest) -> HttpResponse:
    """Who one is; kept encrypted, shown to nobody but oneself and whoever pays out."""
    row = Identity.objects.filter(worker_id=request.worker_id).first() or Identity(worker_id=request.worker_id)
    initial = {"legal_name": row.legal_name, "birth_date": row.birth_date, "address": row.address}
    form = forms.IdentityForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        onboarding.update_identity(request.worker_id, now=request.now, **form.cleaned_data)
        return _on(request, _("Saved."))
    return render(request, "workforce/identity.html", {"form": form})


@as_worker
def content(request: WorkerRequest) -> HttpResponse:
    """Which sensitive content one is willing to see."""
    form = forms.ContentForm(request.POST or None, initial={"accepted": request.worker.sensitive_accepted})
    if request.method == "POST" and form.is_valid():
        onboarding.choose_content(request.worker_id, accepted=form.cleaned_data["accepted"], now=request.now)
        return _on(request, _("Saved. It holds from your next task on."))
    return render(request, "workforce/content.html", {"form": form})


@as_worker
def hours(request: WorkerRequest) -> HttpResponse:
    """When one usually works, and how much at most."""
    worker = request.worker
    initial = {
        "daily_hours": worker.daily_cap_seconds and worker.daily_cap_seconds / 3600,
        "weekly_hours": worker.weekly_cap_seconds and worker.weekly_cap_seconds / 3600,
    }
    form = forms.LimitsForm(request.POST or None, initial=initial)
    rows = forms.stretch_forms(worker, request.POST or None)
    if request.method == "POST" and form.is_valid() and rows.is_valid():
        stretches = [one for one in rows.cleaned_data if one.get("weekday")]
        if _kept(
            form,
            lambda: onboarding.choose_hours(
                worker.id,
                working_hours=stretches,
                daily_cap_seconds=form.seconds("daily_hours"),
                weekly_cap_seconds=form.seconds("weekly_hours"),
                now=request.now,
            ),
        ):
            return _on(request, _("Saved."))
    return render(request, "workforce/hours.html", {"form": form, "rows": rows})


@signed_in
def agreements(request: PersonRequest) -> HttpResponse:
    """What is to be accepted, and everything one has accepted."""
    accepted = Acceptance.objects.filter(user=request.user).select_related("agreement").order_by("-accepted_at", "-id")
    outstanding = onboarding.outstanding_agreements(request.user.id)
    return render(request, "workforce/agreements.html", {"outstanding": outstanding, "accepted": accepted})


@signed_in
def agreement(request: PersonRequest, agreement_id: UUID) -> HttpResponse:
    """One version of an agreement: what it says, what is new since the version one accepted, and accepting it."""
    row = Agreement.objects.filter(id=agreement_id).first()
    if row is None:
        raise Http404
    accepted = Acceptance.objects.filter(user=request.user, agreement=row).first()
    form = forms.AcceptForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        onboarding.accept_agreement(request.actor, row.id, now=request.now)
        following = onboarding.outstanding_agreements(request.user.id)
        return redirect("onboarding_agreement", following[0].id) if following else _on(request, _("Accepted."))
    before = onboarding.last_accepted(request.user.id, row)
    return render(
        request,
        "workforce/agreement.html",
        {
            "agreement": row,
            "accepted": accepted,
            "form": form,
            "is_current": Agreement.objects.current().filter(id=row.id).exists(),
            "before": before,
            "changes": differences.of_text(before.text, row.text) if before else [],
        },
    )


def _kept(form: Any, keep: Any) -> bool:
    """Call the verb; a refusal is shown in the form."""
    try:
        keep()
    except DomainError as refusal:
        form.add_error(None, refusal.told())
        return False
    return True


def _on(request: PersonRequest, said: str) -> HttpResponse:
    """Back to the checklist as long as something required is left there; else to where it makes sense."""
    messages.success(request, said)
    worker = Worker.objects.filter(user=request.user).first()
    return redirect("onboarding" if worker else "account")


urlpatterns = [
    path("onboarding/", overview, name="onboarding"),
    path("onboarding/steps/<uuid:step_id>/", step, name="onboarding_step"),
    path("onboarding/steps/<uuid:step_id>/begin/", begin, name="onboarding_begin"),
    path("onboarding/profile/", profile, name="onboarding_profile"),
    path("onboarding/identity/", identity, name="onboarding_identity"),
    path("onboarding/preferences/", content, name="onboarding_content"),
    path("onboarding/hours/", hours, name="onboarding_hours"),
    path("onboarding/agreements/", agreements, name="onboarding_agreements"),
    path("onboarding/agreements/<uuid:agreement_id>/", agreement, name="onboarding_agreement"),
]
