"""Picks the account: the session's home while it is warm, else the selector's choice; waits when all are busy.

Who waits for a slot is served by fair shares: one key's crowd does not hold up the others.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from dataclasses import dataclass

from mitmproxy import ctx, http
from mitmproxy.addonmanager import Loader
from mitmproxy.connection import Client
from mitmproxy.exceptions import OptionsError

from addons.core.attempt import Attempt
from addons.empty_pool import beyond_reach, nobody_can_serve, standings_for
from addons.exchange import Exchange, Exchanges, Lease, NextStep
from addons.replies import reply
from addons.wire.failures import Failure
from codexlb_store.accounts import AccountStatus
from codexlb_store.fair_share import FairShare, Turn
from codexlb_store.pool import Pool
from codexlb_store.pricing import Prices
from codexlb_store.selection import Candidate, Strategy, choose
from codexlb_store.spends import estimate

DEFAULT_BUDGET_SECONDS = 240
"""Codex waits that long for the head of an answer without showing anything; tried."""

COMES_BACK = frozenset({AccountStatus.COOLING, AccountStatus.LIMITED})
LONGEST_REST_AWAITED_SECONDS = 60.0
"""A request is held for an account that comes back within a minute."""


def strategy_of(name: str) -> Strategy:
    """The strategy of that name; mitmproxy shows an option's choices but does not hold anybody to them."""
    try:
        return Strategy(name)
    except ValueError as error:
        raise OptionsError(f"codexlb_strategy is {name!r}: give one of {', '.join(Strategy)}.") from error


