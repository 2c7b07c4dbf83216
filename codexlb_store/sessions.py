"""Homes of sessions: which account holds a session's prompt cache, and when it was last used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlite_utils import Database

_SAVE = """
    INSERT INTO homes (session, account_id, last_used_at) VALUES (?, ?, ?)
    ON CONFLICT (session) DO UPDATE SET account_id = excluded.account_id, last_used_at = excluded.last_used_at
    WHERE excluded.last_used_at >= homes.last_used_at
"""

MOST_HOMES = 20_000
"""Sessions held in memory, about 10 MB; far more than are warm at one time."""


@dataclass(frozen=True, slots=True)
class Home:
    """The account that served a session last, and when (unix seconds)."""

    session: str
    account_id: str
    last_used_at: float


def latest(stored: Mapping[str, Home], held: Mapping[str, Home]) -> dict[str, Home]:
    """Of each session the later use, the longest unused sessions first; not more of them than are held."""
    later = {s: h for s, h in held.items() if s not in stored or h.last_used_at > stored[s].last_used_at}
    in_order = sorted({**stored, **later}.values(), key=lambda home: home.last_used_at)
    return {home.session: home for home in in_order[-MOST_HOMES:]}


def save_home(db: Database, home: Home) -> None:
    """Remember where a session was served; an older use never replaces a newer one."""
    db.execute(_SAVE, (home.session, home.account_id, home.last_used_at))


def load_homes(db: Database, since: float) -> dict[str, Home]:
    """The homes of the sessions used at or after `since` (unix seconds), by session."""
    rows = db.execute("SELECT session, account_id, last_used_at FROM homes WHERE last_used_at >= ?", (since,))
    return {row[0]: Home(*row) for row in rows}
