"""Picks the account: the session's home while it is warm, else the selector's choice; waits when all are busy.

Who waits for a slot is served by fair shares: one key's crowd does not hold up the others.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections import defaultdict
from operator import itemgetter

from mitmproxy import http
from mitmproxy.addonmanager import Loader
from mitmproxy.connection import Client

from addons.core.attempt import Attempt
from addons.deliberations import Options, deliberation_of
from addons.empty_pool import beyond_reach, has_rested, nobody_can_serve, standings_for
from addons.exchange import Exchange, Exchanges, Lease, NextStep
from addons.list_lease import deliberation_of_list, lease_for_list
from addons.own_options import chosen, declare
from addons.place import Place, cost_of
from addons.replies import reply
from addons.settings.placing import ACCOUNT_CONCURRENCY, BUDGET_SECONDS, DEFAULT_BUDGET_SECONDS, STRATEGY
from addons.wire.routes import Route
from codexlb_store.accounts import AccountStatus
from codexlb_store.fair_share import FairShare
from codexlb_store.pool import Pool
from codexlb_store.pricing import Prices
from codexlb_store.selection import Candidate, Strategy, choose

COMES_BACK = frozenset({AccountStatus.COOLING, AccountStatus.LIMITED})
LONGEST_REST_AWAITED_SECONDS = 60.0
"""A request is held for an account that comes back within a minute."""


class Balancer:
    """Leases an account to each request and takes the lease back exactly once."""

    def __init__(self, exchanges: Exchanges, pool: Pool, prices: Prices, rng: random.Random) -> None:
        self.exchanges = exchanges
        self.pool = pool
        self.prices = prices
        self.rng = rng
        self.leased: dict[str, str] = {}
        self.line: list[Place] = []
        self.shares: defaultdict[str, FairShare] = defaultdict(FairShare)
        """By account."""
        self.settling: dict[str, str] = {}
        """Where a session's first requests go while none of them has been answered: all to one account."""
        self.strategy = Strategy.CAPACITY_WEIGHTED
        self.most = 0
        self.budget_seconds = DEFAULT_BUDGET_SECONDS
        pool.changed = self.look_again

    def load(self, loader: Loader) -> None:
        declare(loader, STRATEGY, ACCOUNT_CONCURRENCY, BUDGET_SECONDS)

    def configure(self, updated: set[str]) -> None:
        if "codexlb_strategy" in updated:
            self.strategy = chosen(STRATEGY)
        if "codexlb_budget_seconds" in updated:
            self.budget_seconds = chosen(BUDGET_SECONDS)
        if "codexlb_account_concurrency" in updated:
            self.most = chosen(ACCOUNT_CONCURRENCY)
            self.look_again()

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
        for place in [place for place in self.line if not place.flow.client_conn.connected]:
            self.settle(place, time.time())

    async def lease(self, exchange: Exchange, flow: http.HTTPFlow) -> bool:
        """Wait in the line until an account has room; False when none can serve or the client has left."""
        if exchange.route is Route.MODELS:
            return self.lease_list(exchange, time.time())
        cost = cost_of(exchange, flow.request, self.prices) if self.most else 0.0  # else nobody waits for a slot
        place = Place(exchange, flow, asyncio.get_running_loop().create_future(), cost)
        self.line.append(place)
        try:
            while True:
                if len(self.line) > 1:
                    self.serve_line()
                self.settle(place, time.time())
                if place.leased.done():
                    return place.leased.result()
                await asyncio.wait([place.leased], timeout=self.patience(exchange, time.time()))
        finally:
            if place in self.line:
                self.line.remove(place)

    def lease_list(self, exchange: Exchange, now: float) -> bool:
        """Nobody waits to be told which models there are."""
        if found := lease_for_list(exchange, self.pool, now, self.budget_seconds):
            exchange.lease = found
            exchange.deliberations.append(deliberation_of_list(exchange, self.pool, found, now))
        return found is not None

    def serve_line(self) -> None:
        """Serve those who wait while there is room for one of them."""
        now = time.time()
        while self.line and self.has_room() and (place := self.first_in_line(now)):
            self.settle(place, now)

    def look_again(self) -> None:
        """Accounts or options are others than before: who cannot be served any more need not wait on."""
        self.serve_line()
        for place in list(self.line):
            self.settle(place, time.time())

    def settle(self, place: Place, now: float) -> None:
        """Tell one who waits what comes of it, if it is known."""
        outcome = self.look(place, now) if place in self.line else None
        if outcome is not None:
            self.line.remove(place)
            place.leased.set_result(outcome)

    def first_in_line(self, now: float) -> Place | None:
        """Whom an account with room serves next: of the key that has had the least there, the request that came first.

        Of each key one request is looked for, however many wait: this is done for every answer that ends.
        """
        found: dict[str | None, tuple[float, Place]] = {}
        for place in self.line:
            if place.key_id not in found and (lead := self.lead(place, now)) is not None:
                found[place.key_id] = lead, place
        return min(found.values(), key=itemgetter(0))[1] if found else None

    def lead(self, place: Place, now: float) -> float | None:
        """How much more than others its key has had where there is room for it; None where there is none."""
        free = [candidate.account_id for candidate in self.able(place.exchange, now)]
        leads = [self.shares[account_id].lead(place.key_id) for account_id in free if self.has_slot(account_id)]
        return min(leads, default=None)

    def has_room(self) -> bool:
        return any(self.has_slot(account_id) for account_id in self.pool.accounts)

    def look(self, place: Place, now: float) -> bool | None:
        """True with a lease, False when there will be none, None to wait on."""
        exchange, is_late = place.exchange, now >= self.deadline(place.exchange)
        if not place.flow.client_conn.connected:
            return False
        able = self.able(exchange, now)
        free = [candidate for candidate in able if self.has_slot(candidate.account_id)]
        choice = None if is_late else choose(self.strategy, free, now, self.rng)
        if choice is None and not is_late and (able or self.first_back(exchange, now)):
            place.has_waited = True
            return None
        settling = self.settling.get(self.session_of(exchange) or "")
        options = Options(able, free, settling, self.strategy, place.has_waited)
        exchange.deliberations.append(deliberation_of(exchange, self.pool, options, choice, now))
        if choice is None:
            return False
        self.pool.take(choice.account_id, now)
        self.leased[exchange.id] = choice.account_id
        self.shares[choice.account_id].serve(place.key_id, place.cost)
        exchange.lease = Lease(choice.account_id, choice)
        if session := self.session_of(exchange):
            self.settling.setdefault(session, choice.account_id)
        return True

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
        tried = {account_id for account_id in exchange.tried if not has_rested(exchange, self.pool, account_id, now)}
        tried |= beyond_reach(exchange, self.pool)
        if home and home not in tried and self.pool.serves_its_sessions(home, model, now):
            return [self.pool.candidate(home)]
        return self.pool.candidates(model, tried, now)

    def session_of(self, exchange: Exchange) -> str | None:
        return exchange.affinity.session if exchange.affinity else None

    def has_slot(self, account_id: str) -> bool:
        return not self.most or self.pool.in_flight[account_id] < self.most

    def first_back(self, exchange: Exchange, now: float) -> float | None:
        """When the first account comes back that rests or is out of quota, if that is soon enough to wait for."""
        standings = standings_for(exchange, self.pool, now)
        resting = [s.until for s in standings if s.status in COMES_BACK and s.until]
        return next((until for until in sorted(resting) if until - now <= LONGEST_REST_AWAITED_SECONDS), None)
