"""Commands by what a token must be made for to give them. A view that says nothing is refused (`permissions`, and a test that asks each)."""

from typing import ClassVar

from foundation.api.commands import Command
from workforce.models import Scope

WORK, POST, MONEY, ADMIN = (frozenset({scope}) for scope in (Scope.WORK, Scope.POST, Scope.MONEY, Scope.ADMIN))


class WorkCommand(Command):
    """A command of workers: tasks, exams, courses, questions, and what matching knows about them."""

    scopes = WORK


class PostCommand(Command):
    """A command of who posts or looks after work."""

    scopes = POST


class TalkCommand(Command):
    """A command that either side gives: conversations, notifications, agreements."""

    scopes = WORK | POST


class MoneyCommand(Command):
    """A command that moves money other than by work."""

    scopes = MONEY


class AdminCommand(Command):
    """A command about the account itself, personal data, members, or the installation."""

    scopes = ADMIN


class OwnCommand(Command):
    """What an account does before its address is proven, with any token."""

    scopes = frozenset(Scope)
    open_to_unproven: ClassVar[bool] = True
