"""As whom do we speak to the database? Not as a superuser, who could switch off the triggers that keep money and records."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection
from django.db.backends.signals import connection_created

REFUSAL = (
    "The database role is a superuser, for whom no guard of the ledger holds. Make a plain role (CREATE ROLE fairhand_app LOGIN …), run "
    "`manage.py grant_role fairhand_app` as the owner of the tables, and name it in DATABASE_URL. To run as a superuser all the same, "
    "set FAIRHAND_ALLOW_SUPERUSER=1."
)


def refuse_superusers() -> None:
    """From now on this process speaks to the database as a plain role, or not at all. For web processes and clusters; not in development.

    Raises ImproperlyConfigured at once when the role is a superuser; when the database cannot be reached yet, at the first connection.
    """
    if settings.DEBUG or settings.ALLOW_SUPERUSER:
        return
    connection_created.connect(_refuse, dispatch_uid="refuse superusers")
    try:
        connection.ensure_connection()
    except OperationalError:
        return
    finally:
        connection.close()


def _refuse(sender: Any, connection: Any, **rest: Any) -> None:
    told = connection.connection.info.parameter_status("is_superuser")  # the server tells it with every connection
    if told is None:  # a pooler between us keeps it to itself
        with connection.connection.cursor() as cursor:
            told = cursor.execute("SHOW is_superuser").fetchone()[0]
    if told != "off":
        raise ImproperlyConfigured(REFUSAL)
