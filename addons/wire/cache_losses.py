"""What became of a conversation's prompt cache: the turn before and this one in, tokens expected and a cause out."""

from __future__ import annotations

import dataclasses

from addons.wire.prefixes import Prompt, shared
from codexlb_store.ledger import CacheLoss, Tokens

DEFAULT_CACHE_TTL_SECONDS = 1800
"""Upstream keeps a prefix 5 to 60 minutes after its last use; half an hour of silence is cold more often than not."""

STEP_TOKENS = 1024
"""The upstream caches a prompt from 1,024 tokens on, in steps of 128: what is lost below that is not a loss but how
it works."""

KEPT_SHARE = 0.9
"""A long history whose last screenful was changed by the client is cached all the same."""


@dataclasses.dataclass(frozen=True, slots=True)
class Turn:
    """The last turn of a conversation that was counted; `compacts`: it was there to make the history shorter; `key_id`:
    of the client key that sent it, if one was shown."""

    account_id: str
    ended_at: float
    input_tokens: int
    prompt: Prompt
    compacts: bool
    key_id: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Now:
    """This turn, once it has ended; `is_cold`: it began longer after the last one than a cache is kept."""

    account_id: str
    is_cold: bool
    prompt: Prompt
    tokens: Tokens


@dataclasses.dataclass(frozen=True, slots=True)
class CacheCount:
    """How many tokens should have come from the cache, and why considerably fewer did, if so."""

    expected: int
    loss: CacheLoss | None


def count_cache(last: Turn, now: Now) -> CacheCount | None:
    """What of the last turn's input should have been cached and was not; None when this turn's input was not counted.

    No more can be expected than was sent this time.
    """
    if now.tokens.input is None:
        return None
    expected, cached = min(last.input_tokens, now.tokens.input), now.tokens.cached
    if cached is None or not _is_short(cached, expected):
        return CacheCount(expected, None)
    return CacheCount(expected, _cause(last, now, cached, expected))


def _cause(last: Turn, now: Now, cached: int, expected: int) -> CacheLoss:
    """What was cold could not be lost by moving, and another account has nothing of it, whatever was sent."""
    if now.is_cold:
        return CacheLoss.IDLE
    if now.account_id != last.account_id:
        return CacheLoss.MOVED
    if last.compacts or now.prompt.input_bytes < last.prompt.input_bytes:
        return CacheLoss.COMPACTED
    # The client may have changed only the end: then the upstream should have found what stands before it.
    is_found = not _is_short(cached, expected * shared(last.prompt, now.prompt))
    return CacheLoss.PREFIX_CHANGED if is_found else CacheLoss.UPSTREAM_MISS


def _is_short(cached: int, expected: float) -> bool:
    return cached < expected - STEP_TOKENS and cached < expected * KEPT_SHARE
