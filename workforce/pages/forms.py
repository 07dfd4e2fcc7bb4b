"""The forms of onboarding: what a person fills in, shaped as the verbs want it."""

from collections.abc import Iterable, Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import available_timezones

from babel import Locale
from django import forms
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.functional import lazy
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from workforce.models import Level, Scope, Sensitive, Worker
from workforce.onboarding import DAILY_CAP_SECONDS, LANGUAGES_MAX, WEEKLY_CAP_SECONDS
from workforce.tokens import DEFAULT_SCOPES, TOKEN_DAYS, TOKEN_MAX_DAYS

BLANK_LANGUAGES = 3
OLDEST = 120  # years


def _locale() -> Locale:
    return Locale.parse(get_language() or "en", sep="-")


def countries() -> list[tuple[str, str]]:
    """The countries of ISO 3166-1 in the reader's language and order."""
    found = [
        (code, name)
        for code, name in _locale().territories.items()
        if len(code) == 2 and code.isalpha() and code not in NO_COUNTRY
    ]
    return [("", "—"), *sorted(found, key=lambda one: one[1])]


NO_COUNTRY = {"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"}


def languages(also: Iterable[str] = ()) -> list[tuple[str, str]]:
    """Languages as BCP 47 tags, in the reader's language and order; `also` those that somebody named otherwise."""
    names = {
        code.replace("_", "-"): name for code, name in _locale().languages.items() if len(code) <= 12 and code not in NO_LANGUAGE
    }
    for tag in also:
        names.setdefault(tag, tag)
    return [("", "—"), *sorted(names.items(), key=lambda one: one[1].casefold())]


NO_LANGUAGE = {"mul", "root", "und", "zxx", "mis"}


NAME_HELP = _("It need not be your own. Teams that you join see it; requesters only if you let them.")


class ProfileForm(forms.Form):
    """The name others see, where one lives, what time it is there."""

    display_name = forms.CharField(label=_("Name others see"), max_length=60, help_text=NAME_HELP)
    name_shown = forms.BooleanField(
        label=_("Requesters may see this name"),
        required=False,
        help_text=_("Otherwise each of them knows you by a name of its own, and none can tell that you work for another."),
    )
    country = forms.ChoiceField(
        label=_("Country you live in"),
        choices=lazy(countries, list),
        help_text=_("Some jobs are for people of certain places, and the lowest pay of your country is kept."),
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=[(name, name.replace("_", " ")) for name in sorted(available_timezones())],
        help_text=_("Every time on this site is told in it."),
    )


