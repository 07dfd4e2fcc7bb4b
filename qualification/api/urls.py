"""Addresses of the qualification API, below /api/v1/. Exams stand in the tasks API, which knows interfaces."""

from django.urls import path

from qualification.api import views

urlpatterns = [
    path("skills", views.Skills.as_view()),
    path("skills/<uuid:skill_id>", views.OneSkill.as_view()),
    path("skills/<uuid:skill_id>/grants", views.GrantSkill.as_view()),
    path("grants", views.Grants.as_view()),
    path("grants/<uuid:grant_id>/revoke", views.RevokeGrant.as_view()),
    path("me/quality", views.MyQuality.as_view()),
]
