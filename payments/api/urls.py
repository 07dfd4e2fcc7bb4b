"""Addresses of the payments API, below /api/v1/."""

from django.urls import path

from payments.api import views

urlpatterns = [
    path("me/pay", views.MyPay.as_view()),
    path("me/transfers", views.MyTransfers.as_view()),
    path("me/time", views.MyTime.as_view()),
    path("organizations/<uuid:organization_id>/funds", views.Funds.as_view()),
    path("organizations/<uuid:organization_id>/deposits", views.Deposit.as_view()),
    path("organizations/<uuid:organization_id>/withdrawals", views.Withdrawal.as_view()),
    path("pay-floors", views.PayFloors.as_view()),
]
