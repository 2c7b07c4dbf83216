"""Pages that the proxy answers itself, without an account: for now `/health`."""

from __future__ import annotations

from mitmproxy import http

from addons.exchange import Exchanges
from addons.replies import reply
from addons.wire.answers import JSON, Answer
from addons.wire.routes import Route

HEALTHY = Answer(200, (JSON,), b'{"status":"ok"}')


class Pages:
    """Answers local pages to whoever may ask."""

    def __init__(self, exchanges: Exchanges) -> None:
        self.exchanges = exchanges

    def request(self, flow: http.HTTPFlow) -> None:
        """Answer if the path is ours."""
        exchange = self.exchanges.get(flow)
        if flow.response or exchange is None or exchange.client is None:
            return
        if exchange.route is Route.HEALTH:
            flow.response = reply(HEALTHY)
