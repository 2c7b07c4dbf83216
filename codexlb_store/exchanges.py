"""Single requests with their attempts, as the ledger has them: read-only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from sqlite_utils import Database

from codexlb_store.ledger import AttemptRow, CacheLoss, Estimate, Outcome, Tokens
from codexlb_store.sums import EVERYTHING, Filters, conditions, span_of

_EXCHANGES = """
    SELECT id, process, opened_at, kind, path, key_id, session, thread, account_id, model, effort, tier,
        client, request_bytes, ended_at, outcome, status, input_tokens, cached_tokens, output_tokens,
        reasoning_tokens, cost_usd, first_token_ms, total_ms, response_id, error, project, moved,
        estimated_input_tokens, estimated_output_tokens, estimated_cost_usd, expected_cached_tokens, cache_loss
    FROM exchanges WHERE {which} ORDER BY opened_at DESC, rowid DESC LIMIT :limit
"""
_ATTEMPTS = """
    SELECT exchange_id, number, account_id, failure, status, upstream_request_id, started_at, milliseconds,
        input_tokens, cached_tokens, output_tokens, reasoning_tokens, cost_usd
    FROM attempts WHERE exchange_id IN (SELECT value FROM json_each(?)) ORDER BY exchange_id, number
"""
_IN_TIME = "opened_at >= :from AND opened_at < :to"
_OF_OUTCOME = " AND outcome = :outcome"
_OF_THREAD = "thread = :thread AND opened_at < :before"
_ID_BEGINS = "id >= :prefix AND id < :prefix || char(1114111)"  # the last character there is; a range of the index


@dataclass(frozen=True, slots=True)
class ExchangeRow:
    """One row of the ledger with its attempts; `outcome` is None while it runs."""

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
    ended_at: float | None
    outcome: Outcome | None
    status: int | None
    tokens: Tokens
    cost_usd: float | None
    first_token_ms: float | None
    total_ms: float | None
    response_id: str | None
    error: str | None
    project: str | None
    moved: bool | None
    estimate: Estimate | None
    expected_cached: int | None
    cache_loss: CacheLoss | None
    attempts: tuple[AttemptRow, ...]


def requests(
    db: Database,
    limit: int,
    filters: Filters = EVERYTHING,
    outcome: Outcome | None = None,
    before: float | None = None,
) -> list[ExchangeRow]:
    """The newest `limit` exchanges that pass `filters`, newest first, each with its attempts in order.

    With an `outcome` only those that ended so, with `before` (unix seconds) only those opened earlier.
    """
    since, until = span_of(filters)
    which = _IN_TIME + conditions(filters) + (_OF_OUTCOME if outcome else "")
    values = {"from": since, "to": until if before is None else min(until, before), "outcome": outcome}
    return _read(db, which, {**asdict(filters), **values, "limit": limit})


def requests_of(db: Database, thread: str, limit: int, before: float | None = None) -> list[ExchangeRow]:
    """The newest `limit` exchanges of a conversation, newest first; with `before` (unix seconds) only earlier ones."""
    end = span_of(EVERYTHING)[1] if before is None else before
    return _read(db, _OF_THREAD, {"thread": thread, "before": end, "limit": limit})


def request(db: Database, id_prefix: str) -> ExchangeRow | None:
    """The exchange whose id begins so; None unless there is exactly one."""
    found = _read(db, _ID_BEGINS, {"prefix": id_prefix, "limit": 2})
    return found[0] if len(found) == 1 else None


def _read(db: Database, which: str, values: Mapping[str, object]) -> list[ExchangeRow]:
    rows = db.execute(_EXCHANGES.format(which=which), dict(values)).fetchall()
    found = db.execute(_ATTEMPTS, (json.dumps([row[0] for row in rows]),)).fetchall()
    attempts = {key: tuple(map(_attempt, group)) for key, group in groupby(found, lambda row: row[0])}
    return [_exchange(row, attempts.get(row[0], ())) for row in rows]


def _attempt(row: Any) -> AttemptRow:
    values: tuple[Any, ...] = (*row[1:8], Tokens(*row[8:12]), row[12])
    return AttemptRow(*values)


def _exchange(row: Any, attempts: tuple[AttemptRow, ...]) -> ExchangeRow:
    project, moved, *estimate, expected_cached, cache_loss = row[26:]
    values: tuple[Any, ...] = (
        *row[:15],
        None if row[15] is None else Outcome(row[15]),
        row[16],
        Tokens(*row[17:21]),
        *row[21:26],
        project,
        None if moved is None else bool(moved),
        None if estimate[0] is None else Estimate(*estimate),
        expected_cached,
        None if cache_loss is None else CacheLoss(cache_loss),
        attempts,
    )
    return ExchangeRow(*values)
