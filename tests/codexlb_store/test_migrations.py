from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from codexlb_store.accounts import load_accounts
from codexlb_store.logins import save_login
from codexlb_store.migrations import MIGRATIONS, STEPS
from codexlb_store.schema import DATABASE_NAME, open_store
from codexlb_store.vault import Vault
from tests.codexlb_store.rows import LOGIN
from tests.codexlb_store.together import run_together

FIRST_RELEASE = Path(__file__).parent.parent / "data" / "store_m001.sql"

BOOKKEEPING = {"_sqlite_migrations", "sqlite_sequence"}
"""Tables that sqlite-utils and SQLite keep for themselves."""

ADDED_EMPTY = (
    *("refresh_claim", "readings", "keys", "key_secrets", "limits", "budgets", "grants", "sqlite_sequence"),
    *("projects", "choices", "retention", "dashboard_password", "model_lists"),
)
ADDED_TO_ACCOUNTS = ("origin", "routing_override", "last_error", "last_error_at")
ADDED_TO_EXCHANGES = (
    *("project", "moved", "estimated_input_tokens", "estimated_output_tokens", "estimated_cost_usd"),
    *("expected_cached_tokens", "cache_loss"),
)
USED = ("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens", "cost_usd")
SUMMED_UP = {
    "quarter": 0,
    "account_id": "1e5e5f0d5f5e",
    "kind": "turn",
    "outcome": "completed",
    **dict.fromkeys(("key_id", "model", "session", "project", "cache_loss"), ""),
    "requests": 1,
    "attempts": 2,
    "failovers": 1,
    "moved": 0,
    "counted": 1,
    "priced": 0,
    "estimated": 0,
    "input_tokens": 1200,
    "cached_tokens": None,
    "output_tokens": None,
    "reasoning_tokens": None,
    "cost_usd": None,
    **dict.fromkeys(("estimated_input_tokens", "estimated_output_tokens", "estimated_cost_usd")),
    "expected_cached_tokens": None,
    "lost_cached_tokens": None,
}
"""The one exchange of the first release's dump."""


def test_steps_are_numbered_in_the_order_they_are_applied() -> None:
    assert [step.__name__[:5] for step in STEPS] == [f"m{n:03}_" for n in range(1, len(STEPS) + 1)]


def test_a_blank_database_gets_every_table() -> None:
    db = Database(memory=True)

    MIGRATIONS.apply(db)

    assert set(db.table_names()) - BOOKKEEPING == {
        "accounts",
        "tokens",
        "windows",
        "homes",
        "exchanges",
        "attempts",
        "refresh_claim",
        "readings",
        "keys",
        "key_secrets",
        "limits",
        "budgets",
        "grants",
        "projects",
        "choices",
        "sums",
        "retention",
        "dashboard_password",
        "model_lists",
    }
    assert MIGRATIONS.pending(db) == []
    db.close()


def rows(db: Database) -> dict[str, list[dict[str, Any]]]:
    return {name: [dict(row) for row in db[name].rows] for name in db.table_names()}


def test_a_database_of_the_first_release_comes_through_with_all_its_rows(home: Path) -> None:
    """The dump is what that release wrote: it never changes."""
    home.mkdir()
    with closing(sqlite3.connect(home / DATABASE_NAME)) as old:
        old.executescript(FIRST_RELEASE.read_text())
        before = rows(Database(old, execute_plugins=False))

    with closing(open_store(home)) as db:
        after = rows(db)
        accounts = load_accounts(db)

    assert after.pop("_sqlite_migrations")[:1] == before.pop("_sqlite_migrations")
    assert [after.pop(name) for name in ADDED_EMPTY] == [[]] * len(ADDED_EMPTY)
    assert after.pop("sums") == [SUMMED_UP]
    assert after == {
        **before,
        "accounts": [row | dict.fromkeys(ADDED_TO_ACCOUNTS) for row in before["accounts"]],
        "exchanges": [row | dict.fromkeys(ADDED_TO_EXCHANGES) | {"attempts": 2} for row in before["exchanges"]],
        "attempts": [
            row | dict.fromkeys(USED) | {"input_tokens": 1200 if row["number"] == 2 else None}
            for row in before["attempts"]
        ],
    }
    assert [(account.name, account.state, account.last_error) for account in accounts] == [
        ("work", "needs_login", None),
        ("bob@example.com", "active", None),
    ]


