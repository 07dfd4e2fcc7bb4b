"""The admin: pages on which operators look. What they do, they do by the verbs of the rooms, which ask, write down and tell."""

from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from foundation.read_only import ReadOnly

ROOMS = {"foundation", "workforce", "qualification", "payments", "tasks", "config"}


class OperatorsSite(AdminSite):
    """Takes read-only pages alone. Libraries bring pages that write (addresses, second factors, sessions, jobs, groups): those have no place.

    Operators sign in, sign out and change their password like everybody, with the same limits, mails and entries.
    """

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Show these rows, if only to be looked at; leave out a library's own page. Raises ImproperlyConfigured for a page of ours that writes."""
        if isinstance(admin_class, type) and issubclass(admin_class, ReadOnly):
            super().register(model_or_iterable, admin_class, **options)
        elif admin_class is None or admin_class.__module__.partition(".")[0] in ROOMS:
            raise ImproperlyConfigured(f"{admin_class or model_or_iterable} is no ReadOnly page: rows are changed by verbs.")

    def has_permission(self, request: HttpRequest) -> bool:
        """May this person look: an operator, with a second factor where one is needed?"""
        from config.pages import is_operator

        return is_operator(request)

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The admin's own form asks for a password alone: it opens for nobody. Raises NotAnOperator and SecondFactorMissing."""
        from config.pages import operators_door

        return operators_door(request, extra_context)

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # type: ignore[override]
        """Where everybody changes theirs."""
        return redirect("account_change_password")

    def logout(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # type: ignore[override]
        """As everybody does."""
        from config.pages import SignOut

        answer: HttpResponse = SignOut.as_view()(request)
        return answer
