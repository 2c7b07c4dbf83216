"""How the tables came to be: numbered steps, applied once each, in order; a released step never changes.

Times are unix seconds, sizes bytes, durations milliseconds; NULL means unknown.
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from codexlb_store import sums_schema

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


def m002_accounts(db: Database) -> None:
    """Where an account's requests must go, what went wrong last, who refreshes now, and the history of windows."""
    for statement in _ACCOUNTS:
        db.execute(statement)


# One row for all of the file's processes: the lane in which one token is refreshed at a time.
_ACCOUNTS = (
    "ALTER TABLE accounts ADD COLUMN origin TEXT",
    "ALTER TABLE accounts ADD COLUMN routing_override TEXT",
    "ALTER TABLE accounts ADD COLUMN last_error TEXT",
    "ALTER TABLE accounts ADD COLUMN last_error_at REAL",
    "CREATE UNIQUE INDEX accounts_alias ON accounts (lower(alias)) WHERE alias IS NOT NULL",
    """
    CREATE TABLE refresh_claim (
        lane INTEGER PRIMARY KEY CHECK (lane = 1), account_id TEXT NOT NULL, holder TEXT NOT NULL,
        expires_at REAL NOT NULL
    )""",
    """
    CREATE TABLE readings (
        account_id TEXT NOT NULL, minutes INTEGER NOT NULL, read_at REAL NOT NULL, used_percent REAL NOT NULL,
        resets_at REAL, PRIMARY KEY (account_id, minutes, read_at)
    ) WITHOUT ROWID""",
    "CREATE INDEX attempts_failed ON attempts (account_id, started_at) WHERE failure IS NOT NULL",
)


def m003_keys(db: Database) -> None:
    """Client keys with their secrets and limits, and what of each limit is used and handed to processes."""
    for statement in _KEYS:
        db.execute(statement)


# A limit's id is never used again: a request that ends after its limit is gone must not count against a new one.
_KEYS = (
    """
    CREATE TABLE keys (
        id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE, created_at REAL NOT NULL, expires_at REAL,
        disabled_at REAL, revoked_at REAL, time_zone TEXT NOT NULL, models TEXT, efforts TEXT, accounts TEXT,
        enforced_model TEXT, enforced_effort TEXT, enforced_tier TEXT, last_used_at REAL
    )""",
    """
    CREATE TABLE key_secrets (
        sha256 TEXT PRIMARY KEY, key_id TEXT NOT NULL, prefix TEXT NOT NULL, made_at REAL NOT NULL, valid_until REAL
    )""",
    """
    CREATE TABLE limits (
        id INTEGER PRIMARY KEY AUTOINCREMENT, key_id TEXT NOT NULL, kind TEXT NOT NULL, span TEXT,
        amount INTEGER NOT NULL, model TEXT, made_at REAL NOT NULL
    )""",
    "CREATE UNIQUE INDEX limits_of_key ON limits (key_id, kind, coalesce(span, ''), coalesce(model, ''))",
    """
    CREATE TABLE budgets (
        limit_id INTEGER NOT NULL, starts_at REAL NOT NULL, ends_at REAL, used INTEGER NOT NULL,
        PRIMARY KEY (limit_id, starts_at)
    ) WITHOUT ROWID""",
    "CREATE INDEX budgets_ends_at ON budgets (ends_at)",
    """
    CREATE TABLE grants (
        limit_id INTEGER NOT NULL, starts_at REAL NOT NULL, process TEXT NOT NULL, outstanding INTEGER NOT NULL,
        asked_at REAL, PRIMARY KEY (limit_id, starts_at, process)
    ) WITHOUT ROWID""",
    "CREATE INDEX grants_asked_at ON grants (asked_at) WHERE asked_at IS NOT NULL",
    "CREATE INDEX exchanges_key ON exchanges (key_id, opened_at) WHERE key_id IS NOT NULL",
)


