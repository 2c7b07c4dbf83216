"""Finds the session of a compaction that names none, as Codex 0.105 asks for one: that of the turn it goes on from."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import msgspec
from mitmproxy import http

from addons.exchange import Exchanges
from addons.plain_body import plain_body
from addons.wire.cache_losses import Turn
from addons.wire.endpoints import Kind
from addons.wire.lenient import NULL
from addons.wire.prefixes import Prompt, goes_on

Conversation = tuple[str, str | None]
"""Session and thread."""


class _Body(msgspec.Struct):
    input: msgspec.Raw = NULL


_BODY = msgspec.json.Decoder(_Body)


def conversation_behind(
    turns: Mapping[Conversation, Turn], key_id: str | None, prompt: Prompt, plain: bytes
) -> Conversation | None:
    """The conversation of this key whose last turn this plain body goes on from; of several the one that has most in
    common with it, and of those the one whose turn ended last."""
    items = _BODY.decode(plain).input
    found = [
        (shared_bytes, turn.ended_at, conversation)
        for conversation, turn in turns.items()
        if turn.key_id == key_id and (shared_bytes := goes_on(turn.prompt, prompt, items))
    ]
    return max(found, key=lambda one: one[:2])[2] if found else None


class Lineage:
    """Writes session and thread into the ask; `turns` are the last ones of each conversation, which others keep."""

    def __init__(self, exchanges: Exchanges, turns: Mapping[Conversation, Turn]) -> None:
        self.exchanges = exchanges
        self.turns = turns

    def request(self, flow: http.HTTPFlow) -> None:
        """Look for the turn before, if only its transcript can tell."""
        exchange = self.exchanges.get(flow)
        if flow.response or exchange is None or exchange.client is None or not exchange.permitted:
            return
        ask = exchange.ask
        if ask is None or ask.session is not None or ask.kind is not Kind.COMPACT or ask.prompt is None:
            return
        if found := conversation_behind(self.turns, exchange.client.key_id, ask.prompt, plain_body(flow.request)):
            exchange.ask = dataclasses.replace(ask, session=found[0], thread=found[1])
