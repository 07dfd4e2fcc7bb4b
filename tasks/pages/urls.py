"""Addresses of the pages of work: each file beside this one brings its own."""

from tasks.pages import (
    appealing,
    asking,
    exams,
    files,
    frames,
    guideline_writing,
    guidelines,
    jobs,
    my_data,
    my_earnings,
    my_quality,
    my_time,
    my_work,
    piloting,
    training,
    workspace,
)

urlpatterns = [
    *workspace.urlpatterns,
    *frames.urlpatterns,
    *files.urlpatterns,
    *guidelines.urlpatterns,
    *guideline_writing.urlpatterns,
    *piloting.urlpatterns,
    *jobs.urlpatterns,
    *my_time.urlpatterns,
    *my_work.urlpatterns,
    *my_earnings.urlpatterns,
    *my_quality.urlpatterns,
    *asking.urlpatterns,
    *appealing.urlpatterns,
    *my_data.urlpatterns,
    *training.urlpatterns,
    *exams.urlpatterns,
]
