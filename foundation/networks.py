"""Where does a request come from? The client's address, and the network it belongs to: near enough to notice a stranger, no more."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest

IPV4_BITS, IPV6_BITS = 24, 48  # what a provider gives to many households


def address_of(request: HttpRequest) -> str:
    """The client's address, behind a proxy as the proxy names it; empty when it cannot be told."""
    stated = request.headers.get("X-Forwarded-For", "").rpartition(",")[2] if settings.BEHIND_PROXY else ""
    try:
        return str(ipaddress.ip_address((stated or str(request.META.get("REMOTE_ADDR") or "")).strip()))
    except ValueError:
        return ""


def network_of(request: HttpRequest) -> str:
    """The network of the client's address, such as 203.0.113.0/24; empty when it cannot be told."""
    address = address_of(request)
    if not address:
        return ""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    bits = IPV4_BITS if ip.version == 4 else IPV6_BITS
    return str(ipaddress.ip_network(f"{ip}/{bits}", strict=False))
