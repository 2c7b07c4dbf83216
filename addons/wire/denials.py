"""What a client is told that is not let in, or whose key does not allow what it asks for; Codex prints the message."""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from datetime import UTC, datetime

from addons.wire.answers import JSON, Answer, error_body

LONGEST_WAIT_SECONDS = 60.0
"""Codex waits for as long as Retry-After says, five times, and shows neither the time nor the message; tried."""

HOW_TO_SEND = "send one as `Authorization: Bearer sk-clb-...`"


class Denial(enum.Enum):
    """Why a client is not let in: what is wrong with its key, in a sentence that says what to do."""

    NO_KEY = f"This proxy needs a client key: {HOW_TO_SEND}. Codex does with env_key in its model provider."
    NOT_BEARER = f"This proxy takes a client key as a bearer token only: {HOW_TO_SEND}."
    NO_KEYS_YET = (
        "This proxy serves other machines only with a client key, and none exists: "
        "make one on its machine with `codexlb keys create NAME`."
    )
    NO_KEY_FOR_PAGE = f"This page is shown on the proxy's own machine, or with a client key: {HOW_TO_SEND}."
    UNKNOWN = "This client key is not one of this proxy's: check it for a typo, or ask whoever runs the proxy."
    REPLACED = "This client key was replaced by a new one: use that, or ask whoever runs the proxy for it."
    EXPIRED = "This client key has expired: ask whoever runs the proxy for a new one."
    DISABLED = "This client key is disabled: ask whoever runs the proxy to enable it."
    REVOKED = "This client key was revoked: ask whoever runs the proxy for a new one."


def unauthorized(denial: Denial) -> Answer:
    """Say what is wrong with the client's key."""
    return Answer(401, (JSON, ("www-authenticate", "Bearer")), error_body("invalid_api_key", denial.value))


def too_many_failures(retry_after_seconds: float) -> Answer:
    """Say that too many requests from there had no valid key."""
    wait = _seconds(retry_after_seconds)
    message = f"Too many requests from your address had no valid client key: correct it, and try again in {wait} s."
    return Answer(429, (JSON, ("retry-after", str(wait))), error_body("too_many_failures", message, "rate_limit_error"))


def wrong_address(address: str) -> Answer:
    """Say that requests from there are not served."""
    message = f"This proxy does not serve the address {address}: it is in none of the networks that may use it."
    return Answer(403, (JSON,), error_body("address_not_allowed", message))


def needs_tls() -> Answer:
    """Say that the key must not travel in the clear."""
    message = "This proxy is served over TLS: begin its base_url with https://."
    return Answer(403, (JSON,), error_body("tls_required", message))


def model_not_allowed(model: str | None, allowed: Sequence[str]) -> Answer:
    """Say which models the key may be used for."""
    asked = f"not for the model {model[:80]!r}" if model else "and this request names none"
    message = f"This client key may be used for {' or '.join(allowed)} only, {asked}."
    return Answer(403, (JSON,), error_body("model_not_allowed", message, param="model"))


def model_unnamed() -> Answer:
    """Say that the key has limits for some models, so that it must be known which one is asked for."""
    message = "This client key has limits for single models, and this request names none: name its model."
    return Answer(403, (JSON,), error_body("model_not_allowed", message, param="model"))


def form_unclear(flaw: str) -> Answer:
    """Say what is wrong with a form (a sentence) that hides for which model a key with rules for models is used."""
    message = f"{flaw} So it is not clear for which model this client key is used: send a plain form."
    return Answer(403, (JSON,), error_body("model_not_allowed", message, param="model"))


def said_twice(name: str) -> Answer:
    """Say that a body may be read in two ways, which a key with rules for it does not allow."""
    message = f"The request body names {name!r} more than once, so it is not clear what is asked for: name it once."
    return Answer(400, (JSON,), error_body("invalid_request_error", message, param=name))


def unreadable_models() -> Answer:
    """Say that there is no list of models that could be shown to a key that is bound to some of them."""
    message = "The upstream's list of models could not be read, so what this client key may be used for is not shown."
    return Answer(502, (JSON,), error_body("unreadable_models", message, "server_error"))


def effort_not_allowed(effort: str, allowed: Sequence[str]) -> Answer:
    """Say with which reasoning efforts the key may be used."""
    message = f"This client key may be used with reasoning effort {' or '.join(allowed)} only, not {effort[:80]!r}."
    return Answer(403, (JSON,), error_body("reasoning_effort_not_allowed", message, param="reasoning.effort"))


def limit_reached(limit: str, resets_at: float | None, now: float) -> Answer:
    """Say which limit of the key is used up and when it starts afresh (unix seconds; None: when a request ends)."""
    if resets_at is None:
        message = f"This client key has reached its limit of {limit}: try again when one of its requests has ended."
        return _limited(message, 1, None)
    until = datetime.fromtimestamp(math.ceil(resets_at), UTC)
    message = f"This client key has used up its limit of {limit}: it starts afresh at {until:%Y-%m-%d %H:%M:%S} UTC."
    return _limited(message, _seconds(resets_at - now), math.ceil(resets_at))


def _limited(message: str, retry_after_seconds: int, resets_at: int | None) -> Answer:
    # This type Codex takes for its own limit: it stops at once and says when to try again.
    error_type = "rate_limit_error" if retry_after_seconds <= LONGEST_WAIT_SECONDS else "usage_limit_reached"
    body = error_body("rate_limit_exceeded", message, error_type, resets_at=resets_at)
    return Answer(429, (JSON, ("retry-after", str(retry_after_seconds))), body)


def out_of_scope() -> Answer:
    """Say that none of the accounts that the key is bound to exists: a 400, because that one Codex shows at once."""
    message = "None of the accounts that this client key is bound to exists any more: ask whoever runs the proxy."
    return Answer(400, (JSON,), error_body("no_accounts", message))


def _seconds(wait: float) -> int:
    return max(1, math.ceil(wait))
