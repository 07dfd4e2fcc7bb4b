"""How much one account or organisation may keep here, and do in a while: counted race-safely, with the limit in the refusal.

The numbers stand in one place, `settings.LIMITS`; what is counted, and the way out, in each verb that adds something.
"""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from foundation.statements import hold_name, rows_of
from workforce.errors import LimitReached

# What each limit counts, and what to do once it is reached.
KINDS = {
    "organizations_per_account": (_("organisations founded by this account"), _("Use one of them.")),
    "tokens_per_account": (_("tokens that work"), _("Revoke one that is not needed: POST tokens/<id>/revoke.")),
    "open_threads_per_account": (
        _("questions and flags that wait for an answer"),
        _("Wait for one to be answered, or close one."),
    ),
    "members_per_organization": (_("members"), _("End a membership that is not needed.")),
    "invitations_per_organization": (_("invitations open"), _("Revoke one that is not needed.")),
    "invited_per_day": (_("people invited within a day"), _("Invite the others tomorrow.")),
    "projects_per_organization": (_("projects"), _("Use one of them.")),
    "guidelines_per_project": (_("versions of this guideline"), _("Make another project.")),
    "batches_per_project": (_("batches of this project"), _("Make another project.")),
    "drafts_per_organization": (_("draft batches"), _("Publish or close one.")),
    "imports_per_batch": (_("uploads to this batch"), _("Put more rows into each.")),
    "runs_per_batch": (_("aggregations of this batch"), _("Use one of them.")),
    "skills_per_organization": (_("skills"), _("Use one of them.")),
    "exams_per_organization": (_("exams"), _("Use one of them.")),
    "courses_per_organization": (_("courses"), _("Use one of them.")),
    "files_per_account": (_("files uploaded by this account"), _("Show files that are here already.")),
    "files_per_organization": (_("files"), _("Show files that are here already.")),
    "bytes_per_account": (
        _("bytes in files uploaded by this account"),
        _("Keep large files elsewhere and name their addresses."),
    ),
    "bytes_per_organization": (_("bytes in files"), _("Keep large files elsewhere and name their addresses.")),
    "told_per_hour": (_("people told of something within an hour"), _("Go on in an hour.")),
    "grants_per_day_and_worker": (_("skills given to this worker within a day"), _("Wait, or write in a conversation.")),
    "guidelines_per_day": (_("versions of guidelines within a day"), _("Change them tomorrow.")),
    "gold_changes_per_day": (_("known answers changed within a day"), _("Change the others tomorrow.")),
    "assigned_per_day": (_("courses given to people within a day"), _("Give the others tomorrow.")),
    "assigned_per_week_and_worker": (
        _("courses or pauses given to this worker within a week"),
        _("Wait, or write in a conversation."),
    ),
    "rejections_beyond_share": (
        _("rejections over 5 % of a batch within 30 days"),
        _("Ask an operator to look at the answers with you."),
    ),
}

# One row per owner and kind; grows by a guarded update, so that of two at once the later sees what the first has used.
USE = """
INSERT INTO workforce_usage AS u (owner_id, kind, used) VALUES (%(owner_id)s, %(kind)s, %(amount)s)
ON CONFLICT (owner_id, kind) DO UPDATE SET used = u.used + excluded.used WHERE u.used + excluded.used <= %(limit)s
RETURNING u.used
"""


def hold(kind: str, owner_id: UUID, rows: QuerySet[Any], *, more: int = 1) -> None:
    """See that `rows` and `more` of them are within the limit of that kind, before they are added in this transaction.

    Whoever adds to the same owner's waits until this transaction ends (an advisory lock), and then counts what it added. Costs a count
    up to the limit. Raises LimitReached.
    """
    limit = settings.LIMITS[kind]
    hold_name(f"limit {kind} {owner_id}")
    count = rows.order_by()[: limit + 1].count()
    if count + more > limit:
        raise _reached(kind, limit, count)


def keep_pace(kind: str, rows: QuerySet[Any], *, more: int = 1) -> None:
    """See the same of what is only to be slow: nobody waits, and a few too many at the same instant do no harm. Raises LimitReached."""
    limit = settings.LIMITS[kind]
    count = rows.order_by()[: limit + 1].count()
    if count + more > limit:
        raise _reached(kind, limit, count)


def use(kind: str, owner_id: UUID, amount: int) -> None:
    """Add to what an owner has used of a kind that is summed up, not counted. Locks its row until the transaction ends. Raises LimitReached."""
    assert connection.in_atomic_block, "what is used is noted with what uses it, or not at all"
    limit = settings.LIMITS[kind]
    parameters = {"owner_id": owner_id, "kind": kind, "amount": amount, "limit": limit}
    if amount > limit or not rows_of(USE, parameters):
        raise _reached(kind, limit, used(kind, owner_id))


def used(kind: str, owner_id: UUID) -> int:
    """How much an owner has used of a kind that is summed up."""
    from workforce.models import Usage

    return Usage.objects.filter(owner_id=owner_id, kind=kind).values_list("used", flat=True).first() or 0


def refuse_if_used_up(kind: str, owner_id: UUID) -> None:
    """Say no before work is done that could not be kept. Raises LimitReached."""
    count = used(kind, owner_id)
    if count >= settings.LIMITS[kind]:
        raise _reached(kind, settings.LIMITS[kind], count)


def _reached(kind: str, limit: int, count: int) -> LimitReached:
    what, way_out = KINDS[kind]
    facts = {"limit": number_format(limit, force_grouping=True), "what": what, "way_out": way_out}
    return LimitReached(str(_("The limit is %(limit)s %(what)s. %(way_out)s") % facts), kind=kind, limit=limit, got=count)
