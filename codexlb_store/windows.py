"""Usage windows: what an account has used of each of its limits, as last read from the upstream."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter

from sqlite_utils import Database

_SAVE = """
    INSERT INTO windows (account_id, minutes, used_percent, resets_at, read_at) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (account_id, minutes) DO UPDATE SET
        used_percent = excluded.used_percent, resets_at = excluded.resets_at, read_at = excluded.read_at
    WHERE excluded.read_at >= windows.read_at
"""
_LOAD = """
    SELECT account_id, minutes, used_percent, resets_at, read_at FROM windows ORDER BY account_id, minutes
"""


@dataclass(frozen=True, slots=True)
class Window:
    """One limit of an account, known by its length: what is used and when it starts afresh (unix seconds)."""

    account_id: str
    minutes: int
    used_percent: float
    resets_at: float | None
    read_at: float


_values = attrgetter("account_id", "minutes", "used_percent", "resets_at", "read_at")


def used_now(window: Window, now: float) -> float:
    """Percent used at `now`: what was read, or 0 once the reset has passed."""
    if window.resets_at is not None and window.resets_at <= now:
        return 0.0
    return window.used_percent


def save_windows(db: Database, windows: Iterable[Window]) -> None:
    """Keep these readings; a reading older than the one we have changes nothing."""
    with db.atomic():
        db.conn.executemany(_SAVE, map(_values, windows))


def load_windows(db: Database) -> dict[str, tuple[Window, ...]]:
    """Every account's windows by account id, shortest first."""
    found: dict[str, tuple[Window, ...]] = {}
    for row in db.execute(_LOAD):
        window = Window(*row)
        found[window.account_id] = (*found.get(window.account_id, ()), window)
    return found
