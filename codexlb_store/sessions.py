"""Homes of sessions: which account holds a session's prompt cache, and when it was last used."""

from __future__ import annotations

from dataclasses import dataclass

from sqlite_utils import Database

_SAVE = """
    INSERT INTO homes (session, account_id, last_used_at) VALUES (?, ?, ?)
    ON CONFLICT (session) DO UPDATE SET account_id = excluded.account_id, last_used_at = excluded.last_used_at
    WHERE excluded.last_used_at >= homes.last_used_at
"""


@dataclass(frozen=True, slots=True)
class Home:
    """The account that served a session last, and when (unix seconds)."""

    session: str
    account_id: str
    last_used_at: float


def save_home(db: Database, home: Home) -> None:
    """Remember where a session was served; an older use never replaces a newer one."""
    db.execute(_SAVE, (home.session, home.account_id, home.last_used_at))


def load_homes(db: Database, since: float) -> dict[str, Home]:
    """The homes of the sessions used at or after `since` (unix seconds), by session."""
    rows = db.execute("SELECT session, account_id, last_used_at FROM homes WHERE last_used_at >= ?", (since,))
    return {row[0]: Home(*row) for row in rows}
