"""Sign-up and log-in in the browser: what django-allauth leaves to the house. Accounts themselves are made by `accounts`."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import SignupForm
from allauth.mfa.adapter import DefaultMFAAdapter
from django import forms
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from foundation.clock import instant_of
from foundation.encrypted import SEALED_PREFIX, seal, unseal
from workforce import accounts
from workforce.models import User


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Users have no user name here; everything else is as allauth does it."""

    def populate_username(self, request: HttpRequest, user: User) -> None:
        """There is none to fill in."""

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """One count of wrong passwords per account, whatever name the site was asked under; the API counts under it too."""
        return str(credentials.get("email", "")).strip().lower()


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """What second factors are made of is kept encrypted, under the keys of identities."""

    def encrypt(self, text: str) -> str:
        """Sealed, for the table."""
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Opened; what was kept before it was sealed is as it is."""
        return unseal(encrypted_text) if encrypted_text.startswith(SEALED_PREFIX) else encrypted_text


class SignUpForm(SignupForm):  # type: ignore[misc]
    """Email, password, the name others see, and whether this person wants to do tasks."""

    display_name = forms.CharField(
        label=_("Name others see"),
        max_length=60,
        help_text=_("An alias is fine: requesters never learn more than this."),
        widget=forms.TextInput(attrs={"autocomplete": "nickname"}),
    )
    purpose = forms.ChoiceField(
        label=_("What brings you here?"),
        choices=[("work", _("I want to do tasks and be paid")), ("post", _("I want to post work, or look after a team"))],
        initial="work",
        widget=forms.RadioSelect,
    )
    field_order = ["display_name", "email", "password1", "purpose"]

    @transaction.atomic
    def save(self, request: HttpRequest) -> Any:
        """The account and, for who wants to do tasks, the worker: together or not at all."""
        user = super().save(request)
        if self.cleaned_data["purpose"] == "work":
            accounts.become_worker(user, display_name=self.cleaned_data["display_name"], now=instant_of(request))
        return user
