"""Addresses of the pages of work: each file beside this one brings its own."""

from tasks.pages import files, frames, workspace

urlpatterns = [*workspace.urlpatterns, *frames.urlpatterns, *files.urlpatterns]
