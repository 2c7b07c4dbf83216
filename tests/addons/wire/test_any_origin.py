"""Whatever a client says of where it comes from and where it wants to go: told, and never more than it may know."""

from __future__ import annotations

import ipaddress
import urllib.parse

from hypothesis import given
from hypothesis import strategies as st

from addons.wire.peers import UNKNOWN, Network, address_of, is_in, is_loopback, parse_networks, source_of
from addons.wire.routes import OWN_PAGES, Refusal, Route, known_host, route
from tests.hunts import TEXT, hunt

TREE = "/backend-api/codex/"
SEGMENTS = st.sampled_from(
    ["responses", "models", "..", ".", "", "%2e%2e", "%2F", "x", "%72esponses", "\\", "%00", "%"]
)
TARGETS = st.lists(SEGMENTS | TEXT, max_size=5).map("/".join).map(TREE.__add__) | st.text(max_size=30)
METHODS = st.sampled_from(["GET", "POST", "HEAD", "CONNECT", "post", ""]) | TEXT


@hunt
@given(METHODS, TARGETS, st.booleans())
def test_any_target_has_a_route_or_a_refusal(method: str, target: str, upgrade: bool) -> None:
    found = route(method, target, upgrade)

    if isinstance(found, Refusal):
        assert 400 <= found.status < 500
        assert found.message.endswith(".")
    else:
        path = urllib.parse.unquote(target.partition("?")[0], "latin-1")
        assert path.startswith((TREE, "/backend-api/files")) or found in OWN_PAGES
        assert not {".", ".."} & set(path.replace(";", "/").split("/"))
        assert "//" not in path
        assert path.isascii() or found in (Route.OTHER, Route.MEMORIES, Route.SAFETY)


@hunt
@given(
    st.text(max_size=30) | st.sampled_from(["localhost", "127.0.0.1", "[::1]"]).flatmap(lambda h: TEXT.map(h.__add__))
)
def test_a_host_that_is_known_is_this_machine_or_an_address(host: str) -> None:
    if known_host(host):
        name = urllib.parse.urlsplit(f"//{host}").hostname or ""
        name = name.removesuffix(".")
        assert name == "localhost" or name.endswith(".localhost") or ipaddress.ip_address(name)


ADDRESSES = st.ip_addresses().map(str) | st.sampled_from(["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.7"])
SAID = ADDRESSES | TEXT
NETWORKS = st.sampled_from(["10.0.0.0/8", "127.0.0.0/8", "0.0.0.0/0", "::/0", "2001:db8::/32"])


@hunt
@given(ADDRESSES, st.lists(st.lists(SAID, max_size=3).map(", ".join), max_size=2), st.lists(NETWORKS, max_size=2))
def test_nobody_claims_to_be_here_who_came_from_elsewhere(peer: str, forwarded: list[str], trusted: list[str]) -> None:
    networks = parse_networks(",".join(trusted))
    source = source_of(peer, forwarded, networks)

    if source.is_local:
        assert is_loopback(peer)
        assert is_loopback(source.address)
    if not is_in(peer, networks):
        assert source.address == peer
    assert source.address in (peer, UNKNOWN) or address_of(source.address) is not None
    assert source.household


@hunt
@given(st.ip_addresses())
def test_an_address_is_read_as_it_was_written(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    mapped = getattr(address, "ipv4_mapped", None)

    assert address_of(str(address)) == (mapped or address)
    assert address_of(f"{address}%eth0") == (mapped or address)


@hunt
@given(TEXT | st.lists(NETWORKS | TEXT, max_size=3).map(",".join))
def test_a_list_of_networks_is_read_or_refused_in_a_sentence(text: str) -> None:
    try:
        found: tuple[Network, ...] = parse_networks(text)
    except ValueError as error:
        assert str(error).endswith("comma separated.")
    else:
        assert parse_networks(",".join(map(str, found))) == found
