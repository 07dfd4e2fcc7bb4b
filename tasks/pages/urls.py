"""Addresses of the pages of work: each file beside this one brings its own."""

from tasks.pages import files, frames, guidelines, workspace

urlpatterns = [
    *workspace.urlpatterns,
    *frames.urlpatterns,
    *files.urlpatterns,
    *guidelines.urlpatterns,
]
