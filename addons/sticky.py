"""Keeps a session on the account that holds its prompt cache."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial

from mitmproxy import http
from mitmproxy.addonmanager import Loader

from addons.core.attempt import Attempt
from addons.exchange import Affinity, Exchanges
from addons.own_options import chosen, declare
from addons.settings.placing import CACHE_TTL_SECONDS
from addons.wire.cache_losses import DEFAULT_CACHE_TTL_SECONDS
from addons.wire.endpoints import ENDPOINTS, Elsewhere
from addons.wire.failures import Failure
from addons.wire.headers import TURN_STATE, value_of
from addons.wire.routes import Route
from codexlb_store.pool import Pool
from codexlb_store.sessions import Home, save_home
from codexlb_store.writer import Writer


def warm_home(home: Home | None, now: float, cache_ttl_seconds: float) -> str | None:
    """The account that still holds the session's cache, if any does."""
    if home is None or now - home.last_used_at > cache_ttl_seconds:
        return None
    return home.account_id


def is_news(known: Home | None, home: Home, cache_ttl_seconds: float) -> bool:
    """Whether a home is worth writing down: a session moved, or its last use is off by a tenth of what matters."""
    if known is None or known.account_id != home.account_id:
        return True
    return home.last_used_at - known.last_used_at >= cache_ttl_seconds / 10


class Sticky:
    """A session's home is where it was served last, for as long as its cache is warm."""

    def __init__(self, exchanges: Exchanges, pool: Pool, writer: Writer) -> None:
        self.exchanges = exchanges
        self.pool = pool
        self.writer = writer
        self.cache_ttl_seconds = DEFAULT_CACHE_TTL_SECONDS

    def load(self, loader: Loader) -> None:
        declare(loader, CACHE_TTL_SECONDS)

    def configure(self, updated: set[str]) -> None:
        if "codexlb_cache_ttl_seconds" in updated:
            self.cache_ttl_seconds = chosen(CACHE_TTL_SECONDS)

    def request(self, flow: http.HTTPFlow) -> None:
        """Look up the session's home."""
        exchange = self.exchanges.get(flow)
        if flow.response or exchange is None or exchange.ask is None:
            return
        session = None if exchange.route is Route.MODELS else exchange.ask.session
        home = self.pool.homes.get(session) if session else None
        last, kept = home.account_id if home else None, warm_home(home, exchange.opened_at, self.cache_ttl_seconds)
        if ENDPOINTS[exchange.route].elsewhere is Elsewhere.NEVER:
            kept = last  # what it is about is no cache, and does not grow cold
        exchange.affinity = Affinity(session, exchange.file_home or kept, last)

    def upstream_attempt_failed(self, attempt: Attempt) -> None:
        """What another account sealed can be opened there: the session goes back, however cold it is."""
        exchange = self.exchanges[attempt.flow]
        session = exchange.affinity.session if exchange.affinity else None
        if exchange.affinity and session and exchange.diagnoses[-1][1].failure is Failure.FOREIGN_CONTENT:
            home = self.pool.homes.get(session)
            exchange.affinity = replace(exchange.affinity, home=home.account_id if home else None)

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Where a session is served is its home from then on, also for its sub-agents running beside it."""
        self.note(flow)
        exchange = self.exchanges.get(flow)
        turn_state = value_of(flow.response.headers.fields, TURN_STATE.encode()) if flow.response else None
        if turn_state and exchange and exchange.in_the_air and exchange.lease:
            self.pool.note_turn_state(turn_state, exchange.lease.account_id)

    def response(self, flow: http.HTTPFlow) -> None:
        self.note(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        self.note(flow)

    def note(self, flow: http.HTTPFlow) -> None:
        """Remember the session's home, here and in the store; the cache is warm from the turn's end."""
        home = self.served(flow)
        if home and is_news(self.pool.homes.get(home.session), home, self.cache_ttl_seconds):
            self.pool.remember(home)
            self.writer.put(partial(save_home, home=home))

    def served(self, flow: http.HTTPFlow) -> Home | None:
        """The home that this request made, if the upstream accepted it."""
        exchange = self.exchanges.get(flow)
        if exchange is None or exchange.sent_at is None or exchange.lease is None or exchange.affinity is None:
            return None
        if exchange.affinity.session is None or flow.response is None or flow.response.status_code != 200:
            return None
        if not ENDPOINTS[exchange.route].makes_home:
            return None  # the session's cache is where it was
        return Home(exchange.affinity.session, exchange.lease.account_id, time.time())
