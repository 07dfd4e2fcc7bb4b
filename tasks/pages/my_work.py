"""My work: every task I took, what became of it, and each answer as I gave it."""

import json
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from foundation.paging import newest_first
from tasks import answering, media, my_work
from tasks.labels import Interface
from tasks.models import Assignment
from tasks.pages.outside import notice
from workforce import appeals
from workforce.models import Appeal
from workforce.signed_in import WorkerRequest, as_worker

PER_PAGE = 25
STATES: dict[str, Any] = {
    Assignment.State.LEASED: gettext_lazy("In your hands"),
    Assignment.State.SUBMITTED: gettext_lazy("Waiting for review"),
    Assignment.State.ACCEPTED: gettext_lazy("Accepted"),
    Assignment.State.REJECTED: gettext_lazy("Rejected"),
    Assignment.State.RETURNED: gettext_lazy("Given back"),
    Assignment.State.EXPIRED: gettext_lazy("Ran out of time"),
    Assignment.State.LATE: gettext_lazy("Too late, or its place was taken"),
}
KINDS = {Assignment.State.ACCEPTED: "good", Assignment.State.REJECTED: "bad", Assignment.State.LEASED: "warn"}


class Filter(forms.Form):
    """Which of it is shown."""

    state = forms.ChoiceField(label=gettext_lazy("State"), required=False)
    batch = forms.ChoiceField(label=gettext_lazy("Job"), required=False)

    def __init__(self, data: Any, batches: list[tuple[UUID, str]]) -> None:
        super().__init__(data)
        fields: Any = self.fields
        fields["state"].choices = [("", _("Any state")), *STATES.items()]
        fields["batch"].choices = [("", _("Any job")), *((str(key), name) for key, name in batches)]


@require_safe
@as_worker
def mine(request: WorkerRequest) -> HttpResponse:
    """Everything, newest first, a page at a time; without its surroundings when htmx asks for it."""
    form = Filter(request.GET, my_work.batches_of(request.worker_id))
    chosen = form.cleaned_data if form.is_valid() else {}
    state, batch = chosen.get("state", ""), chosen.get("batch", "")
    rows = my_work.of_worker(request.worker_id, state=state, batch_id=UUID(batch) if batch else None)
    page = newest_first(rows, request.GET.get("before", ""), rows=PER_PAGE)
    query = request.GET.copy()
    query.pop("before", None)
    context = {
        "form": form,
        "page": page,
        "rows": [
            {"row": row, "title": STATES[row.state], "kind": KINDS.get(Assignment.State(row.state), "")} for row in page.rows
        ],
        "query": query.urlencode(),
        "is_narrowed": bool(state or batch),
    }
    return render(request, "tasks/_my_work.html" if request.htmx else "tasks/my_work.html", context)  # type: ignore[attr-defined]


@require_safe
@as_worker
def one(request: WorkerRequest, assignment_id: UUID) -> HttpResponse:
    """One task: what it asked, what I answered, on what terms, and what happened then."""
    found = my_work.one(request.worker_id, assignment_id)
    row, decision = found["row"], found["decision"]
    interface = answering.interface_of_project(row.project_id)
    if before := notice(request, row.batch.media_origins):
        return before
    context = found | {
        "title": STATES[row.state],
        "kind": KINDS.get(Assignment.State(row.state), ""),
        "appeal": Appeal.objects.filter(decision=decision).first() if decision else None,
        "may_appeal": bool(decision) and appeals.may_appeal(decision, now=request.now),
        "form_answer": _form_answer(found["answer"]) if interface.frame else None,
        "as_data": _as_data(row, found["answer"]),
        "shown": None if interface.frame else _for_the_script(request, found, interface),
    }
    response = render(request, "tasks/my_answer.html", context)
    response._csp_update = {"frame-src": ["'self'"]}  # type: ignore[attr-defined]
    return response


def _form_answer(answer: Any) -> list[tuple[str, Any]]:
    """What was filled in on a requester's own page: names and values."""
    if answer is None:
        return []
    return [pair for region in answer.result for pair in region.get("value", {}).get("form", {}).items()]


def _as_data(row: Assignment, answer: Any) -> str:
    told = {"task": row.task.payload} | ({"answer": answer.result} if answer else {})
    return json.dumps(told, indent=2, ensure_ascii=False, default=str)


def _for_the_script(request: WorkerRequest, found: dict[str, Any], interface: Interface) -> dict[str, Any]:
    """What my_answer.js shows: the task and the answer in the editor, where nothing can be changed."""
    row = found["row"]
    owner = media.owner_of_project(row.project_id)
    return {
        "id": row.id,
        "interface": media.config_for_editor(interface, owner),
        "address": reverse("editor_of", args=[row.batch_id]),
        "payload": media.payload_of(interface, row.task.payload, owner),
        "draft": found["answer"].result if found["answer"] else [],
        "title": _("The task and my answer"),
        "failed": _("The editor did not load. Below is the same as data."),
    }


urlpatterns = [path("my/work/", mine, name="my_work"), path("my/work/<uuid:assignment_id>/", one, name="my_answer")]
