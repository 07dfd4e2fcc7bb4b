"""My data: a copy of everything, and being erased, which can be undone for a week."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from foundation.errors import DomainError
from tasks import leaving, personal_data
from workforce import erasure
from workforce.models import DataCopy
from workforce.signed_in import PersonRequest, signed_in

SHOWN = 5


class EraseForm(forms.Form):
    """Being erased, said twice."""

    sure = forms.BooleanField(label=gettext_lazy("I want my account and everything that says who I am to be erased."))
    gives_up_money = forms.BooleanField(
        label=gettext_lazy("I give up the money that is still mine here. Nobody pays it out to me afterwards."), required=False
    )

    def __init__(self, *args: Any, money: list[dict[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not money:
            del self.fields["gives_up_money"]


@require_safe
@signed_in
def my_data(request: PersonRequest) -> HttpResponse:
    """Copies and their progress; erasing, or undoing it."""
    return _page(request)


def _page(request: PersonRequest, form: EraseForm | None = None, status: int = 200) -> HttpResponse:
    money = leaving.money_of(request.actor.worker_id)
    context = {
        "money": money,
        "form": form or EraseForm(money=money),
        "waiting": erasure.waiting_of(request.actor.id),
        "days": erasure.WAIT.days,
        "kept_days": erasure.KEPT.days,
    }
    return render(request, "tasks/my_data.html", context | _copies(request), status=status)


def _copies(request: PersonRequest) -> dict[str, Any]:
    rows = list(erasure.copies_of(request.actor.id)[:SHOWN])
    ready = [row.state == DataCopy.State.DONE and row.kept_until is not None and row.kept_until > request.now for row in rows]
    return {
        "copies": [
            {"copy": row, "address": personal_data.address_of(row) if is_ready else ""}
            for row, is_ready in zip(rows, ready, strict=True)
        ],
        "in_the_making": any(row.state in (DataCopy.State.QUEUED, DataCopy.State.RUNNING) for row in rows),
    }


@require_safe
@signed_in
def copies_part(request: PersonRequest) -> HttpResponse:
    """The list of copies, asked for again and again while one is being made."""
    return render(request, "tasks/_data_copies.html", _copies(request))


@require_POST
@signed_in
def make_copy(request: PersonRequest) -> HttpResponse:
    """Have a copy made."""
    erasure.ask_for_copy(request.actor, now=request.now)
    return redirect("my_data")


@require_safe
@signed_in
def download(request: PersonRequest, copy_id: UUID, signature: str) -> Any:
    """The copy itself, to its person alone."""
    personal_data.check_signature(copy_id, signature)
    return handed_over(request, personal_data.hand_over(request.actor, copy_id, now=request.now))


def handed_over(request: HttpRequest, whole: Any) -> FileResponse:
    """A download that no cache keeps."""
    reply = FileResponse(whole, as_attachment=True, filename="my-data.zip", content_type="application/zip")
    reply["Cache-Control"] = "private, no-store"
    return reply


@require_POST
@signed_in
def erase(request: PersonRequest) -> HttpResponse:
    """Ask to be erased, or stay after all."""
    if "undo" in request.POST:
        erasure.undo(request.actor, now=request.now)
        messages.success(request, _("You stay. Nothing was deleted."))
        return redirect("my_data")
    form = EraseForm(request.POST, money=leaving.money_of(request.actor.worker_id))
    if form.is_valid():
        try:
            leaving.ask(request.actor, gives_up_money=bool(form.cleaned_data.get("gives_up_money")), now=request.now)
            return redirect("my_data")
        except DomainError as refusal:
            form.add_error(None, refusal.told())
    return _page(request, form, status=400)


urlpatterns = [
    path("my/data/", my_data, name="my_data"),
    path("my/data/copies/", copies_part, name="data_copies"),
    path("my/data/copy/", make_copy, name="make_data_copy"),
    path("my/data/erase/", erase, name="erase_me"),
    path("my/data/<uuid:copy_id>/<str:signature>/", download, name="download_my_data"),
]