def m004_usage(db: Database) -> None:
    """Sums that reports read, projects, estimates, what became of cached tokens, and why an account was chosen."""
    for statement in _USAGE:
        db.execute(statement)


# Until now an exchange had the tokens of its last attempt: no other one was counted. `retention` has one row at most.
_USAGE = (
    "ALTER TABLE exchanges ADD COLUMN project TEXT",
    "ALTER TABLE exchanges ADD COLUMN attempts INTEGER",
    "ALTER TABLE exchanges ADD COLUMN moved INTEGER",
    "ALTER TABLE exchanges ADD COLUMN estimated_input_tokens INTEGER",
    "ALTER TABLE exchanges ADD COLUMN estimated_output_tokens INTEGER",
    "ALTER TABLE exchanges ADD COLUMN estimated_cost_usd REAL",
    "ALTER TABLE exchanges ADD COLUMN expected_cached_tokens INTEGER",
    "ALTER TABLE exchanges ADD COLUMN cache_loss TEXT",
    "UPDATE exchanges SET attempts = (SELECT count(*) FROM attempts WHERE exchange_id = id) WHERE outcome IS NOT NULL",
    "ALTER TABLE attempts ADD COLUMN input_tokens INTEGER",
    "ALTER TABLE attempts ADD COLUMN cached_tokens INTEGER",
    "ALTER TABLE attempts ADD COLUMN output_tokens INTEGER",
    "ALTER TABLE attempts ADD COLUMN reasoning_tokens INTEGER",
    "ALTER TABLE attempts ADD COLUMN cost_usd REAL",
    """
    UPDATE attempts SET (input_tokens, cached_tokens, output_tokens, reasoning_tokens, cost_usd) = (
        SELECT input_tokens, cached_tokens, output_tokens, reasoning_tokens, cost_usd FROM exchanges
        WHERE id = exchange_id
    ) WHERE number = (SELECT max(number) FROM attempts AS last WHERE last.exchange_id = attempts.exchange_id)""",
    "CREATE TABLE projects (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE)",
    """
    CREATE TABLE choices (
        exchange_id TEXT NOT NULL, number INTEGER NOT NULL, chosen_at REAL NOT NULL, account_id TEXT,
        reason TEXT NOT NULL, candidates TEXT NOT NULL, PRIMARY KEY (exchange_id, number)
    ) WITHOUT ROWID""",
    "CREATE INDEX choices_chosen_at ON choices (chosen_at)",
    "CREATE INDEX exchanges_thread ON exchanges (thread, opened_at) WHERE thread IS NOT NULL",
    "CREATE TABLE retention (one INTEGER PRIMARY KEY CHECK (one = 1), rows_since INTEGER NOT NULL)",
    *sums_schema.STATEMENTS,
)


def m005_dashboard(db: Database) -> None:
    """The dashboard's password, as a hash; one at most."""
    db.execute("""
        CREATE TABLE dashboard_password (
            one INTEGER PRIMARY KEY CHECK (one = 1), salt BLOB NOT NULL, n INTEGER NOT NULL, r INTEGER NOT NULL,
            p INTEGER NOT NULL, hash BLOB NOT NULL, set_at REAL NOT NULL
        )""")


def m006_model_lists(db: Database) -> None:
    """The last good lists of models; `body` is the upstream's JSON, `models` a JSON list of those to pick from."""
    db.execute("""
        CREATE TABLE model_lists (
            client_version TEXT NOT NULL, account_id TEXT NOT NULL, body BLOB NOT NULL, content_type TEXT NOT NULL,
            etag TEXT, models TEXT NOT NULL, read_at REAL NOT NULL, PRIMARY KEY (client_version, account_id)
        )""")


STEPS = (m001_initial, m002_accounts, m003_keys, m004_usage, m005_dashboard, m006_model_lists)
"""Every step ever released, oldest first."""

MIGRATIONS = Migrations(MIGRATION_SET)
for _step in STEPS:
    MIGRATIONS()(_step)
