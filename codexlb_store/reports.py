"""What was used and how the accounts are: read-only queries. A sum is None when none of its rows is known."""

from __future__ import annotations

import enum
import json
from collections.abc import Collection
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlite_utils import Database

from codexlb_store.accounts import Account, AccountStatus, limited_by, load_accounts, status_of
from codexlb_store.ledger import AttemptRow, Outcome, Tokens
from codexlb_store.windows import Window, load_windows


class Dimension(enum.StrEnum):
    """What a usage report is grouped by."""

    ACCOUNT = "account"
    OUTCOME = "outcome"
    KEY = "key"
    SESSION = "session"
    MODEL = "model"
    DAY = "day"


# The only SQL text that varies, and all of it is here.
_GROUPS = {
    None: "NULL",
    Dimension.ACCOUNT: "account_id",
    Dimension.OUTCOME: "outcome",
    Dimension.KEY: "key_id",
    Dimension.SESSION: "session",
    Dimension.MODEL: "model",
    Dimension.DAY: "date(opened_at + :utc_offset_seconds, 'unixepoch')",
}
_USAGE = """
    SELECT {group} AS name, count(*) AS requests, sum(input_tokens), sum(cached_tokens), sum(output_tokens),
        sum(reasoning_tokens), sum(cost_usd)
    FROM exchanges
    WHERE opened_at >= coalesce(:since, 0) AND opened_at < coalesce(:until, 9e99)
    GROUP BY name ORDER BY {order}
"""
_IN_FLIGHT = """
    SELECT account_id, count(*) FROM exchanges
    WHERE outcome IS NULL AND account_id IS NOT NULL AND process IN (SELECT value FROM json_each(?))
    GROUP BY account_id
"""
_LIFETIMES = "SELECT account_id, last_refresh, expires_at FROM tokens"
# CROSS keeps the order: a few accounts, and of each the end of its index, not every failure there ever was.
_NEWEST_FAILURES = """
    SELECT accounts.id, failure, started_at
    FROM accounts CROSS JOIN attempts ON account_id = accounts.id AND failure IS NOT NULL AND started_at = (
        SELECT max(started_at) FROM attempts WHERE account_id = accounts.id AND failure IS NOT NULL
    )
"""
_REQUESTS = """
    SELECT id, process, opened_at, kind, path, key_id, session, thread, account_id, model, effort, tier,
        client, request_bytes, ended_at, outcome, status, input_tokens, cached_tokens, output_tokens,
        reasoning_tokens, cost_usd, first_token_ms, total_ms, response_id, error
    FROM exchanges ORDER BY opened_at DESC, rowid DESC LIMIT ?
"""
_ATTEMPTS = """
    SELECT exchange_id, number, account_id, failure, status, upstream_request_id, started_at, milliseconds
    FROM attempts WHERE exchange_id IN (SELECT value FROM json_each(?)) ORDER BY exchange_id, number
"""


@dataclass(frozen=True, slots=True)
class UsageRow:
    """What one group used; `group` is None for the total and for rows without such a value."""

    group: str | None
    requests: int
    input_tokens: int | None
    cached_tokens: int | None
    output_tokens: int | None
    reasoning_tokens: int | None
    cost_usd: float | None

    @property
    def cached_percent(self) -> float | None:
        """How much of the input came from the prompt cache, in percent."""
        if not self.input_tokens or self.cached_tokens is None:
            return None
        return 100 * self.cached_tokens / self.input_tokens


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account as it is now: its status (until when, unix seconds), running requests and windows.

    `limited_by` is the window that makes it limited; the last error is its own or that of a request it failed.
    """

    account: Account
    status: AccountStatus
    until: float | None
    in_flight: int
    windows: tuple[Window, ...]
    limited_by: Window | None = None
    token_refreshed_at: float | None = None
    token_expires_at: float | None = None
    last_error: str | None = None
    last_error_at: float | None = None


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
    attempts: tuple[AttemptRow, ...]


def usage(
    db: Database,
    by: Dimension | None = None,
    since: float | None = None,
    until: float | None = None,
    utc_offset_seconds: int = 0,
) -> list[UsageRow]:
    """What exchanges opened in [since, until) used: days in order, other groups busiest first, or a total."""
    order = "name" if by is Dimension.DAY else "requests DESC, name"
    sql = _USAGE.format(group=_GROUPS[by], order=order)
    rows = db.execute(sql, {"since": since, "until": until, "utc_offset_seconds": utc_offset_seconds})
    found = [UsageRow(*row) for row in rows]
    return found or ([] if by else [UsageRow(None, 0, None, None, None, None, None)])


def account_views(db: Database, now: float, living: Collection[str]) -> list[AccountView]:
    """Every account at `now`: status, windows, and the requests `living` processes have running on it."""
    windows = load_windows(db)
    in_flight = dict(db.execute(_IN_FLIGHT, (json.dumps(list(living)),)))
    token_times = {row[0]: row[1:] for row in db.execute(_LIFETIMES)}
    failures = {row[0]: row[1:] for row in db.execute(_NEWEST_FAILURES)}
    views = []
    for account in load_accounts(db):
        held = windows.get(account.id, ())
        status, until = status_of(account, held, now)
        limit = limited_by(held, now) if status is AccountStatus.LIMITED else None
        refreshed_at, expires_at = token_times.get(account.id, (None, None))
        error = last_error(account, *failures.get(account.id, (None, None)))
        flight = in_flight.get(account.id, 0)
        views.append(AccountView(account, status, until, flight, held, limit, refreshed_at, expires_at, *error))
    return views


def last_error(account: Account, failure: str | None, failed_at: float | None) -> tuple[str | None, float | None]:
    """The later of what went wrong on an account's own behalf and its newest failed attempt, and when."""
    noted_at = account.last_error_at
    if failed_at is None or (noted_at is not None and noted_at >= failed_at):
        return account.last_error, noted_at
    return failure, failed_at


def requests(db: Database, limit: int) -> list[ExchangeRow]:
    """The newest `limit` exchanges, newest first, each with its attempts in order."""
    rows = db.execute(_REQUESTS, (limit,)).fetchall()
    found = db.execute(_ATTEMPTS, (json.dumps([row[0] for row in rows]),))
    attempts = {key: tuple(AttemptRow(*row[1:]) for row in group) for key, group in groupby(found, lambda row: row[0])}
    return [_exchange(row, attempts.get(row[0], ())) for row in rows]


def _exchange(row: Any, attempts: tuple[AttemptRow, ...]) -> ExchangeRow:
    outcome = None if row[15] is None else Outcome(row[15])
    values: tuple[Any, ...] = (*row[:15], outcome, row[16], Tokens(*row[17:21]), *row[21:], attempts)
    return ExchangeRow(*values)
