"""Fetches the credential of the leased account, fresh; it goes onto the wire and never into the flow."""

from __future__ import annotations

import time

from mitmproxy import ctx, http
from mitmproxy.addonmanager import Loader
from mitmproxy.exceptions import OptionsError

from addons.core.attempt import Attempt
from addons.exchange import Exchange, Exchanges, NextStep
from addons.upkeep.refresher import REMOVED, Refresher
from addons.wire.origins import parse_origin
from addons.wire.tokens import RefreshProblem, RefreshReason
from codexlb_store.accounts import Credential
from codexlb_store.pool import Pool
from codexlb_store.vault import Vault
from codexlb_store.writer import Writer

EXPIRY_MARGIN_SECONDS = 300.0
OLDEST_REFRESH_SECONDS = 8 * 86_400.0
"""When Codex itself refreshes: this long before the access token expires, or this long after the last refresh of one
that does not say when it expires."""


def is_due(credential: Credential, now: float) -> bool:
    """Whether the access token should be refreshed before it is used."""
    if credential.expires_at is not None:
        return credential.expires_at - now <= EXPIRY_MARGIN_SECONDS
    return credential.last_refresh is not None and now - credential.last_refresh > OLDEST_REFRESH_SECONDS


def is_expired(credential: Credential, now: float) -> bool:
    """Whether the access token is known to be no good any more."""
    return credential.expires_at is not None and credential.expires_at <= now


def write(exchange: Exchange, found: Credential | RefreshProblem) -> None:
    """Put down the credential, or the problem in its place."""
    exchange.credential = found if isinstance(found, Credential) else None
    exchange.credential_problem = found.code if isinstance(found, RefreshProblem) else None


class Credentials:
    """Writes the credential that the HTTP core puts on when it sends the request, or why there is none."""

    def __init__(self, exchanges: Exchanges, pool: Pool, writer: Writer, vault: Vault) -> None:
        self.exchanges = exchanges
        self.pool = pool
        self.refresher = Refresher(pool, writer, vault)

    def load(self, loader: Loader) -> None:
        loader.add_option(
            "codexlb_issuer", str, "https://auth.openai.com",
            "Where access tokens are refreshed, as scheme://host:port.",
        )  # fmt: skip

    def configure(self, updated: set[str]) -> None:
        if "codexlb_issuer" in updated:
            try:
                self.refresher.url = parse_origin(ctx.options.codexlb_issuer).url + "/oauth/token"
            except ValueError as error:
                raise OptionsError(f"codexlb_issuer: {error}") from error

    async def done(self) -> None:
        await self.refresher.close()

    async def request(self, flow: http.HTTPFlow) -> None:
        """Take the credential of the lease; that there is none is for the HTTP core to deal with."""
        exchange = self.exchanges.get(flow)
        if flow.response or exchange is None or exchange.lease is None:
            return
        write(exchange, await self.fresh(exchange.lease.account_id))

    async def upstream_attempt_failed(self, attempt: Attempt) -> None:
        """Refresh what the upstream did not accept, or take the credential of the account that is next."""
        exchange = self.exchanges.get(attempt.flow)
        if exchange is None or exchange.lease is None:
            return
        account_id, used = exchange.lease.account_id, exchange.credential
        match exchange.next_step:
            case NextStep.REFRESH:
                write(exchange, await self.recovered(account_id, used))
            case NextStep.OTHER if used is None or used.account_id != account_id:
                write(exchange, await self.fresh(account_id))
            case NextStep.OTHER | NextStep.SAME | NextStep.GIVE_UP | None:
                return

    async def fresh(self, account_id: str) -> Credential | RefreshProblem:
        """The account's credential, refreshed first when it is due; while it lasts it survives a passing problem."""
        held = self.pool.credentials.get(account_id)
        if held is None or not is_due(held, time.time()):
            return held or REMOVED
        found = await self.refresher.refreshed(held, RefreshReason.EXPIRY)
        is_passing = isinstance(found, RefreshProblem) and not found.permanent
        return held if is_passing and not is_expired(held, time.time()) else found

    async def recovered(self, account_id: str, refused: Credential | None) -> Credential | RefreshProblem:
        """A newer credential than the one the upstream refused."""
        stale = refused or self.pool.credentials.get(account_id)
        return await self.refresher.refreshed(stale, RefreshReason.UNAUTHORIZED) if stale else REMOVED
