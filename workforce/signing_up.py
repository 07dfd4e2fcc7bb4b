"""Sign-up and log-in in the browser: what django-allauth leaves to the house. Accounts themselves are made by `accounts`."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from allauth.account import forms as asked
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.core import context as current
from allauth.core.internal import ratelimit
from allauth.mfa.adapter import DefaultMFAAdapter
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from foundation.clock import instant_of
from foundation.encrypted import SEALED_PREFIX, seal, unseal
from foundation.networks import network_of
from workforce import accounts, addresses, emails, known_browsers, sign_ins
from workforce.errors import BadAddress
from workforce.models import User
from workforce.pages.forms import NAME_HELP


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Users have no user name here; everything else is as allauth does it."""

    def populate_username(self, request: HttpRequest, user: User) -> None:
        """There is none to fill in."""

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """One count of wrong passwords per account, whatever name the site was asked under; the API counts under it too. A browser in
        which the account signed in before has a count of its own.
        """
        email = str(credentials.get("email", ""))
        return known_browsers.known_as(request, email) or email

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials: Any) -> None:
        """After a new password: forget the wrong ones, wherever they were tried."""
        super()._delete_login_attempts_cached_email(request, **credentials)
        ratelimit.clear(request, app="allauth.account", action="login_failed", key=str(credentials.get("email", "")))

    def post_login(self, request: HttpRequest, user: User, **about: Any) -> HttpResponse:
        """As allauth does it, and the browser is known from now on."""
        response: HttpResponse = super().post_login(request, user, **about)
        known_browsers.remember(response, user)
        return response

    def clean_email(self, email: str) -> str:
        """The address in its normal form."""
        return in_normal_form(email)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a mail whose links and name are those of the configured site, whatever host the request asked for."""
        request = current.request
        on_site = {name: _on_site(request, value) for name, value in context.items()}
        super().send_mail(template_prefix, email, on_site | {"current_site": SITE})

    def send_confirmation_mail(self, request: HttpRequest, emailconfirmation: Any, signup: bool) -> None:
        """Mail the code; where the address is proven to be another's, tell that one that they have an account."""
        address = emailconfirmation.email_address
        if address.primary and emails.holder_of(address.email, besides=address.user_id) is not None:
            self.send_account_already_exists_mail(address.email)
        else:
            super().send_confirmation_mail(request, emailconfirmation, signup)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count an attempt before it is judged. Who has had too many is noted."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            sign_ins.slowed_down(request, "password", now=instant_of(request))
            raise

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Note it, with the account if there is one."""
        user_id = User.objects.filter(email=credentials.get("email", "")).values_list("id", flat=True).first()
        sign_ins.failed(user_id, by="site", what="password", network=network_of(request), now=instant_of(request))


class ByAddress(AuthenticationBackend):  # type: ignore[misc]
    """Email and password, of who holds an address and of who claims it, as `accounts.log_in` takes them."""

    def _authenticate_by_email(self, email: str, password: str) -> Any:
        found = accounts.whose_password(email, lambda user: self._check_password(user, password) is not None, password)
        self._did_check_password = True  # it takes as long either way
        return found


@dataclass(frozen=True)
class Site:
    """The site as mails call it."""

    name: str
    domain: str


SITE = Site(name="Fairhand", domain=urlsplit(settings.SITE_ADDRESS).netloc)


def _on_site(request: HttpRequest, value: Any) -> Any:
    """A link built on the request's host, on the configured address instead; anything else as it is."""
    if not isinstance(value, str):
        return value
    parts = urlsplit(value)
    is_link = parts.scheme in ("http", "https") and parts.netloc == request.get_host()
    return f"{settings.SITE_ADDRESS}{urlunsplit(('', '', *parts[2:]))}" if is_link else value


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """What second factors are made of is kept encrypted, under the keys of identities."""

    def encrypt(self, text: str) -> str:
        """Sealed, for the table."""
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Opened; what was kept before it was sealed is as it is."""
        return unseal(encrypted_text) if encrypted_text.startswith(SEALED_PREFIX) else encrypted_text


def in_normal_form(address: str) -> str:
    """As `addresses.normal`, refusing as forms do."""
    try:
        return addresses.normal(address)
    except BadAddress as error:
        raise ValidationError(error.told()) from error


class ByNormalForm(forms.Form):
    """A form of allauth's whose addresses come in their normal form, so that every look-up, limit and mail goes by it.

    Allauth itself only makes them lower-case, which turns some letters into others.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, forms.EmailField):
                field.clean = _cleaning(field)  # type: ignore[method-assign]


def _cleaning(field: forms.EmailField) -> Any:
    return lambda value: in_normal_form(checked) if (checked := forms.EmailField.clean(field, value)) else checked


class LogInForm(ByNormalForm, asked.LoginForm):  # type: ignore[misc]
    """Email and password."""


class AddEmailForm(ByNormalForm, asked.AddEmailForm):  # type: ignore[misc]
    """The address to change to."""


class ResetPasswordForm(ByNormalForm, asked.ResetPasswordForm):  # type: ignore[misc]
    """The address of the account whose password was forgotten."""


class RequestLoginCodeForm(ByNormalForm, asked.RequestLoginCodeForm):  # type: ignore[misc]
    """The address a code to log in with goes to."""


class ChangeEmailForm(ByNormalForm, asked.ChangeEmailForm):  # type: ignore[misc]
    """Another address while the first one waits to be proven."""


class ConfirmAddressForm(asked.ConfirmEmailVerificationCodeForm):  # type: ignore[misc]
    """The code that was mailed. An address belongs to who proves it: accounts that only claimed it lose it then."""

    def clean_code(self) -> str:
        """The code, once it is right."""
        asked.BaseConfirmCodeForm.clean_code(self)
        if self.user is not None:
            emails.release(self.email, to=self.user.pk)
        code = str(super().clean_code())
        if self.user is not None and emails.holder_of(self.email, besides=self.user.pk) is None:
            emails.hold(self.email, by=self.user.pk)
            self.user.refresh_from_db()
        return code


class SignUpForm(ByNormalForm, asked.SignupForm):  # type: ignore[misc]
    """Email, password, the name others see, and whether this person wants to do tasks."""

    display_name = forms.CharField(
        label=_("Name others see"),
        max_length=60,
        help_text=NAME_HELP,
        widget=forms.TextInput(attrs={"autocomplete": "nickname"}),
    )
    purpose = forms.ChoiceField(
        label=_("What brings you here?"),
        choices=[("work", _("I want to do tasks and be paid")), ("post", _("I want to post work, or look after a team"))],
        initial="work",
        widget=forms.RadioSelect,
    )
    field_order = ["display_name", "email", "password1", "purpose"]

    def validate_unique_email(self, value: str) -> str:
        """As it is: an account that claims an address of somebody else's looks like any other (docs/decisions/0029)."""
        return value

    def save(self, request: HttpRequest) -> Any:
        """The account and, for who wants to do tasks, the worker: together or not at all."""
        return accounts.sign_up(
            email=self.cleaned_data["email"],
            password=self.cleaned_data["password1"],
            display_name=self.cleaned_data["display_name"],
            as_worker=self.cleaned_data["purpose"] == "work",
            now=instant_of(request),
            as_is=False,
        )
