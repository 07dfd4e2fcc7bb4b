"""Addresses of the workforce API, below /api/v1/."""

from django.urls import path

from workforce.api import onboarding, talking, views

urlpatterns = [
    *onboarding.urlpatterns,
    path("accounts", views.SignUp.as_view()),
    path("tokens", views.Tokens.as_view()),
    path("tokens/<uuid:token_id>/revoke", views.RevokeToken.as_view()),
    path("me", views.Me.as_view()),
    path("me/profile", views.Profile.as_view()),
    path("me/content", views.Content.as_view()),
    path("me/hours", views.Hours.as_view()),
    path("me/identity", views.MyIdentity.as_view()),
    path("agreements", views.Agreements.as_view()),
    path("agreements/<uuid:agreement_id>/accept", views.AcceptAgreement.as_view()),
    path("organizations", views.Organizations.as_view()),
    path("organizations/<uuid:organization_id>", views.OneOrganization.as_view()),
    path("organizations/<uuid:organization_id>/members", views.Members.as_view()),
    path("organizations/<uuid:organization_id>/member-invitations", views.MemberInvitations.as_view()),
    path("member-invitations/<uuid:member_invitation_id>/revoke", views.RevokeMemberInvitation.as_view()),
    path("me/invitations", views.MyInvitations.as_view()),
    path("me/invitations/<uuid:member_invitation_id>/accept", views.AcceptInvitation.as_view()),
    path("me/invitations/<uuid:member_invitation_id>/decline", views.DeclineInvitation.as_view()),
    path("memberships/<uuid:membership_id>/end", views.EndMembership.as_view()),
    path("users/<uuid:user_id>/remove-second-factors", views.RemoveSecondFactors.as_view()),
    path("users/<uuid:user_id>/sign-out", views.SignOutEverywhere.as_view()),
    path("decisions", views.Decisions.as_view()),
    path("decisions/<uuid:decision_id>", views.OneDecision.as_view()),
    path("decisions/<uuid:decision_id>/lift", views.LiftDecision.as_view()),
    *talking.urlpatterns,
]