class LanguageForm(forms.Form):
    """A language and how well one knows it."""

    language = forms.ChoiceField(label=_("Language"), required=False)
    level = forms.ChoiceField(label=_("How well you know it"), required=False, choices=[("", "—"), *Level.choices])

    def __init__(self, *args: Any, known: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"].choices = languages(known)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """A level says how well one knows a language, so it needs one."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("level") and not data.get("language") and not self.errors:
            raise forms.ValidationError(_("Choose the language as well, or clear the level."))
        return data


class Rows(forms.BaseFormSet):  # type: ignore[type-arg]
    """Rows of one form that are looked at together: what is wrong stands at its row, and nothing is dropped on the quiet."""

    def clean(self) -> None:
        """Compare the rows that are right by themselves."""
        filled = [(number, row) for number, row in enumerate(self.forms, start=1) if row.is_valid()]
        self.compare(filled)

    def compare(self, filled: list[tuple[int, forms.Form]]) -> None:
        """Add errors to rows that do not go with others; each comes with its number."""
        raise NotImplementedError

    def is_valid(self) -> bool:
        """Are all rows right, by themselves and together?"""
        return bool(super().is_valid() and not any(row.errors for row in self.forms))


class LanguageRows(Rows):
    """The languages somebody knows, each once."""

    def compare(self, filled: list[tuple[int, forms.Form]]) -> None:
        """Say of a language that is there a second time in which row it was before."""
        first: dict[str, int] = {}
        for number, row in filled:
            tag = row.cleaned_data.get("language")
            if tag and (before := first.setdefault(tag, number)) != number:
                row.add_error("language", _("This language is in row %(row)s already: clear one of them.") % {"row": before})


LanguageForms = forms.formset_factory(
    LanguageForm, formset=LanguageRows, extra=BLANK_LANGUAGES, max_num=LANGUAGES_MAX, absolute_max=LANGUAGES_MAX
)


def language_forms(worker: Worker, data: Any = None) -> Any:
    """One row per language of the worker, and some to fill in."""
    initial = [{"language": tag, "level": worker.language_levels.get(tag, "")} for tag in worker.languages]
    return LanguageForms(data, initial=initial, prefix="languages", form_kwargs={"known": worker.languages})


class IdentityForm(forms.Form):
    """Who one is, for contracts, taxes and payouts."""

    legal_name = forms.CharField(
        label=_("Full name, as in your passport"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    birth_date = forms.DateField(
        label=_("Date of birth"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "autocomplete": "bday"})
    )
    address = forms.CharField(
        label=_("Postal address"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "street-address"}),
        help_text=_("You may leave this out until there is money to send."),
    )

    def clean_birth_date(self) -> date:
        """A day somebody living can have been born on."""
        born: date = self.cleaned_data["birth_date"]
        today = timezone.localdate()
        if not today - timedelta(days=365 * OLDEST) < born < today:
            raise forms.ValidationError(_("Give the day you were born on."))
        return born


class ContentForm(forms.Form):
    """Which sensitive content one is willing to see."""

    accepted = forms.MultipleChoiceField(
        label=_("I am willing to see"),
        choices=Sensitive.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Tick nothing, and nothing of this kind is ever offered to you."),
    )


class LimitsForm(forms.Form):
    """Limits of one's own."""

    daily_hours = forms.DecimalField(
        label=_("Most hours in a day"),
        required=False,
        decimal_places=2,
        min_value=Decimal(DAILY_CAP_SECONDS[0]) / 3600,
        max_value=Decimal(DAILY_CAP_SECONDS[1]) / 3600,
        widget=forms.NumberInput(attrs={"step": "0.25"}),
        help_text=_("Leave it empty for no limit of your own. You can change it at any time."),
    )
    weekly_hours = forms.DecimalField(
        label=_("Most hours in a week"),
        required=False,
        decimal_places=2,
        min_value=Decimal(WEEKLY_CAP_SECONDS[0]) / 3600,
        max_value=Decimal(WEEKLY_CAP_SECONDS[1]) / 3600,
        widget=forms.NumberInput(attrs={"step": "0.25"}),
    )

    def seconds(self, name: str) -> int | None:
        """A limit in seconds; None for none."""
        hours: Decimal | None = self.cleaned_data[name]
        return None if hours is None else int(hours * 3600)


class StretchForm(forms.Form):
    """Some hours of a weekday."""

    weekday = forms.TypedChoiceField(
        label=_("Day"), required=False, coerce=int, choices=[("", "—"), *((n + 1, name) for n, name in WEEKDAYS.items())]
    )
    begins = forms.TimeField(label=_("From"), required=False, widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}))
    ends = forms.TimeField(label=_("To"), required=False, widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}))

    def clean(self) -> dict[str, Any]:
        """All three or none of them."""
        data: dict[str, Any] = super().clean() or {}
        given = [data.get("weekday") not in (None, ""), data.get("begins") is not None, data.get("ends") is not None]
        if any(given) and not all(given) and not self.errors:
            raise forms.ValidationError(_("Give the day, from when and until when; or clear all three."))
        if all(given) and data["begins"] >= data["ends"] != MIDNIGHT and not self.errors:
            raise forms.ValidationError(
                _("These hours end before they begin: give a later end, or 00:00 for the end of the day.")
            )
        return data


class StretchRows(Rows):
    """The hours of a week, none twice."""

    def compare(self, filled: list[tuple[int, forms.Form]]) -> None:
        """Say of hours that overlap others in which row those are."""
        earlier: list[tuple[int, Any, time, time]] = []
        for number, row in filled:
            day, begins, ends = (row.cleaned_data.get(name) for name in ("weekday", "begins", "ends"))
            if not day or begins is None or ends is None:
                continue
            last = time.max if ends == MIDNIGHT else ends
            for before, other, since, until in earlier:
                if day == other and begins < until and since < last:
                    row.add_error(None, _("These hours overlap those in row %(row)s.") % {"row": before})
                    break
            earlier.append((number, day, begins, last))


MIDNIGHT = time(0)  # as an end, that of the day
StretchForms = forms.formset_factory(StretchForm, formset=StretchRows, extra=5, max_num=28, absolute_max=28)


def stretch_forms(worker: Worker, data: Any = None) -> Any:
    """One row per stretch of the worker's week, and some to fill in."""
    initial = [
        {"weekday": one["weekday"], "begins": time.fromisoformat(one["begins"]), "ends": time.fromisoformat(one["ends"])}
        for one in worker.working_hours
    ]
    return StretchForms(data, initial=initial, prefix="hours")


class TokenForm(forms.Form):
    """A token for a program of one's own."""

    name = forms.CharField(label=_("What it is for"), max_length=60)
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"), choices=Scope.choices, initial=list(DEFAULT_SCOPES), widget=forms.CheckboxSelectMultiple
    )
    days = forms.IntegerField(label=_("Days it works"), min_value=1, max_value=TOKEN_MAX_DAYS, initial=TOKEN_DAYS)


class StartForm(forms.Form):
    """Under which name one wants to do tasks."""

    display_name = forms.CharField(label=_("Name others see"), max_length=60, help_text=NAME_HELP)


class ConfirmForm(forms.Form):
    """A text was read."""

    confirmed = forms.BooleanField(label=_("I have read this text"))


class AcceptForm(forms.Form):
    """An agreement is accepted."""

    accepted = forms.BooleanField(label=_("I have read this and accept it"))
