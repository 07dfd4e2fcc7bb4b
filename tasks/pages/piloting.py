"""A requester's pages round a pilot: begin one, read what it showed beside the guideline, revise that, publish at the price it suggests."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from foundation.errors import DomainError
from payments.templatetags.amounts import amount
from tasks import piloting, publishing
from tasks.errors import PriceTooLow
from tasks.models import Batch, Guideline
from workforce.models import Membership
from workforce.signed_in import PersonRequest, signed_in

MICROS = 1_000_000
PRICE_MAX = Decimal(10_000)
SUGGESTED, OWN = "suggested", "own"


class BeginForm(forms.Form):
    """How large a pilot is."""

    tasks = forms.IntegerField(label=gettext_lazy("Tasks"), initial=piloting.TASKS, help_text=gettext_lazy("Drawn by chance."))
    workers = forms.IntegerField(label=gettext_lazy("People"), initial=piloting.WORKERS)
    overlap = forms.IntegerField(
        label=gettext_lazy("Answers per task"),
        initial=piloting.OVERLAP,
        help_text=gettext_lazy("Five at least, so that at least five people take part: fewer measure nothing."),
    )


class PublishForm(forms.Form):
    """At what price, and why without a pilot."""

    at = forms.ChoiceField(label=gettext_lazy("Price of one answer"), widget=forms.RadioSelect)
    price = forms.DecimalField(
        label=gettext_lazy("Another price"), required=False, max_value=PRICE_MAX, min_value=Decimal("0.000001"), decimal_places=6
    )
    skip_pilot_reason = forms.CharField(
        label=gettext_lazy("Why without a pilot?"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Kept and shown to whoever looks into it."),
    )

    def __init__(self, data: Any = None, *, batch: Batch, price: dict[str, Any], reason_wanted: bool) -> None:
        suggested = price["suggested_price_micros"]
        first = SUGGESTED if suggested else OWN
        super().__init__(data, initial={"at": first, "price": Decimal(batch.price_micros) / MICROS})
        choices = [(OWN, _("the one below"))]
        if suggested:
            choices.insert(0, (SUGGESTED, _("%(price)s, as the pilot suggests") % {"price": amount(suggested, batch.currency)}))
        self.fields["at"].choices = choices  # type: ignore[attr-defined]
        if not reason_wanted:
            del self.fields["skip_pilot_reason"]

    def clean(self) -> dict[str, Any]:
        """A price of one's own is said."""
        cleaned = super().clean() or {}
        if cleaned.get("at") == OWN and cleaned.get("price") is None and "price" not in self.errors:
            self.add_error("price", _("Say which."))
        return cleaned

    def terms(self) -> dict[str, Any]:
        """What `publishing.publish` takes."""
        cleaned = self.cleaned_data
        own = int(cleaned["price"] * MICROS) if cleaned["at"] == OWN else None
        reason = cleaned.get("skip_pilot_reason", "")
        return {"price_micros": own, "at_suggested_price": cleaned["at"] == SUGGESTED, "skip_pilot_reason": reason}


@require_safe
@signed_in
def pilot(request: PersonRequest, batch_id: UUID) -> HttpResponse:
    """The page; of a pilot itself it is that of the batch it tries out."""
    batch = publishing.own_batch(request.actor, batch_id, at_least=Membership.Role.VIEWER)
    if batch.pilot_of_id is not None:
        return redirect("pilot", batch_id=batch.pilot_of_id)
    return _page(request, batch)


@require_safe
@signed_in
def report(request: PersonRequest, batch_id: UUID) -> HttpResponse:
    """The part of the page that changes while a pilot runs."""
    found = piloting.report(request.actor, batch_id, now=request.now)
    return render(request, "tasks/_pilot_report.html", {"report": found, "batch": Batch.objects.get(id=found["batch_id"])})


@require_POST
@signed_in
def begin(request: PersonRequest, batch_id: UUID) -> HttpResponse:
    """Begin a pilot."""
    batch = publishing.own_batch(request.actor, batch_id)
    form = BeginForm(request.POST)
    if form.is_valid():
        try:
            piloting.begin(request.actor, batch_id, now=request.now, **form.cleaned_data)
        except DomainError as error:
            _show(form, error, batch)
        else:
            messages.success(request, _("The pilot is open. Its report fills as people work."))
            return redirect("pilot", batch_id=batch_id)
    return _page(request, batch, begin_form=form, status=400)


@require_POST
@signed_in
def publish(request: PersonRequest, batch_id: UUID) -> HttpResponse:
    """Publish the batch, at the suggested price or another."""
    batch = publishing.own_batch(request.actor, batch_id)
    figures = publishing.quote(batch, now=request.now)
    form = PublishForm(request.POST, batch=batch, price=figures, reason_wanted=figures["pilot_needed"])
    if form.is_valid():
        try:
            publishing.publish(request.actor, batch_id, now=request.now, **form.terms())
        except DomainError as error:
            _show(form, error, batch)
        else:
            messages.success(request, _("The batch is open."))
            return redirect("pilot", batch_id=batch_id)
    return _page(request, batch, publish_form=form, status=400)


def _page(
    request: PersonRequest,
    batch: Batch,
    *,
    begin_form: BeginForm | None = None,
    publish_form: PublishForm | None = None,
    status: int = 200,
) -> HttpResponse:
    found = piloting.report(request.actor, batch.id, now=request.now)
    figures = publishing.quote(batch, now=request.now)
    is_draft = batch.state == Batch.State.DRAFT
    runs = found["pilot_id"] is not None and not found["is_through"]
    publish_form = publish_form or PublishForm(batch=batch, price=figures, reason_wanted=figures["pilot_needed"])
    context = {
        "batch": batch,
        "report": found,
        "quote": figures,
        "guideline": Guideline.objects.filter(project_id=batch.project_id).order_by("-version").first(),
        "begin_form": (begin_form or BeginForm()) if is_draft and not runs else None,
        "publish_form": publish_form if is_draft else None,
        "runs": runs,
    }
    return render(request, "tasks/pilot.html", context, status=status)


def _show(form: forms.Form, error: DomainError, batch: Batch) -> None:
    """The refusal beside the field it is about, if it is on the form."""
    message = error.told()
    if isinstance(error, PriceTooLow):
        message = _("The least price at that time per answer is %(price)s.") % {
            "price": amount(error.details["limit"], batch.currency)
        }
    field = {"price_micros": "price"}.get(str(error.details.get("field")), error.details.get("field"))
    form.add_error(field if field in form.fields else None, message)


urlpatterns = [
    path("requester/batches/<uuid:batch_id>/pilot/", pilot, name="pilot"),
    path("requester/batches/<uuid:batch_id>/pilot/report/", report, name="pilot_report"),
    path("requester/batches/<uuid:batch_id>/pilot/begin/", begin, name="pilot_begin"),
    path("requester/batches/<uuid:batch_id>/publish/", publish, name="batch_publish"),
]
