"""Usage windows: what an account has used of each of its limits, as last read from the upstream.

Of each window the newest reading is kept here; readings.py keeps the history.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING

from codexlb_store.reader import Reader

if TYPE_CHECKING:  # it loads as much as all the rest of a short command
    from sqlite_utils import Database

_SAVE = """
    INSERT INTO windows (account_id, minutes, used_percent, resets_at, read_at) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (account_id, minutes) DO UPDATE SET
        used_percent = excluded.used_percent, resets_at = excluded.resets_at, read_at = excluded.read_at
    WHERE excluded.read_at >= windows.read_at
"""
# Of two readings at the same moment the later word counts, as it does for the window itself.
_APPEND = """
    INSERT OR REPLACE INTO readings (account_id, minutes, used_percent, resets_at, read_at) VALUES (?, ?, ?, ?, ?)
"""
_LOAD = """
    SELECT account_id, minutes, used_percent, resets_at, read_at FROM windows ORDER BY account_id, minutes
"""

SAME_READING_SECONDS = 60
"""Every answer carries the windows, mostly unchanged; how old a reading is must be right to the minute."""


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


def newest(known: Iterable[Window], read: Iterable[Window]) -> tuple[Window, ...]:
    """Of each window length the latest reading, shortest window first."""
    latest: dict[int, Window] = {}
    for window in (*known, *read):
        held = latest.get(window.minutes)
        if held is None or window.read_at >= held.read_at:
            latest[window.minutes] = window
    return tuple(latest[minutes] for minutes in sorted(latest))


def is_news(known: Iterable[Window], read: Window) -> bool:
    """Whether a reading says anything that is not known already; an equal one is only taken over now and then."""
    for window in known:
        if window.minutes == read.minutes:
            is_same = (window.used_percent, window.resets_at) == (read.used_percent, read.resets_at)
            return not is_same or read.read_at - window.read_at >= SAME_READING_SECONDS
    return True


def save_windows(db: Database, windows: Iterable[Window]) -> None:
    """Keep these readings, and append them to the history; a reading older than the one we have changes nothing."""
    with db.atomic():
        taken = [values for values in map(_values, windows) if db.execute(_SAVE, values).rowcount]
        db.conn.executemany(_APPEND, taken)


def load_windows(db: Reader) -> dict[str, tuple[Window, ...]]:
    """Every account's windows by account id, shortest first."""
    found: dict[str, tuple[Window, ...]] = {}
    for row in db.execute(_LOAD):
        window = Window(*row)
        found[window.account_id] = (*found.get(window.account_id, ()), window)
    return found
