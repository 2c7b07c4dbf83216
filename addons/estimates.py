"""What a request used: the upstream's own figures, else an estimate of its own; and what of it counts for its key."""

from __future__ import annotations

from addons.exchange import Exchange, Result
from addons.wire.routes import Route
from addons.wire.sse import Tap
from codexlb_store.ledger import UNKNOWN, Estimate, Outcome, Tokens
from codexlb_store.pricing import Prices, cost_usd
from codexlb_store.spends import BYTES_PER_TOKEN, NOTHING, Spend, spent

USES_TOKENS = frozenset({Route.RESPONSES, Route.COMPACT})


def was_answered(exchange: Exchange, result: Result) -> bool:
    """Whether an upstream began to work for it: it was sent, and not turned away before any output."""
    answer = exchange.answer
    if answer is None:
        return exchange.in_the_air
    is_stream = isinstance(answer.tap, Tap)
    came_to_nothing = is_stream and result.outcome is Outcome.FAILED and result.first_output_at is None
    return answer.status < 400 and not came_to_nothing


def likely_tokens(exchange: Exchange, result: Result) -> Tokens | None:
    """What it has likely used; None when the upstream said what, or when it used nothing.

    The input is as dense as that of the conversation's last turn, as far as one is known, which its account has cached.
    A piece of output is a token or more: who reads a long answer and leaves before its end has had it.
    """
    prompt = exchange.ask.prompt if exchange.ask else None
    if prompt is None or exchange.route not in USES_TOKENS or result.tokens != UNKNOWN:
        return None
    if not was_answered(exchange, result):
        return None
    last = exchange.last_turn
    tap = exchange.answer.tap if exchange.answer else None
    output = tap.deltas + tap.sealed_tokens if isinstance(tap, Tap) else 0
    if last is None:
        return Tokens(-(-prompt.text_bytes // BYTES_PER_TOKEN), 0, output, None)
    read = round(prompt.text_bytes * last.input_tokens / last.prompt.text_bytes)
    is_there = exchange.lease is not None and exchange.lease.account_id == last.account_id
    return Tokens(read, min(last.input_tokens, read) if is_there else 0, output, None)


def served_as(exchange: Exchange, result: Result) -> tuple[str | None, str | None]:
    """Model and tier as far as the upstream said them, else as they were asked for."""
    ask = exchange.ask
    return result.model or (ask.model if ask else None), result.tier or (ask.tier if ask else None)


def estimate_of(exchange: Exchange, result: Result, prices: Prices) -> Estimate | None:
    """The estimate as the ledger keeps it."""
    tokens = likely_tokens(exchange, result)
    if tokens is None:
        return None
    model, tier = served_as(exchange, result)
    return Estimate(tokens.input or 0, tokens.output or 0, cost_usd(prices, model, tier, tokens))


def spend_of(exchange: Exchange, result: Result, prices: Prices) -> Spend:
    """What the request has used of its key's limits: what the ledger says that each attempt used, or the estimate."""
    model, tier = served_as(exchange, result)
    failed = [spent(prices, model, tier, row.tokens, NOTHING) for row in exchange.attempts if row.tokens != UNKNOWN]
    last = spend_of_last(exchange, result, prices)
    every = (last, *failed)
    return Spend(
        requests=last.requests,
        input_tokens=sum(spend.input_tokens for spend in every),
        output_tokens=sum(spend.output_tokens for spend in every),
        micro_usd=sum(spend.micro_usd for spend in every),
    )


def spend_of_last(exchange: Exchange, result: Result, prices: Prices) -> Spend:
    """What the last attempt has used; of what the upstream said only in part, the rest is as it was expected."""
    model, tier = served_as(exchange, result)
    if result.tokens != UNKNOWN:
        expected = exchange.reservation.expected if exchange.reservation else NOTHING
        return spent(prices, model, result.tier, result.tokens, expected)
    if tokens := likely_tokens(exchange, result):
        return spent(prices, model, tier, tokens, NOTHING)
    return Spend(requests=1) if exchange.answer or exchange.in_the_air else NOTHING
