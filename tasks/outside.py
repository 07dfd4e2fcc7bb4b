"""Other sites from which tasks load pictures, sound, film or whole pages: who runs one sees the address of everybody it is loaded by.

So nothing is loaded before its reader was told (FAIRHAND_EXTERNAL_FILES=tell), or nothing from elsewhere is loaded at all (refuse).
A requester's own page with script counts as one: a browser cannot be kept from every way in which a script reaches a server.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.conf import settings

from foundation.errors import Invalid
from foundation.origins import known
from tasks.errors import ProgramRefused
from tasks.labels.frames import Frame
from tasks.models import ToldOfSite

PROGRAM = re.compile(r"requester:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")  # stands where a site does, for who wrote the page
SITES_MAX = 200  # told of in one go; a batch, an exam or a lesson names fewer
SITES_KEPT_MAX = 5_000  # that one worker was told of, ever


def let_in(sites: Iterable[str | None]) -> list[str]:
    """Those of these sites that a page may load from: each as it would be rebuilt today, none where the installation refuses them."""
    if settings.EXTERNAL_FILES == "refuse":
        return []
    return sorted({site for site in sites if site and known(site)})


def program_of(frame: Frame | None, organization_id: UUID) -> str | None:
    """What a worker is told of before a requester's own page with script opens: one name per requester. None for everything else.

    Raises ProgramRefused where the installation shows no such page.
    """
    if frame is None or not frame.has_script:
        return None
    if settings.EXTERNAL_FILES == "refuse":
        raise ProgramRefused
    return f"requester:{organization_id}"


def untold(worker_id: UUID, sites: Iterable[str | None], program: str | None = None) -> list[str]:
    """Those that would be loaded from, and the requester whose program would run, of which the worker has not been told."""
    wanted = [*let_in(sites), *filter(None, [program])]
    if not wanted:
        return []
    told = set(ToldOfSite.objects.filter(worker_id=worker_id, site__in=wanted).values_list("site", flat=True))
    return [site for site in wanted if site not in told]


def tell(worker_id: UUID, sites: Iterable[str], *, now: datetime) -> None:
    """The worker has read which sites these are. Again changes nothing. Raises Invalid for what is no site, or for too many."""
    named = sorted(set(sites))
    if len(named) > SITES_MAX:
        raise Invalid("Too many sites at once.", field="site", limit=SITES_MAX, got=len(named))
    if wrong := [site for site in named if not known(site) and not PROGRAM.fullmatch(site)]:
        raise Invalid("That is no site from which tasks may load.", field="site", got=wrong[0][:100])
    if ToldOfSite.objects.filter(worker_id=worker_id).count() + len(named) > SITES_KEPT_MAX:
        raise Invalid("You were told of too many sites already.", field="site", limit=SITES_KEPT_MAX, got=len(named))
    rows = [ToldOfSite(worker_id=worker_id, site=site, told_at=now) for site in named]
    ToldOfSite.objects.bulk_create(rows, ignore_conflicts=True)
