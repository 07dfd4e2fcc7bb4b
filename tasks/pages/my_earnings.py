"""My earnings: what is paid, held and mine to have, by job and by week, and every movement with its reason."""

from collections.abc import Iterator
from typing import Any, cast

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from foundation.paging import in_chunks, newest_first
from payments import money, statements
from payments.models import Transfer
from tasks import earning, exporting
from tasks.models import Assignment
from workforce.signed_in import WorkerRequest, as_worker

PER_PAGE = 25
COLUMNS = ["id", "at", "what", "phase", "reason", "amount", "amount_micros", "currency", "direction", "reference"]


@require_safe
@as_worker
def my_earnings(request: WorkerRequest) -> HttpResponse:
    """Everything on one page; the movements a page at a time, without their surroundings when htmx asks for them."""
    accounts = statements.accounts_of(request.worker_id)
    page = newest_first(Transfer.objects.of(accounts), request.GET.get("before", ""), rows=PER_PAGE)
    answers = _mine(request, page.rows)
    context: dict[str, Any] = {
        "page": page,
        "movements": [
            _told(row, accounts) | {"answer_id": row.reference if row.reference in answers else None} for row in page.rows
        ],
    }
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "tasks/_movements.html", context)
    weeks = earning.by_week(request.worker, now=request.now)
    context |= {
        "pay": statements.pay_of(request.worker_id, now=request.now),
        "held": earning.held_until(request.worker),
        "jobs": earning.by_job(request.worker_id),
        "weeks": [week for week in weeks if week["seconds"] or week["earned"]],
        "weeks_over": earning.WEEKS,
    }
    return render(request, "tasks/my_earnings.html", context)


@require_safe
@as_worker
def movements_csv(request: WorkerRequest) -> HttpResponse:
    """Every movement as a file for spreadsheets, oldest first, as it is read."""
    accounts = statements.accounts_of(request.worker_id)
    answer = StreamingHttpResponse(exporting.as_csv(COLUMNS, _rows(accounts)), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="earnings.csv"'
    return cast(HttpResponse, answer)


def _rows(accounts: list[Any]) -> Iterator[dict[str, Any]]:
    for chunk in in_chunks(Transfer.objects.of(accounts)):
        for row in chunk:
            told = _told(row, accounts)
            yield {
                "id": row.id,
                "at": row.created_at.isoformat(),
                "what": str(told["title"]),
                "phase": row.phase,
                "reason": row.reason,
                "amount": money.text(row.amount_micros, row.currency).rsplit(" ", 1)[0],
                "amount_micros": row.amount_micros,
                "currency": row.currency,
                "direction": "in" if told["is_in"] else "out",
                "reference": row.reference,
            }


def _mine(request: WorkerRequest, rows: list[Transfer]) -> set[Any]:
    """Which of the references are answers of mine, to link them."""
    references = [row.reference for row in rows if row.reference]
    return set(Assignment.objects.filter(worker_id=request.worker_id, id__in=references).values_list("id", flat=True))


def _told(row: Transfer, accounts: list[Any]) -> dict[str, Any]:
    """A movement in words, from the worker's side."""
    is_in = row.credit_id in accounts
    if row.reason == "earning":
        title = {
            Transfer.Phase.HOLD: _("Reserved for an answer"),
            Transfer.Phase.SETTLE: _("Paid for an answer"),
            Transfer.Phase.POST: _("Paid for an answer after all"),
            Transfer.Phase.VOID: _("Reserve given back: the answer was rejected"),
        }[Transfer.Phase(row.phase)]
    elif row.reason == "payout":
        title = {
            Transfer.Phase.HOLD: _("On its way to you"),
            Transfer.Phase.VOID: _("Came back to your earnings"),
        }.get(Transfer.Phase(row.phase), _("Paid out"))
    else:
        title = (
            _("Received: %(reason)s") % {"reason": row.reason} if is_in else _("Deducted: %(reason)s") % {"reason": row.reason}
        )
    is_final = row.phase in (Transfer.Phase.POST, Transfer.Phase.SETTLE)
    return {"row": row, "title": title, "is_in": is_in, "is_final": is_final}


urlpatterns = [
    path("my/earnings/", my_earnings, name="my_earnings"),
    path("my/earnings/movements.csv", movements_csv, name="my_movements_csv"),
]
