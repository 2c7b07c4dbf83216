"""Conversations: the requests of one thread together; read-only."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from sqlite_utils import Database

from codexlb_store.sums import EVERYTHING, OF_ROWS, TOTALS, Filters, Sums, conditions, span_of

MOST_ROWS = 50_000
"""Among the newest so many requests conversations are looked for; each is then summed whole."""

_NEWEST = """
    SELECT thread FROM (
        SELECT thread, opened_at FROM exchanges
        WHERE thread IS NOT NULL AND opened_at >= :from AND opened_at < :to{conditions}
        ORDER BY opened_at DESC LIMIT :most
    ) GROUP BY thread ORDER BY max(opened_at) DESC LIMIT :limit
"""
_SUMMED = """
    SELECT thread, min(opened_at), max(opened_at), json_group_array(DISTINCT account_id),
        json_group_array(DISTINCT model), {totals}
    FROM (
        SELECT thread, opened_at, account_id, model, {of_rows} FROM exchanges
        WHERE thread IN (SELECT value FROM json_each(:threads)) AND opened_at >= :from AND opened_at < :to{conditions}
    ) GROUP BY thread ORDER BY max(opened_at) DESC, thread
"""


@dataclass(frozen=True, slots=True)
class Conversation:
    """One thread: when its first and last request of those asked for opened (unix seconds), and what they used."""

    thread: str
    first_at: float
    last_at: float
    sums: Sums
    accounts: tuple[str, ...]
    models: tuple[str, ...]


def conversations(db: Database, filters: Filters = EVERYTHING, limit: int = 20) -> list[Conversation]:
    """The newest `limit` conversations with requests that pass `filters`, the one with the newest request first."""
    since, until = span_of(filters)
    asked = conditions(filters)
    values = asdict(filters) | {"from": since, "to": until, "most": MOST_ROWS, "limit": limit}
    threads = [row[0] for row in db.execute(_NEWEST.format(conditions=asked), values)]
    summed = _SUMMED.format(totals=TOTALS, of_rows=OF_ROWS, conditions=asked)
    rows = db.execute(summed, values | {"threads": json.dumps(threads)})
    return [
        Conversation(thread, first, last, Sums(*sums), _known(accounts), _known(models))
        for thread, first, last, accounts, models, *sums in rows.fetchall()
    ]


def _known(values: str) -> tuple[str, ...]:
    return tuple(sorted(value for value in json.loads(values) if value is not None))
