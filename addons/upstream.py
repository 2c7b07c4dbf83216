"""Where the request goes: until this step has run, a request goes nowhere."""

from __future__ import annotations

from mitmproxy import ctx, http
from mitmproxy.addonmanager import Loader

from addons.core.attempt import Attempt
from addons.destination import DEFAULT_ORIGIN, destination
from addons.exchange import Exchange, Exchanges, NextStep
from addons.wire.headers import TURN_STATE
from addons.wire.origins import parse_origin
from codexlb_store.pool import Pool

SEND_AGAIN = frozenset({NextStep.SAME, NextStep.REFRESH, NextStep.OTHER})


class Upstream:
    """Points a request that has a client, a lease and a credential at the upstream."""

    def __init__(self, exchanges: Exchanges, pool: Pool) -> None:
        self.exchanges = exchanges
        self.pool = pool
        self.origin = parse_origin(DEFAULT_ORIGIN)

    def load(self, loader: Loader) -> None:
        loader.add_option(
            "codexlb_upstream", str, "",
            "Where Codex requests go, as scheme://host:port. Empty: the origin of the reverse mode.",
        )  # fmt: skip

    def configure(self, updated: set[str]) -> None:
        if "codexlb_upstream" in updated or "mode" in updated:
            self.origin = destination(ctx.options.codexlb_upstream, ctx.options.mode)

    def request(self, flow: http.HTTPFlow) -> None:
        """Retarget the request; its path and body stay as they are."""
        exchange = self.exchanges.get(flow)
        if flow.response or exchange is None or exchange.lease is None:
            return
        if exchange.credential is None and exchange.credential_problem is None:
            return
        flow.request.scheme = self.origin.scheme
        flow.request.host = self.origin.host
        flow.request.port = self.origin.port
        flow.request.host_header = self.origin.authority
        exchange.upstream = self.origin
        exchange.foreign_turn_state = self.is_foreign(flow.request.headers.get(TURN_STATE), exchange)

    def is_foreign(self, turn_state: str | None, exchange: Exchange) -> bool:
        """Whether another account issued the turn state that the client repeats; this one may refuse it."""
        if turn_state is None or exchange.lease is None:
            return False
        return self.pool.turn_states.get(turn_state, exchange.lease.account_id) != exchange.lease.account_id

    def upstream_attempt_failed(self, attempt: Attempt) -> None:
        """Once more, if there is an account to do it with."""
        exchange = self.exchanges[attempt.flow]
        turn_state = attempt.flow.request.headers.get(TURN_STATE)
        exchange.foreign_turn_state = self.is_foreign(turn_state, exchange)
        attempt.retry = attempt.reply is None and exchange.next_step in SEND_AGAIN
