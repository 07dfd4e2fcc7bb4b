"""Writing the next version of a guideline: its text, what each label means, examples with words or pictures, and whether the meaning changes."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from foundation.errors import DomainError
from tasks import guidelines, media, publishing
from tasks.labels import interface_of
from tasks.models import Guideline, Project
from workforce.signed_in import PersonRequest, signed_in

BLANK_EXAMPLES = 2  # of each label, beside those there are
LABELS_MAX = 40  # more than a form should hold: the entries of larger interfaces are written over the API
MEANING = [
    (
        "yes",
        gettext_lazy(
            "It changes what is right: everybody who knows an earlier version reads what changed before their next task"
        ),
    ),
    ("no", gettext_lazy("It only says it better: nobody need read it again")),
]


def _area(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class VersionForm(forms.Form):
    """The text, and what kind of change it is."""

    text = forms.CharField(
        label=gettext_lazy("Guideline"),
        widget=_area(16),
        max_length=guidelines.TEXT_MAX_CHARACTERS,
        help_text=gettext_lazy("Markdown. Pictures are files of your organisation: ![what it shows](/files/…)."),
    )
    changes = forms.CharField(
        label=gettext_lazy("What is new, in a sentence"), required=False, max_length=guidelines.CHANGES_MAX_CHARACTERS
    )
    meaning = forms.ChoiceField(
        label=gettext_lazy("Does the meaning change?"), choices=MEANING, widget=forms.RadioSelect, initial="yes"
    )
    switch_batches = forms.BooleanField(label=gettext_lazy("Open batches hand it out from now on"), required=False, initial=True)


class EntryForm(forms.Form):
    """What one label means."""

    definition = forms.CharField(
        label=gettext_lazy("What it means"), required=False, widget=_area(3), max_length=guidelines.WORDS["definition"]
    )
    use_when = forms.CharField(
        label=gettext_lazy("Use it when"), required=False, widget=_area(2), max_length=guidelines.WORDS["use_when"]
    )
    do_not_use_when = forms.CharField(
        label=gettext_lazy("Do not use it when"), required=False, widget=_area(2), max_length=guidelines.WORDS["do_not_use_when"]
    )


class ExampleForm(forms.Form):
    """An example: words, or a picture and what it shows; emptied, it goes."""

    right = forms.ChoiceField(
        label=gettext_lazy("This is"), choices=[("yes", gettext_lazy("right")), ("no", gettext_lazy("wrong"))]
    )
    text = forms.CharField(
        label=gettext_lazy("Text"), required=False, widget=_area(2), max_length=guidelines.EXAMPLE_WORDS["text"], strip=False
    )
    picture = forms.FileField(label=gettext_lazy("Or a picture"), required=False)
    image = forms.CharField(required=False, widget=forms.HiddenInput)
    alt = forms.CharField(
        label=gettext_lazy("What the picture shows"), required=False, max_length=guidelines.EXAMPLE_WORDS["alt"]
    )
    explanation = forms.CharField(
        label=gettext_lazy("Why"), required=False, widget=_area(2), max_length=guidelines.EXAMPLE_WORDS["explanation"]
    )
    remove = forms.BooleanField(label=gettext_lazy("Remove this example"), required=False)

    @property
    def is_empty(self) -> bool:
        """Nothing was said, or it is to go."""
        said = self.cleaned_data
        return said["remove"] or not any(said[name] for name in ("text", "picture", "image", "alt", "explanation"))


def _count(text: str) -> int:
    """A number from a hidden field of our own; 0 for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


