"""Invitations to act for an organisation, for the person invited: what waits, accept, decline."""

from uuid import UUID

from allauth.account.models import EmailAddress
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from workforce import members
from workforce.signed_in import PersonRequest, signed_in


@require_safe
@signed_in
def mine(request: PersonRequest) -> HttpResponse:
    """What waits for an answer of mine."""
    rows = members.waiting_for(request.actor.id, now=request.now)
    unproven = EmailAddress.objects.filter(user_id=request.actor.id, verified=False).exists()
    return render(request, "workforce/invitations.html", {"rows": rows, "unproven": unproven})


@require_POST
@signed_in
def accept(request: PersonRequest, invitation_id: UUID) -> HttpResponse:
    """Join the organisation."""
    membership = members.accept(request.actor, invitation_id, now=request.now)
    messages.success(request, _("You act for %(name)s now.") % {"name": membership.organization.name})
    return redirect("invitations")


@require_POST
@signed_in
def decline(request: PersonRequest, invitation_id: UUID) -> HttpResponse:
    """Say no."""
    members.decline(request.actor, invitation_id, now=request.now)
    messages.success(request, _("Declined. The organisation is not told."))
    return redirect("invitations")


urlpatterns = [
    path("invitations/", mine, name="invitations"),
    path("invitations/<uuid:invitation_id>/accept/", accept, name="accept_invitation"),
    path("invitations/<uuid:invitation_id>/decline/", decline, name="decline_invitation"),
]
