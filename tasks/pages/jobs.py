"""Jobs: what work is there, what it really pays, whose it is, whether one may do it, and what is missing."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from foundation.errors import NotFound
from tasks import clocking, job_list
from tasks.job_list import Order
from workforce import onboarding
from workforce.models import Sensitive
from workforce.signed_in import WorkerRequest, as_worker


class Filter(forms.Form):
    """How jobs are listed."""

    order = forms.ChoiceField(label=_("Order"), choices=Order.choices, required=False)
    eligible_only = forms.BooleanField(label=_("Only what I may do now"), required=False)


@require_safe
@as_worker
def jobs(request: WorkerRequest) -> HttpResponse:
    """The list, narrowed and ordered; without its surroundings when htmx asks for it."""
    form = Filter(request.GET)
    chosen = form.cleaned_data if form.is_valid() else {}
    context: dict[str, Any] = {
        "form": form,
        "jobs": _shown(
            job_list.jobs_for(
                request.worker_id,
                now=request.now,
                order=chosen.get("order") or Order.NEWEST,
                eligible_only=chosen.get("eligible_only", False),
            )
        ),
        "eligible_only": chosen.get("eligible_only", False),
    }
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "tasks/_jobs.html", context)
    context |= {
        "clock": clocking.as_told(clocking.clock_of(request.worker_id, now=request.now)),
        "today": job_list.earned_today(request.worker, now=request.now),
        "steps": onboarding.missing_steps(request.worker_id),
    }
    return render(request, "tasks/jobs.html", context)


@require_safe
@as_worker
def job(request: WorkerRequest, batch_id: UUID) -> HttpResponse:
    """One job, before one takes part: everything there is to know about it."""
    found = _shown(job_list.jobs_for(request.worker_id, now=request.now, batch_id=batch_id))
    if not found:
        raise NotFound
    clock = clocking.as_told(clocking.clock_of(request.worker_id, now=request.now))
    return render(request, "tasks/job.html", {"job": found[0], "clock": clock})


def _shown(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Jobs with the names of what they show that may be hard to look at, and until when what is missing is so."""
    for one in listed:
        for gap in one["missing"]:
            gap["until_at"] = datetime.fromisoformat(gap["until"]) if gap.get("until") else None
        one["sensitive_names"] = [Sensitive(category).label for category in one["sensitive"]]
    return listed


urlpatterns = [path("jobs/", jobs, name="jobs"), path("jobs/<uuid:batch_id>/", job, name="job")]
