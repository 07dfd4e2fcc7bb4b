"""What is said before a page loads anything from another site."""

from collections.abc import Iterable

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from tasks import outside
from workforce.signed_in import WorkerRequest, as_worker


def notice(request: WorkerRequest, sites: Iterable[str | None], program: str | None = None) -> HttpResponse | None:
    """The page that stands before one that loads from these sites, or runs this program; None when the worker knows of each."""
    untold = outside.untold(request.worker_id, sites, program)
    if not untold:
        return None
    context = {"untold": untold, "sites": [one for one in untold if one != program], "next": request.get_full_path()}
    return render(request, "tasks/other_sites.html", context | {"program": program in untold})


@require_POST
@as_worker
def told(request: WorkerRequest) -> HttpResponse:
    """I have read it; back to where I was going."""
    outside.tell(request.worker_id, request.POST.getlist("site"), now=request.now)
    wanted = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return redirect(wanted if ours and wanted.startswith("/") else "jobs")


urlpatterns = [path("other-sites/", told, name="told_of_sites")]
