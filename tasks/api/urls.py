"""Addresses of the tasks API, below /api/v1/: each file beside this one brings its own."""

from tasks.api import (
    aggregating,
    appealing,
    asking,
    earning,
    exporting,
    guiding,
    importing,
    job_list,
    media,
    my_data,
    my_time,
    piloting,
    requesting,
    reviewing,
    sitting,
    working,
)

urlpatterns = [
    *requesting.urlpatterns,
    *piloting.urlpatterns,
    *guiding.urlpatterns,
    *importing.urlpatterns,
    *working.urlpatterns,
    *job_list.urlpatterns,
    *my_time.urlpatterns,
    *earning.urlpatterns,
    *sitting.urlpatterns,
    *reviewing.urlpatterns,
    *media.urlpatterns,
    *aggregating.urlpatterns,
    *exporting.urlpatterns,
    *asking.urlpatterns,
    *appealing.urlpatterns,
    *my_data.urlpatterns,
]