def cost_of(exchange: Exchange, request: http.Request, prices: Prices) -> float:
    """What a request will likely cost, in micro-dollars; once more elsewhere costs nothing."""
    if exchange.diagnoses or exchange.ask is None:
        return 0.0
    return float(estimate(prices, exchange.ask.model, exchange.ask.tier, len(request.raw_content or b"")).micro_usd)


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A request in the line for an account; what it waits for tells whether it got one."""

    exchange: Exchange
    flow: http.HTTPFlow
    leased: asyncio.Future[bool]
    turn: Turn


class Balancer:
    """Leases an account to each request and takes the lease back exactly once."""

    def __init__(self, exchanges: Exchanges, pool: Pool, prices: Prices, rng: random.Random) -> None:
        self.exchanges = exchanges
        self.pool = pool
        self.prices = prices
        self.rng = rng
        self.leased: dict[str, str] = {}
        self.line: list[Place] = []
        self.shares = FairShare()
        self.settling: dict[str, str] = {}
        """Where a session's first requests go while none of them has been answered: all to one account."""
        self.strategy = Strategy.CAPACITY_WEIGHTED
        self.most = 0
        self.budget_seconds = DEFAULT_BUDGET_SECONDS
        pool.changed = self.serve_line

    def load(self, loader: Loader) -> None:
        loader.add_option(
            "codexlb_strategy", str, Strategy.CAPACITY_WEIGHTED.value,
            "How the account for a new session is picked.", choices=[strategy.value for strategy in Strategy],
        )  # fmt: skip
        loader.add_option(
            "codexlb_account_concurrency", int, 0,
            "Most requests in flight on one account; further ones wait for a slot. 0 sets no limit.",
        )  # fmt: skip
        loader.add_option(
            "codexlb_budget_seconds", int, DEFAULT_BUDGET_SECONDS,
            "How long a request may look and wait for an account that can serve it.",
        )  # fmt: skip

    def configure(self, updated: set[str]) -> None:
        if "codexlb_strategy" in updated:
            self.strategy = strategy_of(ctx.options.codexlb_strategy)
        if "codexlb_budget_seconds" in updated:
            self.budget_seconds = ctx.options.codexlb_budget_seconds
            if self.budget_seconds < 1:
                raise OptionsError(f"codexlb_budget_seconds is {self.budget_seconds}: give 1 or more seconds.")
        if "codexlb_account_concurrency" in updated:
            self.most = ctx.options.codexlb_account_concurrency
            if self.most < 0:
                raise OptionsError(f"codexlb_account_concurrency is {self.most}: give 0 (no limit) or more.")
            self.serve_line()

    async def request(self, flow: http.HTTPFlow) -> None:
        """Lease an account, now or when one has room; or say why none can serve."""
        exchange = self.exchanges.get(flow)
        if flow.response or exchange is None or exchange.affinity is None or exchange.reservation is None:
            return
        if not await self.lease(exchange, flow) and flow.client_conn.connected:
            answer = nobody_can_serve(exchange, self.pool, time.time())
            flow.response = reply(answer) if answer else None

    async def upstream_attempt_failed(self, attempt: Attempt) -> None:
        """Lease the next account, if that is what follows; or say why none can serve."""
        exchange = self.exchanges[attempt.flow]
        if exchange.next_step is not NextStep.OTHER:
            return
        self.release(exchange)
        if not await self.lease(exchange, attempt.flow):
            exchange.next_step = NextStep.GIVE_UP
            answer = nobody_can_serve(exchange, self.pool, time.time())
            attempt.reply = reply(answer) if answer else None

    def response(self, flow: http.HTTPFlow) -> None:
        self.end(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        self.end(flow)

    def end(self, flow: http.HTTPFlow) -> None:
        """Take the lease back; mitmproxy may call both `error` and `response`."""
        if exchange := self.exchanges.get(flow):
            self.release(exchange)

    def release(self, exchange: Exchange) -> None:
        """Exactly once for each lease."""
        if account_id := self.leased.pop(exchange.id, None):
            self.pool.give_back(account_id)
            if self.settling.get(self.session_of(exchange) or "") == account_id:
                del self.settling[self.session_of(exchange) or ""]
            self.serve_line()

    def client_disconnected(self, client: Client) -> None:
        """A client that left must not wait on."""
        self.serve_line()

    async def lease(self, exchange: Exchange, flow: http.HTTPFlow) -> bool:
        """Wait in the line until an account has room; False when none can serve or the client has left."""
        place = Place(exchange, flow, asyncio.get_running_loop().create_future(), self.turn_of(exchange, flow))
        self.line.append(place)
        try:
            while True:
                self.serve_line()
                if place.leased.done():
                    return place.leased.result()
                await asyncio.wait([place.leased], timeout=self.patience(exchange, time.time()))
        finally:
            if place in self.line:
                self.line.remove(place)

    def turn_of(self, exchange: Exchange, flow: http.HTTPFlow) -> Turn:
        """The request's place among those of all keys; where slots are not limited, each is as good as another."""
        key_id = exchange.client.key_id if exchange.client else None
        return self.shares.come(key_id, cost_of(exchange, flow.request, self.prices) if self.most else 0.0)

    def serve_line(self) -> None:
        """Let everybody who waits look: keys by their shares, requests of one key as they came."""
        for place in self.shares.in_order([(place.turn, place) for place in self.line]):
            outcome = self.look(place, time.time())
            if outcome is not None:
                self.line.remove(place)
                place.leased.set_result(outcome)

    def look(self, place: Place, now: float) -> bool | None:
        """True with a lease, False when there will be none, None to wait on."""
        exchange = place.exchange
        if not place.flow.client_conn.connected or now >= self.deadline(exchange):
            return False
        able = self.able(exchange, now)
        free = [candidate for candidate in able if self.has_slot(candidate.account_id)]
        if choice := choose(self.strategy, free, now, self.rng):
            self.pool.take(choice.account_id, now)
            self.leased[exchange.id] = choice.account_id
            self.shares.serve(place.turn)
            exchange.lease = Lease(choice.account_id, choice)
            if session := self.session_of(exchange):
                self.settling.setdefault(session, choice.account_id)
            return True
        return None if able or self.first_back(exchange, now) else False

    def patience(self, exchange: Exchange, now: float) -> float:
        """Seconds until this request must look again by itself: an account has rested, or its time is over."""
        return max(0.0, min(self.first_back(exchange, now) or math.inf, self.deadline(exchange)) - now)

    def deadline(self, exchange: Exchange) -> float:
        """Until when a request may look for an account (unix seconds)."""
        return exchange.opened_at + self.budget_seconds

    def able(self, exchange: Exchange, now: float) -> list[Candidate]:
        """The accounts that may take this request: the warm home alone, else all that it was not tried on."""
        home = exchange.affinity.home if exchange.affinity else None
        home = home or self.settling.get(self.session_of(exchange) or "")
        model = exchange.ask.model if exchange.ask else None
        tried = {account_id for account_id in exchange.tried if not self.has_rested(exchange, account_id, now)}
        tried |= beyond_reach(exchange, self.pool)
        if home and home not in tried and self.pool.serves_its_sessions(home, model, now):
            return [self.pool.candidate(home)]
        return self.pool.candidates(model, tried, now)

    def session_of(self, exchange: Exchange) -> str | None:
        return exchange.affinity.session if exchange.affinity else None

    def has_rested(self, exchange: Exchange, account_id: str, now: float) -> bool:
        """Whether an account that was asked too much has waited as long as it was told to."""
        failures = [diagnosis.failure for tried, diagnosis in exchange.diagnoses if tried == account_id]
        waited_for = bool(failures) and failures[-1] in (Failure.RATE_LIMITED, Failure.WINDOW_FULL)
        is_there = account_id in self.pool.accounts
        return waited_for and is_there and self.pool.standing(account_id, now).status is AccountStatus.ACTIVE

    def has_slot(self, account_id: str) -> bool:
        return not self.most or self.pool.in_flight[account_id] < self.most

    def first_back(self, exchange: Exchange, now: float) -> float | None:
        """When the first account comes back that rests or is out of quota, if that is soon enough to wait for."""
        standings = standings_for(exchange, self.pool, now)
        resting = [s.until for s in standings if s.status in COMES_BACK and s.until]
        return next((until for until in sorted(resting) if until - now <= LONGEST_REST_AWAITED_SECONDS), None)
