"""What is used of a key's limits now: a key goes in, each of its limits with its use and its next reset comes out."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

from sqlite_utils import Database

from codexlb_store.keys import Key
from codexlb_store.limits import ROLLING_SECONDS, Limit, LimitKind, applies, span_of, zone_of

_ROLLING = """
    SELECT used, ends_at FROM budgets WHERE limit_id = :id AND ends_at > :now ORDER BY starts_at DESC LIMIT 1
"""
_CALENDAR = "SELECT used, ends_at FROM budgets WHERE limit_id = ? AND starts_at = ?"
# The plus keeps SQLite from walking all rows of the key: open rows are few and have an index of their own.
_RUNNING = """
    SELECT model FROM exchanges
    WHERE outcome IS NULL AND +key_id = ? AND process IN (SELECT value FROM json_each(?))
"""


@dataclass(frozen=True, slots=True)
class LimitUse:
    """How much of a limit is used (in its units), and when it starts afresh (unix seconds).

    None: it has no span, or a rolling one that begins with the next request.
    """

    limit: Limit
    used: int
    resets_at: float | None


def limit_uses(db: Database, key: Key, living: Collection[str], now: float) -> list[LimitUse]:
    """The use of each of a key's limits as far as it is settled; of `living` processes' requests those that run."""
    return [_use(db, key, limit, living, now) for limit in key.limits]


def _use(db: Database, key: Key, limit: Limit, living: Collection[str], now: float) -> LimitUse:
    if limit.kind is LimitKind.CONCURRENT:
        running = db.execute(_RUNNING, (key.id, json.dumps(list(living))))
        return LimitUse(limit, sum(applies(limit, model) for (model,) in running), None)
    if limit.span in ROLLING_SECONDS:
        row = db.execute(_ROLLING, {"id": limit.id, "now": now}).fetchone()
        return LimitUse(limit, *(row or (0, None)))
    starts_at, ends_at = span_of(limit, now, zone_of(key.time_zone))
    row = db.execute(_CALENDAR, (limit.id, starts_at)).fetchone()
    return LimitUse(limit, row[0] if row else 0, ends_at)
