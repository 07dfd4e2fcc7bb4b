"""Joining a vendor's team by a link, the teams one is in, and leaving them."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from foundation.clock import instant_of
from foundation.errors import DomainError
from workforce import access, accounts, teams
from workforce.models import TeamMember, User
from workforce.pages import forms
from workforce.signed_in import WorkerRequest, as_worker, worker_of


def join(request: HttpRequest, token: str) -> HttpResponse:
    """What the link invites to, for strangers too; joining is for who is signed in, and makes a worker of who is none yet."""
    now = instant_of(request)
    try:
        invitation = teams.invitation_of(token, now=now)
    except DomainError as refusal:
        return render(request, "workforce/join.html", {"refusal": refusal.told()}, status=404)
    worker = worker_of(request)
    already = worker and TeamMember.objects.filter(worker=worker, organization=invitation.organization, left_at=None).first()
    form = forms.StartForm(request.POST or None) if request.user.is_authenticated and worker is None else None
    if request.method == "POST":
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if form is None or form.is_valid():
            if form is not None:
                accounts.become_worker(
                    User.objects.get(id=request.user.pk), display_name=form.cleaned_data["display_name"], now=now
                )
            teams.join(access.actor_of_user(User.objects.get(id=request.user.pk)), token, now=now)
            messages.success(request, _("You are in the team of %(name)s.") % {"name": invitation.organization.name})
            return redirect("onboarding")
    return render(request, "workforce/join.html", {"invitation": invitation, "already": already, "form": form})


@as_worker
def mine(request: WorkerRequest) -> HttpResponse:
    """The teams one is or was in."""
    rows = TeamMember.objects.filter(worker=request.worker).select_related("organization").order_by("-joined_at")
    return render(request, "workforce/teams.html", {"teams": rows})


@require_POST
@as_worker
def leave(request: WorkerRequest, member_id: UUID) -> HttpResponse:
    """Leave a team."""
    teams.leave(request.actor, member_id, now=request.now)
    messages.success(request, _("You have left the team. What you did and earned there stays yours."))
    return redirect("teams")


urlpatterns = [
    path("join/<str:token>/", join, name="join"),
    path("account/teams/", mine, name="teams"),
    path("account/teams/<uuid:member_id>/leave/", leave, name="leave_team"),
]
