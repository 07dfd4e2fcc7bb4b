"""How values are kept in rows: every JSON column goes through the gate when it is written, and is read whatever stands in it."""

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from foundation import values

UNREADABLE = {"unreadable": "This value was kept before values were checked, and cannot be read."}


class JSONField(models.JSONField):
    """Django's, which refuses to keep what could not be given back, and reads a row that it cannot read as one that says so."""

    def deconstruct(self) -> Any:
        """As Django's own: the column is the same."""
        name, _, arguments, options = super().deconstruct()
        return name, "django.db.models.JSONField", arguments, options

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        """The value as it is written. Raises foundation.values.Unkeepable."""
        if not hasattr(value, "as_sql"):
            values.check(value, root=self.name)
        return super().get_db_prep_save(value, connection)

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> Any:
        """The value; UNREADABLE for one that Python cannot read, so that the other rows of a list are there."""
        try:
            return super().from_db_value(value, expression, connection)
        except (ValueError, RecursionError):
            return dict(UNREADABLE)
