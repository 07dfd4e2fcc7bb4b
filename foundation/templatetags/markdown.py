"""Markdown in templates: `{% load markdown %}` and `{{ text|markdown }}`."""

from django import template
from django.utils.safestring import SafeString

from foundation.markdown import html_of

register = template.Library()


@register.filter
def markdown(text: str | None) -> SafeString:
    """The text as safe HTML; pictures kept here need a signed address, which `tasks` gives."""
    return html_of(text or "")
