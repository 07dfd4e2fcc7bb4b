"""Seconds as people say them."""

from django import template
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def duration(seconds: float | None) -> str:
    """Seconds in the two largest units that matter: "45 s", "3 min 20 s", "2 h 5 min", "3 d 4 h". None is a dash."""
    if seconds is None:
        return "–"
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes_left = divmod(minutes, 60)
    days, hours_left = divmod(hours, 24)
    if whole < 60:
        return _("%(s)d s") % {"s": whole}
    if hours < 1:
        return _("%(m)d min %(s)d s") % {"m": minutes, "s": rest} if rest else _("%(m)d min") % {"m": minutes}
    if days < 2:
        return _("%(h)d h %(m)d min") % {"h": hours, "m": minutes_left} if minutes_left else _("%(h)d h") % {"h": hours}
    return _("%(d)d d %(h)d h") % {"d": days, "h": hours_left} if hours_left else _("%(d)d d") % {"d": days}


@register.filter
def share(value: float | None) -> str:
    """A share of one as a whole percentage; None is a dash."""
    return "–" if value is None else f"{value:.0%}"


@register.filter
def hours(length: float | None) -> str:
    """Hours as `duration` says seconds; None is a dash."""
    return duration(None if length is None else length * 3600)


@register.filter
def percent(value: float | None) -> str:
    """A percentage without needless digits; None is a dash."""
    return "–" if value is None else f"{value:.3g} %"
