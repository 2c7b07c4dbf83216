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


def not_found() -> Answer:
    """Say that nothing is served at this path."""
    return refused(Refusal(404, "not_found", "Nothing is served here."))


def no_accounts() -> Answer:
    """Say that the pool is empty: a 400, because that one Codex shows at once instead of trying again."""
    message = "Codex-LB has no account yet. Add one with: codexlb accounts import ~/.codex/auth.json"
    return Answer(400, (JSON,), error_body("no_accounts", message))


def usage_limit(plan: str | None, resets_at: float | None, now: float) -> Answer:
    """Say that every account is used up until `resets_at` (unix seconds); Codex shows the time and stops."""
    code = "usage_limit_reached"  # also the type: Codex does not look at the code
    message = "Every account of this pool has reached its usage limit."
    if resets_at is None:
        return Answer(429, (JSON,), error_body(code, message, code, plan_type=plan))
    wait_seconds = max(1, math.ceil(resets_at - now))
    fields = {"plan_type": plan, "resets_at": math.ceil(resets_at), "resets_in_seconds": wait_seconds}
    return Answer(429, (JSON, ("retry-after", str(wait_seconds))), error_body(code, message, code, **fields))


def unauthorized() -> Answer:
    """Say that the client's key is missing or unknown."""
    message = "This proxy needs a valid client key: send it as `Authorization: Bearer <key>`."
    return Answer(401, (JSON, ("www-authenticate", "Bearer")), error_body("invalid_api_key", message))


def not_routed() -> Answer:
    """Say that a request was stopped because no step of the proxy took responsibility for it."""
    message = "Codex-LB stopped this request: no account was put on it. Its log says why."
    return Answer(503, (JSON,), error_body("not_routed", message, "server_error"))


def busy(retry_after_seconds: float) -> Answer:
    """Say that every account is busy and when to come back; Codex waits that long and shows nothing."""
    wait = str(max(1, math.ceil(retry_after_seconds)))
    message = f"Every account is busy. Try again in {wait} s."
    return Answer(503, (JSON, ("retry-after", wait)), error_body("busy", message, "server_error"))


def too_large(limit_bytes: int) -> Answer:
    """Say that a request body is over the limit."""
    message = f"The request body is larger than this proxy accepts ({limit_bytes} bytes)."
    return Answer(413, (JSON,), error_body("request_too_large", message))


def broken_body(message: str, status: int = 400) -> Answer:
    """Say what is wrong with a request body: `message` is the sentence of the error that found it."""
    return Answer(status, (JSON,), error_body("invalid_body", message))
