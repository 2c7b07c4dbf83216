"""Where the request goes: until this step has run, a request goes nowhere."""

from __future__ import annotations

import logging

from mitmproxy import ctx, http
from mitmproxy.addonmanager import Loader

from addons.core.attempt import Attempt
from addons.destination import DEFAULT_ORIGIN, destination
from addons.exchange import Exchange, Exchanges, Lease, NextStep
from addons.own_options import declare
from addons.settings.upstream import UPSTREAM
from addons.wire.headers import TURN_STATE, value_of
from addons.wire.origins import Origin, parse_origin
from addons.wire.workspaces import origin_for
from codexlb_store.pool import Pool

SEND_AGAIN = frozenset({NextStep.SAME, NextStep.REFRESH, NextStep.OTHER})

NO_ORIGIN = "no_origin"
"""Why there is no credential for an account whose workspace demands an origin that cannot be honoured."""

logger = logging.getLogger(__name__)


def retarget(request: http.Request, origin: Origin) -> None:
    """Have the request sent to this origin; its path and body stay as they are."""
    # mitmproxy's own setters would each write a Host, which the last line says for all of them.
    request.data.scheme, request.data.host, request.data.port = origin.scheme.encode(), origin.host, origin.port
    request.host_header = origin.authority


class Upstream:
    """Points a request that has a client, a lease and a credential to where its account is served."""

    def __init__(self, exchanges: Exchanges, pool: Pool) -> None:
        self.exchanges = exchanges
        self.pool = pool
        self.origin = parse_origin(DEFAULT_ORIGIN)
        self.warned: set[tuple[str, str | None]] = set()
        """Accounts, each with the origin that is demanded in vain: once in the log is enough."""

    def load(self, loader: Loader) -> None:
        declare(loader, UPSTREAM)

    def configure(self, updated: set[str]) -> None:
        if "codexlb_upstream" in updated or "mode" in updated:
            self.origin = destination(ctx.options.codexlb_upstream, ctx.options.mode)

    def request(self, flow: http.HTTPFlow) -> None:
        """Point the request at an upstream for the first time."""
        exchange = self.exchanges.get(flow)
        if flow.response or exchange is None or exchange.lease is None:
            return
        if exchange.credential is None and exchange.credential_problem is None:
            return
        self.aim(flow.request, exchange, exchange.lease)

    def upstream_attempt_failed(self, attempt: Attempt) -> None:
        """Once more, if there is an account to do it with, and wherever that one is served."""
        exchange = self.exchanges[attempt.flow]
        if exchange.lease and attempt.reply is None and exchange.next_step in SEND_AGAIN:
            self.aim(attempt.flow.request, exchange, exchange.lease)
            attempt.retry = True

    def aim(self, request: http.Request, exchange: Exchange, lease: Lease) -> None:
        """Point the request at its account's origin. Without one it loses its credential: the HTTP core neither dials
        nor sends then, and asks for the next account."""
        origin = self.origin_of(lease.account_id)
        if origin is None:
            exchange.credential, exchange.credential_problem = None, exchange.credential_problem or NO_ORIGIN
        exchange.upstream = origin or self.origin
        retarget(request, exchange.upstream)
        turn_state = value_of(request.headers.fields, TURN_STATE.encode())
        exchange.foreign_turn_state = self.is_foreign(turn_state, lease.account_id)

    def origin_of(self, account_id: str) -> Origin | None:
        """Where the account's requests go; None when they may go nowhere."""
        account = self.pool.accounts.get(account_id)
        if account is None:  # removed a moment ago
            return None
        try:
            return origin_for(account.origin, self.origin)
        except ValueError as error:
            if (account_id, account.origin) not in self.warned:
                self.warned.add((account_id, account.origin))
                logger.warning("Account %s is not used for what its workspace demands: %s", account_id, error)
            return None

    def is_foreign(self, turn_state: str | None, account_id: str) -> bool:
        """Whether another account issued the turn state that the client repeats; this one may refuse it."""
        return turn_state is not None and self.pool.turn_states.get(turn_state, account_id) != account_id
