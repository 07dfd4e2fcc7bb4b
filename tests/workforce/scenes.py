"""Scenes for the tests of people: a vendor and its manager."""

from datetime import datetime

from tests import builders
from tests.builders import Person
from workforce import members


def vendor(name: str, *, now: datetime) -> Person:
    """The owner of a vendor of the same name."""
    someone = builders.person(name, now=now)
    someone.organization = members.create_organization(someone.actor, name=name.title(), kind="vendor", now=now)
    return someone
