"""How often a stranger may knock: sign-up and log-in, per address. Counted in each process (docs/decisions/0006)."""

from typing import Any

from rest_framework.throttling import SimpleRateThrottle

from foundation.clock import simulation_allowed


class Knocking(SimpleRateThrottle):
    """Thirty sign-ups or log-ins a minute from one address; a simulated crowd may knock as often as it likes."""

    scope = "knocking"
    rate = "30/min"

    def get_cache_key(self, request: Any, view: Any) -> str | None:
        """One count per address and kind of request."""
        if simulation_allowed():
            return None
        return f"knocking:{type(view).__name__}:{self.get_ident(request)}"
