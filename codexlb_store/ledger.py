"""The ledger: one row per exchange, written open at its start, closed once at its end with its attempts."""

from __future__ import annotations

import enum
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from operator import attrgetter

from sqlite_utils import Database

# Plain statements, one text each: sqlite3 keeps them prepared, and a row costs the writer microseconds.
_OPEN = """
    INSERT INTO exchanges (id, process, opened_at, kind, path, key_id, session, thread, account_id, model,
        effort, tier, client, request_bytes, project)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_CLOSE = """
    UPDATE exchanges SET ended_at = ?, outcome = ?, status = ?, account_id = coalesce(?, account_id),
        model = coalesce(?, model), tier = coalesce(?, tier), first_token_ms = ?, total_ms = ?, response_id = ?,
        error = ?, input_tokens = ?, cached_tokens = ?, output_tokens = ?, reasoning_tokens = ?, cost_usd = ?,
        attempts = ?, moved = ?, estimated_input_tokens = ?, estimated_output_tokens = ?, estimated_cost_usd = ?,
        expected_cached_tokens = ?, cache_loss = ?
    WHERE id = ? AND outcome IS NULL
"""
_ATTEMPT = """
    INSERT INTO attempts (exchange_id, number, account_id, failure, status, upstream_request_id, started_at,
        milliseconds, input_tokens, cached_tokens, output_tokens, reasoning_tokens, cost_usd)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
# The plus keeps SQLite from walking all rows by opened_at: open rows are few and have an index of their own.
_LOSE = """
    UPDATE exchanges SET outcome = 'lost', ended_at = :now, error = 'the proxy ended before the answer did'
    WHERE outcome IS NULL AND +opened_at <= :now AND process NOT IN (SELECT value FROM json_each(:living))
"""


Used = tuple[float | None, ...]
"""Input, cached, output and reasoning tokens and US dollars."""


class Outcome(enum.StrEnum):
    """How an exchange ended."""

    COMPLETED = "completed"
    INCOMPLETE = "incomplete"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    LOST = "lost"


class CacheLoss(enum.StrEnum):
    """Why less of a session's input came from the prompt cache than its account had of it."""

    MOVED = "moved"  # another account served it
    IDLE = "idle"  # longer ago than a cache is kept
    COMPACTED = "compacted"  # the client had made its history shorter
    PREFIX_CHANGED = "prefix_changed"  # the client sent another beginning
    UPSTREAM_MISS = "upstream_miss"  # none of these: the upstream did not find it


@dataclass(frozen=True, slots=True)
class Tokens:
    """What an answer used, as the upstream counted it; None is unknown, never 0."""

    input: int | None
    cached: int | None
    output: int | None
    reasoning: int | None


UNKNOWN = Tokens(None, None, None, None)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an answer that its client left has likely used; never mixed with what the upstream counted."""

    input_tokens: int
    output_tokens: int
    cost_usd: float | None


@dataclass(frozen=True, slots=True)
class Opening:
    """What is known of an exchange when it starts."""

    id: str
    process: str
    opened_at: float
    kind: str
    path: str
    key_id: str | None
    session: str | None
    thread: str | None
    account_id: str | None
    model: str | None
    effort: str | None
    tier: str | None
    client: str | None
    request_bytes: int
    project: str | None = None


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One try of an exchange at one account; `failure` is None for the one that served.

    `tokens` and `cost_usd` are what the upstream reported for this try.
    """

    number: int
    account_id: str | None
    failure: str | None
    status: int | None
    upstream_request_id: str | None
    started_at: float
    milliseconds: float
    tokens: Tokens = UNKNOWN
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True)
class Closing:
    """What is known of an exchange when it has ended; a None account, model or tier keeps the opening's.

    Its tokens and cost are those of its attempts, added up; where no attempt has any, the last one takes them.
    `moved`: another account than the last one served its session. `expected_cached` is in tokens.
    """

    id: str
    ended_at: float
    outcome: Outcome
    status: int | None
    account_id: str | None
    model: str | None
    tier: str | None
    tokens: Tokens
    cost_usd: float | None
    first_token_ms: float | None
    total_ms: float
    response_id: str | None
    error: str | None
    attempts: tuple[AttemptRow, ...]
    moved: bool | None = None
    estimate: Estimate | None = None
    expected_cached: int | None = None
    cache_loss: CacheLoss | None = None


_opening_values = attrgetter(
    "id", "process", "opened_at", "kind", "path", "key_id", "session", "thread", "account_id", "model",
    "effort", "tier", "client", "request_bytes", "project",
)  # fmt: skip
_ended_values = attrgetter(
    "ended_at", "outcome", "status", "account_id", "model", "tier", "first_token_ms", "total_ms", "response_id",
    "error",
)  # fmt: skip
_estimate_values = attrgetter("input_tokens", "output_tokens", "cost_usd")
_used_values = attrgetter("tokens.input", "tokens.cached", "tokens.output", "tokens.reasoning", "cost_usd")
_attempt_values = attrgetter(
    "number", "account_id", "failure", "status", "upstream_request_id", "started_at", "milliseconds"
)


def used_by(closing: Closing) -> tuple[Used, list[Used]]:
    """What the exchange used, and what each of its attempts did: one truth, for the one is the sum of the others."""
    each = [_used_values(row) for row in closing.attempts]
    if any(value is not None for used in each for value in used):
        return tuple(map(_total, zip(*each, strict=True))), each
    total = _used_values(closing)
    return total, [*each[:-1], total] if each else []


def _total(values: Iterable[float | None]) -> float | None:
    """The sum of what is known; None when nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _closing_values(closing: Closing, used: Used) -> tuple[object, ...]:
    estimate = _estimate_values(closing.estimate) if closing.estimate else (None, None, None)
    found = (len(closing.attempts), closing.moved, *estimate, closing.expected_cached, closing.cache_loss)
    return (*_ended_values(closing), *used, *found, closing.id)


def open_exchange(db: Database, opening: Opening) -> None:
    """Write that an exchange has started."""
    db.execute(_OPEN, _opening_values(opening))


def close_exchange(db: Database, closing: Closing) -> None:
    """Write how an exchange ended, and its attempts; a row that is closed stays as it is."""
    total, each = used_by(closing)
    with db.atomic():
        if db.execute(_CLOSE, _closing_values(closing, total)).rowcount:
            rows = zip(closing.attempts, each, strict=True)
            db.conn.executemany(_ATTEMPT, ((closing.id, *_attempt_values(row), *used) for row, used in rows))


def mark_lost(db: Database, living: Collection[str], now: float) -> int:
    """Close the open rows of processes that are not `living` as lost; returns how many.

    Take `now` before asking who lives: rows opened after it are left alone, so a process that starts in
    between loses nothing.
    """
    return db.execute(_LOSE, {"now": now, "living": json.dumps(list(living))}).rowcount
