"""What failed last on which account, and where the request went then; read-only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from codexlb_store.reader import Reader

# Of each account the end of its index, not every failure there ever was.
_NEWEST = """
    SELECT started_at, attempts.account_id, failure, exchanges.attempts > number, exchanges.account_id, model,
        session, outcome
    FROM attempts JOIN exchanges ON exchanges.id = exchange_id
    WHERE attempts.account_id = :account AND failure IS NOT NULL AND started_at >= :since
    ORDER BY started_at DESC LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class Failover:
    """An attempt that failed on an account at a time (unix seconds), and what became of its request.

    `to_account_id` is the account that had it in the end, None where no other try was made.
    """

    at: float
    account_id: str
    failure: str
    to_account_id: str | None
    model: str | None
    session: str | None
    outcome: str | None


def failovers(db: Reader, account_ids: Iterable[str], since: float, limit: int) -> list[Failover]:
    """The newest `limit` failed attempts of these accounts since then (unix seconds), newest first."""
    found = []
    for account_id in account_ids:
        for at, account, failure, went_on, last, *request in db.execute(
            _NEWEST, {"account": account_id, "since": since, "limit": limit}
        ):
            found.append(Failover(at, account, failure, last if went_on else None, *request))
    return sorted(found, key=lambda one: -one.at)[:limit]
