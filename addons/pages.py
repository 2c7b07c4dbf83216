"""Pages for machines, which the proxy answers itself: `/health`, `/health/ready`, `/metrics`, `/v1/usage` for the
holder of a key, and for Codex's own status screen the pool's usage."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from mitmproxy import http

from addons.exchange import Exchange, Exchanges
from addons.pool_view import PoolView
from addons.readiness import Watch
from addons.replies import reply
from addons.store_reader import ReadError, StoreReader
from addons.usage_page import UsagePage
from addons.wire import denials, page_answers
from addons.wire.answers import JSON, Answer
from addons.wire.denials import Denial
from addons.wire.pool_figures import usage_page
from addons.wire.routes import Route
from codexlb_store.key_usage import key_usage
from codexlb_store.keys import Key
from codexlb_store.processes import living

HEALTHY = Answer(200, (JSON,), b'{"status":"ok"}')


def read_usage(reader: StoreReader, key: Key) -> dict[str, Any]:
    """What the store says of a key; it is read from disk, so never in the event loop. Raises ReadError."""
    return reader.ask(lambda db: key_usage(db, key, living(reader.home), time.time()))


class Pages:
    """Answers local pages to whoever may ask; `metrics` writes the page for Prometheus."""

    def __init__(
        self,
        exchanges: Exchanges,
        reader: StoreReader,
        watch: Watch,
        metrics: Callable[[], Awaitable[Answer]],
        view: PoolView,
    ) -> None:
        self.exchanges = exchanges
        self.view = view
        self.usage_page = UsagePage(partial(read_usage, reader))
        self.watch = watch
        self.metrics = metrics

    async def request(self, flow: http.HTTPFlow) -> None:
        """Answer if the path is ours."""
        exchange = self.exchanges.get(flow)
        if flow.response or exchange is None or exchange.client is None:
            return
        try:
            answer = await self.answer(exchange, exchange.client.key)
        except ReadError as error:
            answer = page_answers.not_now(str(error))
        if answer:
            flow.response = reply(answer)

    async def answer(self, exchange: Exchange, key: Key | None) -> Answer | None:
        """The page that is asked for; None when that is none of these. Raises ReadError."""
        now = time.time()
        match exchange.route:
            case Route.HEALTH:
                return HEALTHY
            case Route.READY:
                return self.watch.answer(now)
            case Route.USAGE:
                return await self.usage(key)
            case Route.POOL_USAGE:
                return usage_page(self.view.limits(exchange, now), now)
            case Route.METRICS:
                return await self.metrics()
            case _:
                return None

    async def usage(self, key: Key | None) -> Answer:
        """A key's own figures; there are none without one, on this machine neither."""
        if key is None:
            return denials.unauthorized(Denial.NO_KEY)
        return Answer(200, (JSON,), await self.usage_page.figures(key))
