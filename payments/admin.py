"""Money and time for staff: to look at. Transfers are made by verbs; not even a superuser edits one here."""

from django.contrib import admin

from foundation.read_only import ReadOnly
from payments import ledger, money
from payments.models import Account, PayFloor, Transfer, WorkInterval


@admin.register(Account)
class AccountAdmin(ReadOnly):
    """Accounts with what they hold now."""

    list_display = ["id", "kind", "owner_id", "currency", "guard", "posted", "held_out", "held_in"]
    list_filter = ["kind", "currency"]
    search_fields = ["=id", "=owner_id"]
    ordering = ["-id"]

    @admin.display
    def posted(self, account: Account) -> str:
        """What has arrived and not left."""
        return money.text(ledger.balance(account.id).posted, account.currency)

    @admin.display
    def held_out(self, account: Account) -> str:
        """What is promised out of it."""
        return money.text(ledger.balance(account.id).held_out, account.currency)

    @admin.display
    def held_in(self, account: Account) -> str:
        """What is promised into it."""
        return money.text(ledger.balance(account.id).held_in, account.currency)


@admin.register(Transfer)
class TransferAdmin(ReadOnly):
    """The ledger itself."""

    list_display = ["id", "created_at", "phase", "amount", "reason", "reference", "debit_id", "credit_id"]
    list_filter = ["phase", "reason", "currency"]
    search_fields = ["=id", "=key", "=reference"]
    ordering = ["-id"]

    @admin.display
    def amount(self, transfer: Transfer) -> str:
        """In units."""
        return money.text(transfer.amount_micros, transfer.currency)


@admin.register(WorkInterval)
class WorkIntervalAdmin(ReadOnly):
    """The time book."""

    list_display = ["id", "worker_id", "kind", "reference", "period", "currency"]
    list_filter = ["kind"]
    search_fields = ["=worker_id", "=reference"]
    ordering = ["-id"]


@admin.register(PayFloor)
class PayFloorAdmin(ReadOnly):
    """Pay floors; a new figure is entered with POST pay-floors."""

    list_display = ["country", "currency", "hourly", "effective_from", "source"]
    list_filter = ["currency"]
    ordering = ["country", "currency", "-effective_from"]

    @admin.display
    def hourly(self, floor: PayFloor) -> str:
        """In units an hour."""
        return money.text(floor.hourly_micros, floor.currency)
