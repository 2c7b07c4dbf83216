"""The history of windows: every reading that was taken over, thinned as it ages (windows.py appends them)."""

from __future__ import annotations

from sqlite_utils import Database

from codexlb_store.windows import Window

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0

TIERS = (
    (1 * DAY, 7 * DAY, 10 * MINUTE),
    (7 * DAY, 90 * DAY, HOUR),
    (90 * DAY, 400 * DAY, DAY),
)
"""From which age to which age (seconds) one reading is kept of how many seconds; younger ones all stay."""

OLDEST_SECONDS = TIERS[-1][1]

MOST_ROWS = 20_000
"""More than a hundred busy accounts add in an hour; they take a third of a second."""

# The windows name the series: with them each walk is a range of the primary key, and so is the look for a later
# reading. A reading goes when a later one of the same stretch of time is there, so the last of each always stays.
_THIN = """
    DELETE FROM readings WHERE (account_id, minutes, read_at) IN (
        SELECT old.account_id, old.minutes, old.read_at
        FROM windows CROSS JOIN readings AS old ON old.account_id = windows.account_id
            AND old.minutes = windows.minutes AND old.read_at > :after AND old.read_at <= :until
        WHERE EXISTS (
            SELECT 1 FROM readings AS later
            WHERE later.account_id = old.account_id AND later.minutes = old.minutes AND later.read_at > old.read_at
                AND later.read_at < (CAST(old.read_at / :stretch AS INTEGER) + 1) * :stretch
        )
        LIMIT :most
    )
"""
_DROP = """
    DELETE FROM readings WHERE (account_id, minutes, read_at) IN (
        SELECT old.account_id, old.minutes, old.read_at
        FROM windows CROSS JOIN readings AS old ON old.account_id = windows.account_id
            AND old.minutes = windows.minutes AND old.read_at <= :until
        LIMIT :most
    )
"""
_LOAD = """
    SELECT account_id, minutes, used_percent, resets_at, read_at FROM readings
    WHERE account_id = ? AND read_at >= ? ORDER BY minutes, read_at
"""


def thin_readings(db: Database, now: float, most_rows: int = MOST_ROWS) -> int:
    """Delete readings that are too close together for their age, or too old; returns how many, at most `most_rows`.

    Fewer than `most_rows` means that nothing is left to do at `now` (unix seconds).
    """
    with db.atomic():
        deleted = db.execute(_DROP, {"until": now - OLDEST_SECONDS, "most": most_rows}).rowcount
        for youngest, oldest, stretch in TIERS:
            values = {"after": now - oldest, "until": now - youngest, "stretch": stretch, "most": most_rows - deleted}
            deleted += db.execute(_THIN, values).rowcount
    return deleted


def load_readings(db: Database, account_id: str, since: float) -> list[Window]:
    """An account's readings from `since` (unix seconds) on: shortest window first, each in the order of time."""
    return [Window(*row) for row in db.execute(_LOAD, (account_id, since))]
