"""Addresses of the pages of work: each file beside this one brings its own."""

from tasks.pages import (
    appealing,
    asking,
    exams,
    files,
    frames,
    guidelines,
    jobs,
    my_data,
    my_earnings,
    my_time,
    my_work,
    training,
    workspace,
)

urlpatterns = [
    *workspace.urlpatterns,
    *frames.urlpatterns,
    *files.urlpatterns,
    *guidelines.urlpatterns,
    *jobs.urlpatterns,
    *my_time.urlpatterns,
    *my_work.urlpatterns,
    *my_earnings.urlpatterns,
    *asking.urlpatterns,
    *appealing.urlpatterns,
    *my_data.urlpatterns,
    *training.urlpatterns,
    *exams.urlpatterns,
]
