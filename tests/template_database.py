"""A migrated, empty database that every test database is copied from.

Running the migrations takes longer than most test files; a copy takes a fraction of a second. The template's name carries a digest of
every migration and of the locked libraries, so that a changed migration makes another one and the old one is dropped.
"""

import hashlib
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.test.utils import setup_databases

PREFIX = "test_template_"
LOCK = 7_216_001  # of all processes that may make the template, one does


def ready() -> str:
    """The name of the template, made first where there is none. Waits while another process makes it."""
    name = PREFIX + _digest()
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX])
            existing = {row[0] for row in cursor.fetchall()}
            if name not in existing:
                for stale in existing:
                    cursor.execute(f'DROP DATABASE IF EXISTS "{stale}" WITH (FORCE)')
                _make(f"{PREFIX}draft")
                cursor.execute(f'ALTER DATABASE "{PREFIX}draft" RENAME TO "{name}"')
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
    return name


def _make(name: str) -> None:
    own_name, test = connection.settings_dict["NAME"], connection.settings_dict["TEST"]
    wanted = test.get("NAME")
    test["NAME"] = name
    try:
        setup_databases(verbosity=0, interactive=False, aliases={"default"}, serialized_aliases=set())
    finally:
        connection.close()
        connection.close_pool()  # after it: closing makes a pool where there is none
        test["NAME"] = wanted
        connection.settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = own_name


def _digest() -> str:
    root = Path(settings.BASE_DIR)
    digest = hashlib.sha256((root / "requirements/run.lock").read_bytes())
    for path in sorted(root.glob("*/migrations/*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
