"""The very last step before the wire: a request that every step has written its part of may leave, no other."""

from __future__ import annotations

from mitmproxy import http

from addons.core.attempt import Attempt
from addons.exchange import Exchange, Exchanges

NEEDED = ("client", "ask", "affinity", "lease", "upstream", "recorded")
"""The fields that must be written, in the order of the steps that write them."""


def missing(exchange: Exchange) -> list[str]:
    """The fields that still keep a request from leaving."""
    found = [name for name in NEEDED if getattr(exchange, name) is None]
    if exchange.credential is None and exchange.credential_problem is None:
        found.append("credential")
    return found


class Clearance:
    """Writes the one field that the HTTP core asks for. A step that raises keeps this one from being reached."""

    def __init__(self, exchanges: Exchanges) -> None:
        self.exchanges = exchanges

    def upstream_attempt_failed(self, attempt: Attempt) -> None:
        """Note that every step has had its say on what follows."""
        attempt.decided = True

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Note that every step has seen the head."""
        exchange = self.exchanges.get(flow)
        if exchange is not None:
            exchange.head_seen = True

    def request(self, flow: http.HTTPFlow) -> None:
        """Clear the request, unless it is answered already or a step is missing."""
        exchange = self.exchanges.get(flow)
        if flow.response or exchange is None:
            return
        exchange.cleared = exchange.head_seen and not missing(exchange)
