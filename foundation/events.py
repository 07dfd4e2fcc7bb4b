"""What happened, for whoever follows along: one append-only row per event, written in the transaction of its cause."""

from datetime import datetime
from typing import Any
from uuid import UUID

from foundation.models import Event

# The same insert as `record`, as a block for statements that must do everything at once.
# Parameters: event_id, event_kind, event_data, actor_id, now; `source` is a row source with organization_id and subject_id.
EVENT_CTE = """
    INSERT INTO foundation_event (id, kind, organization_id, subject_id, actor_id, data, happened_at)
    SELECT %(event_id)s, %(event_kind)s, {source}.organization_id, {source}.subject_id, %(actor_id)s, %(event_data)s, %(now)s
      FROM {source}
"""


def record(
    kind: str,
    *,
    subject_id: UUID,
    now: datetime,
    organization_id: UUID | None = None,
    actor_id: UUID | None = None,
    data: dict[str, Any] | None = None,
) -> Event:
    """Append one event. Runs in the caller's transaction, so that an event is never told of something that did not happen."""
    return Event.objects.create(
        kind=kind,
        subject_id=subject_id,
        organization_id=organization_id,
        actor_id=actor_id,
        data=data or {},
        happened_at=now,
    )
