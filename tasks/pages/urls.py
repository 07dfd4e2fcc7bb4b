"""Addresses of the pages of work: each file beside this one brings its own."""

from tasks.pages import files, workspace

urlpatterns = [*workspace.urlpatterns, *files.urlpatterns]
