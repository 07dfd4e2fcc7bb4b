"""Addresses of other sites: read strictly, and their origin rebuilt from its parts, so that nothing a person wrote reaches a header as written.

https only (http too where FAIRHAND_DEBUG is on). A host is a name of several labels, or a public IPv4 address. Names and addresses that mean
this machine or a network of the operator's own are let in one by one: FAIRHAND_PRIVATE_HOSTS.
"""

import ipaddress
import re
from typing import NamedTuple

from django.conf import settings

from foundation.errors import Invalid

ADDRESS_MAX_CHARACTERS = 2_000
HOST_MAX_CHARACTERS = 253
PORT_MAX = 65_535
DEFAULT_PORTS = {"https": "443", "http": "80"}

# No control character, space, quote, bracket, brace, backslash or caret: none is part of an address (RFC 3986), each ends one somewhere.
ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9.-]+)(?::(?P<port>[0-9]{1,5}))?(?P<rest>[/?#][^\x00-\x20\x7f-\xa0<>\"'\\^`{|}]*)?"
)
LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
NAME = re.compile(rf"(?:{LABEL}\.)+{LABEL}")
IPV4 = re.compile(r"[0-9]+(?:\.[0-9]+){3}")
# Zones that are no part of the public DNS (RFC 6761, 6762, 8375, 9476; what routers and companies use besides).
PRIVATE_ZONES = {
    "localhost",
    "local",
    "internal",
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
    "localdomain",
    "arpa",
    "alt",
    "onion",
}


class NoOrigin(Invalid):
    """That is no address on a public site; the text says why and what to do."""

    code = "no_origin"
    message = "That is no address on a public site."


class Origin(NamedTuple):
    """Scheme, host and port, as a content policy names them."""

    scheme: str
    host: str
    port: str  # empty for the scheme's own

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}" + (f":{self.port}" if self.port else "")


def origin_of(address: str) -> Origin:
    """The origin of an address. Raises NoOrigin for whatever is not plainly one, and for a host that is not public."""
    if len(address) > ADDRESS_MAX_CHARACTERS:
        raise NoOrigin("An address has at most %(limit)s characters.", limit=ADDRESS_MAX_CHARACTERS)
    found = ADDRESS.fullmatch(address)
    if found is None:
        raise NoOrigin(
            "An address is https://, a host name in ASCII (an international one as xn--…), perhaps a port, and a path without spaces, quotes "
            "or brackets."
        )
    scheme, host, port = found["scheme"], found["host"].lower(), (found["port"] or "").lstrip("0")
    if scheme == "http" and not settings.DEBUG:
        raise NoOrigin("Other sites are read over https only.")
    if found["port"] is not None and not (port and int(port) <= PORT_MAX):
        raise NoOrigin("A port is a number from 1 to %(limit)s.", limit=PORT_MAX)
    if host not in settings.PRIVATE_HOSTS and not is_public(host):
        raise NoOrigin(
            "The host is not on the public internet. Upload the file here (POST …/files), or ask who runs this installation to allow the host "
            "(FAIRHAND_PRIVATE_HOSTS)."
        )
    return Origin(scheme, host, "" if port == DEFAULT_PORTS[scheme] else port)


def is_public(host: str) -> bool:
    """Is this, in lower case, a name in the public DNS or a public IPv4 address? Whatever reads as a number otherwise is neither."""
    if len(host) > HOST_MAX_CHARACTERS:
        return False
    if IPV4.fullmatch(host):
        try:
            address = ipaddress.IPv4Address(host)
        except ValueError:
            return False
        return address.is_global and not address.is_multicast
    zone = host.rpartition(".")[2]
    return NAME.fullmatch(host) is not None and not zone[:1].isdigit() and zone not in PRIVATE_ZONES


def known(origin: str) -> bool:
    """Was this origin made by `origin_of`, and would it be made again today?"""
    try:
        return str(origin_of(origin)) == origin
    except NoOrigin:
        return False
