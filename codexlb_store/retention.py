"""Retention: what is older than it is kept for goes, a bounded step at a time, and the file shrinks by it.

A day goes as a whole: its sums are folded into one row per account, key, model, kind, outcome and cause of cache
loss, without sessions and projects, and then its rows are deleted. `rows_since` moves on as the day is folded: what
opened before exists as sums only, and every total of a day stays what it was. What still ran then follows when it
has ended.
"""

from __future__ import annotations

import datetime
import json

from sqlite_utils import Database

from codexlb_store.periods import Unit, periods
from codexlb_store.sums_schema import GROUPS, QUARTER_SECONDS, SUMMED, adding

DAY = 86_400

MOST_ROWS = 500
"""Of a million rows so many, with their attempts, hold the writer for a twentieth of a second."""

MOST_PAGES = 250
"""Handed back in one step: a megabyte, each page of which may have to be moved; it takes half as long."""

_KEPT = tuple(name for name in GROUPS if name not in ("session", "project"))
_FOLD = f"""
    SELECT {", ".join(_KEPT)}, {", ".join(f"sum({name})" for name in SUMMED)}
    FROM sums WHERE quarter >= :since AND quarter < :until GROUP BY {", ".join(_KEPT)}
"""  # noqa: S608 - names of our own columns
_FOLDED = f"""
    INSERT INTO sums (quarter, session, project, {", ".join((*_KEPT, *SUMMED))})
    VALUES (?, '', ''{", ?" * len((*_KEPT, *SUMMED))})
"""  # noqa: S608
# What was closed after its day was folded.
_LATE = "quarter < :since AND (session != '' OR project != '')"
_FOLD_LATE = adding(f"""
    SELECT quarter, {", ".join(name if name in _KEPT else "''" for name in GROUPS)},
        {", ".join(f"sum({name})" for name in SUMMED)}
    FROM sums WHERE {_LATE} GROUP BY quarter, {", ".join(_KEPT)}
""")  # noqa: S608
_DROP_LATE = f"DELETE FROM sums WHERE {_LATE}"  # noqa: S608
_MOVE_ON = "INSERT INTO retention VALUES (1, ?) ON CONFLICT DO UPDATE SET rows_since = excluded.rows_since"
_DROP_CHOICES = """
    DELETE FROM choices WHERE (exchange_id, number) IN (
        SELECT exchange_id, number FROM choices WHERE chosen_at < ? ORDER BY chosen_at LIMIT ?
    )
"""
# What still runs stays until it has ended, however old.
_OLD_ROWS = """
    SELECT id FROM exchanges WHERE opened_at < ? AND outcome IS NOT NULL ORDER BY opened_at LIMIT ?
"""
_DROP_ROWS = (
    "DELETE FROM attempts WHERE exchange_id IN (SELECT value FROM json_each(?))",
    "DELETE FROM choices WHERE exchange_id IN (SELECT value FROM json_each(?))",
    "DELETE FROM exchanges WHERE id IN (SELECT value FROM json_each(?))",
)


def rows_since(db: Database) -> int:
    """From when on every exchange has its row (unix seconds); of what opened before there are only sums."""
    row = db.execute("SELECT rows_since FROM retention").fetchone()
    return row[0] if row else 0


def prune(
    db: Database,
    now: float,
    keep_days: int,
    explain_days: int = 30,
    most_rows: int = MOST_ROWS,
    zone: datetime.tzinfo | None = None,
) -> int:
    """Do a step of what is due at `now` (unix seconds): 0 means that nothing is left, else do another one.

    Rows of the ledger are kept for `keep_days`, choices for `explain_days`, 0 is for ever. Days are those of `zone`
    (None: this machine's).
    """
    with db.atomic():
        done = 0
        if explain_days:
            done += db.execute(_DROP_CHOICES, (now - explain_days * DAY, most_rows)).rowcount
        if keep_days:
            done += _drop_rows(db, most_rows - done) or _end_day(db, now - keep_days * DAY, zone) or _fold_late(db)
        return done or _hand_back(db)


def _drop_rows(db: Database, most: int) -> int:
    """Delete the oldest rows that are sums only by now; returns how many."""
    ids = [row[0] for row in db.execute(_OLD_ROWS, (rows_since(db), most))]
    for statement in _DROP_ROWS if ids else ():
        db.execute(statement, (json.dumps(ids),))
    return len(ids)


def _end_day(db: Database, until: float, zone: datetime.tzinfo | None) -> int:
    """Fold the sums of the oldest day with rows, if it ended before `until`; returns how many there are now."""
    since = rows_since(db)
    oldest = db.execute("SELECT min(quarter) FROM sums WHERE quarter >= ?", (since,)).fetchone()[0]
    if oldest is None:
        return 0
    start, end = _day_of(oldest, zone)
    return _fold(db, max(start, since), end) if end <= until else 0


def _fold_late(db: Database) -> int:
    """Take sessions and projects out of the sums of days that were folded before; returns how many had one."""
    since = {"since": rows_since(db)}
    db.execute(_FOLD_LATE, since)
    return db.execute(_DROP_LATE, since).rowcount


def _day_of(moment: float, zone: datetime.tzinfo | None) -> tuple[int, int]:
    """The day of a moment: from when until when (unix seconds)."""
    midnight = datetime.datetime.fromtimestamp(moment, zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    [day, *_] = periods([Unit.DAY], midnight.timestamp(), midnight.timestamp() + 2 * DAY, zone)
    return int(day.since), int(day.until)


def _fold(db: Database, since: int, until: int) -> int:
    """Make one day of the quarters of an hour in [since, until), and note that its rows may go."""
    folded = db.execute(_FOLD, {"since": since, "until": until}).fetchall()
    # At noon, so that the day is the same one for people some time zones away.
    noon = (since + until) // 2 // QUARTER_SECONDS * QUARTER_SECONDS
    db.execute("DELETE FROM sums WHERE quarter >= ? AND quarter < ?", (since, until))
    db.conn.executemany(_FOLDED, ((noon, *row) for row in folded))
    db.execute(_MOVE_ON, (until,))
    return len(folded)


def _hand_back(db: Database) -> int:
    """Give empty pages back to the disk; returns how many. The file is shorter after the next checkpoint."""
    free: int = db.execute("PRAGMA freelist_count").fetchone()[0]
    pages = min(free, MOST_PAGES)
    for _ in range(pages):  # Python's sqlite3 ends this statement after its first page, whatever number it is given
        db.execute("PRAGMA incremental_vacuum(1)")
    return pages
