"""What went wrong with an attempt: how it ended and what the upstream said in, a Diagnosis out.

The upstream's code decides first, then its sentence, then the status. An event at the start of a stream is read
like a status, and a limit is told from a burst by the account's windows.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from addons.wire.errors import UpstreamError, error_of_json
from addons.wire.waits import full_window, wait_of
from codexlb_store.windows import Window


class Break(enum.StrEnum):
    """How an attempt ended."""

    CONNECT = "connect"
    TRANSPORT = "transport"
    TIMEOUT = "timeout"
    STATUS = "status"
    STREAM = "stream"
    CREDENTIAL = "credential"


class Failure(enum.StrEnum):
    """What an attempt failed of."""

    WINDOW_FULL = "window_full"
    RATE_LIMITED = "rate_limited"
    OUT_OF_QUOTA = "out_of_quota"
    UNAUTHORIZED = "unauthorized"
    DEACTIVATED = "deactivated"
    BLOCKED = "blocked"
    MODEL_UNAVAILABLE = "model_unavailable"
    FOREIGN_CONTENT = "foreign_content"
    SERVER_ERROR = "server_error"
    OVERLOADED = "overloaded"
    UNREACHABLE = "unreachable"
    REQUEST = "request"


# The upstream's own words. Sources: Codex's error handling (codex-api/src/sse/responses.rs, api_bridge.rs), its
# answers as captured and reported, and OpenAI's list of API errors.
_CODES: Mapping[Failure, frozenset[str]] = {
    Failure.WINDOW_FULL: frozenset({"usage_limit_reached"}),
    Failure.RATE_LIMITED: frozenset({"rate_limit_exceeded", "slow_down"}),
    Failure.OUT_OF_QUOTA: frozenset(
        {
            *("billing_hard_limit_reached", "billing_not_active", "insufficient_quota"),
            *("quota_exceeded", "usage_not_included"),
        }
    ),
    Failure.DEACTIVATED: frozenset(
        {
            *("account_deactivated", "account_deleted", "account_disabled", "account_suspended"),
            *("deactivated_workspace", "workspace_deactivated", "workspace_disabled", "workspace_suspended"),
            *("organization_deactivated", "organization_disabled", "user_deactivated", "user_suspended"),
        }
    ),
    Failure.MODEL_UNAVAILABLE: frozenset({"model_not_found"}),
    Failure.FOREIGN_CONTENT: frozenset({"invalid_encrypted_content"}),
    Failure.OVERLOADED: frozenset({"server_is_overloaded"}),
    Failure.REQUEST: frozenset(
        {
            *("content_filter", "content_policy_violation", "cyber_policy", "invalid_prompt"),
            *("context_length_exceeded", "max_output_tokens", "previous_response_not_found"),
        }
    ),
}
_OF_CODE = {code: failure for failure, codes in _CODES.items() for code in codes}

# Sentences count only with a status that fits: an error may quote the user's own words.
_SENTENCES: tuple[tuple[frozenset[int], re.Pattern[str], Failure], ...] = (
    (
        frozenset({402, 403}),
        re.compile(r"deactivated|\b(?:account|workspace)\b.{0,40}\b(?:suspended|deleted|disabled)\b", re.I),
        Failure.DEACTIVATED,
    ),
    (
        frozenset({400, 403, 404, 500}),
        re.compile(r"\bmodel\b.*(?:with a ChatGPT account|you do not have access|not available on your)", re.I),
        Failure.MODEL_UNAVAILABLE,
    ),
    (
        frozenset({400, 500}),
        re.compile(r"encrypted content .*\bcould not be (?:verified|decrypted)|organization_id did not match", re.I),
        Failure.FOREIGN_CONTENT,
    ),
    (frozenset({500, 503}), re.compile(r"\bat capacity\b", re.I), Failure.OVERLOADED),
)

_OF_STATUS: Mapping[int, Failure] = {
    401: Failure.UNAUTHORIZED,
    402: Failure.OUT_OF_QUOTA,
    403: Failure.BLOCKED,
    429: Failure.RATE_LIMITED,
    **dict.fromkeys((413, 431), Failure.REQUEST),  # also as a gateway's page: it is the size of the request
    **dict.fromkeys((408, 425, 502, 503, 504, *range(520, 530)), Failure.OVERLOADED),  # 52x: Cloudflare's
}
_OF_BREAK: Mapping[Break, Failure] = {
    **dict.fromkeys((Break.CONNECT, Break.TRANSPORT, Break.TIMEOUT), Failure.UNREACHABLE),
    Break.CREDENTIAL: Failure.UNAUTHORIZED,
}

_LONGEST_MESSAGE = 1000


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a failed attempt: `headers` with lower-case names, `body` plain and maybe cut.

    `error` is the first event's of a stream; `windows` are the account's, from this answer where it has some.
    """

    how: Break
    status: int | None
    headers: Mapping[str, str]
    body: bytes
    error: UpstreamError | None
    windows: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What an attempt failed of; `code` is what the ledger shows, `resets_at` unix seconds, None is unknown."""

    failure: Failure
    code: str
    message: str | None
    resets_at: float | None = None
    window_minutes: int | None = None
    wait_seconds: float | None = None


def diagnose(evidence: Evidence, now: float) -> Diagnosis:
    """Say what an attempt failed of, and how long that lasts if the upstream told."""
    page = _is_page(evidence)
    told = UpstreamError() if page else evidence.error or _told(evidence.body)
    failure = _failure_of(evidence, told, page)
    silent = f"http_{evidence.status}" if evidence.how is Break.STATUS else evidence.how.value
    message = told.message[:_LONGEST_MESSAGE] if told.message else None
    wait_seconds = wait_of(evidence.headers.get("retry-after"), message, now)
    diagnosis = Diagnosis(failure, told.reason or silent, message, wait_seconds=wait_seconds)
    if failure not in (Failure.WINDOW_FULL, Failure.RATE_LIMITED):
        return diagnosis
    if full := full_window(told, evidence.windows, now):
        return replace(diagnosis, failure=Failure.WINDOW_FULL, resets_at=full.resets_at, window_minutes=full.minutes)
    # Every window has room, and no reset was named: a burst, whatever it is called.
    return replace(diagnosis, failure=Failure.RATE_LIMITED) if evidence.windows else diagnosis


def _is_page(evidence: Evidence) -> bool:
    start = evidence.body[:200].lstrip().lower()
    kind = evidence.headers.get("content-type", "").lower()
    return start.startswith((b"<!doctype html", b"<html")) or kind.startswith("text/html")


def _told(body: bytes) -> UpstreamError:
    """The error in a body; what is no JSON, or was cut, is its own message."""
    error = error_of_json(body)
    text = body[:_LONGEST_MESSAGE].decode("utf-8", "ignore").strip()
    return UpstreamError(message=text or None) if error == UpstreamError() else error


def _failure_of(evidence: Evidence, told: UpstreamError, page: bool) -> Failure:
    if evidence.how in _OF_BREAK and (evidence.status is None or evidence.how is Break.CREDENTIAL):
        return _OF_BREAK[evidence.how]
    status = _status_of(evidence, told)
    named = _OF_CODE.get(told.code or "") or _OF_CODE.get(told.type or "")
    if named is Failure.RATE_LIMITED and status == 503:
        return Failure.OVERLOADED  # `slow_down` comes with both
    return named or _of_sentence(status, told.message) or _of_status(status, page)


def _status_of(evidence: Evidence, told: UpstreamError) -> int:
    """The status, or the one that a stream's failure would have had before it began."""
    if evidence.how is Break.STATUS or (evidence.status or 0) >= 400:
        return evidence.status or 500
    return 400 if told.type == "invalid_request_error" else 500


def _of_sentence(status: int, message: str | None) -> Failure | None:
    text = (message or "")[:_LONGEST_MESSAGE]
    found = (failure for statuses, words, failure in _SENTENCES if status in statuses and words.search(text))
    return next(found, None)


def _of_status(status: int, page: bool) -> Failure:
    if status in _OF_STATUS:
        return _OF_STATUS[status]
    if status >= 500:
        return Failure.SERVER_ERROR
    if page or 300 <= status < 400:
        return Failure.BLOCKED  # a gateway's word, not the API's
    return Failure.REQUEST if status >= 400 else Failure.SERVER_ERROR
