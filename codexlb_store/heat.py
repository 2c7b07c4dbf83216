"""What is busy now: how fast each account is used, and the sessions that use the most; read-only."""

from __future__ import annotations

from dataclasses import dataclass

from sqlite_utils import Database

from codexlb_store.usage import Dimension, Filters, UsageRow, usage


@dataclass(frozen=True, slots=True)
class Burn:
    """How fast an account is used, per hour; None is unknown, an `account_id` of None what no account served."""

    account_id: str | None
    requests: float
    tokens: float | None
    cost_usd: float | None


def burn(db: Database, since: float, until: float) -> list[Burn]:
    """How fast each account was used from `since` to `until` (unix seconds), busiest first."""
    hours = (until - since) / 3600
    rows = usage(db, (Dimension.ACCOUNT,), Filters(since, until))
    found = [
        Burn(
            row.groups[0], row.sums.requests / hours, _per(row.sums.total_tokens, hours), _per(row.sums.cost_usd, hours)
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: -(one.tokens or 0))


def _per(amount: float | None, hours: float) -> float | None:
    return None if amount is None else amount / hours


def hottest(db: Database, since: float, limit: int) -> list[UsageRow]:
    """The sessions that used the most tokens since then (unix seconds), each a row by session."""
    rows = usage(db, (Dimension.SESSION,), Filters(since))
    known = [row for row in rows if row.groups[0] is not None and row.sums.total_tokens]
    return sorted(known, key=lambda row: -(row.sums.total_tokens or 0))[:limit]
