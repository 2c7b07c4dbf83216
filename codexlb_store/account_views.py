"""How the accounts are now: their status, windows, running requests and last errors; read-only."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

from codexlb_store.accounts import Account, AccountStatus, limited_by, load_accounts, status_of
from codexlb_store.reader import Reader
from codexlb_store.windows import Window, load_windows

_IN_FLIGHT = """
    SELECT account_id, count(*) FROM exchanges
    WHERE outcome IS NULL AND process IN (SELECT value FROM json_each(?))
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


def account_views(db: Reader, now: float, living: Collection[str]) -> list[AccountView]:
    """Every account at `now`: status, windows, and the requests `living` processes have running on it."""
    windows = load_windows(db)
    running = in_flight(db, living)
    token_times = {row[0]: row[1:] for row in db.execute(_LIFETIMES)}
    failures = {row[0]: row[1:] for row in db.execute(_NEWEST_FAILURES)}
    views = []
    for account in load_accounts(db):
        held = windows.get(account.id, ())
        status, until = status_of(account, held, now)
        limit = limited_by(held, now) if status is AccountStatus.LIMITED else None
        refreshed_at, expires_at = token_times.get(account.id, (None, None))
        error = last_error(account, *failures.get(account.id, (None, None)))
        flight = running.get(account.id, 0)
        views.append(AccountView(account, status, until, flight, held, limit, refreshed_at, expires_at, *error))
    return views


def in_flight(db: Reader, living: Collection[str]) -> dict[str | None, int]:
    """How many requests `living` processes have running, by account id; of no account: None."""
    return dict(db.execute(_IN_FLIGHT, (json.dumps(list(living)),)))


def last_error(account: Account, failure: str | None, failed_at: float | None) -> tuple[str | None, float | None]:
    """The later of what went wrong on an account's own behalf and its newest failed attempt, and when."""
    noted_at = account.last_error_at
    if failed_at is None or (noted_at is not None and noted_at >= failed_at):
        return account.last_error, noted_at
    return failure, failed_at