def test_an_old_database_becomes_what_a_new_one_is(home: Path) -> None:
    def shape(db: Database) -> list[tuple[Any, ...]]:
        columns = [
            (name, *row) for name in sorted(db.table_names()) for row in db.execute(f"PRAGMA table_info({name})")
        ]
        names = db.execute("SELECT type, name, tbl_name FROM sqlite_master ORDER BY name").fetchall()
        return [*columns, *names]

    with closing(open_store(home)) as db:
        new = shape(db)
    with closing(Database(memory=True)) as db:
        db.conn.executescript(FIRST_RELEASE.read_text())
        MIGRATIONS.apply(db)
        assert shape(db) == new


def test_several_processes_may_be_the_first_of_a_new_release_at_once(home: Path) -> None:
    home.mkdir()
    with closing(sqlite3.connect(home / DATABASE_NAME)) as old:
        old.executescript(FIRST_RELEASE.read_text())

    printed = run_together(
        "from codexlb_store.schema import open_store\nfrom codexlb_store.accounts import load_accounts",
        "db = open_store(home); print(len(load_accounts(db))); db.close()",
        home,
    )

    assert printed == ["2"] * 4


def test_two_accounts_never_have_one_alias(db: Database, vault: Vault) -> None:
    for user in ("ann", "bob", "carol"):
        save_login(db, vault, replace(LOGIN, user_id=user), now=1.0)
    db.execute("UPDATE accounts SET alias = 'Work' WHERE user_id = 'ann'")

    with pytest.raises(sqlite3.IntegrityError):
        db.execute("UPDATE accounts SET alias = 'work' WHERE user_id = 'bob'")


@pytest.mark.parametrize(
    ("sql", "plan"),
    [
        pytest.param(
            "SELECT count(*) FROM exchanges WHERE opened_at >= coalesce(:since, 0) AND opened_at < 9e99",
            "SEARCH exchanges USING COVERING INDEX exchanges_opened_at (opened_at>? AND opened_at<?)",
            id="a span of time",
        ),
        pytest.param(
            "SELECT * FROM exchanges ORDER BY opened_at DESC, rowid DESC LIMIT 5",
            "SCAN exchanges USING INDEX exchanges_opened_at",
            id="the newest",
        ),
        pytest.param(
            "SELECT * FROM exchanges WHERE outcome IS NULL",
            "SCAN exchanges USING INDEX exchanges_open",
            id="what is open",
        ),
        pytest.param(
            "SELECT max(started_at) FROM attempts WHERE account_id = 'a' AND failure IS NOT NULL",
            "SEARCH attempts USING INDEX attempts_failed (account_id=?)",
            id="the newest failure of an account",
        ),
        pytest.param(
            "SELECT sum(cost_usd) FROM exchanges WHERE key_id = 'k' AND opened_at >= :since",
            "SEARCH exchanges USING INDEX exchanges_key (key_id=? AND opened_at>?)",
            id="what a key used",
        ),
        pytest.param(
            "SELECT limit_id, starts_at FROM grants WHERE asked_at > :since AND process != 'p'",
            "SEARCH grants USING COVERING INDEX grants_asked_at (asked_at>?)",
            id="who asks for budget",
        ),
    ],
)
def test_reports_find_their_rows_by_index(sql: str, plan: str) -> None:
    db = Database(memory=True)
    MIGRATIONS.apply(db)

    steps = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}", {"since": 1})]

    assert steps == [plan]
    db.close()
