"""What guidelines say, in templates: Markdown with the pictures kept here under addresses that this reader may load."""

from django import template
from django.utils.safestring import SafeString

from foundation.markdown import html_of
from tasks import media
from tasks.models import Guideline

register = template.Library()


@register.filter
def text_html(guideline: Guideline, anchors: str = "") -> SafeString:
    """The text of a guideline; with `anchors`, unique on the page, its headings have the ids that its outline names."""
    return html_of(guideline.text, sign=media.signed_address, anchors=anchors)


@register.filter
def with_pictures(text: str) -> SafeString:
    """Markdown of a guideline's entry."""
    return html_of(text, sign=media.signed_address)


@register.filter
def signed(address: str) -> str:
    """The address of a picture kept here, signed."""
    return media.signed_address(address)
