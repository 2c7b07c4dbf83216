"""The answers Codex-LB gives by itself: status, headers, and a body in OpenAI's error shape."""

from __future__ import annotations

import dataclasses
import math

import msgspec

from addons.wire.routes import Refusal

JSON = ("content-type", "application/json")


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer: status, headers in order, body bytes."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def error_body(code: str, message: str, error_type: str = "invalid_request_error", **extra: object) -> bytes:
    """Write the JSON error object OpenAI clients read; `extra` adds fields to it."""
    error = {"type": error_type, "code": code, "message": message, "param": None, **extra}
    return msgspec.json.encode({"error": error})


def refused(refusal: Refusal) -> Answer:
    """Say why the router did not let a request in."""
    allow = (("allow", ", ".join(refusal.allow)),) if refusal.allow else ()
    return Answer(refusal.status, (JSON, *allow), error_body(refusal.code, refusal.message))


def no_accounts() -> Answer:
    """Say that the pool is empty: a 400, because that one Codex shows at once instead of trying again."""
    message = "Codex-LB has no account yet. Add one with: codexlb accounts login"
    return Answer(400, (JSON,), error_body("no_accounts", message))


EVERY_ACCOUNT_IS_USED_UP = "Every account of this pool has reached its usage limit."


def usage_limit(
    plan: str | None,
    resets_at: float | None,
    now: float,
    headers: tuple[tuple[str, str], ...] = (),
    message: str = EVERY_ACCOUNT_IS_USED_UP,
) -> Answer:
    """Say that whoever could serve is used up until `resets_at` (unix seconds); Codex shows the time and stops.

    `headers` tell of the pool's windows (see headers_of_limits in addons.wire.pool_figures).
    """
    code = "usage_limit_reached"  # also the type: Codex does not look at the code
    if resets_at is None:
        return Answer(429, (JSON, *headers), error_body(code, message, code, plan_type=plan))
    wait_seconds = max(1, math.ceil(resets_at - now))
    fields = {"plan_type": plan, "resets_at": math.ceil(resets_at), "resets_in_seconds": wait_seconds}
    retry_after = ("retry-after", str(wait_seconds))
    return Answer(429, (JSON, retry_after, *headers), error_body(code, message, code, **fields))


def not_routed() -> Answer:
    """Say that a request was stopped because no step of the proxy took responsibility for it."""
    message = "Codex-LB stopped this request: no account was put on it. Its log says why."
    return Answer(503, (JSON,), error_body("not_routed", message, "server_error"))


def busy(retry_after_seconds: float) -> Answer:
    """Say that every account is busy and when to come back; Codex waits that long and shows nothing."""
    wait = str(max(1, math.ceil(retry_after_seconds)))
    message = f"Every account is busy. Try again in {wait} s."
    return Answer(503, (JSON, ("retry-after", wait)), error_body("busy", message, "server_error"))


def full(retry_after_seconds: float) -> Answer:
    """Say that the proxy holds as many request bodies as it can, and when to come back."""
    wait = str(max(1, math.ceil(retry_after_seconds)))
    message = f"This proxy holds as many large requests as it can. Try again in {wait} s."
    return Answer(503, (JSON, ("retry-after", wait)), error_body("busy", message, "server_error"))


def not_writable() -> Answer:
    """Say that what is used cannot be counted: then nothing is sent."""
    message = "The usage database cannot be written: check its disk."
    return Answer(503, (JSON, ("retry-after", "30")), error_body("store_unavailable", message, "server_error"))


def broken_body(message: str, status: int = 400) -> Answer:
    """Say what is wrong with a request body: `message` is the sentence of the error that found it."""
    return Answer(status, (JSON,), error_body("invalid_body", message))


def unreachable(message: str) -> Answer:
    """Say that the upstream could not be reached: `message` is what the last attempt ended with."""
    return Answer(502, (JSON,), error_body("upstream_unreachable", message, "server_error"))


def needs_login() -> Answer:
    """Say that no account's login is good any more: a 400, because that one Codex shows at once."""
    message = "Every account needs a new login. See which with: codexlb accounts list"
    return Answer(400, (JSON,), error_body("no_accounts", message))


def paused() -> Answer:
    """Say that somebody paused every account: a 400, because that one Codex shows at once."""
    message = "Every account is paused. See them with: codexlb accounts list"
    return Answer(400, (JSON,), error_body("no_accounts", message))
