"""My time: today, the week, breaks, the days before; and the clock that the workspace shows."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from foundation.errors import Invalid
from payments import rest_days, resting, stops, timekeeping
from payments.models import WorkInterval
from tasks import clocking
from workforce.signed_in import WorkerRequest, as_worker

DAYS = 14  # of the table
KINDS_OVER = 28  # days that the table of kinds adds up


class BadDay(Invalid):
    """A day that cannot be read."""

    code = "bad_day"
    message = "Give a day as year-month-day, such as 2026-11-24."


@require_safe
@as_worker
def my_time(request: WorkerRequest) -> HttpResponse:
    """The clock, the days, the kinds of work."""
    zone, now = ZoneInfo(request.worker.time_zone), request.now
    last = _last_day(request.GET.get("until", ""), now.astimezone(zone).date())
    dates = _dates(last)
    windows = _windows(request, dates, zone)
    sums = timekeeping.seconds_by_kind(request.worker_id, list(windows.values()))
    found = dict(zip(windows, sums, strict=True))
    days = [{"date": day, "seconds": sum(found[day].values())} for day in dates]
    context = {
        "clock": clocking.as_told(clocking.clock_of(request.worker_id, now=now)),
        "days": days,
        "most": max(day["seconds"] for day in days),
        "earlier": last - timedelta(days=DAYS),
        "is_newest": last == now.astimezone(zone).date(),
        "kinds": _kinds(found),
        "kinds_over": KINDS_OVER,
        "rest_to_come": _rest_to_come(found),
        "zone": request.worker.time_zone,
        "rules": {name: getattr(stops, name).total_seconds() for name in ("BREAK", "STRETCH", "LONG_DAY", "FULL_DAY", "REST")},
    }
    return render(request, "tasks/my_time.html", context)


@require_safe
@as_worker
def now(request: WorkerRequest) -> HttpResponse:
    """The clock for a page that shows it: asked for once a minute while someone works."""
    answer = JsonResponse(clocking.as_told(clocking.clock_of(request.worker_id, now=request.now)))
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
@as_worker
def go_on(request: WorkerRequest) -> HttpResponse:
    """Say that one goes on after a long day; then back to where one was."""
    clocking.go_on(request.worker_id, now=request.now)
    messages.success(request, _("Noted. You get tasks again; take breaks, and stop when you are tired."))
    back = request.POST.get("next", "")
    return redirect(back if url_has_allowed_host_and_scheme(back, {request.get_host()}) else "my_time")


def _last_day(asked: str, today: date) -> date:
    try:
        return min(date.fromisoformat(asked), today) if asked else today
    except ValueError as error:
        raise BadDay(_("Give a day as year-month-day, such as 2026-11-24."), field="until", got=asked[:20]) from error


def _dates(last: date) -> list[date]:
    """DAYS days up to `last`, newest first."""
    return [last - timedelta(days=n) for n in range(DAYS)]


def _windows(request: WorkerRequest, dates: list[date], zone: ZoneInfo) -> dict[Any, stops.Span]:
    """The stretches to add up, by name: each date, today, the week, KINDS_OVER days, and those whose rest is still to come."""

    def begin(day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=zone)

    now, end = request.now, stops.midnight(request.now, zone, days=1)
    unsettled = range(rest_days.SETTLED_AFTER.days + 1)
    return {
        **{day: (begin(day), begin(day + timedelta(days=1))) for day in dates},
        "today": (stops.midnight(now, zone), end),
        "week": (stops.monday(now, zone), end),
        "long": (stops.midnight(now, zone, days=1 - KINDS_OVER), end),
        **{f"unsettled {n}": (stops.midnight(now, zone, days=-n), stops.midnight(now, zone, days=1 - n)) for n in unsettled},
    }


def _kinds(found: dict[Any, dict[str, int]]) -> list[dict[str, Any]]:
    """Each kind of work that occurred: seconds today, this week and in the last KINDS_OVER days."""
    titles = {
        WorkInterval.Kind.TASK: _("Tasks"),
        WorkInterval.Kind.TRAINING: _("Training"),
        WorkInterval.Kind.EXAM: _("Exams"),
        WorkInterval.Kind.READING: _("Guidelines read"),
        WorkInterval.Kind.QUESTION: _("Questions"),
        WorkInterval.Kind.REST: _("Rest"),
    }
    over = ("today", "week", "long")
    return [
        {"title": titles.get(kind, kind)} | {name: found[name].get(kind, 0) for name in over}
        for kind in WorkInterval.Kind
        if kind in found["long"]
    ]


def _rest_to_come(found: dict[Any, dict[str, int]]) -> float:
    """Seconds of rest that days not settled yet have earned: they are credited once nothing in hand can need those seconds."""
    days = [kinds for name, kinds in found.items() if str(name).startswith("unsettled")]
    worked = [sum(seconds for kind, seconds in kinds.items() if kind != WorkInterval.Kind.REST) for kinds in days]
    return sum(resting.earned_by(timedelta(seconds=seconds)).total_seconds() for seconds in worked)


urlpatterns = [
    path("my/time/", my_time, name="my_time"),
    path("my/time/now", now, name="my_time_now"),
    path("my/time/go-on", go_on, name="go_on"),
]
