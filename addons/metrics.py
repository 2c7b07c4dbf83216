"""Counts what has been served, behind the ledger, and tells it to Prometheus."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from mitmproxy import http
from prometheus_client import Histogram, generate_latest

from addons.exchange import Exchanges
from addons.gauges import Moment, Page, families, moment_of
from addons.readiness import Watch
from addons.store_reader import StoreReader
from addons.tallies import Tallies
from addons.wire.answers import Answer
from addons.wire.endpoints import kind_of

LOOK_SECONDS = 1.0
"""How often the event loop is asked how late it is."""

LAG_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)

PLAIN_TEXT = ("content-type", "text/plain; version=0.0.4; charset=utf-8")
"""What Prometheus asks for unless it is set to another format."""


class Metrics:
    """Adds each request up once, with nothing but sums in memory."""

    def __init__(self, exchanges: Exchanges, watch: Watch, waiting: Callable[[], int], reader: StoreReader) -> None:
        self.exchanges = exchanges
        self.watch = watch
        self.waiting = waiting
        self.reader = reader
        self.tallies = Tallies()
        self.lag = Histogram(
            "codexlb_event_loop_lag_seconds", "How late the event loop was, asked once a second.",
            registry=self.tallies.registry, buckets=LAG_SECONDS,
        )  # fmt: skip
        self.task: asyncio.Task[None] | None = None

    def running(self) -> None:
        """Begin to look at the clock; the task is kept here, else it could be collected while it waits."""
        self.task = asyncio.create_task(self.look())

    def done(self) -> None:
        if self.task:
            self.task.cancel()

    async def look(self) -> None:
        """Once a second, for as long as the proxy runs."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LOOK_SECONDS
            await asyncio.sleep(LOOK_SECONDS)
            self.lag.observe(max(0.0, loop.time() - due))
            self.watch.look(time.time())

    def response(self, flow: http.HTTPFlow) -> None:
        self.end(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        self.end(flow)

    def end(self, flow: http.HTTPFlow) -> None:
        """Count a request whose row is closed; mitmproxy may call both `error` and `response`."""
        exchange = self.exchanges.get(flow)
        if exchange is None or exchange.closing is None or exchange.counted:
            return
        exchange.counted = True
        ask = exchange.ask
        kind = ask.kind.value if ask else kind_of(exchange.route).value
        self.tallies.count(kind, ask.model if ask else None, exchange.closing)

    async def answer(self) -> Answer:
        """The page; raises ReadError when too many ask for it."""
        now = time.time()
        is_ready = self.watch.look(now).reason is None
        moment = moment_of(self.watch.pool, self.watch.writer, self.waiting(), is_ready, now)
        body = await self.reader.work("metrics", lambda: self.text(moment))
        return Answer(200, (PLAIN_TEXT, ("cache-control", "no-store")), body)

    def text(self, moment: Moment) -> bytes:
        """In a thread: everything in Prometheus' own format."""
        return generate_latest(Page(self.tallies.registry, families(moment)))
