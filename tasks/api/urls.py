"""Addresses of the tasks API, below /api/v1/: each file beside this one brings its own."""

from tasks.api import aggregating, exporting, importing, job_list, requesting, reviewing, sitting, working

urlpatterns = [
    *requesting.urlpatterns,
    *importing.urlpatterns,
    *working.urlpatterns,
    *job_list.urlpatterns,
    *sitting.urlpatterns,
    *reviewing.urlpatterns,
    *aggregating.urlpatterns,
    *exporting.urlpatterns,
]
