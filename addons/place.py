"""A request's place in the line for an account: whose it is, what it takes of its key's share, whether it got one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from mitmproxy import http

from addons.exchange import Exchange
from addons.plain_body import plain_body
from codexlb_store.pricing import Prices
from codexlb_store.spends import estimate


@dataclass(slots=True, eq=False)
class Place:
    """A request in the line; what it waits for tells whether it got an account, `cost` is in micro-dollars."""

    exchange: Exchange
    flow: http.HTTPFlow
    leased: asyncio.Future[bool]
    cost: float
    has_waited: bool = False

    @property
    def key_id(self) -> str | None:
        """Whose request it is; those without a key share one place among the keys."""
        return self.exchange.client.key_id if self.exchange.client else None


def cost_of(exchange: Exchange, request: http.Request, prices: Prices) -> float:
    """What a request will likely cost, in micro-dollars; once more elsewhere costs nothing."""
    if exchange.diagnoses or exchange.ask is None:
        return 0.0
    return float(estimate(prices, exchange.ask.model, exchange.ask.tier, len(plain_body(request))).micro_usd)
