"""Who is asked for the list of models: the account that sees most, whoever has which session or how much quota."""

from __future__ import annotations

import math

from addons.empty_pool import standings_for
from addons.exchange import Deliberation, Exchange, Lease
from codexlb_store.pool import Pool
from codexlb_store.selection import Choice
from codexlb_store.sight import by_sight, sight

SEES_MOST = "sees most models"
"""Why this account, as the choice is kept."""

PATIENCE_SECONDS = 3.0
"""For how long a list is looked for while one is kept: Codex itself waits for 5 seconds, then does without."""


def patience_seconds(exchange: Exchange, now: float) -> float:
    """For how long the upstream may still be asked for a list, all attempts together; endless where none is kept."""
    left = exchange.opened_at + PATIENCE_SECONDS - now
    return min(PATIENCE_SECONDS, max(0.0, left)) if exchange.kept else math.inf


def lease_for_list(exchange: Exchange, pool: Pool, now: float, budget_seconds: float) -> Lease | None:
    """A lease of the first account that was not tried; none when the time is over. It takes no slot, and no turn is
    chosen otherwise for it."""
    if min(patience_seconds(exchange, now), exchange.opened_at + budget_seconds - now) <= 0:
        return None
    standings = standings_for(exchange, pool, now)
    ailing = {s.account_id for s in standings if pool.health.ails_until(s.account_id, None, now) is not None}
    left = [account_id for account_id in by_sight(standings, ailing) if account_id not in exchange.tried]
    return Lease(left[0], Choice(left[0], ())) if left else None


def sees_less(exchange: Exchange, pool: Pool, account_id: str, now: float) -> bool:
    """Whether the client's list comes from an account of a larger plan than this one."""
    first, here = next(iter(by_sight(standings_for(exchange, pool, now))), None), pool.accounts.get(account_id)
    return first is not None and here is not None and sight(here.plan) < sight(pool.accounts[first].plan)


def deliberation_of_list(exchange: Exchange, pool: Pool, lease: Lease, now: float) -> Deliberation:
    """The choice as it is kept."""
    free = (pool.candidate(lease.account_id),)
    return Deliberation(len(exchange.attempts) + 1, now, lease.account_id, SEES_MOST, free, (), ())
