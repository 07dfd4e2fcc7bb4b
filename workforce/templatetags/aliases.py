"""How pages of organisations call a worker."""

from uuid import UUID

from django import template

from workforce import aliases
from workforce.models import Worker

register = template.Library()


@register.filter
def called_by(worker: Worker, organization_id: UUID | None) -> str:
    """The alias of that organisation (None: the platform), after the name that the worker lets requesters see, if they do."""
    return aliases.called_by(worker, organization_id)
