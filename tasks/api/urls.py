"""Addresses of the tasks API, below /api/v1/: each file beside this one brings its own."""

from django.urls import URLPattern

from tasks.api import working

urlpatterns: list[URLPattern] = []
urlpatterns += working.urlpatterns
