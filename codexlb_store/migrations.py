"""How the tables came to be: numbered steps, applied once each, in order; a released step never changes.

Times are unix seconds, sizes bytes, durations milliseconds; NULL means unknown.
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations

MIGRATION_SET = "codexlb"


def m001_initial(db: Database) -> None:
    """Accounts with their tokens and windows, the homes of sessions, and the ledger."""
    for statement in _INITIAL:
        db.execute(statement)


# The ledger names accounts without a foreign key: what was used stays true after an account is gone.
_INITIAL = (
    """
    CREATE TABLE accounts (
        id TEXT PRIMARY KEY, alias TEXT, email TEXT NOT NULL, plan TEXT NOT NULL, user_id TEXT NOT NULL,
        chatgpt_account_id TEXT NOT NULL, fedramp INTEGER NOT NULL, state TEXT NOT NULL, state_reason TEXT,
        cooling_until REAL, weight REAL NOT NULL, added_at REAL NOT NULL
    )""",
    """
    CREATE TABLE tokens (
        account_id TEXT PRIMARY KEY, access_token BLOB NOT NULL, refresh_token BLOB NOT NULL,
        id_token BLOB NOT NULL, expires_at REAL, last_refresh REAL, version INTEGER NOT NULL
    )""",
    """
    CREATE TABLE windows (
        account_id TEXT NOT NULL, minutes INTEGER NOT NULL, used_percent REAL NOT NULL, resets_at REAL,
        read_at REAL NOT NULL, PRIMARY KEY (account_id, minutes)
    ) WITHOUT ROWID""",
    """
    CREATE TABLE homes (
        session TEXT PRIMARY KEY, account_id TEXT NOT NULL, last_used_at REAL NOT NULL
    ) WITHOUT ROWID""",
    "CREATE INDEX homes_last_used_at ON homes (last_used_at)",
    """
    CREATE TABLE exchanges (
        id TEXT PRIMARY KEY, process TEXT NOT NULL, opened_at REAL NOT NULL, kind TEXT NOT NULL,
        path TEXT NOT NULL, key_id TEXT, session TEXT, thread TEXT, account_id TEXT, model TEXT, effort TEXT,
        tier TEXT, client TEXT, request_bytes INTEGER NOT NULL,
        ended_at REAL, outcome TEXT, status INTEGER, input_tokens INTEGER, cached_tokens INTEGER,
        output_tokens INTEGER, reasoning_tokens INTEGER, cost_usd REAL, first_token_ms REAL, total_ms REAL,
        response_id TEXT, error TEXT
    )""",
    "CREATE INDEX exchanges_opened_at ON exchanges (opened_at)",
    "CREATE INDEX exchanges_open ON exchanges (process, account_id) WHERE outcome IS NULL",
    """
    CREATE TABLE attempts (
        exchange_id TEXT NOT NULL, number INTEGER NOT NULL, account_id TEXT, failure TEXT, status INTEGER,
        upstream_request_id TEXT, started_at REAL NOT NULL, milliseconds REAL NOT NULL,
        PRIMARY KEY (exchange_id, number)
    ) WITHOUT ROWID""",
)

STEPS = (m001_initial,)
"""Every step ever released, oldest first."""

MIGRATIONS = Migrations(MIGRATION_SET)
for _step in STEPS:
    MIGRATIONS()(_step)
