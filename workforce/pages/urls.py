"""Addresses of the pages of people: each file beside this one brings its own."""

from workforce.pages import accounts, notices, onboarding, talking, teams

urlpatterns = [
    *onboarding.urlpatterns,
    *teams.urlpatterns,
    *accounts.urlpatterns,
    *talking.urlpatterns,
    *notices.urlpatterns,
]
