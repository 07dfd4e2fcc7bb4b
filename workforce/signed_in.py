"""Pages for people who are signed in: who they are, what time it is for them, and where to send who is not."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from foundation.clock import instant_of
from workforce import access
from workforce.access import Actor
from workforce.models import User, Worker


class PersonRequest(HttpRequest):
    """A request by someone signed in."""

    user: User
    actor: Actor
    now: datetime


class WorkerRequest(PersonRequest):
    """A request by a worker; `worker_id` is theirs."""

    worker: Worker
    worker_id: UUID


def signed_in(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page for people with an account, workers in their own time zone; others are sent to sign in and come back, and who has yet to
    prove the address of the account to where that is done.

    Gives the request `actor` and `now`.
    """

    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        person = cast(PersonRequest, request)
        person.actor = access.actor_of_user(person.user)
        if not person.actor.is_proven:
            return redirect("account_email")
        person.now = instant_of(request)
        worker = worker_of(request)
        if worker is None:
            return view(person, *args, **kwargs)
        with timezone.override(ZoneInfo(worker.time_zone)):
            return view(person, *args, **kwargs)

    return page


def as_worker(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page for workers, in their own time zone; who has an account but does no tasks is sent to the account page."""

    @wraps(view)
    @signed_in
    def page(request: PersonRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        worker = worker_of(request)
        if worker is None:
            return redirect("account")
        mine = cast(WorkerRequest, request)
        mine.worker, mine.worker_id = worker, worker.id
        return view(mine, *args, **kwargs)

    return page


def worker_of(request: HttpRequest) -> Worker | None:
    """The worker who is signed in, if one is; read once per request."""
    if not hasattr(request, "_worker"):
        found = Worker.objects.filter(user=request.user).first() if request.user.is_authenticated else None
        request._worker = found  # type: ignore[attr-defined]
    return cast("Worker | None", request._worker)  # type: ignore[attr-defined]
