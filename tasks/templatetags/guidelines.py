"""What guidelines say, in templates: Markdown with the pictures kept here under addresses that this reader may load."""

from collections.abc import Callable

from django import template
from django.utils.safestring import SafeString

from foundation.markdown import html_of
from tasks import media
from tasks.models import Guideline, Project

register = template.Library()


@register.filter
def text_html(guideline: Guideline, anchors: str = "") -> SafeString:
    """The text of a guideline; with `anchors`, unique on the page, its headings have the ids that its outline names."""
    return html_of(guideline.text, sign=_sign(guideline), anchors=anchors)


@register.filter
def with_pictures(text: str, guideline: Guideline) -> SafeString:
    """Markdown of an entry of that guideline."""
    return html_of(text, sign=_sign(guideline))


@register.filter
def signed(address: str, of: Guideline | Project) -> str:
    """The address of a picture of that guideline, or of one that is being written for a project, signed."""
    return _sign(of)(address)


def _sign(of: Guideline | Project) -> Callable[[str], str]:
    return media.signer_for(of.organization_id if isinstance(of, Project) else media.owner_of_project(of.project_id))
