"""What `manage.py check --deploy` looks at beyond Django's own: settings that start well and serve nobody."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

HERE = {"localhost", "127.0.0.1", "::1"}


@register(Tags.security, deploy=True)
def mail_links_lead_here(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """Links in mails are encrypted, and lead to a host that others can reach and that this site answers to."""
    address = urlsplit(settings.SITE_ADDRESS)
    host = address.hostname or ""
    found: list[CheckMessage] = []
    if address.scheme != "https":
        found.append(
            Error(f"FAIRHAND_SITE_ADDRESS is {settings.SITE_ADDRESS}: links in mails would not be encrypted.", id="fairhand.E001")
        )
    if host in HERE:
        found.append(
            Error(f"FAIRHAND_SITE_ADDRESS is {settings.SITE_ADDRESS}: nobody else can follow links there.", id="fairhand.E002")
        )
    return found
