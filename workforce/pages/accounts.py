"""What an account has beside signing in: becoming a worker, and tokens for one's own programs."""

from uuid import UUID

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from workforce import accounts, tokens
from workforce.models import ApiToken, User
from workforce.pages import forms
from workforce.signed_in import PersonRequest, signed_in, worker_of

SHOWN = 500  # tokens, newest first: all that work are among them


@signed_in
def start(request: PersonRequest) -> HttpResponse:
    """Let an account that posts work, or none yet, do tasks."""
    if worker_of(request) is not None:
        return redirect("onboarding")
    form = forms.StartForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = User.objects.get(id=request.user.id)
        accounts.become_worker(user, display_name=form.cleaned_data["display_name"], now=request.now)
        return redirect("onboarding")
    return render(request, "workforce/start.html", {"form": form})


@signed_in
@reauthentication_required  # type: ignore[untyped-decorator]
def my_tokens(request: PersonRequest) -> HttpResponse:
    """One's tokens; a new one is shown this once, after saying again who one is."""
    form = forms.TokenForm(request.POST or None)
    made = None
    if request.method == "POST" and form.is_valid():
        user = User.objects.get(id=request.user.id)
        _row, made = tokens.issue(user, now=request.now, **form.cleaned_data)
        form = forms.TokenForm()
    rows = ApiToken.objects.filter(user_id=request.user.id).order_by("-created_at")[:SHOWN]
    return render(request, "workforce/tokens.html", {"form": form, "made": made, "rows": rows, "now": request.now})


@require_POST
@signed_in
def revoke(request: PersonRequest, token_id: UUID) -> HttpResponse:
    """End a token at once."""
    tokens.revoke(request.actor, token_id, now=request.now)
    messages.success(request, _("The token works no longer."))
    return redirect("account_tokens")


urlpatterns = [
    path("account/start/", start, name="start_working"),
    path("account/tokens/", my_tokens, name="account_tokens"),
    path("account/tokens/<uuid:token_id>/revoke/", revoke, name="revoke_token"),
]
