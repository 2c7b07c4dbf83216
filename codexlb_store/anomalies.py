"""What went otherwise than it should: failovers, moves, lost cache, models without a price; read-only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sqlite_utils import Database

from codexlb_store.ledger import CacheLoss, Outcome
from codexlb_store.sums import EVERYTHING, Filters, Sums, scan, span_of

_COLUMNS = ("model", "outcome", "cache_loss")


@dataclass(frozen=True, slots=True)
class CacheLosses:
    """The requests that found less in the prompt cache than was there, for one cause, and how many tokens less."""

    cause: CacheLoss
    requests: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Anomalies:
    """Numbers of requests, and of the lost cache also tokens, the costliest cause first.

    `unpriced_models` are those of which tokens are known and no price is, by name.
    """

    requests: int
    failovers: int
    moved: int
    failed: int
    lost: int
    estimated: int
    unpriced: int
    unpriced_models: tuple[str, ...]
    cache_losses: tuple[CacheLosses, ...]


def anomalies(db: Database, filters: Filters = EVERYTHING, total: Sums | None = None) -> Anomalies:
    """What went otherwise than it should among the requests that pass `filters`; `total` is what they add up to, if
    that is known."""
    span = [span_of(filters)]
    every = total or next((sums for *_, sums in scan(db, (), span, filters)), Sums())
    rows = [
        (model, outcome, cause, sums)
        for _, (model, outcome, cause), sums in scan(db, _COLUMNS, span, filters, odd_only=True)
    ]
    unpriced = [(model, sums.counted - sums.priced) for model, _, _, sums in rows if sums.counted > sums.priced]
    return Anomalies(
        requests=every.requests,
        failovers=every.failovers,
        moved=every.moved,
        failed=sum(sums.requests for _, outcome, _, sums in rows if outcome == Outcome.FAILED),
        lost=sum(sums.requests for _, outcome, _, sums in rows if outcome == Outcome.LOST),
        estimated=every.estimated,
        unpriced=sum(requests for _, requests in unpriced),
        unpriced_models=tuple(sorted({model for model, _ in unpriced if model is not None})),
        cache_losses=_losses((CacheLoss(cause), sums) for _, _, cause, sums in rows if cause is not None),
    )


def _losses(rows: Iterable[tuple[CacheLoss, Sums]]) -> tuple[CacheLosses, ...]:
    """One entry per cause that there is."""
    requests: Counter[CacheLoss] = Counter()
    tokens: Counter[CacheLoss] = Counter()
    for cause, sums in rows:
        requests[cause] += sums.requests
        tokens[cause] += sums.lost_cached_tokens or 0
    return tuple(CacheLosses(cause, requests[cause], lost) for cause, lost in tokens.most_common())
