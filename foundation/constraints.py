"""Which of the database's constraints refused a row.

A refusal is an answer only when it is the one that was expected. `except IntegrityError` alone also takes a missing account, an amount
out of bounds or a fault of ours for "somebody was quicker", tries again and tells people nonsense. So every handler names its constraints.
"""

import logging

log = logging.getLogger(__name__)


def violated(error: BaseException) -> str:
    """The name of the constraint that refused, or "" where the database named none. Takes Django's errors and psycopg's own."""
    for found in (error, error.__cause__):
        name = getattr(getattr(found, "diag", None), "constraint_name", None)
        if name:
            return str(name)
    return ""


def only(error: BaseException, *names: str) -> str:
    """Pass when one of these constraints refused, and return its name; otherwise log the refusal and raise it again.

    The first statement of every handler of an integrity error (tests/repo looks).
    """
    name = violated(error)
    if name not in names:
        log.error("refused by constraint %s, where only %s was expected", name or "(unnamed)", ", ".join(names))
        raise error
    return name
