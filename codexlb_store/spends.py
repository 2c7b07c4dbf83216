"""What requests use of a key's limits: body and model go in before, the upstream's figures after, a Spend comes out."""

from __future__ import annotations

from dataclasses import dataclass

from codexlb_store.ledger import Tokens
from codexlb_store.limits import MICRO, LimitKind
from codexlb_store.pricing import Prices, cost_usd

BYTES_PER_TOKEN = 4
"""Of English and code; a plain request body has few other bytes."""

EXPECTED_OUTPUT_TOKENS = 2048

MOST_IMAGE_INPUT_TOKENS = 108_000
"""A prompt of 32,000 characters and sixteen pictures at 6,240; a picture's bytes are far more than its tokens."""

EXPECTED_IMAGE_OUTPUT_TOKENS = 6240
"""One large picture of the highest quality."""

UNPRICED_MICRO_USD_PER_TOKEN = 2 * MICRO / 16_384
"""A model without a price must not be free: dearer than all but the dearest that have one."""


@dataclass(frozen=True, slots=True)
class Spend:
    """What a request uses, or is expected to: tokens and micro-dollars."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    micro_usd: int = 0


NOTHING = Spend()
"""A request that no upstream answered."""


def estimate(prices: Prices, model: str | None, tier: str | None, body_bytes: int) -> Spend:
    """What a request with so large a decoded body will likely use."""
    tokens = -(-body_bytes // BYTES_PER_TOKEN)
    return _spend(prices, model, tier, Tokens(tokens, 0, EXPECTED_OUTPUT_TOKENS, None))


def estimate_image(prices: Prices, model: str | None, tier: str | None, body_bytes: int) -> Spend:
    """What a request for a picture with so large a decoded body, pictures in it included, will likely use."""
    tokens = min(-(-body_bytes // BYTES_PER_TOKEN), MOST_IMAGE_INPUT_TOKENS)
    return _spend(prices, model, tier, Tokens(tokens, 0, EXPECTED_IMAGE_OUTPUT_TOKENS, None))


def spent(prices: Prices, model: str | None, tier: str | None, tokens: Tokens, expected: Spend) -> Spend:
    """What an answered request has used; where the upstream did not say, what was expected counts."""
    known = Tokens(
        input=expected.input_tokens if tokens.input is None else tokens.input,
        cached=tokens.cached or 0,
        output=expected.output_tokens if tokens.output is None else tokens.output,
        reasoning=None,
    )
    return _spend(prices, model, tier, known)


def _spend(prices: Prices, model: str | None, tier: str | None, tokens: Tokens) -> Spend:
    read, written = tokens.input or 0, tokens.output or 0
    cost = cost_usd(prices, model, tier, tokens)
    micro_usd = (read + written) * UNPRICED_MICRO_USD_PER_TOKEN if cost is None else cost * MICRO
    return Spend(requests=1, input_tokens=read, output_tokens=written, micro_usd=round(micro_usd))


def to_reserve(kind: LimitKind, expected: Spend) -> int:
    """How much of a limit a request needs before it may start: at least one unit of every kind."""
    return 1 if kind is LimitKind.CONCURRENT else max(1, used_of(kind, expected))


def used_of(kind: LimitKind, spend: Spend) -> int:
    """How much of a limit is used up for good; a concurrent request gives its place back."""
    match kind:
        case LimitKind.REQUESTS:
            return spend.requests
        case LimitKind.TOKENS:
            return spend.input_tokens + spend.output_tokens
        case LimitKind.INPUT:
            return spend.input_tokens
        case LimitKind.OUTPUT:
            return spend.output_tokens
        case LimitKind.USD:
            return spend.micro_usd
        case LimitKind.CONCURRENT:
            return 0
