"""The second step: who may ask. Until client keys exist, only clients on this machine may.

Whatever credential the client sent is taken off the flow here: it is shown nowhere and never goes upstream.
"""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address

from mitmproxy import http

from addons.exchange import Client, Exchanges
from addons.replies import reply
from addons.wire import answers
from addons.wire.headers import CLIENT_CREDENTIALS

BREAKS_A_LINE = re.compile(rb"[\r\n\x00]")
"""A folded value may hide a header of its own."""

Fields = tuple[tuple[bytes, bytes], ...]


def without_credentials(fields: Fields) -> Fields:
    """The header fields but for the client's credentials, however they are disguised."""
    return tuple(
        (name, value)
        for name, value in fields
        if name.strip().lower() not in CLIENT_CREDENTIALS and not BREAKS_A_LINE.search(value)
    )


def is_loopback(address: str) -> bool:
    """Whether a peer is on this machine; `::ffff:127.0.0.1` is, a name is not."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped:
        return ip.ipv4_mapped.is_loopback
    return ip.is_loopback


class ClientKeys:
    """Serves loopback peers; everybody else gets 401."""

    def __init__(self, exchanges: Exchanges) -> None:
        self.exchanges = exchanges

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Name the client, or turn it away; its credential goes in either case."""
        flow.request.headers.fields = without_credentials(flow.request.headers.fields)
        exchange = self.exchanges.get(flow)
        if flow.response or exchange is None:
            return
        address = flow.client_conn.peername[0] if flow.client_conn.peername else ""
        if is_loopback(address):
            exchange.client = Client(address=address, key_id=None)
        else:
            flow.response = reply(answers.unauthorized())
