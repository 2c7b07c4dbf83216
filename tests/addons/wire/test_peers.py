"""Whose address counts: the peer's, unless a trusted proxy says who asked it."""

from __future__ import annotations

import pytest

from addons.wire.peers import UNKNOWN, Source, is_in, is_loopback, parse_networks, source_of

LOOPBACK = {
    "127.0.0.1": True,
    "127.255.255.254": True,
    "::1": True,
    "0:0:0:0:0:0:0:1": True,
    "::1%lo": True,
    "::ffff:127.0.0.1": True,  # IPv4 on a socket for both
    "::ffff:7f00:1": True,
    # other machines
    "128.0.0.1": False,
    "10.0.0.1": False,
    "192.168.1.2": False,
    "0.0.0.0": False,
    "::": False,
    "fe80::1%eth0": False,
    "::ffff:10.0.0.1": False,
    "::127.0.0.1": False,
    "2001:db8::1": False,
    # no addresses
    "": False,
    "localhost": False,
    "127.1": False,
    "127.0.0.1:80": False,
    "127.0.0.01": False,
    " 127.0.0.1": False,
    "[::1]": False,
    "2130706433": False,
    "/run/codexlb.sock": False,
}


@pytest.mark.parametrize(("address", "expected"), LOOPBACK.items(), ids=LOOPBACK.keys())
def test_only_an_address_of_this_machine_is_one(address: str, expected: bool) -> None:
    assert is_loopback(address) is expected


@pytest.mark.parametrize(
    ("address", "networks", "expected"),
    [
        pytest.param("10.1.2.3", "10.0.0.0/8", True, id="in it"),
        pytest.param("11.1.2.3", "10.0.0.0/8", False, id="beside it"),
        pytest.param("192.0.2.7", "10.0.0.0/8, 192.0.2.7", True, id="one address"),
        pytest.param("::ffff:10.1.2.3", "10.0.0.0/8", True, id="IPv4 on a socket for both"),
        pytest.param("2001:db8::9", "10.0.0.0/8,2001:db8::/32", True, id="IPv6"),
        pytest.param("fe80::1%eth0", "fe80::/10", True, id="with a zone"),
        pytest.param("2001:db8::9", "0.0.0.0/0", False, id="no network is for both"),
        pytest.param("host", "0.0.0.0/0", False, id="a name is nowhere"),
        pytest.param("10.1.2.3", " , ", False, id="no network at all"),
    ],
)
def test_an_address_is_in_a_network_or_not(address: str, networks: str, expected: bool) -> None:
    assert is_in(address, parse_networks(networks)) is expected


@pytest.mark.parametrize("text", ["10.0.0.0/33", "10.0.0.1/8", "host.example", "10.0.0.0/8;10.0.0.1", "*"])
def test_what_is_no_network_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="is no network: give addresses or CIDRs"):
        parse_networks(f"192.0.2.0/24, {text}")


LOCAL, PROXY, CLIENT = "127.0.0.1", "10.0.0.1", "203.0.113.9"
FORWARDED = {
    # nobody is trusted: the header means nothing
    "plain peer": (CLIENT, [], "", Source(CLIENT, False)),
    "this machine": (LOCAL, [], "", Source(LOCAL, True)),
    "a header on loopback makes nobody remote": (LOCAL, [CLIENT], "", Source(LOCAL, True)),
    "a header makes nobody local": (CLIENT, [LOCAL], "", Source(CLIENT, False)),
    "a peer beside the trusted ones": (CLIENT, [LOCAL], "10.0.0.0/8", Source(CLIENT, False)),
    # a trusted proxy says who asked it
    "through a proxy": (PROXY, [CLIENT], "10.0.0.0/8", Source(CLIENT, False)),
    "through a proxy on this machine": (LOCAL, [CLIENT], LOCAL, Source(CLIENT, False)),
    "somebody on this machine through a proxy on it": (LOCAL, ["::1"], LOCAL, Source("::1", True)),
    "the proxy itself": (PROXY, [], "10.0.0.0/8", Source(PROXY, False)),
    "the proxy itself, on this machine": (LOCAL, [], LOCAL, Source(LOCAL, True)),
    # what stands further left was said by the client
    "a lie in front": (PROXY, [f"{LOCAL}, {CLIENT}"], "10.0.0.0/8", Source(CLIENT, False)),
    "a lie in a header of its own": (PROXY, [LOCAL, CLIENT], "10.0.0.0/8", Source(CLIENT, False)),
    "two proxies": (PROXY, [f"9.9.9.9, {CLIENT}, 10.0.0.2"], "10.0.0.0/8", Source(CLIENT, False)),
    "only proxies": (PROXY, ["10.0.0.3, 10.0.0.2"], "10.0.0.0/8", Source("10.0.0.3", False)),
    "a lie that another machine is this one": (PROXY, [LOCAL], "10.0.0.0/8", Source(LOCAL, False)),
    # what cannot be read
    "a name": (PROXY, ["unknown"], "10.0.0.0/8", Source(UNKNOWN, False)),
    "a port": (PROXY, [f"{CLIENT}:99"], "10.0.0.0/8", Source(UNKNOWN, False)),
    "nothing": (LOCAL, [""], LOCAL, Source(UNKNOWN, False)),
    "no peer": ("", [LOCAL], "10.0.0.0/8", Source("", False)),
}


@pytest.mark.parametrize(("peer", "forwarded", "trusted", "expected"), FORWARDED.values(), ids=FORWARDED.keys())
def test_who_is_judged(peer: str, forwarded: list[str], trusted: str, expected: Source) -> None:
    assert source_of(peer, forwarded, parse_networks(trusted)) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        (UNKNOWN, UNKNOWN),
    ],
)
def test_failed_tries_are_counted_by_household(address: str, expected: str) -> None:
    assert Source(address, False).household == expected


def test_a_client_in_a_trusted_network_cannot_say_that_it_is_on_this_machine() -> None:
    """Through a proxy on this machine: it appended the client's address to what the client said itself."""
    trusted = parse_networks("127.0.0.1, 10.0.0.0/8")
    assert not source_of("127.0.0.1", ["127.0.0.1, 10.0.0.5"], trusted).is_local
    assert source_of("127.0.0.1", ["127.0.0.1, 127.0.0.1"], trusted).is_local


def test_a_zone_is_no_address_of_its_own() -> None:
    trusted = parse_networks("127.0.0.1")
    assert source_of("127.0.0.1", ["192.0.2.7%" + "x" * 500], trusted).household == "192.0.2.7"
    assert Source("::ffff:192.0.2.7", is_local=False).household == "192.0.2.7"
