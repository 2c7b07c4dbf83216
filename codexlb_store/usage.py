"""What was used, by time, model, account, key, session, project or outcome: read-only, exact at every moment."""

from __future__ import annotations

import datetime
import enum
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from codexlb_store.periods import Period, Unit, periods
from codexlb_store.sums import EVERYTHING, scan, span_of, span_with_requests
from codexlb_store.sums import Filters as Filters
from codexlb_store.sums import Sums as Sums


class Dimension(enum.StrEnum):
    """What usage is grouped by."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    MODEL = "model"
    ACCOUNT = "account"
    KEY = "key"
    SESSION = "session"
    PROJECT = "project"
    OUTCOME = "outcome"


@dataclass(frozen=True, slots=True)
class UsageRow:
    """What one group used: a value per dimension asked for, None where there is none (outcome: it still runs)."""

    groups: tuple[str | None, ...]
    sums: Sums


_UNITS = {
    Dimension.HOUR: Unit.HOUR,
    Dimension.DAY: Unit.DAY,
    Dimension.WEEK: Unit.WEEK,
    Dimension.MONTH: Unit.MONTH,
}
COLUMNS = {
    Dimension.MODEL: "model",
    Dimension.ACCOUNT: "account_id",
    Dimension.KEY: "key_id",
    Dimension.SESSION: "session",
    Dimension.PROJECT: "project",
    Dimension.OUTCOME: "outcome",
}
"""Where the ledger has what is no time; SQL has no other names of groups."""


def usage(
    db: Database,
    by: Sequence[Dimension] = (),
    filters: Filters = EVERYTHING,
    zone: datetime.tzinfo | None = None,
) -> list[UsageRow]:
    """What the requests that pass `filters` used: times in order, other groups busiest first.

    Without dimensions it is exactly one row, the total. Hours, days, weeks and months are those of `zone` (None: this
    machine's): 2026-11-22 14:00, 2026-11-22, 2026-11-16 (a week by its Monday), 2026-11.
    """
    spans = periods_of(db, by, filters, zone)
    columns = [COLUMNS[dimension] for dimension in by if dimension in COLUMNS]
    found = [
        UsageRow(groups_of(by, spans[number].labels, values), sums)
        for number, values, sums in scan(db, columns, [(span.since, span.until) for span in spans], filters)
    ]
    return _ordered(found, by) if by else found or [UsageRow((), Sums())]


def periods_of(db: Database, by: Sequence[Dimension], filters: Filters, zone: datetime.tzinfo | None) -> list[Period]:
    """The time that is asked for, cut as the dimensions of time among `by` want it."""
    units = [_UNITS[dimension] for dimension in by if dimension in _UNITS]
    return periods(units, *(span_with_requests(db, filters) if units else span_of(filters)), zone)


def groups_of(by: Sequence[Dimension], labels: Sequence[str], values: Sequence[str | None]) -> tuple[str | None, ...]:
    """What a row is called in each dimension: its time by a period's label, the rest by the ledger's values."""
    if not labels or not values:
        return (*labels, *values)
    times, others = iter(labels), iter(values)
    return tuple(next(times if dimension in _UNITS else others) for dimension in by)


def _ordered(rows: list[UsageRow], by: Sequence[Dimension]) -> list[UsageRow]:
    """The rows of one group together, the groups of each dimension in its order."""
    for depth in reversed(range(len(by))):  # sorting keeps the order of what is alike
        rows.sort(key=_by_name(depth) if by[depth] in _UNITS else _busiest_first(rows, depth))
    return rows


def _by_name(depth: int) -> Callable[[UsageRow], str]:
    return lambda row: row.groups[depth] or ""


def _busiest_first(rows: Sequence[UsageRow], depth: int) -> Callable[[UsageRow], tuple[int, str]]:
    if rows and len(rows[0].groups) == depth + 1:  # the innermost group is one row: there is nothing to add up
        return lambda row: (-row.sums.requests, row.groups[depth] or "")
    requests: Counter[str | None] = Counter()
    for row in rows:
        requests[row.groups[depth]] += row.sums.requests
    return lambda row: (-requests[row.groups[depth]], row.groups[depth] or "")


def series(db: Database, filters: Filters, bucket_seconds: int) -> list[tuple[float, Sums]]:
    """When each stretch of `bucket_seconds` with requests in it began (unix seconds), and their sums; in order.

    Buckets of quarters of an hour are the fastest; shorter ones are read row by row.
    """
    since, until = span_with_requests(db, filters)
    first, last = math.floor(since / bucket_seconds), math.ceil(until / bucket_seconds)
    starts = [float(number * bucket_seconds) for number in range(first, last)]
    spans = [(max(since, start), min(until, start + bucket_seconds)) for start in starts]
    return [(starts[number], sums) for number, _, sums in scan(db, (), spans, filters)]
