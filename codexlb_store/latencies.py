"""How long answers took: half of them and nearly all of them, by group; read-only."""

from __future__ import annotations

import datetime
import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlite_utils import Database

from codexlb_store.sums import EVERYTHING, conditions
from codexlb_store.usage import COLUMNS, Dimension, Filters, groups_of, periods_of

MOST_ROWS = 50_000
"""The newest say how it is; a year of rows would say it no better and take seconds."""

_ANSWERS = """
    SELECT opened_at, first_token_ms, total_ms{columns} FROM exchanges
    WHERE opened_at >= :from AND opened_at < :to AND first_token_ms IS NOT NULL AND outcome IS NOT NULL{conditions}
    ORDER BY opened_at DESC LIMIT :most
"""


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds that half (p50) and all but a twentieth (p95) of the answers took at most."""

    first_token_p50: float
    first_token_p95: float
    total_p50: float
    total_p95: float


def latencies(
    db: Database,
    by: Sequence[Dimension] = (),
    filters: Filters = EVERYTHING,
    zone: datetime.tzinfo | None = None,
) -> dict[tuple[str | None, ...], Latency]:
    """How long the newest 50,000 answers that pass `filters` took, by the groups of usage().

    An answer is of a request that has ended and of which a first token came; groups without any are left out.
    """
    spans = periods_of(db, by, filters, zone)
    if not spans:
        return {}
    columns = [COLUMNS[dimension] for dimension in by if dimension in COLUMNS]
    sql = _ANSWERS.format(columns="".join(f", {name}" for name in columns), conditions=conditions(filters))
    values = {"from": spans[0].since, "to": spans[-1].until, "most": MOST_ROWS}
    starts = [span.since for span in spans]
    taken: defaultdict[tuple[str | None, ...], list[tuple[float, float]]] = defaultdict(list)
    for opened_at, first_token, total, *groups in db.execute(sql, values | asdict(filters)).fetchall():
        labels = spans[bisect_right(starts, opened_at) - 1].labels
        taken[groups_of(by, labels, groups)].append((first_token, total))
    return {group: _latency(times) for group, times in taken.items()}


def _latency(times: Sequence[tuple[float, float]]) -> Latency:
    first_token, total = (sorted(column) for column in zip(*times, strict=True))
    return Latency(
        percentile(first_token, 50), percentile(first_token, 95), percentile(total, 50), percentile(total, 95)
    )


def percentile(ordered: Sequence[float], percent: int) -> float:
    """The least of some values, given in order, that so many percent of them do not exceed."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]
