"""Addresses of the pages of people: each file beside this one brings its own."""

from workforce.pages import accounts, invitations, notices, onboarding, talking, teams

urlpatterns = [
    *onboarding.urlpatterns,
    *teams.urlpatterns,
    *accounts.urlpatterns,
    *invitations.urlpatterns,
    *talking.urlpatterns,
    *notices.urlpatterns,
]
