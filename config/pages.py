"""The pages that belong to no room: the start page, one's account, and what every page shows around its content."""

from typing import Any

from allauth.account.views import LogoutView
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tasks.models import Batch
from workforce import access, notifying, onboarding
from workforce.errors import NotAnOperator, SecondFactorMissing
from workforce.models import User
from workforce.signed_in import PersonRequest, signed_in, worker_of

MENU: list[tuple[str, Any]] = [  # name of an address, title
    ("jobs", gettext_lazy("Jobs")),
    ("my_work", gettext_lazy("My work")),
    ("my_quality", gettext_lazy("My quality")),
    ("training", gettext_lazy("Training")),
    ("exams", gettext_lazy("Exams")),
    ("my_time", gettext_lazy("My time")),
    ("my_earnings", gettext_lazy("My earnings")),
    ("questions", gettext_lazy("Questions")),
    ("notices", gettext_lazy("Notifications")),
]

DRAFTS_SHOWN = 20  # of a requester's account page


def around(request: HttpRequest) -> dict[str, Any]:
    """What the frame of a page needs: who is signed in, and the menu. Costs nothing on pages that do not show it."""
    return {"person": SimpleLazyObject(lambda: _person(request)), "menu": SimpleLazyObject(lambda: _menu(request))}


def _person(request: HttpRequest) -> dict[str, Any]:
    return {"worker": worker_of(request) if hasattr(request, "user") else None}


def _menu(request: HttpRequest) -> list[dict[str, Any]]:
    return [
        {
            "title": title,
            "url": reverse(name),
            "is_here": request.path.startswith(reverse(name)),
            "count": notifying.unread_count(request.user.id) if name == "notices" and isinstance(request.user, User) else 0,
        }
        for name, title in MENU
    ]


class SignOut(LogoutView):  # type: ignore[misc]
    """Signing out; the browser forgets the drafts it kept, because the next person at it may be another."""

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """End the session."""
        response: HttpResponse = super().post(*args, **kwargs)
        response["Clear-Site-Data"] = '"storage"'
        return response


def home(request: HttpRequest) -> HttpResponse:
    """Workers are taken to the jobs, or to the checklist while something on it is missing; others with an account to it."""
    if isinstance(request.user, AnonymousUser):
        return render(request, "home.html")
    worker = worker_of(request)
    if worker is None:
        return redirect("account")
    return redirect("onboarding" if onboarding.missing_steps(worker.id) else "jobs")


@signed_in
def account(request: PersonRequest) -> HttpResponse:
    """Where one changes email, password, second factors, sessions; and the way into work for who has none yet."""
    drafts = Batch.objects.visible_to(request.actor).filter(state=Batch.State.DRAFT, pilot_of=None).order_by("-id")
    return render(request, "account.html", {"drafts": drafts[:DRAFTS_SHOWN] if worker_of(request) is None else []})


def is_operator(request: HttpRequest) -> bool:
    """May this person use the admin: an operator, with a second factor where one is needed?"""
    return isinstance(request.user, User) and request.user.is_active and access.actor_of_user(request.user).is_operator


def operators_door(request: HttpRequest, extra_context: Any = None) -> HttpResponse:
    """Where the admin sends who may not use it: to sign in, or a page that says what is missing. Raises NotAnOperator and
    SecondFactorMissing.
    """
    if isinstance(request.user, AnonymousUser):
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))
    if is_operator(request):
        return redirect("admin:index")
    raise SecondFactorMissing if request.user.is_staff else NotAnOperator


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """An address that leads nowhere."""
    from config.refusals import refusal_page

    return refusal_page(request, _("There is no such page."), 404)
