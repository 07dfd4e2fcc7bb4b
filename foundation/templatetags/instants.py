"""Instants and days as every page says them, in the reader's language and zone; the footer names the zone, once per page."""

from datetime import date, datetime

from django import template
from django.utils import timezone
from django.utils.dateformat import format as said

register = template.Library()

INSTANT, DAY = "j M Y, H:i", "j M Y"


@register.filter
def instant(at: datetime | None) -> str:
    """An instant: "27 Nov 2026, 14:38". None is a dash."""
    return said(timezone.localtime(at), INSTANT) if at else "–"


@register.filter
def day(at: date | datetime | None) -> str:
    """A day, or that of an instant: "27 Nov 2026". None is a dash."""
    if not at:
        return "–"
    return said(timezone.localtime(at) if isinstance(at, datetime) else at, DAY)


@register.filter
def iso(at: date | datetime) -> str:
    """For programs: in `datetime` of `<time>`, and in addresses."""
    return timezone.localtime(at).isoformat() if isinstance(at, datetime) else at.isoformat()
