"""Pages that the proxy answers itself, without an account: `/health`, and `/v1/usage` for the holder of a key."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
from mitmproxy import http

from addons.exchange import Exchanges
from addons.replies import reply
from addons.wire import denials
from addons.wire.answers import JSON, Answer
from addons.wire.denials import Denial
from addons.wire.routes import Route
from codexlb_store.key_usage import key_usage
from codexlb_store.keys import Key
from codexlb_store.processes import living
from codexlb_store.schema import open_store

HEALTHY = Answer(200, (JSON,), b'{"status":"ok"}')


def read_usage(home: Path, key: Key) -> dict[str, Any]:
    """What the store says of a key; it is read from disk, so never in the event loop."""
    with closing(open_store(home)) as db:
        return key_usage(db, key, living(home), time.time())


class Pages:
    """Answers local pages to whoever may ask."""

    def __init__(self, exchanges: Exchanges, home: Path) -> None:
        self.exchanges = exchanges
        self.home = home

    async def request(self, flow: http.HTTPFlow) -> None:
        """Answer if the path is ours."""
        exchange = self.exchanges.get(flow)
        if flow.response or exchange is None or exchange.client is None:
            return
        if exchange.route is Route.HEALTH:
            flow.response = reply(HEALTHY)
        elif exchange.route is Route.USAGE:
            flow.response = reply(await self.usage(exchange.client.key))

    async def usage(self, key: Key | None) -> Answer:
        """A key's own figures; there are none without one, on this machine neither."""
        if key is None:
            return denials.unauthorized(Denial.NO_KEY)
        figures = await asyncio.to_thread(read_usage, self.home, key)
        return Answer(200, (JSON,), msgspec.json.encode(figures))
