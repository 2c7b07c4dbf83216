"""Picks the account: the session's home while it is warm, else the selector's choice; waits when all are busy."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections import deque
from collections.abc import Sequence

from mitmproxy import ctx, http
from mitmproxy.addonmanager import Loader
from mitmproxy.connection import Client
from mitmproxy.exceptions import OptionsError

from addons.exchange import Exchange, Exchanges, Lease
from addons.replies import reply
from addons.wire import answers
from addons.wire.answers import Answer
from codexlb_store.accounts import AccountStatus
from codexlb_store.pool import Pool, Standing
from codexlb_store.selection import Strategy, choose


def nobody_can_serve(standings: Sequence[Standing], now: float) -> Answer:
    """The one truthful answer when no account may take a request: when to come back, or what to do."""
    cooling = [s.until for s in standings if s.status is AccountStatus.COOLING and s.until]
    limited = [s for s in standings if s.status is AccountStatus.LIMITED]
    if cooling:
        return answers.busy(min(cooling) - now)
    if limited:
        soonest = min(limited, key=lambda standing: standing.until or math.inf)
        return answers.usage_limit(soonest.plan, soonest.until, now)
    return answers.no_accounts()


class Balancer:
    """Leases an account to each request and takes the lease back exactly once."""

    def __init__(self, exchanges: Exchanges, pool: Pool, rng: random.Random) -> None:
        self.exchanges = exchanges
        self.pool = pool
        self.rng = rng
        self.leased: set[str] = set()
        self.waiting: deque[asyncio.Future[None]] = deque()
        self.strategy = Strategy.CAPACITY_WEIGHTED
        self.most = 0

    def load(self, loader: Loader) -> None:
        loader.add_option(
            "codexlb_strategy", str, Strategy.CAPACITY_WEIGHTED.value,
            "How the account for a new session is picked.", choices=[strategy.value for strategy in Strategy],
        )  # fmt: skip
        loader.add_option(
            "codexlb_account_concurrency", int, 0,
            "Most requests in flight on one account; further ones wait for a slot. 0 sets no limit.",
        )  # fmt: skip

    def configure(self, updated: set[str]) -> None:
        if "codexlb_strategy" in updated:
            self.strategy = Strategy(ctx.options.codexlb_strategy)
        if "codexlb_account_concurrency" in updated:
            self.most = ctx.options.codexlb_account_concurrency
            if self.most < 0:
                raise OptionsError(f"codexlb_account_concurrency is {self.most}: give 0 (no limit) or more.")
            self.wake_all()

    async def request(self, flow: http.HTTPFlow) -> None:
        """Lease an account, now or when a slot frees; or say why none can serve."""
        exchange = self.exchanges.get(flow)
        if flow.response or exchange is None or exchange.affinity is None:
            return
        await self.slot(exchange, flow)
        if not flow.client_conn.connected:
            return
        if lease := self.pick(exchange):
            self.pool.take(lease.account_id, time.time())
            self.leased.add(exchange.id)
            exchange.lease = lease
        else:
            flow.response = reply(nobody_can_serve(self.pool.standings(time.time()), time.time()))

    def response(self, flow: http.HTTPFlow) -> None:
        self.end(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        self.end(flow)

    def end(self, flow: http.HTTPFlow) -> None:
        """Take the lease back; mitmproxy may call both `error` and `response`."""
        exchange = self.exchanges.get(flow)
        if exchange is None or exchange.lease is None or exchange.id not in self.leased:
            return
        self.leased.remove(exchange.id)
        self.pool.give_back(exchange.lease.account_id)
        self.wake_all()

    def client_disconnected(self, client: Client) -> None:
        """A client that left must not wait on."""
        self.wake_all()

    def pick(self, exchange: Exchange) -> Lease | None:
        """The home if it is warm and may serve, else the selector's choice among those with a free slot."""
        now = time.time()
        home = exchange.affinity.home if exchange.affinity else None
        if home and self.pool.serves_its_sessions(home, now):
            return Lease(home, choice=None)
        free = [candidate for candidate in self.pool.candidates(now) if self.has_slot(candidate.account_id)]
        choice = choose(self.strategy, free, now, self.rng)
        return Lease(choice.account_id, choice) if choice else None

    def has_slot(self, account_id: str) -> bool:
        return not self.most or self.pool.in_flight[account_id] < self.most

    def must_wait(self, exchange: Exchange) -> bool:
        """Whether an account could serve this request, were it not busy."""
        now = time.time()
        home = exchange.affinity.home if exchange.affinity else None
        if home and self.pool.serves_its_sessions(home, now):
            return not self.has_slot(home)
        able = self.pool.candidates(now)
        return bool(able) and not any(self.has_slot(candidate.account_id) for candidate in able)

    async def slot(self, exchange: Exchange, flow: http.HTTPFlow) -> None:
        """Wait in order of arrival until an account has room for this request, or its client is gone."""
        while flow.client_conn.connected and self.must_wait(exchange):
            turn = asyncio.get_running_loop().create_future()
            self.waiting.append(turn)
            await turn

    def wake_all(self) -> None:
        """Let the waiting look again, in order of arrival; who must wait on queues up again in the same order."""
        while self.waiting:
            self.waiting.popleft().set_result(None)
