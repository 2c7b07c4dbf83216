"""Fetches the credential of the leased account; it goes onto the wire and never into the flow."""

from __future__ import annotations

from mitmproxy import http
from mitmproxy.addonmanager import Loader

from addons.exchange import Exchanges
from addons.replies import reply
from addons.wire import answers
from codexlb_store.pool import Pool


class Credentials:
    """Writes the credential that the HTTP core puts on when it sends the request."""

    def __init__(self, exchanges: Exchanges, pool: Pool) -> None:
        self.exchanges = exchanges
        self.pool = pool

    def load(self, loader: Loader) -> None:
        loader.add_option(
            "codexlb_issuer", str, "https://auth.openai.com",
            "Where access tokens are refreshed, as scheme://host:port.",
        )  # fmt: skip

    async def request(self, flow: http.HTTPFlow) -> None:
        """Take the credential of the lease; an account removed meanwhile has none."""
        exchange = self.exchanges.get(flow)
        if flow.response or exchange is None or exchange.lease is None:
            return
        exchange.credential = self.pool.credentials.get(exchange.lease.account_id)
        if exchange.credential is None:
            flow.response = reply(answers.no_accounts())
