"""The limits of the client's key: every request holds its part of each before it may have an account, or gets 429."""

from __future__ import annotations

import time

from mitmproxy import http
from mitmproxy.connection import Client

from addons.budget_keeper import BudgetKeeper, BudgetsUnavailableError
from addons.exchange import Exchange, Exchanges
from addons.plain_body import plain_body
from addons.replies import reply
from addons.wire import answers, denials
from addons.wire.asks import Ask
from addons.wire.routes import Route
from codexlb_store.budgets import Refused, Reservation
from codexlb_store.keys import Key
from codexlb_store.limit_texts import limit_text
from codexlb_store.pricing import Prices
from codexlb_store.spends import NOTHING, Spend, estimate, estimate_image

ESTIMATES = {
    Route.RESPONSES: estimate,
    Route.COMPACT: estimate,
    Route.SEARCH: estimate,
    Route.IMAGES: estimate_image,
    Route.MEMORIES: estimate,
}
"""Where tokens are used."""

A_REQUEST = Spend(requests=1)
"""What is expected of a request on any other route."""

NO_LIMITS = Reservation(NOTHING, ())
"""What a request holds whose key has no limits, or that has no key."""


def expected_of(route: Route, request: http.Request, ask: Ask, prices: Prices) -> Spend:
    """What a request will likely use."""
    if route not in ESTIMATES:
        return A_REQUEST
    return ESTIMATES[route](prices, ask.model, ask.tier, len(plain_body(request)))


class Limits:
    """Writes the reservation, or says which limit is used up; what was used is settled with the ledger's row."""

    def __init__(self, exchanges: Exchanges, budgets: BudgetKeeper, prices: Prices) -> None:
        self.exchanges = exchanges
        self.budgets = budgets
        self.prices = prices

    async def request(self, flow: http.HTTPFlow) -> None:
        """Reserve what the request will likely use; nothing is waited for while there is enough of it at hand."""
        exchange = self.exchanges.get(flow)
        if flow.response or exchange is None or exchange.client is None or not exchange.permitted:
            return
        key = exchange.client.key
        if key is None or not key.limits:
            exchange.reservation = NO_LIMITS
        else:
            await self.reserve(exchange, flow, key)

    async def reserve(self, exchange: Exchange, flow: http.HTTPFlow, key: Key) -> None:
        assert exchange.ask is not None  # what is permitted was read
        expected = expected_of(exchange.route, flow.request, exchange.ask, self.prices)
        try:
            found = await self.budgets.reserve(
                key, expected, exchange.ask.model, lambda: flow.client_conn.connected and not exchange.closed
            )
        except BudgetsUnavailableError:
            flow.response = reply(answers.not_writable())
            return
        if isinstance(found, Refused):
            flow.response = reply(denials.limit_reached(limit_text(found.limit), found.resets_at, time.time()))
        else:
            exchange.reservation = found

    def client_disconnected(self, client: Client) -> None:
        """A client that left must not wait on."""
        self.budgets.wake()
