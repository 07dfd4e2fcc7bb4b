"""The ledger, working time and pay floors."""

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    """The ledger, working time and pay floors."""

    name = "payments"
