"""Counts what became of each conversation's prompt cache: what was expected of it, and why it was not there."""

from __future__ import annotations

import time

from mitmproxy import ctx, http

from addons.exchange import Exchange, Exchanges
from addons.wire.cache_losses import DEFAULT_CACHE_TTL_SECONDS, Now, Turn, count_cache
from addons.wire.endpoints import Kind

MOST_CONVERSATIONS = 5_000
"""Past it the one is forgotten whose last turn is the longest ago; its next one is a first one then."""

Conversation = tuple[str, str | None]
"""Session and thread: a review or a sub-agent shares the session and has a prompt of its own."""


def conversation_of(exchange: Exchange) -> Conversation | None:
    """The conversation that a request goes on with."""
    ask = exchange.ask
    return (ask.session, ask.thread) if ask and ask.session and ask.prompt else None


class CacheLedger:
    """Remembers the last turn of each conversation, as sizes and checksums; after a restart nothing is expected."""

    def __init__(self, exchanges: Exchanges) -> None:
        self.exchanges = exchanges
        self.turns: dict[Conversation, Turn] = {}
        self.cache_ttl_seconds = DEFAULT_CACHE_TTL_SECONDS

    def configure(self, updated: set[str]) -> None:
        if "codexlb_cache_ttl_seconds" in updated:  # Sticky's: it keeps a session because it is cached
            self.cache_ttl_seconds = ctx.options.codexlb_cache_ttl_seconds

    def request(self, flow: http.HTTPFlow) -> None:
        """Look up the turn before this one."""
        exchange = self.exchanges.get(flow)
        if flow.response or exchange is None:
            return
        if conversation := conversation_of(exchange):
            exchange.last_turn = self.turns.get(conversation)

    def response(self, flow: http.HTTPFlow) -> None:
        self.end(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        self.end(flow)

    def end(self, flow: http.HTTPFlow) -> None:
        """Count this turn against the one before, and remember it; once."""
        exchange = self.exchanges.get(flow)
        if exchange is None or exchange.closed or exchange.answer is None or exchange.result is None:
            return
        conversation, prompt = conversation_of(exchange), exchange.ask.prompt if exchange.ask else None
        if conversation is None or prompt is None or exchange.lease is None:
            return
        tokens, last, account_id = exchange.result.tokens, exchange.last_turn, exchange.lease.account_id
        if last:
            is_cold = exchange.opened_at - last.ended_at > self.cache_ttl_seconds
            exchange.cache = count_cache(last, Now(account_id, is_cold, prompt, tokens))
        if tokens.input is not None:
            compacts = exchange.ask is not None and exchange.ask.kind is Kind.COMPACT
            key_id = exchange.client.key_id if exchange.client else None
            self.remember(conversation, Turn(account_id, time.time(), tokens.input, prompt, compacts, key_id))

    def remember(self, conversation: Conversation, turn: Turn) -> None:
        self.turns.pop(conversation, None)
        self.turns[conversation] = turn
        if len(self.turns) > MOST_CONVERSATIONS:
            del self.turns[next(iter(self.turns))]
