"""What a client key has used and what is left of its limits, as it is told to whoever holds it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlite_utils import Database

from codexlb_store.keys import Key
from codexlb_store.limit_texts import limit_text
from codexlb_store.limit_uses import LimitUse, limit_uses
from codexlb_store.limits import MICRO, LimitKind
from codexlb_store.usage import Filters, usage


def key_usage(db: Database, key: Key, living: Collection[str], now: float) -> dict[str, Any]:
    """The figures of a key as a JSON object; a sum of nothing known is 0, times are unix seconds."""
    (row,) = usage(db, filters=Filters(key_id=key.id))
    sums = row.sums
    return {
        "name": key.name,
        "expires_at": key.expires_at,
        "request_count": sums.requests,
        "total_tokens": sums.total_tokens or 0,
        "input_tokens": sums.input_tokens or 0,
        "cached_input_tokens": sums.cached_tokens or 0,
        "output_tokens": sums.output_tokens or 0,
        "total_cost_usd": sums.cost_usd or 0.0,
        "limits": [limit_figures(use) for use in limit_uses(db, key, living, now)],
    }


def limit_figures(use: LimitUse) -> dict[str, Any]:
    """One limit in requests, tokens or US dollars; what is left is never below 0, though more may be used."""
    limit = use.limit

    def units(amount: int) -> float:
        return amount / MICRO if limit.kind is LimitKind.USD else amount

    return {
        "limit": limit_text(limit),
        "kind": limit.kind,
        "span": limit.span,
        "model": limit.model,
        "amount": units(limit.amount),
        "used": units(use.used),
        "left": units(max(0, limit.amount - use.used)),
        "resets_at": use.resets_at,
    }
