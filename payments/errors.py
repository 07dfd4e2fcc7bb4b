"""What can go wrong with money and time."""

from foundation.errors import Conflict, Invalid, Unpaid


class Overdrawn(Unpaid):
    """The account has not that much to give."""

    code = "overdrawn"
    message = "There is not enough money in this account."


class MissingFunds(Unpaid):
    """A requester's funds do not cover what is to be reserved."""

    code = "missing_funds"
    message = "Your funds do not cover this. Deposit the shortfall and try again."


class KeyConflict(Conflict):
    """The business fact was written before, with other content."""

    code = "transfer_key_conflict"
    message = "This transfer was made before with another content."


class HoldEnded(Conflict):
    """The hold was settled or voided before."""

    code = "hold_ended"
    message = "This reserved money was paid out or given back already."


class BadTransfer(Invalid):
    """A transfer the ledger refuses."""

    code = "bad_transfer"
    message = "The ledger refuses this transfer."


class NoPayFloor(Invalid):
    """Nobody has said what an hour must bring at least."""

    code = "no_pay_floor"
    message = "There is no pay floor for this country and currency. An operator enters one with POST pay-floors."


class PayFloorExists(Conflict):
    """A floor for that country, currency and day was entered before."""

    code = "pay_floor_exists"
    message = "There is a floor for that country, currency and day. Enter the new figure from a later day on."
