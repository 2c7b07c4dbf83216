"""The prompt cache of one account: which prefixes of an input it has seen lately."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from scripts.simulator.usage import tokens_in

NOT_PROMPT = frozenset({"id", "internal_chat_message_metadata_passthrough"})
"""Keys of an input item that no model reads; a client makes new ones for the same text."""

Prefixes = tuple[tuple[bytes, int], ...]
"""Each prefix of a prompt, shortest first: its hash and its length in tokens."""


def prompt_parts(body: Mapping[str, Any]) -> list[bytes]:
    """The pieces of a request that the model reads, in the order it reads them."""
    head = [body[key] for key in ("instructions", "tools") if body.get(key)]
    items = body.get("input") or []
    if not isinstance(items, list):
        items = [items]
    return [msgspec.json.encode(_read_by_model(part)) for part in head + items]


def _read_by_model(part: object) -> object:
    if isinstance(part, dict):
        return {key: value for key, value in part.items() if key not in NOT_PROMPT}
    return part


def prefixes(parts: list[bytes]) -> Prefixes:
    """Hash and token count of every prefix."""
    digest, chars, found = hashlib.blake2b(digest_size=16), 0, []
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
        chars += len(part)
        found.append((digest.digest(), tokens_in(chars)))
    return tuple(found)


class PromptCache:
    """Remembers prompts for some seconds after their last use."""

    def __init__(self, ttl_seconds: float) -> None:
        self._ttl_seconds = ttl_seconds
        self._until: dict[bytes, float] = {}

    def cached_tokens(self, prompt: Prefixes, now: float) -> int:
        """Tokens of the longest prefix still remembered."""
        for digest, tokens in reversed(prompt):
            if self._until.get(digest, 0.0) > now:
                return tokens
        return 0

    def remember(self, prompt: Prefixes, now: float) -> None:
        for digest, _ in prompt:
            self._until.pop(digest, None)  # to the end: the dict stays ordered by age
            self._until[digest] = now + self._ttl_seconds
        while self._until and next(iter(self._until.values())) <= now:
            del self._until[next(iter(self._until))]
