"""Fetches the credential of the leased account, fresh; it goes onto the wire and never into the flow."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

from mitmproxy import http
from mitmproxy.addonmanager import Loader

from addons.core.attempt import Attempt
from addons.exchange import Exchange, Exchanges, NextStep
from addons.list_lease import patience_seconds
from addons.own_options import chosen, declare
from addons.settings.upstream import ISSUER
from addons.upkeep.refresher import Refresher
from addons.upkeep.token_store import REMOVED
from addons.wire.tokens import STILL_REFRESHING, RefreshProblem, RefreshReason
from codexlb_store.credentials import Credential
from codexlb_store.pool import Pool

Search = Coroutine[Any, Any, Credential | RefreshProblem]


def write(exchange: Exchange, found: Credential | RefreshProblem) -> None:
    """Put down the credential, or the problem in its place."""
    exchange.credential = found if isinstance(found, Credential) else None
    exchange.credential_problem = found.code if isinstance(found, RefreshProblem) else None


class Credentials:
    """Writes the credential that the HTTP core puts on when it sends the request, or why there is none."""

    def __init__(self, exchanges: Exchanges, pool: Pool, refresher: Refresher) -> None:
        self.exchanges = exchanges
        self.pool = pool
        self.refresher = refresher

    def load(self, loader: Loader) -> None:
        declare(loader, ISSUER)

    def configure(self, updated: set[str]) -> None:
        if "codexlb_issuer" in updated:
            self.refresher.issuer.origin = chosen(ISSUER)

    async def done(self) -> None:
        """No refresh begins from here on, and those that have begun reach the store: it is flushed later."""
        await self.refresher.close()

    async def request(self, flow: http.HTTPFlow) -> None:
        """Take the credential of the lease; that there is none is for the HTTP core to deal with."""
        exchange = self.exchanges.get(flow)
        if flow.response or exchange is None or exchange.lease is None:
            return
        write(exchange, await self.in_time(exchange, self.refresher.fresh(exchange.lease.account_id)))

    async def upstream_attempt_failed(self, attempt: Attempt) -> None:
        """Refresh what the upstream did not accept, or take the credential of the account that is next."""
        exchange = self.exchanges.get(attempt.flow)
        if exchange is None or exchange.lease is None:
            return
        account_id, used = exchange.lease.account_id, exchange.credential
        match exchange.next_step:
            case NextStep.REFRESH:
                write(exchange, await self.in_time(exchange, self.recovered(account_id, used)))
            case NextStep.OTHER if used is None or used.account_id != account_id:
                write(exchange, await self.in_time(exchange, self.refresher.fresh(account_id)))
            case NextStep.OTHER | NextStep.SAME | NextStep.GIVE_UP | None:
                return

    async def in_time(self, exchange: Exchange, search: Search) -> Credential | RefreshProblem:
        """What is found for a request, if it comes before the request's patience ends."""
        if exchange.kept is None:
            return await search
        try:
            async with asyncio.timeout(patience_seconds(exchange, time.time())):
                return await search
        except TimeoutError:
            return STILL_REFRESHING

    async def recovered(self, account_id: str, refused: Credential | None) -> Credential | RefreshProblem:
        """A newer credential than the one the upstream refused."""
        stale = refused or self.pool.credentials.get(account_id)
        return await self.refresher.refreshed(stale, RefreshReason.UNAUTHORIZED) if stale else REMOVED
