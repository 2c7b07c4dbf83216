"""What people are told of a request, wherever they read it: its row goes in, a few words come out."""

from __future__ import annotations

from codexlb_store.exchanges import ExchangeRow
from codexlb_store.quantity import count, dollars

REASONS = {
    "warm home": "it has the session's prompt cache, still warm",
    "settling": "the session has just begun there",
    "nobody can serve": "nobody could serve",
    "sees most models": "its plan has the most models",
}
"""Why an account, where no strategy picked it."""

EXCLUSIONS = {
    "key": "not for this client key",
    "tried": "failed in this request already",
    "model": "does not have this model",
    "concurrency": "all its slots taken",
    "ailing": "failed lately, and others did not",
}
"""Why an account was out of the question, where it is not its status that says so."""

WAITED = ", waited"


def cache_words(row: ExchangeRow) -> str | None:
    """How much less came from the prompt cache than was there, and why; None where nothing was lost."""
    if row.cache_loss is None:
        return None
    cause = row.cache_loss.replace("_", " ")
    if row.expected_cached is None or row.tokens.cached is None:
        return f"cache lost: {cause}"
    return f"{count(max(0, row.expected_cached - row.tokens.cached))} warm tokens lost: {cause}"


def estimate_words(row: ExchangeRow) -> str | None:
    """What the request has likely used, where the upstream never told."""
    guess = row.estimate
    if guess is None:
        return None
    return f"estimated: {count(guess.input_tokens)} in, {count(guess.output_tokens)} out, {dollars(guess.cost_usd)}"


def reason_words(reason: str) -> str:
    """Why an account was chosen: chosen by capacity weighted, after a wait."""
    bare = reason.removesuffix(WAITED)
    words = REASONS.get(bare, f"chosen by {bare.replace('_', ' ')}")
    return words if bare == reason else f"{words}, after a wait"
