"""Addresses of other sites: what is one, and that an origin is only ever what was rebuilt."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation import origins

GOOD = {
    "https://pictures.example/a.png": "https://pictures.example",
    "https://Pictures.Example:443/a.png?x=1&y=2#z": "https://pictures.example",
    "https://pictures.example:8443": "https://pictures.example:8443",
    "https://pictures.example?x": "https://pictures.example",
    "https://xn--bcher-kva.example/ü.png": "https://xn--bcher-kva.example",
    "https://8.8.8.8/a.png": "https://8.8.8.8",
}
BAD = [
    "https://x; script-src-elem 'self' 'unsafe-inline'; z/a.png",
    "https://x.example;/a.png",
    "https://x.example,y.example/a.png",
    "https://x.example 'unsafe-inline'/a.png",
    "https://x.example\n/a.png",
    "https://x.example/a b.png",
    "https://x.example/<svg>",
    'https://x.example/"',
    "https://user@x.example/",
    "https://*.example/",
    "https://*/",
    "https://x.example:/",
    "https://x.example:0/",
    "https://x.example:65536/",
    "https://x.example:²/",
    "https://exämple.org/",
    "https://x..example/",
    "https://-x.example/",
    "https://x_y.example/",
    "https://" + "a" * 250 + ".example/",
    "https://x.example/" + "a" * 2000,
    "HTTPS://x.example/",
    "//x.example/",
    "ftp://x.example/",
    "javascript:alert(1)//",
    "data:text/html,x",
    "",
]
PRIVATE = [
    *("localhost", "x.localhost", "printer", "files.lan", "a.internal", "a.local", "1.0.0.127.in-addr.arpa", "a.onion"),
    *(
        "127.0.0.1",
        "10.0.0.5",
        "192.168.1.1",
        "172.16.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "100.64.0.1",
    ),
    *("127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "127.0.0.1.", "1.2.3.4.5", "256.1.1.1"),
]


@pytest.mark.parametrize(("address", "origin"), GOOD.items())
def test_an_origin_is_rebuilt(address, origin):
    assert str(origins.origin_of(address)) == origin
    assert origins.known(origin)


@pytest.mark.parametrize("address", BAD)
def test_what_is_plainly_no_address_is_refused(address):
    with pytest.raises(origins.NoOrigin):
        origins.origin_of(address)
    assert not origins.known(address)


@pytest.mark.parametrize("host", PRIVATE)
def test_a_host_of_a_private_network_is_let_in_by_name_only(host, settings):
    with pytest.raises(origins.NoOrigin):
        origins.origin_of(f"https://{host}/a.png")
    settings.PRIVATE_HOSTS = frozenset({host})
    assert str(origins.origin_of(f"https://{host}/a.png")) == f"https://{host}"


def test_plain_http_is_for_development(settings):
    settings.DEBUG = True
    assert str(origins.origin_of("http://x.example:80/")) == "http://x.example"
    settings.DEBUG = False
    with pytest.raises(origins.NoOrigin, match="https only"):
        origins.origin_of("http://x.example/")
    assert not origins.known("http://x.example")


@given(st.text(st.sampled_from("htps:/.x1a-;, '\"\\@*\n\t[]%${}é²<>?#"), max_size=40))
def test_nothing_but_scheme_host_and_port_ever_comes_out(rest):
    for address in (rest, f"https://{rest}", f"https://x.example{rest}"):
        try:
            origin = str(origins.origin_of(address))
        except origins.NoOrigin:
            continue
        assert re.fullmatch(r"https?://[a-z0-9.-]+(:[0-9]+)?", origin)
        assert origins.known(origin)
