"""What an answer tells its client of rate limits: those of the pool, because the next request may go to any account."""

from __future__ import annotations

import time

from mitmproxy import http
from mitmproxy.addonmanager import Loader

from addons.exchange import Exchanges
from addons.own_options import chosen, declare
from addons.pool_view import PoolView
from addons.settings.telling import RATE_LIMIT_HEADERS, Tells
from addons.wire.pool_figures import with_limits


class PoolHeaders:
    """Puts the pool's limits in the place of the serving account's, once Meter has read those.

    Where the serving account alone counts, what it says of itself is the pool's word, and passes as it came. An answer
    without such headers gets none; a body is never touched.
    """

    def __init__(self, exchanges: Exchanges, view: PoolView) -> None:
        self.exchanges = exchanges
        self.view = view
        self.tells = Tells.POOL

    def load(self, loader: Loader) -> None:
        declare(loader, RATE_LIMIT_HEADERS)

    def configure(self, updated: set[str]) -> None:
        if RATE_LIMIT_HEADERS.name in updated:
            self.tells = chosen(RATE_LIMIT_HEADERS)

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Rewrite the head of an upstream's answer."""
        exchange = self.exchanges.get(flow)
        if exchange is None or exchange.answer is None or flow.response is None or self.tells is Tells.ACCOUNT:
            return
        limits, fields = self.view.look(exchange, time.time())
        if exchange.lease and limits.accounts == (exchange.lease.account_id,):
            return
        if (rewritten := with_limits(flow.response.headers.fields, fields)) is not None:
            flow.response.headers.fields = rewritten
