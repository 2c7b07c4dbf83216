"""The store's side of reconciliation: readings and requests of accounts with estimates come out of the tables."""

from __future__ import annotations

from itertools import groupby

from sqlite_utils import Database

from codexlb_store.readings import load_readings
from codexlb_store.reconciliation import Reconciliation, Use, reconcile

LOOK_BACK_SECONDS = 30 * 86_400
"""What a percent is worth changes as plans do; it is learned from no more than this before the newest estimate."""

_ACCOUNTS = """
    SELECT account_id, max(ended_at) FROM exchanges
    WHERE opened_at >= (SELECT min(quarter) FROM sums WHERE estimated > 0) AND estimated_input_tokens IS NOT NULL
        AND account_id IS NOT NULL
    GROUP BY account_id ORDER BY account_id
"""
# What neither has a cost nor an estimate but has used something: it answered, or nobody knows how it ended.
_USES = """
    SELECT ended_at, cost_usd, estimated_cost_usd FROM exchanges
    WHERE account_id = :account AND opened_at >= :since - 86400 AND ended_at > :since AND (
        cost_usd IS NOT NULL OR estimated_input_tokens IS NOT NULL OR input_tokens IS NOT NULL
        OR first_token_ms IS NOT NULL OR outcome IN ('completed', 'incomplete', 'lost')
    ) ORDER BY ended_at
"""


def reconciliations(db: Database) -> dict[tuple[str, int], Reconciliation]:
    """What the readings say of every account's estimates, by account id and minutes of the window."""
    found: dict[tuple[str, int], Reconciliation] = {}
    for account, newest in db.execute(_ACCOUNTS).fetchall():
        since = newest - LOOK_BACK_SECONDS
        uses = [Use(*row) for row in db.execute(_USES, {"account": account, "since": since})]
        for minutes, readings in groupby(load_readings(db, account, since), lambda one: one.minutes):
            result = reconcile(list(readings), uses)
            if result.estimates:
                found[account, minutes] = result
    return found
