"""My quality: every score about me, what it was made from, the rule and its bar, and what was decided."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from qualification import quality
from tasks import my_quality
from workforce.signed_in import WorkerRequest, as_worker


@require_safe
@as_worker
def mine(request: WorkerRequest) -> HttpResponse:
    """Every score, in words and as a picture of where it lies."""
    scores = my_quality.estimates(request.worker_id, now=request.now)
    for score in scores:
        score["picture"] = _picture(score)
    context = {
        "scores": scores,
        "counted_until": quality.counted_until(request.now),
        "verdicts": my_quality.verdicts(request.worker_id),
        "methods": my_quality.found_by_methods(request.worker_id),
        "skills": my_quality.skills(request.worker_id, now=request.now),
        "decisions": my_quality.decisions_about(request.worker_id, now=request.now),
    }
    return render(request, "tasks/my_quality.html", context)


def _picture(score: dict[str, Any]) -> str:
    """What the chart says, for who cannot see it."""
    one = score["shown"]
    said = _("Accuracy: between %(low)s and %(high)s, best guess %(middle)s.") % {
        "low": f"{one.lower_bound:.0%}",
        "high": f"{one.upper_bound:.0%}",
        "middle": f"{one.accuracy:.0%}",
    }
    return said + " " + _("The bar is at %(bar)s.") % {"bar": f"{score['bar']:.0%}"} if score["bar"] is not None else said


urlpatterns = [path("my/quality/", mine, name="my_quality")]
