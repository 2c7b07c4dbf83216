"""Where a request comes from: the peer's address and what proxies say of it go in, who is judged by it comes out."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

UNKNOWN = "unknown"
"""The address of a client of which a trusted proxy says nothing that can be read: it is in no network."""

_IPV6_PREFIX = 64
"""One customer has as many addresses below it as he likes."""


@dataclasses.dataclass(frozen=True, slots=True)
class Source:
    """Who is judged for a request: an address, and whether it is on this machine."""

    address: str
    is_local: bool

    @property
    def household(self) -> str:
        """What its failed tries are counted by: the address, or an IPv6 address's network of 64 bits."""
        found = address_of(self.address)
        if isinstance(found, ipaddress.IPv6Address):
            return str(ipaddress.ip_network((found, _IPV6_PREFIX), strict=False))
        return str(found or self.address)  # one address, however it is written


def address_of(text: str) -> Address | None:
    """The IP address that a text is, without its zone; IPv4 on a socket for both is IPv4. None for anything else."""
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def is_loopback(address: str) -> bool:
    """Whether a peer is on this machine; a name is not."""
    found = address_of(address)
    return found is not None and found.is_loopback


def parse_networks(text: str) -> tuple[Network, ...]:
    """The networks of a list like `10.0.0.0/8, 192.0.2.7`; raises ValueError with one sentence."""
    parts = [part.strip() for part in text.split(",")]
    return tuple(_network(part) for part in parts if part)


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise ValueError(
            f"{text!r} is no network: give addresses or CIDRs like 10.0.0.0/8 or 2001:db8::/32, comma separated."
        ) from error


def is_in(address: str, networks: Sequence[Network]) -> bool:
    """Whether an address is in one of these networks."""
    found = address_of(address) if networks else None
    return found is not None and any(found in network for network in networks)


def source_of(peer: str, forwarded: Sequence[str], trusted: Sequence[Network]) -> Source:
    """Who asks: the peer; or, if the peer is a trusted proxy, who asked it.

    `forwarded` are the values of X-Forwarded-For. Each proxy appends the address it was asked from, so whatever stands
    left of the last address that is not a trusted proxy's was said by that client itself.
    """
    hops = [hop.strip() for value in forwarded for hop in value.split(",")] if is_in(peer, trusted) else []
    if not hops:
        return Source(peer, is_loopback(peer))
    asker = next((hop for hop in reversed(hops) if not is_in(hop, trusted)), hops[0])
    if address_of(asker) is None:
        return Source(UNKNOWN, is_local=False)
    # A client in a trusted network may claim to be anybody, but what it came through is not on this machine then.
    return Source(asker, all(map(is_loopback, (peer, asker, *hops))))