class Entry:
    """The forms of one label."""

    def __init__(self, n: int, label: str, kept: dict[str, Any], data: Any, files: Any) -> None:
        self.label = label
        self.form = EntryForm(data, prefix=f"e{n}", initial=kept)
        there = kept.get("examples", [])
        rows = _count(data.get(f"e{n}-rows", "")) if data is not None else len(there) + BLANK_EXAMPLES
        self.examples = [
            ExampleForm(data, files, prefix=f"e{n}-x{m}", initial=self._initial(there[m]) if m < len(there) else None)
            for m in range(min(rows, guidelines.EXAMPLES_MAX))
        ]
        self.rows_name = f"e{n}-rows"
        self.is_open = bool(kept) or self._was_filled(f"e{n}-", data, files)

    @staticmethod
    def _was_filled(prefix: str, data: Any, files: Any) -> bool:
        if data is None:
            return False
        words = any(data[name] for name in data if name.startswith(prefix) and not name.endswith(("-rows", "-right")))
        return words or any(name.startswith(prefix) for name in files)

    @staticmethod
    def _initial(example: dict[str, Any]) -> dict[str, Any]:
        return example | {"right": "yes" if example["right"] else "no"}

    def is_valid(self) -> bool:
        """Are all of them?"""
        return all([self.form.is_valid(), *(example.is_valid() for example in self.examples)])

    def said(self, request: PersonRequest, organization_id: UUID) -> dict[str, Any] | None:
        """The entry, its pictures kept; None where nothing is said."""
        examples = [self._example(one.cleaned_data, request, organization_id) for one in self.examples if not one.is_empty]
        if not any(self.form.cleaned_data.values()) and not examples:
            return None
        return {"label": self.label, **self.form.cleaned_data, "examples": examples}

    @staticmethod
    def _example(said: dict[str, Any], request: PersonRequest, organization_id: UUID) -> dict[str, Any]:
        image = said["image"]
        if upload := said["picture"]:
            image = media.address_of(
                media.receive(request.actor, organization_id, name=upload.name, stream=upload, now=request.now)
            )
        words = {name: said[name] for name in ("alt", "explanation")}
        return {"right": said["right"] == "yes", "image": image, "text": "" if image else said["text"], **words}


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def next_version(request: PersonRequest, project_id: UUID) -> HttpResponse:
    """The form, begun with the newest version; and the version that comes of it."""
    project = publishing.own_project(request.actor, project_id)
    newest = Guideline.objects.filter(project=project).order_by("-version").first()
    data, files = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = VersionForm(data, initial={"text": newest.text if newest else ""})
    kept = {entry["label"]: entry for entry in newest.entries} if newest else {}
    labels = guidelines.labels_of(interface_of(project.interface))
    is_large = len(labels) > LABELS_MAX
    entries = [] if is_large else [Entry(n, label, kept.get(label, {}), data, files) for n, label in enumerate(labels)]
    if data is not None and all([form.is_valid(), *(entry.is_valid() for entry in entries)]):
        made = _made(request, project, form, None if is_large else entries)
        if made is not None:
            messages.success(request, _("Version %(version)s is published.") % {"version": made.version})
            return redirect(_after(request) or reverse("guideline", args=[made.id]))
    context = {
        "project": project,
        "newest": newest,
        "form": form,
        "entries": entries,
        "is_large": is_large,
        "next": _after(request),
    }
    return render(request, "tasks/guideline_next.html", context, status=200 if data is None else 400)


def _made(request: PersonRequest, project: Project, form: VersionForm, entries: list[Entry] | None) -> Guideline | None:
    """The version; None, with the reason on the form, for one that cannot be kept. Without entries those there are stay."""
    said = form.cleaned_data
    try:
        filled = [entry.said(request, project.organization_id) for entry in entries] if entries is not None else None
        return publishing.add_guideline(
            request.actor,
            project.id,
            text=said["text"],
            entries=[one for one in filled if one] if filled is not None else None,
            changes=said["changes"],
            changes_meaning=said["meaning"] == "yes",
            switch_batches=said["switch_batches"],
            now=request.now,
        )
    except DomainError as error:
        field = error.details.get("field", "")
        form.add_error(field if field in form.fields else None, f"{error.told()} ({field})" if field else error.told())
        return None


def _after(request: HttpRequest) -> str:
    """Where the writer came from, if that is here."""
    target = request.POST.get("next", "") or request.GET.get("next", "")
    return target if url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}) else ""


urlpatterns = [path("requester/projects/<uuid:project_id>/guideline/", next_version, name="guideline_next")]
