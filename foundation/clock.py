"""What time is it? Read once at the edge (a request, a job) and passed down as `now`; nothing below asks again.

In a simulation a request may carry its own instant, so that demos, replays and tests can live through weeks in seconds.
"""

from datetime import UTC, datetime
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest

from foundation.errors import Forbidden, Invalid

SIMULATED_NOW_HEADER = "Fairhand-Now"


def now() -> datetime:
    """The server's instant, in UTC."""
    return datetime.now(UTC)


def instant_of(request: HttpRequest) -> datetime:
    """The instant at which `request` happens: the server's, or in a simulation the one its `Fairhand-Now` header carries.

    Raises Forbidden when the header is sent to an installation that is not a simulation: silently using another time
    than the caller asked for would be worse than refusing.
    """
    return instant_stated(request.headers.get(SIMULATED_NOW_HEADER))


def instant_stated(stated: str | None) -> datetime:
    """The instant a request or a job states, in a simulation; the server's when none is. Errors as `instant_of`."""
    if stated is None:
        return now()
    if not simulation_allowed():
        raise SimulationRefused(header=SIMULATED_NOW_HEADER)
    try:
        instant = datetime.fromisoformat(stated)
    except ValueError as error:
        raise BadInstant(field=SIMULATED_NOW_HEADER, got=stated[:40]) from error
    if instant.tzinfo is None:
        raise BadInstant(field=SIMULATED_NOW_HEADER, got=stated[:40])
    return instant.astimezone(UTC)


def simulation_allowed() -> bool:
    """Simulated time is switched on, and either DEBUG is on or the database carries the simulation mark."""
    return bool(settings.SIMULATION) and (settings.DEBUG or _database_is_marked())


@lru_cache(maxsize=1)
def _database_is_marked() -> bool:
    from foundation.models import Mark

    return Mark.objects.filter(name=Mark.SIMULATION).exists()


class SimulationRefused(Forbidden):
    """The request carries a simulated instant, and this installation lives in real time."""

    code = "simulation_refused"
    message = (
        "This installation runs in real time; leave out the header, or start it with FAIRHAND_SIMULATION=1 on a database marked by "
        "`manage.py mark_simulation`."
    )


class BadInstant(Invalid):
    """An instant that cannot be read."""

    code = "bad_instant"
    message = "Give an ISO 8601 instant with its zone, such as 2026-11-24T09:30:00+00:00."
