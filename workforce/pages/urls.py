"""Addresses of the pages of people: each file beside this one brings its own."""

from workforce.pages import notices, talking

urlpatterns = [*talking.urlpatterns, *notices.urlpatterns]
