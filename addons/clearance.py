"""The very last step before the wire: a request that every step has written its part of may leave, no other."""

from __future__ import annotations

import time

from mitmproxy import http

from addons.core.attempt import Attempt
from addons.exchange import Exchange, Exchanges
from addons.present_key import present_key
from addons.replies import reply
from addons.wire import denials
from addons.wire.denials import Denial
from codexlb_store.keyring import Keyring

NEEDED = ("client", "ask", "permitted", "reservation", "affinity", "lease", "upstream", "recorded")
"""The fields that must be written, in the order of the steps that write them."""


def missing(exchange: Exchange) -> list[str]:
    """The fields that still keep a request from leaving."""
    found = [name for name in NEEDED if getattr(exchange, name) is None]
    if exchange.credential is None and exchange.credential_problem is None:
        found.append("credential")
    return found


class Clearance:
    """Writes the one field that the HTTP core asks for. A step that raises keeps this one from being reached.

    Since the client was let in it may have taken minutes to send its body or waited for an account: a key that was
    taken away meanwhile is not served any more.
    """

    def __init__(self, exchanges: Exchanges, keyring: Keyring) -> None:
        self.exchanges = exchanges
        self.keyring = keyring

    def upstream_attempt_failed(self, attempt: Attempt) -> None:
        """Note that every step has had its say on what follows."""
        exchange = self.exchanges.get(attempt.flow)
        if attempt.retry and exchange and (denial := self.denial_of(exchange)):
            attempt.retry, attempt.reply = False, reply(denials.unauthorized(denial))
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
        if denial := self.denial_of(exchange):
            flow.response = reply(denials.unauthorized(denial))
            return
        exchange.cleared = exchange.head_seen and not missing(exchange)

    def denial_of(self, exchange: Exchange) -> Denial | None:
        """Why the client's key is not good any more."""
        found = present_key(self.keyring, exchange.client, time.time()) if exchange.client else None
        return found if isinstance(found, Denial) else None
